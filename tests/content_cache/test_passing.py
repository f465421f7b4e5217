"""A hub passes on what it has: to a stick that another hub takes it from, or file by file to a neighbour."""

from __future__ import annotations

import shutil

import pytest

from content_cache.durable import locked
from content_cache.errors import ContentError, NoSpace, RepositoryError
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.passing import export, locate
from content_cache.publisher.publish import publish
from content_cache.sync.engine import sync
from content_cache.sync.source import FolderSource
from content_cache.trust.targets import Target
from tests.content_cache.making import course
from tests.simulators.repository import course_entry, package_line, write_head


@pytest.fixture
def library(tmp_path):
    publish(course(tmp_path / "c"), tmp_path / "r")
    made = Library(tmp_path / "library")
    import_repository(tmp_path / "r", made)
    return made


def target_of(library: Library) -> Target:
    catalogue = library.catalogue()
    assert catalogue
    return Target(
        sha256=catalogue.sha256,
        size=library.records.path(catalogue.sha256).stat().st_size,
        release=catalogue.number,
    )


def test_another_hub_takes_it_from_the_stick(library, tmp_path):
    told = []
    passed = export(library, tmp_path / "stick", progress=lambda done, total: told.append((done, total)))
    assert (passed.lacking, passed.problems) == (0, ())
    assert passed.files == 1 + 1 + 3
    assert told[0] == (0, told[-1][1])
    other = Library(tmp_path / "other")
    synced = sync(other, FolderSource(tmp_path / "stick"), target_of(library))
    assert (synced.release, synced.blobs, synced.left) == (library.release(), 3, ())
    assert other.catalogue().item("precio-justo/costos").html == library.catalogue().item("precio-justo/costos").html


def test_copying_again_copies_nothing_and_a_broken_copy_goes_on(library, tmp_path):
    stick = tmp_path / "stick"
    export(library, stick)
    assert export(library, stick).files == 1, "the catalogue, which is small, is written anew"
    next((stick / "o").iterdir()).unlink()
    next((stick / "m").iterdir()).write_bytes(b"cut")
    assert export(library, stick).files == 3


def test_names_on_the_stick_clash_on_no_file_system(tmp_path):
    """Paths of packages that differ in case alone are no files there."""
    root = tmp_path / "r"
    package = package_line(root, "paquete", 2, {"a/INDEX.html": b"1", "a/index.html": b"2", "CON": b"3", "b:c": b"4"})
    write_head(root, [course_entry(root, "curso", 1, [package])], format=3)
    library = Library(tmp_path / "library")
    import_repository(root, library)
    export(library, tmp_path / "stick")
    names = [str(path.relative_to(tmp_path / "stick")) for path in (tmp_path / "stick").rglob("*")]
    assert len({name.casefold() for name in names}) == len(names) == 3 + 1 + 2 + 4
    assert all(name == name.lower() and ":" not in name for name in names)
    other = Library(tmp_path / "other")
    assert sync(other, FolderSource(tmp_path / "stick"), target_of(library)).blobs == 4


def test_what_is_not_here_is_not_promised(library, tmp_path):
    blob = next(iter(library.store))
    library.store.path(blob.sha256).unlink()
    passed = export(library, tmp_path / "stick")
    assert passed.lacking == 1
    assert locate(library, f"o/{blob.sha256}") is None


def test_a_blob_that_is_damaged_here_is_not_passed_on(library, tmp_path):
    blob = next(iter(library.store))
    library.store.path(blob.sha256).write_bytes(b"x" * blob.size)
    passed = export(library, tmp_path / "stick")
    assert "is damaged here and was not copied" in passed.problems[0]
    assert not (tmp_path / "stick" / "o" / blob.sha256).exists()
    assert library.store.damaged() == [blob.sha256]


def test_a_full_stick_or_a_read_only_one_is_a_sentence(library, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=10))
    with pytest.raises(NoSpace, match="free at least"):
        export(library, tmp_path / "stick")
    monkeypatch.undo()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ContentError, match="check its owner and its disk"):
        export(library, tmp_path / "file")


def test_an_empty_library_has_nothing_to_pass_on(tmp_path):
    with pytest.raises(RepositoryError, match="is empty"):
        export(Library(tmp_path / "none"), tmp_path / "stick")


@pytest.mark.parametrize(
    "path", ["", "o/", "o/../x", "c", "x/" + "0" * 64, "o/" + "0" * 64, "o/" + "A" * 64, "metadata"]
)
def test_what_is_no_file_of_a_repository_is_not_located(library, path):
    assert locate(library, path) is None


def test_no_sweep_runs_beside_it(library, tmp_path):
    def sweep(_done, _total):
        with pytest.raises(ContentError, match="try again"):
            library.sweep()

    export(library, tmp_path / "stick", progress=sweep)
    with locked(library.store.folder):
        pass


def test_items_of_one_line_are_found_by_their_records(library):
    sha256 = library.catalogue().sha256
    located = locate(library, f"c/{sha256}")
    assert located
    assert located.path == library.records.path(sha256)
