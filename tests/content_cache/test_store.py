"""Blobs: kept whole or not at all, found again, mended and swept."""

import hashlib
import io
import threading
from pathlib import Path

import pytest

from content_cache.durable import locked, replace_link, settle, write_file
from content_cache.errors import Busy, DamagedBlob
from content_cache.store import Blob, BlobStore


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def put(store: BlobStore, data: bytes) -> str:
    return store.put(io.BytesIO(data)).sha256


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def files_in(store: BlobStore) -> list[str]:
    return sorted(path.name for path in store.folder.rglob("*") if path.is_file())


def test_a_blob_lies_under_its_hash_as_a_plain_file(store):
    blob = store.put(io.BytesIO(b"hola"))
    assert blob == Blob(hashlib.sha256(b"hola").hexdigest(), 4)
    assert store.path(blob.sha256) == store.folder / blob.sha256[:2] / blob.sha256
    assert store.path(blob.sha256).read_bytes() == b"hola"
    assert store.path(blob.sha256).stat().st_mode & 0o777 == 0o644
    with store.open(blob.sha256) as file:
        assert file.read() == b"hola"
    assert (store.size(blob.sha256), store.has(blob.sha256), list(store)) == (4, True, [blob])


def test_bytes_of_another_hash_are_refused_and_nothing_of_them_is_kept(store):
    with pytest.raises(DamagedBlob, match="copy them again"):
        store.put(io.BytesIO(b"hola"), expected="0" * 64)
    assert files_in(store) == []


def test_a_source_that_breaks_leaves_nothing(store):
    class Broken(io.RawIOBase):
        def readinto(self, buffer):
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        store.put(Broken())
    assert files_in(store) == []


def test_a_source_that_gives_little_at_a_time_is_taken_whole(store):
    class Slow(io.BytesIO):
        def readinto(self, buffer):
            return super().readinto(buffer[:7])

    data = bytes(range(256)) * 40
    assert store.put(Slow(data)).size == len(data)


def test_the_same_bytes_in_one_batch_are_kept_once(store):
    with store.batch() as batch:
        names = {batch.put(io.BytesIO(b"dos")).sha256 for _ in range(3)}
    assert files_in(store) == list(names)


def test_a_batch_that_fails_keeps_what_it_committed_and_drops_what_waits(store):
    kept = []
    with pytest.raises(RuntimeError), store.batch() as batch:
        fill_and_fail(batch, kept)
    assert files_in(store) == kept


def fill_and_fail(batch, kept):
    kept.append(batch.put(io.BytesIO(b"uno")).sha256)
    batch.commit()
    batch.put(io.BytesIO(b"dos"))
    raise RuntimeError


def test_a_batch_commits_by_itself_before_it_grows_large(store, monkeypatch):
    monkeypatch.setattr("content_cache.deposit.MANY", 10)
    with store.batch() as batch:
        for number in range(25):
            batch.put(io.BytesIO(str(number).encode()))
        assert len(list(store)) == 20
    assert len(list(store)) == 25


@pytest.mark.parametrize("name", ["", "ab", "A" * 64, "../" + "a" * 61, "a" * 64 + "\n", "g" * 64])
def test_only_a_hash_names_a_blob(store, name):
    with pytest.raises(ValueError, match="64 lower-case"):
        store.path(name)


def test_a_changed_blob_is_moved_aside_and_one_that_comes_again_mends_it(store):
    sha256 = put(store, b"hola")
    assert store.verify(sha256)
    store.path(sha256).write_bytes(b"hole")
    assert not store.verify(sha256)
    assert (store.has(sha256), store.damaged()) == (False, [sha256])
    assert (store.folder / "damaged" / sha256).read_bytes() == b"hole"
    assert not store.verify(sha256)
    put(store, b"hola")
    assert (store.has(sha256), store.damaged()) == (True, [])


def test_a_blob_that_lost_its_tail_is_brought_again_not_taken_for_whole(store):
    sha256 = put(store, b"hola")
    store.path(sha256).write_bytes(b"")
    assert not store.is_whole(Blob(sha256, 4))
    assert store.damaged() == [sha256]
    put(store, b"hola")
    assert store.is_whole(Blob(sha256, 4))


def test_a_sweep_takes_what_nothing_names_and_what_was_left_behind(store):
    kept, gone = put(store, b"uno"), put(store, b"dos")
    (store.folder / "incoming" / ".new-1234").write_bytes(b"half")
    store.path(gone).write_bytes(b"doz")
    store.verify(gone)
    other = put(store, b"tres")
    swept = store.sweep(lambda sha256: sha256 == kept)
    assert (swept.count, swept.bytes) == (3, 4 + 3 + 4)
    assert files_in(store) == [kept]
    assert not store.has(other)


def test_a_sweep_does_not_run_beside_an_import(store):
    sha256 = put(store, b"uno")
    with store.filling(), pytest.raises(Busy, match="try again"):
        store.sweep(lambda _: False)
    assert store.has(sha256)


def test_a_blob_put_during_a_sweep_waits_for_its_end(store):
    put(store, b"uno")
    reached, go_on = threading.Event(), threading.Event()

    def named(_):
        reached.set()
        assert go_on.wait(20)
        return False

    sweeper = threading.Thread(target=store.sweep, args=(named,))
    sweeper.start()
    assert reached.wait(20)
    putter = threading.Thread(target=put, args=(store, b"dos"))
    putter.start()
    putter.join(0.2)
    assert putter.is_alive()
    go_on.set()
    sweeper.join(20)
    putter.join(20)
    assert store.has(hashlib.sha256(b"dos").hexdigest())


def test_a_file_is_replaced_whole_or_left_as_it_was(tmp_path):
    path = tmp_path / "file"
    write_file(path, b"old", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600

    def broken():
        yield b"new"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_file(path, broken())
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["file"])
    write_file(path, [b"n", b"ew"])
    assert path.read_bytes() == b"new"


def test_a_link_is_switched_in_one_step(tmp_path):
    replace_link(tmp_path / "current", "1")
    replace_link(tmp_path / "current", "2")
    assert (str((tmp_path / "current").readlink()), names(tmp_path)) == ("2", ["current"])


def test_many_files_are_flushed_at_once(tmp_path):
    for number in range(20):
        (tmp_path / str(number)).touch()
    settle(tmp_path.iterdir(), tmp_path)
    settle([tmp_path / "1"], tmp_path)
    with pytest.raises(FileNotFoundError):
        settle([tmp_path / "none"], tmp_path)


def test_a_folder_is_locked_against_others_but_shared_locks_go_together(tmp_path):
    with locked(tmp_path, shared=True), locked(tmp_path, shared=True), pytest.raises(Busy), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass
