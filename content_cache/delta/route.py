"""Which bytes of deltas a hub fetches: the parts of one that it needs, and the chain of several that costs least.

    route(edges, have="0f3a9c0d1e2b4455", want="77aa…")     # [Edge(old="0f3a…", new="5bd0…", bytes=21_286), …]
    ranges_for(delta.files, new_blobs, wanted)              # [(412, 9_871), (40_000, 41_234)]
    parts_of(delta.files, new_blobs).makes                  # {"0f3a…": (0, 1), "77aa…": (1,)}: by which frames

All of it is pure. The list of edges, d/index.json, is a hint that nobody signed: a wrong one costs a request, no more.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from msgspec import Meta

from content_cache.delta.apply import named, taken
from content_cache.delta.format import Span
from content_cache.errors import BadDelta
from content_cache.records import Blob, Sha256, Size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from content_cache.delta.apply import List
    from content_cache.delta.format import Frame, Section

REQUEST = 600  # bytes that one more request costs on a line that is open (measured with nginx: 530 to 580)
MAX_EDGES = 50_000
SHORT = 16  # hexadecimal digits of a catalogue's hash that name it here

_At = Annotated[int, Meta(ge=0, lt=2 * MAX_EDGES)]


class Edge(NamedTuple):
    """A delta between two catalogues, each named by the first 16 digits of its hash, and its bytes."""

    old: str
    new: str
    bytes: int

    @property
    def path(self) -> str:
        """Where it lies in a repository."""
        return f"d/{self.old}-{self.new}"


class _Edges(msgspec.Struct):
    """d/index.json: catalogues once, by hash and size, then edges as places among them, with bytes."""

    catalogues: Annotated[list[tuple[Sha256, Size]], Meta(max_length=2 * MAX_EDGES)]
    deltas: Annotated[list[tuple[_At, _At, Annotated[int, Meta(ge=0, lt=2**48)]]], Meta(max_length=MAX_EDGES)]


def encode_edges(edges: Iterable[Edge], catalogues: Mapping[str, Blob]) -> bytes:
    """d/index.json of these edges; `catalogues` are those that they lead from and to, by their names here.

    Edges of a catalogue that is not among them are left out: nobody could check its records.
    """
    rows = sorted(edge for edge in edges if edge.old in catalogues and edge.new in catalogues)
    names = sorted({name for edge in rows for name in edge[:2]})
    places = {name: place for place, name in enumerate(names)}
    found = _Edges(
        [(catalogues[name].sha256, catalogues[name].size) for name in names],
        [(places[one.old], places[one.new], one.bytes) for one in rows],
    )
    return msgspec.json.encode(found) + b"\n"


def decode_edges(text: bytes) -> tuple[list[Edge], dict[str, Blob]]:
    """The edges of d/index.json, and the catalogues by the names that these know them by; raises BadDelta."""
    try:
        found = msgspec.json.decode(text, type=_Edges)
        names = [sha256[:SHORT] for sha256, _ in found.catalogues]
        edges = [Edge(names[old], names[new], size) for old, new, size in found.deltas]
    except (msgspec.MsgspecError, RecursionError, UnicodeError, IndexError) as error:
        raise BadDelta(f"The list of deltas cannot be read ({error}); fetch the files themselves.") from None
    return edges, {sha256[:SHORT]: Blob(sha256, size) for sha256, size in found.catalogues}


def route(edges: Iterable[Edge], have: str, want: str, *, request: int = REQUEST) -> list[Edge] | None:
    """The deltas that lead from one catalogue to the other for the fewest bytes; None if none do.

    Each costs its bytes and a `request`. This is Dijkstra's algorithm; equal costs go to the lesser name.
    """
    leaving: dict[str, list[Edge]] = {}
    for edge in edges:
        leaving.setdefault(edge.old, []).append(edge)
    seen: set[str] = set()
    queue: list[tuple[int, str, tuple[Edge, ...]]] = [(0, have, ())]
    while queue:
        cost, at, way = heapq.heappop(queue)
        if at == want:
            return list(way)
        if at not in seen:
            seen.add(at)
            for edge in leaving.get(at, ()):
                heapq.heappush(queue, (cost + edge.bytes + request, edge.new, (*way, edge)))
    return None


class Parts(NamedTuple):
    """A delta to be fetched in parts: first byte and end of each frame, and the frames, by number, that make a file.

    Files are named by their hash; one that is copied from old files whole needs no frame.
    """

    ranges: list[tuple[int, int]]
    makes: dict[str, tuple[int, ...]]


def parts_of(section: Section, new: List, has: Callable[[int], bool] = lambda _: True) -> Parts:
    """What of a delta or bundle makes what, left out what leans on an old file that is not here.

    `has` says of the place of an old file, which is never negative, whether it is.
    """

    def here(span: Span) -> bool:
        return span.place >= 0 and has(span.place)

    frames = list(section.frames())
    whole = [all(map(here, frame.base)) for frame in frames]
    parts = Parts([(frame.at, frame.at + frame.packed) for frame in frames], {})
    position = first = 0
    for one in section.made():
        blob = named(new, one.place)
        end = position + taken(one, blob)
        while first < len(frames) and frames[first].first + frames[first].size <= position:
            first += 1
        needed = _span_of(frames, first, position, end)
        copies = [part for part in one.parts or () if isinstance(part, Span)]
        if blob is not None and all(whole[at] for at in needed) and all(map(here, copies)):
            parts.makes[blob.sha256] = needed
        position = end
    return parts


def _span_of(frames: list[Frame], first: int, start: int, end: int) -> tuple[int, ...]:
    """The frames from `first` on that hold bytes of the stream from `start` to `end`."""
    last = first
    while last < len(frames) and frames[last].first < end:
        last += 1
    return tuple(range(first, last)) if end > start else ()


def ranges_for(
    section: Section, new: List, wanted: Callable[[int], bool], *, request: int = REQUEST
) -> list[tuple[int, int]]:
    """First byte and end of what to fetch of a delta for the files at `wanted` places, in order.

    Ranges that lie nearer than a `request` costs are one.
    """
    ranges, makes = parts_of(section, new)
    places = (one.place for one in section.made() if wanted(one.place))
    names = [blob.sha256 for place in places if (blob := named(new, place)) is not None]
    return near(sorted({ranges[at] for name in names for at in makes.get(name, ())}), request)


def near(ranges: Iterable[tuple[int, int]], request: int = REQUEST) -> list[tuple[int, int]]:
    """The ranges, which stand in order, with those as one between which lies less than a `request` costs."""
    found: list[tuple[int, int]] = []
    for start, end in ranges:
        if found and start - found[-1][1] <= request:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found
