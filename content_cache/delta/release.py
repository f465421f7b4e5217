"""Makes the deltas and bundles of a repository: static files in d/ and b/, each made once.

    edge = write_delta(repository, old, new)        # two catalogues in c/, as blobs; Edge(old=…, new=…, bytes=…)
    size = write_bundle(repository, entry)          # or None: a course of one small object needs none

Objects, manifests, trees and both catalogues must lie in the repository before. The same releases give the same bytes.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from typing import TYPE_CHECKING, BinaryIO

from content_cache.delta.format import Columns, head_of, read_delta, reader_of
from content_cache.delta.frames import Spool
from content_cache.delta.make import BUNDLED, Maker
from content_cache.delta.pairing import Task, named_files, named_files_of, pair
from content_cache.delta.recordlist import Kept, records_in_order
from content_cache.delta.route import SHORT, Edge
from content_cache.delta.stock import Stock
from content_cache.durable import make_folder, write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from content_cache.delta.frames import Packer
    from content_cache.records import Blob, CourseEntry
    from content_cache.repository import Repository

PIECE = 256 * 2**10
FEWEST = 2  # small objects of a course that a bundle is made for


def delta_name(old: Blob, new: Blob) -> str:
    """Where the delta between two catalogues lies."""
    return Edge(old.sha256[:SHORT], new.sha256[:SHORT], 0).path


def write_delta(repository: Repository, old: Blob, new: Blob, packer: Packer | None = None) -> Edge:
    """Make the delta between two catalogues of the repository, if it is not there; raises ContentError and OSError.

    `packer` remembers the frames of other deltas.
    """
    path = repository.root / delta_name(old, new)
    if not path.exists():
        with _spool(repository) as spool:
            records = _records(repository, spool, old, new)
            files = _files(repository, spool, old, new, packer)
            _write(path, records, files, spool)
    return Edge(old.sha256[:SHORT], new.sha256[:SHORT], path.stat().st_size)


def write_bundle(repository: Repository, entry: CourseEntry, before: CourseEntry | None = None) -> int | None:
    """Make the bundle of a course's small objects, if it is not there; its bytes, or None if it needs none.

    What it has in common with the bundle of the course as it was `before` is taken from there; the bytes are the same.
    """
    path = repository.root / "b" / entry.manifest
    if path.exists():
        return path.stat().st_size
    files = list(named_files_of(repository, entry))
    small = [(place, one) for place, one in enumerate(files) if one.blob.size < BUNDLED]
    if len(small) < FEWEST:
        return None
    with _spool(repository) as spool:
        none, new = (Stock(blobs, repository.open_object) for blobs in ([], [one.blob for one in files]))
        maker = Maker(none, new, spool, made=_made_before(repository, before))
        tasks = (Task(place, None, entry.slug, kind=one.kind) for place, one in small)
        _write(path, Columns([], []), maker.section(tasks), spool)
    return path.stat().st_size


def _made_before(repository: Repository, entry: CourseEntry | None) -> dict[tuple[str, ...], Callable[[], bytes]]:
    """The frames of a course's bundle, by the hashes of the files in them."""
    path = repository.root / "b" / (entry.manifest if entry else "")
    if entry is None or not path.is_file():
        return {}
    read = reader_of(path)
    section = read_delta(read).files
    blobs = [one.blob for one in named_files_of(repository, entry)]
    found: dict[tuple[str, ...], Callable[[], bytes]] = {}
    files = section.made()
    for frame in section.frames():
        inside, size = [], 0
        while size < frame.size and (made := next(files, None)):
            inside.append(blobs[made.place].sha256)
            size += blobs[made.place].size
        found[tuple(inside)] = functools.partial(read, frame.at, frame.packed)
    return found


@contextlib.contextmanager
def _spool(repository: Repository) -> Iterator[Spool]:
    folder = repository.root / "incoming"
    make_folder(folder)
    with tempfile.TemporaryFile(dir=folder) as file:
        yield Spool(file)


def _write(path: Path, records: Columns, files: Columns, spool: Spool) -> None:
    make_folder(path.parent)
    write_file(path, _pieces(head_of(records, files), spool))


def _pieces(head: bytes, spool: Spool) -> Iterator[bytes]:
    yield head
    spool.file.seek(0)
    while piece := spool.file.read(PIECE):
        yield piece


def _records(repository: Repository, spool: Spool, old: Blob, new: Blob) -> Columns:
    was, now = (list(records_in_order(repository, catalogue)) for catalogue in (old, new))

    def open_record(blob: Blob) -> BinaryIO:
        folder = "c" if blob.sha256 in (old.sha256, new.sha256) else "m"
        return repository.open_record(folder, blob.sha256, blob.size, blob.packed)  # type: ignore[arg-type]

    stocks = [Stock([kept.blob for kept in side], open_record, repository.root / "incoming") for side in (was, now)]
    return Maker(stocks[0], stocks[1], spool).section(record_tasks(was, now))


def record_tasks(was: Sequence[Kept], now: Sequence[Kept]) -> Iterator[Task]:
    """A task for every record that is not among the old ones; one that is new leans on the last one before it."""
    known = {kept.blob.sha256 for kept in was}
    by_key = {kept.key: place for place, kept in enumerate(was)}
    before = 0
    for place, kept in enumerate(now):
        base = by_key.get(kept.key)
        if kept.blob.sha256 not in known:
            yield Task(place, base, "", before if base is None else None, must=True)
        before = before if base is None else base


def _files(repository: Repository, spool: Spool, old: Blob, new: Blob, packer: Packer | None) -> Columns:
    was, now = (
        list(named_files(repository, repository.release(one.sha256, one.size, one.packed).head)) for one in (old, new)
    )
    stocks = [
        Stock([one.blob for one in side], repository.open_object, repository.root / "incoming") for side in (was, now)
    ]
    return Maker(stocks[0], stocks[1], spool, packer).section(pair(was, now))
