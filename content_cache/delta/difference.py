"""What a site that has one release downloads to get another: known before anybody pays for it.

    found = difference(Path("repository"), old=3)       # to the newest; found.bytes, found.courses

Deltas are taken where they lead there for fewer bytes than the files themselves. Bytes are those of files as they lie
in the repository; what asking for them costs on a line is not among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from content_cache.delta.format import read_delta, reader_of
from content_cache.delta.pairing import named_files
from content_cache.delta.publishing import edges_in
from content_cache.delta.recordlist import records_in_order
from content_cache.delta.route import SHORT, parts_of, route
from content_cache.errors import NoSuchCourse
from content_cache.publisher.groups import read_groups
from content_cache.records import EVERYTHING, Blob
from content_cache.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from content_cache.delta.pairing import Named
    from content_cache.delta.route import Edge
    from content_cache.publisher.groups import GroupRelease


class CourseDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A course: files that the site lacks, bytes of delta frames for them, and those that come as objects."""

    slug: str
    what: Literal["added", "changed", "removed"]
    files: int
    delta: int
    objects: int
    bytes: int


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """`bytes` in all: of the deltas at `deltas`, and of `objects` that no delta makes, and of records if there is none.

    `without` is what it would be without deltas.
    """

    group: str
    old: int
    new: int
    bytes: int
    deltas: tuple[str, ...]
    delta_bytes: int
    objects: int
    object_bytes: int
    without: int
    courses: tuple[CourseDifference, ...]


class _Release(NamedTuple):
    """A release as difference needs it."""

    release: GroupRelease
    files: list[Named]
    records: list[Blob]
    courses: dict[str, str]


def difference(root: Path, old: int, new: int | None = None, group: str = EVERYTHING) -> Difference:
    """What a site of `group` with release `old` downloads to get `new`, or the newest; raises NoSuchCourse."""
    repository = Repository(root)
    repository.head()
    was, now = (_release(repository, group, number) for number in (old, new))
    here = {one.blob.sha256 for one in was.files}
    lacking = {one.blob.sha256: one for one in now.files if one.blob.sha256 not in here}
    known = {blob.sha256 for blob in was.records}
    records = sum(_travels(blob) for blob in now.records if blob.sha256 not in known)
    without = records + sum(_travels(one.blob) for one in lacking.values())
    edges = route(edges_in(root), was.release.sha256[:SHORT], now.release.sha256[:SHORT]) or []
    made = _made(repository, group, edges, here)
    rest = [one for sha256, one in lacking.items() if sha256 not in made]
    by_delta = sum(edge.bytes for edge in edges)
    with_deltas = by_delta + sum(_travels(one.blob) for one in rest)
    if not edges or with_deltas >= without:
        edges, made, rest, by_delta, with_deltas = [], {}, list(lacking.values()), 0, without
    return Difference(
        group=group,
        old=was.release.release,
        new=now.release.release,
        bytes=with_deltas,
        deltas=tuple(edge.path for edge in edges),
        delta_bytes=by_delta,
        objects=len(rest),
        object_bytes=sum(_travels(one.blob) for one in rest),
        without=without,
        courses=tuple(_courses(was, now, lacking.values(), made)),
    )


def _travels(blob: Blob) -> int:
    return blob.size if blob.packed is None else blob.packed


def _release(repository: Repository, group: str, number: int | None) -> _Release:
    """What a group had at that release: the newest catalogue that is no later."""
    releases = read_groups(repository.root).group(group).releases
    fitting = [one for one in releases if number is None or one.release <= number]
    if not fitting or (number is not None and number > releases[-1].release):
        known = f"name one from {releases[0].release} to {releases[-1].release}" if releases else "publish it first"
        raise NoSuchCourse(f"{repository.root} has no such release of group {group}; {known}.")
    one = fitting[-1]
    catalogue = Blob(one.sha256, one.size, one.packed)
    head = repository.release(one.sha256, one.size, one.packed).head
    return _Release(
        one,
        list(named_files(repository, head)),
        [kept.blob for kept in records_in_order(repository, catalogue)],
        {entry.slug: entry.manifest for entry in head.courses},
    )


def _made(repository: Repository, group: str, edges: Iterable[Edge], here: set[str]) -> dict[str, int]:
    """The files that the deltas make, one after the other, each with its share of the bytes of its frames."""
    releases = {one.sha256[:SHORT]: one.release for one in read_groups(repository.root).group(group).releases}
    made: dict[str, int] = {}
    for edge in edges:
        was, now = (_release(repository, group, releases[name]) for name in (edge.old, edge.new))
        has = {at for at, one in enumerate(was.files) if one.blob.sha256 in here or one.blob.sha256 in made}
        section = read_delta(reader_of(repository.root / edge.path)).files
        parts = parts_of(section, [one.blob for one in now.files], has.__contains__)
        made |= _shares(parts.ranges, parts.makes)
    return made


def _shares(ranges: list[tuple[int, int]], makes: dict[str, tuple[int, ...]]) -> dict[str, int]:
    """The bytes of each frame, told once: by the first file that needs it."""
    told: set[int] = set()
    shares = {}
    for sha256, frames in makes.items():
        shares[sha256] = sum(ranges[at][1] - ranges[at][0] for at in frames if at not in told)
        told.update(frames)
    return shares


def _courses(was: _Release, now: _Release, lacking: Iterable[Named], made: dict[str, int]) -> list[CourseDifference]:
    """Every course that is another, in the order of their slugs."""
    files: dict[str, list[Blob]] = {}
    for one in lacking:
        files.setdefault(one.group, []).append(one.blob)
    return [
        _course(slug, was, now, files.get(slug, []), made)
        for slug in sorted(was.courses.keys() | now.courses.keys())
        if was.courses.get(slug) != now.courses.get(slug)
    ]


def _course(slug: str, was: _Release, now: _Release, blobs: list[Blob], made: dict[str, int]) -> CourseDifference:
    rest = [blob for blob in blobs if blob.sha256 not in made]
    by_delta = sum(made.get(blob.sha256, 0) for blob in blobs)
    return CourseDifference(
        slug=slug,
        what="added" if slug not in was.courses else "changed" if slug in now.courses else "removed",
        files=len(blobs),
        delta=by_delta,
        objects=len(rest),
        bytes=by_delta + sum(map(_travels, rest)),
    )
