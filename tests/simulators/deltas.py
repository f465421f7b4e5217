"""Makes releases of packages quickly, in a repository or for a benchmark: any files, as the trees of their courses.

repository = Releases(tmp_path / "repository")
first = repository.release({"costos": {"index.html": b"..."}})     # the catalogue's blob; c/, m/ and o/ are written
second = repository.release({"costos": {"index.html": b"…", "new.html": b"…"}})
hub = Hub(tmp_path / "hub")
hub.stock(repository.repository, first)
hub.update(path_of_the_delta, first, second)
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NoReturn

import msgspec

from content_cache.delta.apply import Applied, Place, apply
from content_cache.delta.format import read_delta, reader_of
from content_cache.delta.recordlist import records_from, records_in_order
from content_cache.deposit import Deposit
from content_cache.errors import RepositoryError
from content_cache.manifests import Records
from content_cache.ordering import blobs_in_order
from content_cache.packing import packed_bytes
from content_cache.records import Blob, CourseEntry, CourseLine, Head, ItemLine, TreeLine, TreeRef
from content_cache.repository import Repository
from content_cache.store import BlobStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from content_cache.delta.format import Reader, Section


class Releases:
    """A repository in `root` that is not published to, but filled; courses get their numbers in order of arrival."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.repository = Repository(root)
        self._slugs: list[str] = []
        self._count = 0

    def release(self, courses: Mapping[str, Mapping[str, bytes]]) -> Blob:
        """One more release of these courses, each a package of files by path; the catalogue's blob."""
        self._count += 1
        self._slugs += [slug for slug in courses if slug not in self._slugs]
        entries = tuple(self._course(slug, courses[slug]) for slug in self._slugs if slug in courses)
        head = Head(format=3, release=self._count, next_number=2**20, courses=entries)
        return self.keep("c", msgspec.json.encode(head) + b"\n")

    def _course(self, slug: str, files: Mapping[str, bytes]) -> CourseEntry:
        number = 2 * self._slugs.index(slug) + 1
        lines = []
        for path in sorted(files):
            blob = self.keep("o", files[path])
            lines.append(TreeLine(path=path, sha256=blob.sha256, size=blob.size, packed=blob.packed))
        total = sum(map(len, files.values()))
        kept = self.keep("m", b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        tree = TreeRef(
            sha256=kept.sha256,
            size=kept.size,
            packed=kept.packed,
            files=len(lines),
            bytes=total,
            start=lines[0].path,
        )
        first = CourseLine(course=slug, number=number, title=slug, summary="", language="es-MX", topic="costos")
        item = ItemLine(item="paquete", number=number + 1, kind="package", title=slug, files=(), tree=tree)
        manifest = self.keep("m", b"".join(msgspec.json.encode(line) + b"\n" for line in (first, item)))
        return CourseEntry(
            slug=slug,
            number=number,
            manifest=manifest.sha256,
            items=1,
            bytes=total,
            size=manifest.size,
            packed=manifest.packed,
        )

    def keep(self, folder: str, data: bytes) -> Blob:
        """Put `data` into a folder of the repository, packed where that pays."""
        name = hashlib.sha256(data).hexdigest()
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        plain, packed = self.root / folder / name, self.root / folder / f"{name}.zst"
        if not plain.exists() and not packed.exists():
            small = packed_bytes(data)
            (plain if small is None else packed).write_bytes(data if small is None else small)
        return Blob(name, len(data), packed.stat().st_size if packed.exists() else None)


class Hub(Records):
    """As much of a hub as deltas need: blobs, and records as plain files, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.store = BlobStore(folder / "blobs")
        self._kept = folder / "records"
        self._kept.mkdir(parents=True)

    def open_record(self, folder: Literal["c", "m"], sha256: str, size: int | None, packed: int | None) -> BinaryIO:
        try:
            return self.record(sha256).open("rb")
        except FileNotFoundError:
            self.refuse(sha256, "is missing")

    def refuse(self, name: str, what: str) -> NoReturn:
        raise RepositoryError(f"{name} {what}; fetch it.")

    def record(self, sha256: str) -> Path:
        return self._kept / sha256

    def stock(self, repository: Repository, catalogue: Blob) -> None:
        """Take in a release whole, as from a stick."""
        for kept in records_in_order(repository, catalogue):
            blob = kept.blob
            with repository.open_record("m" if kept.key else "c", blob.sha256, blob.size, blob.packed) as file:
                self.record(blob.sha256).write_bytes(file.read())
        with self.store.filling(), self.store.batch() as batch:
            for blob in self.blobs(catalogue):
                with repository.open_object(blob) as file:
                    batch.put(file, expected=blob.sha256)

    def blobs(self, catalogue: Blob) -> list[Blob]:
        """The ordered blobs of a release whose records are here."""
        with self.record(catalogue.sha256).open("rb") as file:
            return list(blobs_in_order(self, self.release_of(file.read(), "c").head))

    def missing(self, catalogue: Blob) -> list[Blob]:
        """The blobs of a release that are not here, or damaged."""
        return [blob for blob in self.blobs(catalogue) if not self.store.verify(blob.sha256)]

    def take_records(self, read: Reader, old: Blob, new: Blob) -> Applied:
        with Deposit(self._kept, self.record) as batch:
            into = Place(self.record, batch)
            return records_from(read_delta(read), read, records=self, into=into, old=old, target=new)

    def take_files(self, read: Reader, old: Blob, new: Blob, **other: Any) -> Applied:
        return self.make(read_delta(read).files, read, self.blobs(old), self.blobs(new), **other)

    def make(self, section: Section, read: Reader, old: list[Blob], new: list[Blob], **other: Any) -> Applied:
        with self.store.filling(), self.store.batch() as batch:
            return apply(section, read, old=old, new=new, into=Place(self.store.path, batch), **other)

    def update(self, path: Path, old: Blob, new: Blob) -> tuple[Applied, Applied]:
        """Take in a whole delta: what became of its records, and of its files."""
        read = reader_of(path)
        return self.take_records(read, old, new), self.take_files(read, old, new)
