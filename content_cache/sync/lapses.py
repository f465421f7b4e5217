"""Large files that a source has wrong, remembered so that a line does not carry them in vain each time.

    lapses = Lapses(library, "content.example")
    wanted = lapses.without(wanted)     # but for what is not worth a try this time
    lapses.note(blob, error)            # wrong once more
    lapses.end(missing)                 # what came meanwhile from elsewhere is forgotten

A film that went bad on a server is wrong at every try, and a try costs all of its bytes: alone it would use up a
village's budget, day after day. So after each vain try more syncs from that source pass without one: 1, 3, 7, up to 63.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from content_cache.durable import make_folder, write_file
from content_cache.errors import DamagedBlob

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from content_cache.errors import ContentError
    from content_cache.library import Library
    from content_cache.records import Blob
    from content_cache.sync.plan import Wanted

LARGE = 2**20  # bytes; smaller ones cost little
MOST_DOUBLINGS = 6
NAME = "wrong.json"


class Lapse(msgspec.Struct, array_like=True):
    """How often a file was wrong, and how many syncs pass without asking for it."""

    times: int
    wait: int


class Lapses:
    """Those of the source called `name`; of one that is `patient`, as a stick is, everything is asked for each time."""

    def __init__(self, library: Library, name: str, *, patient: bool = False) -> None:
        self._path, self._patient = library.incoming / NAME, patient
        self._all = self._load()
        self._ours = self._all.setdefault(name, {})

    def _load(self) -> dict[str, dict[str, Lapse]]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, dict[str, Lapse]])
        except (OSError, msgspec.MsgspecError):
            return {}

    def without(self, wanted: list[Wanted]) -> list[Wanted]:
        """What is wanted, but for blobs that are not to be asked for this time."""
        waiting = {sha256 for sha256, lapse in self._ours.items() if lapse.wait > 0}
        if self._patient or not waiting:
            return wanted
        for sha256 in waiting:
            self._ours[sha256].wait -= 1

        def worth(blobs: Iterable[Blob]) -> tuple[Blob, ...]:
            return tuple(blob for blob in blobs if blob.sha256 not in waiting)

        return [one._replace(others=worth(one.others), again=worth(one.again)) for one in wanted]

    def note(self, blob: Blob, error: ContentError) -> None:
        """What was wrong with the blob."""
        if blob.size < LARGE or self._patient or not isinstance(error, DamagedBlob):
            return
        times = self._ours[blob.sha256].times + 1 if blob.sha256 in self._ours else 1
        self._ours[blob.sha256] = Lapse(times, 2 ** min(times, MOST_DOUBLINGS) - 1)

    def end(self, missing: Container[str]) -> None:
        """Keep what there is to remember."""
        kept = {
            name: {sha256: lapse for sha256, lapse in found.items() if sha256 in missing}
            for name, found in self._all.items()
        }
        kept = {name: found for name, found in kept.items() if found}
        if kept or self._path.exists():
            make_folder(self._path.parent)
            write_file(self._path, msgspec.json.encode(kept))
