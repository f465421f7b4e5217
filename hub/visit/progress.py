"""How far a visit has come: what the page shows, and the one thing that is to be done next.

seen = progress(settings, library)
seen.next           # "answers", "wait", "failed", "check", "finish"
seen.waits          # whether the page should look again by itself
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from content_cache.sync.progress import read_progress
from hub.acceptance.models import latest
from hub.content.models import Stick
from hub.content.sticks import READING
from hub.site import this_site
from hub.visit.answers import PARTS, village_of
from hub.visit.keep import next_part, told
from hub.visit.models import DONE, REFUSED, WAITING, WANTED, office_code, visit
from hub.visit.network import Standing, both_at_once, standing
from hub.visit.own import own_wifi

if TYPE_CHECKING:
    from content_cache.library import Library
    from hub.network.record import WiFi
    from hub.settings import Settings
    from hub.visit.answers import Answers, Part


class StickSeen(NamedTuple):
    """A stick with courses, how it fares (a word of hub/content/sticks.py), and `done` of `total` bytes while read."""

    name: str
    state: str
    done: int = 0
    total: int = 0


class Progress(NamedTuple):
    """`part` is the first question without an answer, and `number` says which it is; `given` how many have one.

    `office` is how head office got to know this hub: none, kit, wanted, waiting, refused or done.
    `check` is none, running, passed or failed. `shared` are bytes that villagers used of their share, None without one.
    """

    answers: Answers
    part: Part | None
    number: int
    given: int
    network: Standing
    village: WiFi
    setup: WiFi
    both: bool
    office: str
    office_sentence: str | None
    check: str
    finished: bool
    shared: int | None
    sticks: list[StickSeen]

    @property
    def next(self) -> str:
        """The one thing to do."""
        if self.part is not None:
            return "answers"
        if self.network.state == "failed":
            return "failed"
        if self.waits:
            return "wait"
        return "finish" if self.check == "passed" and not self.finished else "check"

    @property
    def waits(self) -> bool:
        """Whether something is under way that ends by itself."""
        return self.part is None and (self.network.state == "asked" or self.office == WANTED)

    @property
    def reads(self) -> bool:
        """Whether courses come off a stick now."""
        return any(stick.state == READING for stick in self.sticks)


def progress(settings: Settings, library: Library) -> Progress:
    """All of it, read now."""
    answers, own, network = told(), own_wifi(settings), standing(settings)
    part = next_part(answers)
    word, sentence = _office()
    return Progress(
        answers=answers,
        part=part,
        number=PARTS.index(part) + 1 if part else len(PARTS),
        given=sum(getattr(answers, one, None) is not None for one in PARTS) + (part != "administrator"),
        network=network,
        village=village_of(answers.wifi, own),
        setup=own.setup,
        both=both_at_once(network.facts),
        office=word,
        office_sentence=sentence,
        check=_check(),
        finished=bool(visit().finished),
        shared=_shared(settings),
        sticks=_sticks(library),
    )


def _shared(settings: Settings) -> int | None:
    """As root counted it last (hub/network/share.py), at most five minutes ago."""
    try:
        told = msgspec.json.decode((settings.run_folder / "share.json").read_bytes())
        return int(told["used_bytes"])
    except (OSError, msgspec.MsgspecError, KeyError, TypeError, ValueError):
        return None


def _sticks(library: Library) -> list[StickSeen]:
    now = read_progress(library)
    done, total = (now.done, now.total or 0) if now else (0, 0)
    return [
        StickSeen(row.name, row.state, *((done, total) if row.state == READING else (0, 0)))
        for row in Stick.select().order_by(Stick.name)
    ]


def _check() -> str:
    row = latest()
    if row is None:
        return "none"
    return {None: "running", True: "passed", False: "failed"}[row.passed]


def _office() -> tuple[str, str | None]:
    row = office_code()
    if row is not None and row.state in (WANTED, WAITING, REFUSED):
        return row.state, row.sentence
    if this_site().enrolled:
        return (DONE if this_site().has_line else "kit"), None
    return "none", None
