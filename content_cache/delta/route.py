"""Which bytes of deltas a hub fetches: the parts of one that it needs, and the chain of several that costs least.

    route(edges, have="0f3a9c0d1e2b4455", want="77aa…")     # [Edge(old="0f3a…", new="5bd0…", bytes=21_286), …]
    ranges_for(delta.files, new_blobs, wanted)              # [(412, 9_871), (40_000, 41_234)]

All of it is pure. The list of edges, d/index.json, is a hint that nobody signed: a wrong one costs a request, no more.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from msgspec import Meta

from content_cache.delta.apply import named, taken
from content_cache.errors import BadDelta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from content_cache.delta.apply import List
    from content_cache.delta.format import Section

REQUEST = 600  # bytes that one more request costs on a line that is open (measured with nginx: 530 to 580)
MAX_EDGES = 50_000
SHORT = 16  # hexadecimal digits of a catalogue's hash that name it here

_Name = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
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
    """d/index.json: names once, then edges as places among them, with bytes."""

    catalogues: Annotated[list[_Name], Meta(max_length=2 * MAX_EDGES)]
    deltas: Annotated[list[tuple[_At, _At, Annotated[int, Meta(ge=0, lt=2**48)]]], Meta(max_length=MAX_EDGES)]


def encode_edges(edges: Iterable[Edge]) -> bytes:
    """d/index.json of these edges."""
    rows = sorted(edges)
    names = sorted({name for edge in rows for name in edge[:2]})
    places = {name: place for place, name in enumerate(names)}
    return msgspec.json.encode(_Edges(names, [(places[one.old], places[one.new], one.bytes) for one in rows])) + b"\n"


def decode_edges(text: bytes) -> list[Edge]:
    """The edges of d/index.json; raises BadDelta."""
    try:
        found = msgspec.json.decode(text, type=_Edges)
        return [Edge(found.catalogues[old], found.catalogues[new], size) for old, new, size in found.deltas]
    except (msgspec.MsgspecError, RecursionError, UnicodeError, IndexError) as error:
        raise BadDelta(f"The list of deltas cannot be read ({error}); fetch the files themselves.") from None


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


def ranges_for(
    section: Section, new: List, wanted: Callable[[int], bool], *, request: int = REQUEST
) -> list[tuple[int, int]]:
    """First byte and end of what to fetch of a delta for the files at `wanted` places, in order.

    Ranges that lie nearer than a `request` costs are one.
    """
    ranges: list[tuple[int, int]] = []
    for start, end in _frames_of(section, _needed(section, new, wanted)):
        if ranges and start - ranges[-1][1] <= request:
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((start, end))
    return ranges


def _needed(section: Section, new: List, wanted: Callable[[int], bool]) -> Iterator[tuple[int, int]]:
    """Where in the stream the wanted files' bytes are."""
    position = 0
    for one in section.made():
        count = taken(one, named(new, one.place))
        if count and wanted(one.place):
            yield position, position + count
        position += count


def _frames_of(section: Section, needed: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """First byte and end of each frame that holds a needed byte."""
    span = next(needed, None)
    for frame in section.frames():
        while span is not None and span[1] <= frame.first:
            span = next(needed, None)
        if span is not None and span[0] < frame.first + frame.size:
            yield frame.at, frame.at + frame.packed
