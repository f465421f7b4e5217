"""All work that goes on beside the pages, as one table: name, pause, function, and why.

A pause is in seconds, or names the setting that holds it. The first run comes sooner than the pause: a box that is
switched off every evening would never come to its daily jobs. A job that raises is logged in a sentence and runs again
after its pause; each function may be cut at any point, as by a power cut, and gives up soon after `work.stop` is set.
One that looks often and mostly finds nothing to do answers IDLE, and its run is not written down: a card wears.
"""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from content_cache.errors import Busy
from content_cache.renewing import renew
from hub.acceptance.work import look as look_at_errands
from hub.backup import snapshot
from hub.box.power import watch
from hub.carry.sticks import look as look_at_carriers
from hub.content.copies import look as look_at_copies
from hub.content.models import state as content
from hub.content.scrub import scrub
from hub.content.sticks import look as look_at_sticks
from hub.content.sync import bring, look
from hub.downlink.apply import apply
from hub.locks import InUse
from hub.messages.tell import tell
from hub.portal import summary as portal
from hub.site import this_site
from hub.uplink.deliver import deliver
from hub.uplink.ledger import fold
from hub.uplink.seal import roll_up
from hub.uplink.settled import acknowledged_boots, acknowledged_days
from hub.uplink.turns import has_woken, is_turn
from hub.usage.forget import forget, forget_boots
from hub.visit.office import look as look_at_office
from hub.visit.trial import look as look_at_trial
from hub.worker.stops import Either

if TYPE_CHECKING:
    from collections.abc import Callable

    from content_cache.library import Library
    from content_cache.sync.source import Source
    from content_cache.sync.synced import Synced
    from hub.clock import Clock
    from hub.settings import Settings

DAY = 86_400


class Idle(Enum):
    """What a job answers that found nothing to do."""

    IDLE = "idle"


IDLE = Idle.IDLE


@dataclass(frozen=True)
class Work:
    """What a job works on; it stops soon after `stop` is set.

    `stick` is set while content that was plugged in waits for content that comes slowly over the line.
    """

    settings: Settings
    clock: Clock
    library: Library
    stop: threading.Event
    stick: threading.Event = field(default_factory=threading.Event)


class Job(NamedTuple):
    """A row of the table. `first` are the seconds from the start of the worker to the first run, at most the pause.

    A job that looks by itself whether its pause is over does so at least each `look` seconds.
    """

    name: str
    first: float
    pause: float | str
    run: Callable[[Work], object]
    why: str
    look: float = math.inf

    def seconds(self, settings: Settings) -> float:
        """The pause, or until the next look."""
        pause = float(getattr(settings, self.pause)) if isinstance(self.pause, str) else self.pause
        return min(pause, self.look)


def copy_to_sticks(work: Work) -> Idle | None:
    return None if look_at_copies(work.settings.sticks, work.clock, work.library, work.stop) else IDLE


def seal_days(work: Work) -> None:
    roll_up(work.settings, work.clock, work.library)


def upload(work: Work) -> Idle | None:
    if not is_turn(work.settings, work.clock):
        return IDLE
    try:
        deliver(work.settings, work.clock, work.library, work.stop)
    except InUse:  # a check before leaving, or a person, calls just now: nothing failed
        return IDLE
    apply(work.settings, work.clock)
    return None


def hold_what_is_told(work: Work) -> Idle | None:
    return None if apply(work.settings, work.clock) else IDLE


def send_messages(work: Work) -> Idle | None:
    return None if tell(work.settings, work.clock, work.library, work.stop) else IDLE


def meet_office(work: Work) -> Idle | None:
    return None if look_at_office(work.settings, work.clock) else IDLE


def end_trial(work: Work) -> Idle | None:
    return None if look_at_trial(work.settings, work.clock) else IDLE


def sweep(work: Work) -> None:
    forget(acknowledged_days(), work.settings.keep_days, work.clock.now())
    for forget_those in (forget_boots, portal.forget_boots):
        forget_those(acknowledged_boots(), work.settings.keep_days, work.clock.now())
    portal.forget()
    fold(work.clock, this_site().zone)
    with suppress(Busy):  # content comes; what it left over is gone the day after
        work.library.sweep()


def save(work: Work) -> None:
    # What a snapshot holds must be sealed: a hub that is restored from it can then deliver it, and count nothing twice.
    roll_up(work.settings, work.clock, work.library, open_days=True, undated=True)
    snapshot(work.settings)


def carry_by_stick(work: Work) -> Idle | None:
    return None if look_at_carriers(work.settings.sticks, work.settings, work.clock, work.library) else IDLE


def help_with_acceptance(work: Work) -> Idle | None:
    return None if look_at_errands(work.settings, work.clock, work.library, work.stop) else IDLE


def look_at_power(work: Work) -> Idle:
    watch(work.settings.machine, work.settings.run_folder)
    return IDLE


def verify(work: Work) -> Idle | None:
    done = scrub(work.library.store, work.clock, rate=work.settings.verify_rate_mb * 1e6, stop=work.stop)
    return IDLE if done is None else None


def renew_catalogue(work: Work) -> None:
    renew(work.library, reserve=work.settings.reserve_bytes)


def bring_content(work: Work) -> Idle | None:
    work.stick.clear()
    if not (content().wanted or has_woken(work.settings, work.clock)):
        return IDLE
    return None if look(work.settings, work.clock, work.library, Either(work.stop, work.stick)) else IDLE


def read_sticks(work: Work) -> Idle | None:
    def take(source: Source) -> Synced:
        try:
            return bring(source, work.settings, work.clock, work.library, stop=work.stop)
        except Busy:
            work.stick.set()  # a technician stands there and waits; the line does not
            raise

    return None if look_at_sticks(work.settings.sticks, work.clock, take) else IDLE


JOBS = (
    Job("catalogue", 1, 600, renew_catalogue, "After an update of the hub its courses are there as before."),
    Job("told", 2, 10, hold_what_is_told, "What head office decides holds here, whoever brought it."),
    Job("code", 4, 5, meet_office, "Head office gets to know this hub by the code that a technician typed."),
    Job("trial", 4, 5, end_trial, "The technician's own network comes back once her phone saw the village's."),
    Job("roll up", 3, "roll_up_every", seal_days, "Days that are over become sealed records that can be sent."),
    Job("upload", 6, "upload_every", upload, "Head office sees what was counted, and tells the time.", look=10),
    Job("sticks", 9, 10, read_sticks, "Content that is plugged in is taken in by itself, if head office signed it."),
    Job("copies", 10, 10, copy_to_sticks, "What is here goes to the next village, when the technician says so."),
    Job("carriers", 8, 10, carry_by_stick, "Where there is no line, a stick brings to head office what was counted."),
    Job("messages", 120, 3600, send_messages, "Where the line is gone for days, an SMS tells a day's totals."),
    Job("content", 12, 60, bring_content, "New courses come, in the order in which people want them."),
    Job("sweep", 300, DAY, sweep, "Content that no release names, and details that have served, leave the card."),
    Job("snapshot", 600, "snapshot_every", save, "A damaged database has something to go back to."),
    Job("acceptance", 4, 5, help_with_acceptance, "A technician stands there and waits for the end of her check."),
    Job("voltage", 5, 10, look_at_power, "Low voltage lasts a moment; who looks at the end of a visit would miss it."),
    Job("verify", 45, 60, verify, "Content that a worn card changed is found before a learner does."),
)
