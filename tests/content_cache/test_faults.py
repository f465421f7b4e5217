"""kill -9 at any moment, and disks that fill: the old release or the new one, whole, and the next import goes on."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from content_cache.errors import ContentError, NoSpace
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.publish import publish
from content_cache.publisher.verify import verify_repository
from content_cache.repository import Repository
from tests.content_cache.making import course
from tests.simulators.repository import make_repository

IMPORT = """
import sys
from pathlib import Path
from content_cache.importer import import_repository
from content_cache.library import Library
print("begin", flush=True)
import_repository(Path(sys.argv[1]), Library(Path(sys.argv[2])))
print("end", flush=True)
"""
ITEMS = 1500


def start_import(source: Path, library: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", IMPORT, source, library], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begin\n"
    return process


def assert_whole(library: Library) -> None:
    """Every blob that the release names is here and right, and every item can be shown."""
    catalogue = library.catalogue()
    assert catalogue is not None
    assert all(library.store.verify(blob.sha256) for blob in catalogue.blobs())
    for one in catalogue.courses():
        items = catalogue.items(one.slug)
        assert len(items) == one.items
        assert all(catalogue.item(item.id).html for item in items[::50])


def test_an_import_killed_at_any_moment_leaves_the_old_release_or_the_new(tmp_path):
    old = make_repository(tmp_path / "old", items=20)
    new = make_repository(tmp_path / "new", items=ITEMS, release=2)
    import_repository(old, Library(tmp_path / "before"))
    shutil.copytree(tmp_path / "before", tmp_path / "timed", symlinks=True)
    began = time.monotonic()
    start_import(new, tmp_path / "timed").wait()
    whole = time.monotonic() - began
    killed, left = 0, set()
    for moment in range(12):
        root = tmp_path / f"library-{moment}"
        shutil.copytree(tmp_path / "before", root, symlinks=True)
        process = start_import(new, root)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(whole * moment / 11)
        process.kill()
        killed += process.wait() != 0
        library = Library(root)
        left.add(library.number())
        assert_whole(library)
        assert import_repository(new, library).number == 2
        assert_whole(library)
        library.sweep()
        assert (
            sum(1 for path in library.store.folder.rglob("*") if path.is_file()) == ITEMS
        )  # the old items are among the new
        assert len(list(library.catalogues.iterdir())) == 3
    assert killed >= 3, "most kills must come before the end for this test to mean anything"
    assert 1 in left


def test_what_a_killed_import_brought_is_not_brought_again(tmp_path, monkeypatch):
    monkeypatch.setattr("content_cache.deposit.MANY", 50)
    source, library = make_repository(tmp_path / "r", items=200), Library(tmp_path / "library")

    class Killed(BaseException):
        pass

    def kill_late(done: int, total: int) -> None:
        if done > total * 0.8:
            raise Killed

    with pytest.raises(Killed):
        import_repository(source, library, progress=kill_late)
    assert library.release() is None
    assert import_repository(source, library).blobs <= 50


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of 6 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_that_may_not_be_written_is_a_sentence(small_disk, tmp_path):
    source = make_repository(tmp_path / "r")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(ContentError, match="Read-only file system; check its owner and its disk, then start again"):
        import_repository(source, Library(small_disk / "library"))
    with pytest.raises(ContentError, match="Read-only file system"):
        publish(course(tmp_path / "c"), small_disk / "r")


def test_a_repository_on_a_full_disk_keeps_its_release(small_disk, tmp_path):
    folder = course(tmp_path / "c")
    publish(folder, small_disk / "r")
    (folder / "uno.md").write_text("uno " * 60_000)
    with (small_disk / "filler").open("wb") as file, contextlib.suppress(OSError):
        while True:
            os.write(file.fileno(), bytes(4096))
    with pytest.raises(NoSpace, match="free at least"):
        publish(folder, small_disk / "r")
    assert verify_repository(small_disk / "r").problems == ()
    assert Repository(small_disk / "r").head()[0].release == 1
    (small_disk / "filler").unlink()
    assert publish(folder, small_disk / "r").number == 2


def test_a_library_that_does_not_fit_is_refused_before_it_fills_the_disk(small_disk, tmp_path):
    library = Library(small_disk / "library")
    import_repository(make_repository(tmp_path / "old"), library)
    here = library.release()
    large = make_repository(tmp_path / "new", items=20, release=2, text="x" * 900_000 + "{0}")
    free = shutil.disk_usage(small_disk).free
    with pytest.raises(NoSpace, match=r"free at least 12 MB there, then start again"):
        import_repository(large, library)
    assert shutil.disk_usage(small_disk).free >= free - 100_000
    assert library.release() == here
    assert_whole(library)


def test_a_disk_that_fills_meanwhile_leaves_the_old_release(small_disk, tmp_path):
    library = Library(small_disk / "library")
    import_repository(make_repository(tmp_path / "old"), library)
    new = make_repository(tmp_path / "new", items=30, release=2, text="x" * 50_000 + "{0}")
    filler = small_disk / "filler"

    def fill(done: int, _total: int) -> None:
        if done:
            with filler.open("ab") as file, contextlib.suppress(OSError):
                for size in (10**6, 10**4, 10**3, 1):
                    with contextlib.suppress(OSError):
                        while True:
                            os.write(file.fileno(), bytes(size))

    with pytest.raises(NoSpace, match="free at least"):
        import_repository(new, library, progress=fill)
    assert library.number() == 1
    assert_whole(library)
    filler.unlink()
    assert import_repository(new, library).number == 2
    assert_whole(library)


def test_a_disk_with_room_for_the_blobs_but_not_the_catalogue_leaves_the_old_release(small_disk, tmp_path):
    library = Library(small_disk / "library")
    import_repository(make_repository(tmp_path / "old"), library)
    new = make_repository(tmp_path / "new", items=400, release=2, text="*x* {0} " * 300)
    filler = small_disk / "filler"

    def fill(done: int, total: int) -> None:
        if done == total and not filler.exists():
            with filler.open("wb") as file, contextlib.suppress(OSError):
                while True:
                    os.write(file.fileno(), bytes(4096))

    with pytest.raises(NoSpace, match="free at least"):
        import_repository(new, library, progress=fill)
    assert library.number() == 1
    assert_whole(library)
    assert len(list(library.catalogues.iterdir())) == 2
