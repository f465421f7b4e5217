"""Tells head office less of a day where the line has been silent for days: totals in one SMS, or courses in 340 bytes.

    tell(settings, clock, library, stop)        # how many were handed over; raises NotHandedOver

It costs nothing while the line works: only days that are over wait, only once head office has not answered for
HUB_MESSAGE_AFTER days, the newest first, at most HUB_MESSAGES_A_DAY. A message takes nothing out of the outbox: nobody
acknowledges it, and the full record takes its place at head office whenever it comes. These bytes do not cross the
uplink that the budget is for, and its ledger does not count them.
"""

from __future__ import annotations

import datetime as dt
import logging
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from hub.clock import ago, dated
from hub.db import writing
from hub.errors import HubError
from hub.messages.command import NotHandedOver, PerhapsHandedOver, hand_over
from hub.messages.models import Message
from hub.site import sealing_key, signing_key, this_site
from hub.uplink.models import Outbox, state, unsettled
from wire.errors import BadRecord
from wire.sealing import key_of, shared_secret
from wire.short import LONGEST_COURSES, seal_totals, with_courses
from wire.summary import seal, unseal

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable

    from peewee import Expression

    from content_cache.library import Library
    from hub.clock import Clock
    from hub.settings import Settings

DAY = 86_400.0
OLDEST = 35  # days; what is older waits for somebody to carry it
log = logging.getLogger("hub.messages")


class NoSecret(HubError):
    """Head office has told no key to seal with; an upload, or a file that somebody carries, brings it."""

    exit_code = 69


class Due(NamedTuple):
    """A record that waits, as far as the rule looks at it."""

    id: int
    day: dt.date
    revision: int


def due(waiting: Iterable[Due], today: dt.date, silent_days: float, after: int, left: int) -> list[Due]:
    """Of `waiting` the newest `left` that are over and not too old, if the line was silent for `after` days."""
    if silent_days < after:
        return []
    over = [row for row in waiting if today - dt.timedelta(days=OLDEST) <= row.day < today]
    return sorted(over, key=lambda row: row.day, reverse=True)[: max(left, 0)]


def tell(settings: Settings, clock: Clock, library: Library, stop: threading.Event) -> int:
    """Hand over what is due; gives how many. Raises NotHandedOver or NoSecret; what was not told is tried again."""
    now, site = clock.now(), this_site()
    if not settings.message_command or now is None or not site.enrolled:
        return 0
    today = now.astimezone(site.zone).date()
    left = settings.messages_a_day - told_since(dt.datetime.combine(today, dt.time(), tzinfo=site.zone))
    rows = due(_waiting(), today, silent_days(clock), settings.message_after, left)
    return sum(_tell(row, settings, clock, library, stop) for row in rows if not stop.is_set())


def silent_days(clock: Clock) -> float:
    """For how many days head office has not answered; without end if it never did, or nobody can tell when."""
    reached = state().reached
    seconds = ago(reached, clock) if reached else None
    return float("inf") if seconds is None else seconds / DAY


def told_since(moment: dt.datetime) -> int:
    """How many messages may have left since then; they leave only while the time is known."""
    times = [dated(row.at) for row in Message.select().where(Message.bytes > 0)]
    return sum(time is not None and time >= moment for time in times)


def _waiting() -> list[Due]:
    """What waits of days that are over, and of which no revision as high was told."""
    over = unsettled() & (Outbox.open == False) & Outbox.day.is_null(False)  # noqa: E712
    told = {(row.epoch, row.day, row.revision) for row in Message.select()}
    rows = Outbox.select(Outbox.id, Outbox.epoch, Outbox.day, Outbox.revision).where(over)
    untold = [row for row in rows if (row.epoch, row.day, row.revision) not in told]
    return [Due(row.id, row.day, row.revision) for row in untold if row.day is not None]


def _tell(row: Due, settings: Settings, clock: Clock, library: Library, stop: threading.Event) -> bool:
    """Whether the message was handed over. It is written down before it leaves."""
    record = Outbox.get_by_id(row.id)
    try:
        data = short_of(bytes(record.sealed), settings, library)
    except BadRecord as error:
        log.warning("%s", error)
        _note(record, clock, size=0, sentence=str(error))
        return False
    _note(record, clock, size=len(data), sentence=None)
    try:
        hand_over(settings.message_command, settings.message_to, data, stop)
    except PerhapsHandedOver as error:
        _set(record, sentence=str(error))
        raise
    except NotHandedOver:
        with writing():
            Message.delete().where(_is(record)).execute()
        raise
    _set(record, handed=True)
    return True


def short_of(sealed: bytes, settings: Settings, library: Library) -> bytes:
    """The message for a sealed day: totals, or courses if HUB_MESSAGE_BYTES has room. Raises BadRecord or NoSecret."""
    site, key = this_site(), signing_key(settings.keys)
    day = unseal(sealed, lambda _hub: key.public_key())
    if settings.message_bytes >= LONGEST_COURSES:
        return seal(with_courses(day, Courses(library).of, settings.message_bytes), key, kid=day.hub)
    if site.office_sealing_key is None:
        raise NoSecret("Head office has told this hub no key to seal with yet; its next answer brings it.")
    office = key_of(bytes(site.office_sealing_key))
    return seal_totals(day, shared_secret(sealing_key(settings.keys), office, day.hub))


class Courses:
    """Which course an item is of, by the release that is served."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def of(self, item: int) -> int | None:
        """The course's integer; None if this release does not hold the item."""
        catalogue = self._library.catalogue()
        if catalogue is None:
            return None
        with closing(catalogue):
            return catalogue.course_number(item)


def _note(record: Outbox, clock: Clock, *, size: int, sentence: str | None) -> None:
    now = clock.moment()
    with writing():
        Message.create(
            epoch=record.epoch,
            day=record.day,
            revision=record.revision,
            bytes=size,
            boot=now.boot,
            seconds=now.seconds,
            sentence=sentence,
        )


def _set(record: Outbox, **fields: object) -> None:
    with writing():
        Message.update(**fields).where(_is(record)).execute()


def _is(record: Outbox) -> Expression:
    return (Message.epoch == record.epoch) & (Message.day == record.day) & (Message.revision == record.revision)
