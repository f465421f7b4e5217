"""Makes a section of a delta: frames and files, of old and new files that lie somewhere to be read.

    maker = Maker(old, new, spool)              # two stocks: ordered files, and how to open them
    columns = maker.section(pair(old_names, new_names))

Small files of one course share frames that lean on all their old versions at once. A large file is compared with its
old version piece by piece (content_cache/delta/matching.py): long runs that are the same are copied, and what lies
between goes into frames that lean on the old file around it. What a delta would carry no smaller than the object itself
is left out: it is fetched as an object, in ranges, by whoever wants it. So memory is the same for files of any size.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from content_cache.delta.format import Span, Writer, unpack
from content_cache.delta.frames import FAST, LEVEL, QUICK, Packer, is_noise, pack
from content_cache.delta.matching import Copy, match, spacing_of
from content_cache.errors import BadDelta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from content_cache.delta.format import Columns
    from content_cache.delta.frames import Spool
    from content_cache.delta.matching import Matches
    from content_cache.delta.pairing import Task
    from content_cache.delta.stock import Open, Stock

SMALL = 2**20  # bytes of a file, old and new, that may share a frame with others
BUNDLED = 128 * 2**10  # bytes of a new file that travels in the delta though it leans on nothing
TRIED = 16 * 2**10  # bytes of a file from which on it is tried whether its old version helps
GROUP = 2 * 2**20  # bytes that a frame of small files unpacks to
ENDS = 16  # one file in so many may end a frame that leans on nothing
PIECE = 3 * 2**19  # bytes that a frame of a large file unpacks to
BASE = 4 * 2**20  # bytes that a frame leans on
AROUND = 64 * 2**10  # old bytes on each side of where a piece was
HINTED = 32 * 2**10  # old bytes on each side of a place that looks alike
APART = 128 * 2**10  # old bytes between two windows that make them one: a window costs 10 bytes, old bytes none
PATIENCE = (
    32 * 2**20
)  # bytes of a file that are packed as hard as it goes, 1 MB in 2 s; if it has more, 40 times faster
SAVES = 0.9  # a patch is worth its while at this share of the object


# The place of a small new file, and of the old file that it leans on.
_Small = tuple[int, int | None]


class Window(NamedTuple):
    """Old bytes that a piece leans on."""

    start: int
    end: int


class Maker:
    """Makes one section. `spool` takes the frames' bytes; `packer` may remember those of other sections.

    `made` are frames that lean on nothing and were made before, by the hashes of the files in them.
    """

    def __init__(
        self,
        old: Stock,
        new: Stock,
        spool: Spool,
        packer: Packer | None = None,
        made: Mapping[tuple[str, ...], Callable[[], bytes]] | None = None,
    ) -> None:
        self._old, self._new, self._spool = old, new, spool
        self._pack = packer or Packer()
        self._made = made or {}
        self._writer = Writer()

    def section(self, tasks: Iterable[Task]) -> Columns:
        """The section of these tasks; those of one course follow each other."""
        course: list[Task] = []
        for task in tasks:
            if course and task.group != course[0].group:
                self._course(course)
                course = []
            course.append(task)
        self._course(course)
        return self._writer.columns

    def _course(self, tasks: list[Task]) -> None:
        leaning: list[_Small] = []
        alone: list[_Small] = []
        noise: list[_Small] = []
        large: list[Task] = []
        kinds = {task.place: task.kind for task in tasks}
        for task in tasks:
            size = self._new.size(task.place)
            base = task.base if task.base is not None else task.neighbour
            if size > SMALL or (base is not None and self._old.size(base) > SMALL):
                large.append(task)
            elif base is not None and self._helps(task, base):
                leaning.append((task.place, base))
            elif size < BUNDLED or task.must:
                # Photographs in a frame of texts would spoil how their letters are coded.
                (alone if self._new.is_packed(task.place) else noise).append((task.place, None))
        alone.sort(key=lambda file: kinds[file[0]])
        for files in (leaning, alone, noise):
            self._share(files)
        for task in large:
            self._large(task)

    def _helps(self, task: Task, base: int) -> bool:
        """Whether a patch saves enough; tried at a quick level, and only where nothing is saved without it."""
        size = self._new.size(task.place)
        if size < TRIED or not is_noise(data := self._new.bytes(task.place)):
            return True
        return len(pack(data, self._old.bytes(base), QUICK)) <= SAVES * self._new.cost(task.place)

    def _share(self, files: list[_Small]) -> None:
        """Let files share frames; each lies within one."""
        group: list[_Small] = []
        size = 0
        bases: dict[int, int] = {}
        for place, base in files:
            ours = self._new.size(place)
            theirs = 0 if base is None or base in bases else self._old.size(base)
            if group and (size + ours > GROUP or sum(bases.values()) + theirs > BASE):
                self._frame_of(group, list(bases))
                group, size, bases = [], 0, {}
            group.append((place, base))
            size += ours
            if base is not None:
                bases[base] = self._old.size(base)
            elif size > GROUP // 4 and self._is_last(place):
                self._frame_of(group, list(bases))
                group, size, bases = [], 0, {}
        if group:
            self._frame_of(group, list(bases))

    def _is_last(self, place: int) -> bool:
        """Whether a frame that leans on nothing may end with this file: it decides itself, so that most of the frames
        stay what they were when a file comes or goes.
        """
        return int(self._new.blobs[place].sha256[:4], 16) % ENDS == 0

    def _frame_of(self, group: list[_Small], bases: list[int]) -> None:
        if (before := None if bases else self._made_before(group)) is not None:
            size = sum(self._new.size(place) for place, _ in group)
            self._writer.frame(self._spool.add(before), size, ())
        else:
            data = b"".join(self._new.bytes(place) for place, _ in group)
            self._frame(data, b"".join(map(self._old.bytes, bases)), map(Span, bases))
        for place, _ in group:
            self._writer.file(place)

    def _made_before(self, group: list[_Small]) -> bytes | None:
        """The frame of these files from the last time, if its bytes are still the right ones."""
        blobs = [self._new.blobs[place] for place, _ in group]
        if (packed := self._made.get(tuple(blob.sha256 for blob in blobs))) is None:
            return None
        try:
            text = memoryview(unpack(frame := packed(), GROUP + SMALL))
        except BadDelta:
            return None
        for blob in blobs:
            if hashlib.sha256(text[: blob.size]).hexdigest() != blob.sha256:
                return None
            text = text[blob.size :]
        return frame

    def _frame(self, data: bytes, base: bytes, spans: Iterable[Span], level: int = LEVEL) -> None:
        packed = self._pack(data, base) if level == LEVEL else pack(data, base, level)
        self._writer.frame(self._spool.add(packed), len(data), spans)

    def _large(self, task: Task) -> None:
        before = self._spool.size, len(self._writer.columns.frames)
        with self._new.opened(task.place) as new:
            if task.base is None:
                parts = self._plain(new) if task.must else None
            else:
                with self._old.opened(task.base) as old:
                    parts = self._patched(task, task.base, old, new)
        if parts is None:
            self._spool.cut(before[0])
            self._writer.forget(before[1])
        else:
            self._writer.file(task.place, parts)

    def _plain(self, new: Open) -> list[int | Span]:
        for start in range(0, new.size, PIECE):
            self._frame(new.read(start, PIECE), b"", ())
        return [new.size]

    def _patched(self, task: Task, base: int, old: Open, new: Open) -> list[int | Span] | None:
        """The parts of a large file, its frames made; None as soon as it is clear that a patch does not pay."""
        matches = match(old, new)
        noise = is_noise(new.read(max(0, new.size // 2 - AROUND), 2 * AROUND))
        if noise and not task.must and _explained(matches, new.size) < (1 - SAVES) * new.size:
            return None
        fresh = new.size - sum(copy.length for copy in matches.copies)
        level = LEVEL if fresh <= PATIENCE else FAST
        most = self._spool.size + int(SAVES * self._new.cost(task.place))
        for pieces, windows in _framed(_pieces(matches, old.size, new.size)):
            data = b"".join(new.read(piece.start, piece.end - piece.start) for piece in pieces)
            known = b"".join(old.read(start, end - start) for start, end in windows)
            spans = (Span(base, start, end - start) for start, end in windows)
            self._frame(data, known, spans, QUICK if _is_hopeless(data, known) else level)
            if self._spool.size > most and not task.must:
                return None
        return _parts(base, matches.copies, new.size)


class Piece(NamedTuple):
    """Bytes of a new file that are no copy, and what of the old file they lean on."""

    start: int
    end: int
    windows: list[Window]


def _is_hopeless(data: bytes, base: bytes) -> bool:
    """Whether trying hard would save nothing: noise to which the base is no help."""
    return is_noise(data) and len(pack(data, base, QUICK)) > 0.97 * len(data)


def _explained(matches: Matches, size: int) -> int:
    """Bytes of the new file that something of the old one may help with, about."""
    return sum(copy.length for copy in matches.copies) + spacing_of(size) * len(matches.hints)


def _parts(base: int, copies: list[Copy], size: int) -> list[int | Span]:
    """What is taken from the stream, and what is copied, in order."""
    parts: list[int | Span] = []
    done = 0
    for copy in copies:
        if copy.new > done:
            parts.append(copy.new - done)
        parts.append(Span(base, copy.old, copy.length))
        done = copy.new + copy.length
    if size > done:
        parts.append(size - done)
    return parts


def _pieces(matches: Matches, old_size: int, new_size: int) -> Iterator[Piece]:
    """What lies between the copies, cut; each piece with windows around where it was and where it looks alike."""
    unused = _unused(matches.copies, old_size)
    before, hint = Copy(0, 0, 0), 0
    for after in [*matches.copies, Copy(new_size, old_size, 0)]:
        for start in range(before.new + before.length, after.new, PIECE):
            end = min(start + PIECE, after.new)
            hints = []
            while hint < len(matches.hints) and matches.hints[hint][0] < end:
                hints.append(matches.hints[hint][1])
                hint += 1
            shifts = {before.old - before.new, after.old - after.new}
            yield Piece(start, end, _windows(start, end, shifts, [*_hinted(hints), *unused], old_size))
        before = after


def _unused(copies: list[Copy], size: int) -> list[Window]:
    """Old bytes that no copy uses, the longest first: what was moved and changed is there."""
    done, found = 0, []
    for copy in [*sorted(copies, key=lambda copy: copy.old), Copy(0, size, 0)]:
        if copy.old > done:
            found.append(Window(done, copy.old))
        done = max(done, copy.old + copy.length)
    return sorted(found, key=lambda window: (window.start - window.end, window.start))


def _hinted(places: list[int]) -> list[Window]:
    """Old bytes around the places that look alike, those where most do first."""
    votes: dict[int, int] = {}
    for place in places:
        votes[place // HINTED] = votes.get(place // HINTED, 0) + 1
    best = sorted(votes, key=lambda bucket: (-votes[bucket], bucket))
    return [Window((bucket - 1) * HINTED, (bucket + 2) * HINTED) for bucket in best]


def _windows(start: int, end: int, shifts: set[int], others: list[Window], size: int) -> list[Window]:
    """Where the piece would lie if it followed the copy before or preceded the one after; and others that are like it.

    The others may be some times as long as the piece, so that small pieces can share a frame.
    """
    found = [Window(start + shift - AROUND, end + shift + AROUND) for shift in sorted(shifts)]
    room = min(BASE - 2 * (end - start + 2 * AROUND), AROUND + 4 * (end - start))
    for other in others:
        if (room := room - (other.end - other.start)) < 0:
            break
        found.append(other)
    inside = (Window(max(0, one.start), min(size, one.end)) for one in found)
    return merged(window for window in inside if window.start < window.end)


def merged(windows: Iterable[Window], apart: int = 0) -> list[Window]:
    """The same bytes in order, each once; those no more than `apart` from each other with what lies between."""
    found: list[Window] = []
    for window in sorted(windows):
        if found and window.start <= found[-1].end + apart:
            found[-1] = Window(found[-1].start, max(found[-1].end, window.end))
        else:
            found.append(window)
    return found


def _framed(pieces: Iterable[Piece]) -> Iterator[tuple[list[Piece], list[Window]]]:
    """Pieces that share a frame, as many as fit its two limits, and what they lean on."""
    group: list[Piece] = []
    size, base = 0, list[Window]()
    for piece in pieces:
        ours = piece.end - piece.start
        theirs = merged([*base, *piece.windows], APART)
        if group and (size + ours > PIECE or sum(window.end - window.start for window in theirs) > BASE):
            yield group, base
            group, size, base = [], 0, []
        group.append(piece)
        size, base = size + ours, theirs if len(group) > 1 else piece.windows
    if group:
        yield group, base
