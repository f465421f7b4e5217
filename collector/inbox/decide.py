"""What people at head office decide about the inbox, each decision one transaction and one line in the log.

    accept_lost(Lose(hub, first, last, by="Rosa", note="The card broke"), office)
    place(summary_id, Placing(by="Rosa", day=dt.date(2026, 2, 25)), office)
    resolve(quarantine_id, Resolving(by="Rosa", word="take"), office)

What is decided about a record is told to the hub that sent it (see collector/state/). Nothing that a hub signed is ever
altered: a label stands beside it, and of two records that contradict each other one is held.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from collector.db import writing
from collector.errors import NotPossible
from collector.inbox.gaps import waited_for
from collector.inbox.judge import Span, part_name, place_of
from collector.inbox.keep import Arrived, contradictions, keep, lock, plain, settle
from collector.inbox.models import Decision, Emptied, ItemUse, Lost, Quarantine, Sealing, Summary
from collector.inbox.opening import open_record
from collector.sites.models import Hub
from collector.state.store import answer_record
from wire.exchange import Refused
from wire.messages import FIRST_DAY
from wire.summary import Level, SiteDay

if TYPE_CHECKING:
    from collector.office import Office
    from wire.summary import Part

Name = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*\Z")]
Note = Annotated[str, Meta(max_length=300)]
Word = Literal["keep", "take", "again", "dismiss"]
TOLD = {"keep": "held", "take": "taken", "again": "taken", "dismiss": "dismissed"}  # to the hub
ANSWERS = {
    "keep": "Head office keeps the record that it had.",
    "take": "Head office holds this record now, in the place of another.",
    "again": "Head office holds this record now.",
    "dismiss": "Head office does not need this record.",
}
SENTENCES = {
    "gone": "That is not there any more, or was decided meanwhile; open the page again.",
    "days": "Those days are not missing now; open the page again and choose from those that are.",
    "bounds": "That day lies outside of what is known of this part; confirm that it shall stand there all the same.",
    "future": "That day has not come yet; choose one that has.",
    "alarm": "One can be chosen only of two records that contradict each other; judge it again, or dismiss it.",
    "note": "Say in a note why.",
    "still": "It cannot be taken in now either: {}",
}


class NotDecided(NotPossible):
    """Nothing was changed; `word` is a key of SENTENCES, `why` what stands in its braces."""

    def __init__(self, word: str, why: str = "") -> None:
        super().__init__(SENTENCES[word].format(why))
        self.word, self.why = word, why


class Lose(Struct, frozen=True, kw_only=True):
    """Wait no longer for the days of a hub from `first` to `last`."""

    hub: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
    first: dt.date
    last: dt.date
    by: Name
    note: Note = ""


class Undo(Struct, frozen=True, kw_only=True):
    """Take a decision back."""

    by: Name


class Placing(Struct, frozen=True, kw_only=True):
    """Count a part without a date under `day`, None for none; `outside` of its bounds only if that is meant."""

    by: Name
    note: Note = ""
    day: dt.date | None = None
    outside: bool = False


class Resolving(Struct, frozen=True, kw_only=True):
    """Keep what is held, take the other in its place, judge the record again, or dismiss it."""

    by: Name
    note: Note = ""
    word: Word


def yesterday(time_zone: str, office: Office) -> dt.date:
    """The last day that is over at a site."""
    return dt.datetime.fromtimestamp(office.clock(), ZoneInfo(time_zone)).date() - dt.timedelta(days=1)


def accept_lost(asked: Lose, office: Office) -> None:
    """Wait for these days no longer; a record that comes all the same is counted. Raises NotDecided."""
    span = Span(asked.first, asked.last)
    if not asked.note.strip():
        raise NotDecided("note")
    with writing():
        hub = _held(asked.hub)
        open_spans = waited_for(hub.id, yesterday(hub.site.time_zone, office))
        if span.days < 1 or not any(one.first <= span.first and span.last <= one.last for one in open_spans):
            raise NotDecided("days")
        row = Lost.create(
            hub=hub, first=span.first, last=span.last, note=plain(asked.note), by=asked.by, at=office.now()
        )
        _log(hub, asked.by, f"{row.first} … {row.last}", "lost", asked.note, office)


def wait_again(lost: int, asked: Undo, office: Office) -> None:
    """Take back that days were accepted as lost. Raises NotDecided."""
    with writing():
        row = Lost.get_or_none(Lost.id == _small(lost))
        if row is None:
            raise NotDecided("gone")
        row.delete_instance()
        _log(row.hub, asked.by, f"{row.first} … {row.last}", "waited for", "", office)


def place(summary: int, asked: Placing, office: Office) -> None:
    """Put the label on a part without a date, or take it off. Raises NotDecided."""
    with writing():
        found = Summary.get_or_none(Summary.id == _small(summary), Summary.boot != "")
        hub = _held(found.hub.id if found else "")
        row = Summary.get_by_id(summary)
        if row.emptied:
            raise NotDecided("gone")
        _check_place(row, hub, asked, office)
        Summary.update(placed=asked.day, shown=asked.day).where(Summary.id == row.id).execute()
        word, about = ("placed", f"{row.place} → {asked.day}") if asked.day else ("unplaced", row.place)
        _log(hub, asked.by, about, word, asked.note, office)


def _check_place(row: Summary, hub: Hub, asked: Placing, office: Office) -> None:
    if asked.day is None:
        return
    if asked.day > yesterday(hub.site.time_zone, office) + dt.timedelta(days=1):
        raise NotDecided("future")
    is_inside = (row.after or asked.day) <= asked.day <= (row.before or asked.day)
    if asked.day < FIRST_DAY or not (is_inside or asked.outside):
        raise NotDecided("bounds")


def resolve(quarantine: int, asked: Resolving, office: Office) -> None:
    """Decide about a record that was set aside, and tell its hub. Raises NotDecided, or BadRecord."""
    row = _waiting(quarantine)
    record = open_record(bytes(row.sealed), office)
    with writing():
        hubs = {row.hub.id} | ({record.day.hub.hex()} if record.day else set())
        lock(hubs)
        row = _waiting(quarantine)
        _act(row, record, asked, office)
        Quarantine.update(decided=office.now(), decision=asked.word).where(Quarantine.id == row.id).execute()
        _log(row.hub, asked.by, f"record {row.digest}", TOLD[asked.word], asked.note, office)
        answer_record(bytes.fromhex(row.hub.id), record.digest, TOLD[asked.word], ANSWERS[asked.word], office)


def _waiting(quarantine: int) -> Quarantine:
    row = Quarantine.get_or_none(Quarantine.id == _small(quarantine), Quarantine.decided.is_null())
    if row is None:
        raise NotDecided("gone")
    return row


def _act(row: Quarantine, record: Arrived, asked: Resolving, office: Office) -> None:
    if asked.word in {"keep", "take"} and not row.alarm:
        raise NotDecided("alarm")
    if asked.word in {"keep", "dismiss"} and not asked.note.strip():
        raise NotDecided("note")
    if asked.word == "take":
        if record.day is None:
            raise NotDecided("still", record.sentence)
        _replace(record, record.day, office)
    if asked.word == "again":
        if record.day is None:
            raise NotDecided("still", record.sentence)
        word = settle(bytes.fromhex(row.hub.id), record, office.now()).word
        if isinstance(word, Refused):
            raise NotDecided("still", word.sentence)


def _replace(record: Arrived, day: SiteDay, office: Office) -> None:
    """Let go of what contradicts the record, then keep it; what only that had emptied counts again."""
    filled: set[Part] = set()
    for sealing in contradictions(record, day):
        there = (Summary.hub == sealing.hub) & (Summary.epoch == sealing.epoch) & (Summary.place == sealing.place)
        row = Summary.get_or_none(there)
        if row is not None:
            filled |= _emptied_by(row, office) if row.digest == sealing.digest else set()
            _let_go(row, sealing, is_same=sealing.place == place_of(day))
        sealing.delete_instance()
    keep(record, day, office.now())
    if filled:
        _fill(day, filled, office)


def _emptied_by(row: Summary, office: Office) -> set[Part]:
    day = open_record(bytes(row.sealed), office).day
    return set(day.emptied) if day else set()


def _fill(day: SiteDay, parts: set[Part], office: Office) -> None:
    """Count those of `parts` again that no record of their epoch empties any more."""
    here = (Summary.hub == day.hub.hex()) & (Summary.epoch == day.epoch)
    for row in Summary.select().where(here, Summary.day.is_null(False)):
        parts = parts - _emptied_by(row, office)
    for part in parts:
        gone = (Emptied.hub == day.hub.hex()) & (Emptied.epoch == day.epoch) & (Emptied.place == part_name(part))
        Emptied.delete().where(gone).execute()
        Summary.update(emptied=False, shown=Summary.placed).where(here, Summary.place == part_name(part)).execute()


def _let_go(row: Summary, sealing: Sealing, *, is_same: bool) -> None:
    """Take back what `row` has of `sealing`; the whole of it if another place takes over its number."""
    if row.digest == sealing.digest and not is_same:
        ItemUse.delete().where(ItemUse.summary == row.id).execute()
        row.delete_instance()
        return
    if row.digest == sealing.digest:
        row.revision = 0  # any record that comes takes its place
    if sealing.level == Level.FULL and row.columns_revision == sealing.revision:
        row.columns_revision = None
    row.save()


def _small(number: int) -> int:
    """Numbers in addresses are anybody's; no row has one that large."""
    return min(number, 2**31 - 1)


def _held(hub: str) -> Hub:
    """The hub, its row locked. Raises NotDecided."""
    lock({hub})
    row = Hub.get_or_none(Hub.id == hub)
    if row is None:
        raise NotDecided("gone")
    return row


def _log(hub: Hub, by: str, about: str, word: str, note: str, office: Office) -> None:
    Decision.create(hub=hub, at=office.now(), by=by.strip(), about=about, word=word, note=plain(note.strip()))
