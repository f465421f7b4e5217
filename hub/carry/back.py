"""Takes in the file that a person brings back from head office.

back = take_back(data, settings, clock)     # Back(acknowledged=7, ...); raises NotTaken with one sentence

Head office signed each message in it, and sealed the file for this hub. What it acknowledges leaves the outbox, however
old the answer is; its time only says that it is no earlier; a state that head office tells is kept if it is newer. So
the same file may come again, late, or in any order, and one that is damaged changes nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.carry.models import note_back
from hub.carry.up import NoOffice, is_ours
from hub.db import writing
from hub.errors import HubError
from hub.site import sealing_key, this_site
from hub.uplink.introduce import known
from hub.uplink.settle import settle
from hub.uplink.told import keep
from wire.errors import BadRecord
from wire.exchange import open_answer
from wire.parcel import LONGEST_PARCEL, addressee, unpack
from wire.sealing import name_of

if TYPE_CHECKING:
    from pathlib import Path

    from hub.clock import Clock
    from hub.settings import Settings

BEGINS = b"\xa4\x00\x07\x01"  # a map of four, of the kind of parcels
SENTENCES = {
    "none": "Choose the file first.",
    "gone": "The file cannot be read; give the one that head office's page made.",
    "empty": "The file is empty; take the reply from head office's page again.",
    "large": "The file is larger than any that head office makes; take the reply from its page again.",
    "foreign": "This is no file of head office; choose the reply, whose name ends in .vhub.",
    "damaged": "The file was damaged on the way; take the reply from head office's page again.",
    "up": "This is the file for head office; give it to head office's page, and bring back its reply.",
    "elsewhere": "This reply is for another hub; take it there.",
    "unknown": "The head office that made this file is not the one of this hub; nothing in it was believed.",
}
log = logging.getLogger("hub.carry")


class NotTaken(HubError):
    """The file changed nothing; `word` is a key of SENTENCES."""

    exit_code = 65

    def __init__(self, word: str) -> None:
        super().__init__(SENTENCES[word])
        self.word = word


@dataclass(frozen=True)
class Back:
    """What the file changed: records that left the outbox, records that were refused, and whether it told news."""

    acknowledged: int = 0
    refused: int = 0
    news: bool = False


def read(path: Path) -> bytes:
    """The bytes of a file, as many as any reply has. Raises NotTaken."""
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_PARCEL + 1)
    except OSError:
        raise NotTaken("gone") from None


def take_back(data: bytes, settings: Settings, clock: Clock) -> Back:
    """Do what head office says in the file. Raises NotTaken or NoOffice."""
    site = this_site()
    if not site.enrolled:
        raise NoOffice("This hub knows no head office yet, so it believes no file; set it up with a kit first.")
    office = Ed25519PublicKey.from_public_bytes(bytes(site.collector_key or b""))
    messages = _opened(data, bytes(site.hub), bytes(site.collector_key or b""), settings)
    done = [one for message in messages if (one := _take(message, office, settings, clock)) is not None]
    if not done:
        raise NotTaken("unknown")
    note_back(clock)
    return Back(
        acknowledged=sum(one.acknowledged for one in done),
        refused=sum(one.refused for one in done),
        news=any(one.news for one in done),
    )


def _opened(data: bytes, hub: bytes, office: bytes, settings: Settings) -> list[bytes]:
    if not data:
        raise NotTaken("empty")
    if len(data) > LONGEST_PARCEL:
        raise NotTaken("large")
    try:
        to = addressee(data)
    except BadRecord:
        raise NotTaken("damaged" if data.startswith(BEGINS) else "foreign") from None
    if to != hub:
        raise NotTaken("up" if to == name_of(office) else "elsewhere")
    try:
        return unpack(data, hub, sealing_key(settings.keys))
    except BadRecord:
        raise NotTaken("damaged") from None


def _take(message: bytes, office: Ed25519PublicKey, settings: Settings, clock: Clock) -> Back | None:
    """What a message changed; None if it is not the word of the head office of this hub."""
    try:
        answer = open_answer(message, office, None)
    except BadRecord:
        return _take_state(message)
    done = settle(clock, answer, live=False)
    if is_ours(answer.nonce, settings):
        known()
    return Back(done.acknowledged, done.refused, news=answer.state is not None)


def _take_state(message: bytes) -> Back | None:
    try:
        with writing():
            return Back(news=keep(message))
    except BadRecord as error:
        log.warning("a carried message was passed over: %s", error)
        return None
