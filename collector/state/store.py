"""Keeps what each hub is told, and gives it out sealed.

    found = current(hub)                                    # Kept(number=7, draft=Draft(...), saved=...)
    save(hub, found.number, with_settings(found.draft, {"daily-mb": "20"}), office)     # 8
    sealed_for(hub, running=7, office=office)               # bytes for the hub alone; None if it runs the newest
    answer_record(hub, digest, "again", "Send it again.", office)

A state is saved whole under the next number, by whoever saw the one before: of two people who edit at once the second
is told. What the hub runs, and what of it it could not do, it says with each batch (`heard`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from peewee import JOIN

from collector.db import for_update, writing
from collector.errors import NotPossible
from collector.sites.models import Hub
from collector.state.draft import Draft, with_answer
from collector.state.models import State as Row
from wire.errors import BadRecord
from wire.sealing import key_of
from wire.state import Answered, State, seal_state

if TYPE_CHECKING:
    from collector.office import Office
    from wire.exchange import Batch

NO_HUB = "No hub is called {!r}; `collector hubs list` shows them."
MEANWHILE = "Somebody else saved state {} of this hub meanwhile; open it again and make your change there."
log = logging.getLogger("collector")


class Outdated(NotPossible):
    """Somebody else was faster; who edits looks at what he saved, and edits that."""


class Kept(NamedTuple):
    """What a hub is told, 0 the number of nothing yet; `saved` in Unix milliseconds."""

    number: int
    draft: Draft
    saved: int | None


def known_hub(hub: str) -> Hub:
    """The hub of that id, in hexadecimal. Raises NotPossible."""
    row = Hub.get_or_none(Hub.id == hub)
    if row is None:
        raise NotPossible(NO_HUB.format(hub[:40]))
    return row


def current(hub: str) -> Kept:
    """What the hub is told now. Raises NotPossible for a hub that is not known."""
    query = Hub.select(Hub, Row).join(Row, JOIN.LEFT_OUTER, attr="told").where(Hub.id == hub)
    row = next(iter(query), None)
    if row is None:
        raise NotPossible(NO_HUB.format(hub[:40]))
    told = getattr(row, "told", None)
    return Kept(row.configuration, read(told), told and told.saved)


def save(hub: str, base: int, draft: Draft, office: Office) -> int:
    """Tell the hub `draft` from now on, if its state is still number `base`; gives the number, the same if nothing
    changed.

    Raises Outdated, NotPossible, or BadRecord for what is too large to be told.
    """
    with writing():
        row = _locked(hub)
        if row.configuration != base:
            raise Outdated(MEANWHILE.format(row.configuration))
        return _save(row, draft, office)


def answer_record(hub: bytes, digest: bytes, word: str, sentence: str, office: Office) -> int:
    """Tell the hub what became of a record; gives the state's number. Raises NotPossible or BadRecord."""
    with writing():
        row = _locked(hub.hex())
        told = read(Row.get_or_none(Row.hub == row.id))
        answer = Answered(digest, word, sentence[:300])
        return _save(row, with_answer(told, answer, number=_next(row), running=row.running), office)


def sealed_for(hub: bytes, running: int, office: Office) -> bytes | None:
    """The hub's state, if it runs an older one and has told the key that opens it."""
    found = current(hub.hex())
    key = known_hub(hub.hex()).sealing_key
    if key is None or found.number <= running:
        return None
    newest = office.content.newest()
    state = _state(hub, found.number, found.draft, newest.number if newest else None)
    try:
        return seal_state(state, office.key, office.key_id, key_of(bytes(key)))
    except (BadRecord, ValueError) as error:  # a key that is no point of the curve is the hub's own fault
        log.warning("hub %s: its state cannot be sealed: %s", hub.hex(), error)
        return None


def heard(batch: Batch, now: int) -> None:
    """Note what a hub says of its state, within the caller's transaction, which holds its row."""
    row = Hub.get_by_id(batch.hub.hex())
    changes: dict[str, Any] = {"trouble": batch.trouble}
    if batch.state != row.running:
        changes |= {"running": batch.state, "running_since": now}
    if batch.sealing_key is not None and batch.sealing_key != bytes(row.sealing_key or b""):
        changes["sealing_key"] = batch.sealing_key
        log.warning("hub %s: from now on things are sealed for another key, as a batch it signed says", row.id)
    Hub.update(changes).where(Hub.id == row.id).execute()


def to_tell(batch: Batch, office: Office) -> dict[str, Any]:
    """What the answer to `batch` says of all this, as its fields."""
    asks = batch.sealing_key is not None
    return {
        "state": sealed_for(batch.hub, batch.state, office),
        "sealing_key": office.public_sealing_key if asks else None,
    }


def _locked(hub: str) -> Hub:
    known_hub(hub)
    return next(iter(for_update(Hub.select().where(Hub.id == hub))))


def _next(row: Hub) -> int:
    """A database that was put back knows less than the hub, which would take no number that it has had."""
    return max(row.configuration, row.running) + 1


def _save(row: Hub, draft: Draft, office: Office) -> int:
    told, number = msgspec.json.encode(draft, order="sorted").decode(), _next(row)
    before = Row.get_or_none(Row.hub == row.id)
    if row.configuration >= row.running and read(before) == draft:
        return int(row.configuration)
    state = _state(bytes.fromhex(row.id), number, draft, None)
    seal_state(state, office.key, office.key_id, office.sealing_key.public_key())  # what nobody could read is not kept
    Row.insert(hub=row.id, told=told, saved=office.now()).on_conflict(
        conflict_target=[Row.hub], update={Row.told: told, Row.saved: office.now()}
    ).execute()
    Hub.update(configuration=number).where(Hub.id == row.id).execute()
    return number


def _state(hub: bytes, number: int, draft: Draft, content: int | None) -> State:
    return State(
        hub=hub,
        number=number,
        settings=draft.settings,
        accounts=list(draft.accounts),
        answers=[row.answer for row in draft.answers],
        revoked=list(draft.revoked),
        content=content,
    )


def read(row: Row | None) -> Draft:
    """What stands in the row; an empty draft without one."""
    return Draft() if row is None else msgspec.json.decode(row.told, type=Draft)
