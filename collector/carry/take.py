"""Takes in a file that somebody carried from a hub, and makes the one to take back.

    taken = take_parcel(data, office)       # raises NotTaken with one sentence; nothing has changed then
    taken.site, taken.days, taken.reply

What is in it is what would have come over the line, and is taken in by the same rules: again, late and in any order it
does no harm. An enrolment goes first, so that a hub that was set up with a kit is known when its batches are opened;
once it is known, the same enrolment says nothing new and is passed over.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector.carry.refused import NotTaken
from collector.errors import NotPossible
from collector.inbox.receive import take_batch
from collector.sites.enrol import take_in
from collector.sites.models import Hub
from wire import cose
from wire.errors import BadRecord
from wire.exchange import Answer, open_answer
from wire.parcel import LONGEST_PARCEL, addressee, pack, unpack
from wire.sealing import key_of

if TYPE_CHECKING:
    import datetime as dt

    from collector.office import Office

BEGINS = b"\xa4\x00\x07\x01"  # a map of four, of the kind of parcels
log = logging.getLogger("collector")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What the bearer may know of the file: whose it is and how many days it holds.

    `parts` are stretches of use without a date; `until` is the last day; `missing` are days between others that never
    came; `refused` records were set aside. `reply` is the file to take back, None while the hub cannot be sealed for.
    """

    hub: str
    site: str
    site_id: str
    days: int
    parts: int
    until: dt.date | None
    missing: int
    refused: int
    reply: bytes | None


def take_parcel(data: bytes, office: Office) -> Taken:
    """Take in the file, as far as each of its messages goes. Raises NotTaken."""
    enrolments, batches = _sorted(_opened(data, office))
    trouble = _enrol(enrolments, office)
    answers = _answers(batches, office)
    if not answers.sealed:
        raise NotTaken(answers.trouble if answers.trouble == "damaged" else trouble or answers.trouble)
    return _tell(answers)


def _opened(data: bytes, office: Office) -> list[bytes]:
    if not data:
        raise NotTaken("empty")
    if len(data) > LONGEST_PARCEL:
        raise NotTaken("large")
    try:
        to = addressee(data)
    except BadRecord:
        raise NotTaken("damaged" if data.startswith(BEGINS) else "foreign") from None
    if to != office.key_id:
        raise NotTaken("back" if Hub.get_or_none(Hub.id == to.hex()) else "elsewhere")
    try:
        return unpack(data, office.key_id, office.sealing_key)
    except BadRecord:
        raise NotTaken("damaged") from None


def _sorted(messages: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Enrolments, and what may be batches: those of one hub, the first's, for a file is of one hub."""
    enrolments = [one for one in messages if one.startswith(cose.MAC0)]
    batches = [(_maker(one), one) for one in messages if one.startswith(cose.SIGN1)]
    makers = [maker for maker, _ in batches if maker]
    return enrolments, [one for maker, one in batches if maker == makers[0]] if makers else []


def _maker(batch: bytes) -> bytes | None:
    try:
        return cose.key_id(batch)
    except BadRecord:
        return None


def _enrol(enrolments: list[bytes], office: Office) -> str | None:
    """Take in who asks to be; a word for why not, which counts only if the batches beside it cannot be opened."""
    trouble = None
    for enrolment in enrolments:
        try:
            take_in(enrolment, office)
        except NotPossible as error:
            log.warning("a carried enrolment was refused: %s", error)
            trouble = "used"
        except BadRecord as error:
            log.info("a carried enrolment was passed over: %s", error)
            trouble = "old"
    return trouble


@dataclass
class _Answers:
    sealed: list[bytes] = field(default_factory=list)
    opened: list[Answer] = field(default_factory=list)
    hub: str = ""
    trouble: str = "foreign"


def _answers(batches: list[bytes], office: Office) -> _Answers:
    """What head office answers to each batch that it can open."""
    found = _Answers()
    for batch in batches:
        found.hub = cose.key_id(batch).hex()
        try:
            sealed = take_batch(batch, office)
        except BadRecord as error:
            log.warning("hub %s: a carried batch was not taken in: %s", found.hub, error)
            found.trouble = "damaged" if Hub.get_or_none(Hub.id == found.hub) else "unknown"
            continue
        found.sealed.append(sealed)
        found.opened.append(open_answer(sealed, office.key.public_key(), None))
    return found


def _tell(answers: _Answers) -> Taken:
    hub = Hub.get_by_id(answers.hub)
    acknowledged = {(row.epoch, row.day, row.digest) for answer in answers.opened for row in answer.acknowledged}
    days = {day for _, day, _ in acknowledged if day is not None}
    return Taken(
        hub=hub.id,
        site=hub.site.name,
        site_id=hub.site.id,
        days=len(days),
        parts=sum(day is None for _, day, _ in acknowledged),
        until=max(days, default=None),
        missing=len({day for _, day in answers.opened[-1].missing}),
        refused=sum(len(answer.refused) for answer in answers.opened),
        reply=_reply(hub, answers.sealed),
    )


def _reply(hub: Hub, sealed: list[bytes]) -> bytes | None:
    """The file for the hub; none for one whose key for sealing is not known, or no key."""
    if hub.sealing_key is None:
        return None
    try:
        return pack(sealed, to=bytes.fromhex(hub.id), reader=key_of(bytes(hub.sealing_key)))
    except (BadRecord, ValueError) as error:
        log.warning("hub %s: nothing can be sealed for it: %s", hub.id, error)
        return None
