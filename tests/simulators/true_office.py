"""The collector's own inbox behind the link of head_office.py, and what it was ever told of whom.

    with TrueOffice(folder / "office") as office:
        office.add("dzemul", "America/Merida", hub_id, public_key)
        office.play("reset_after_commit", "honest")     # what the link does with the next uploads
        office.again(body)                              # the same bytes once more

`plays_of` says which plays each record counts, and is filled in by whoever makes the record.
"""

from __future__ import annotations

import datetime as dt
import traceback
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.db import database as office_database
from collector.db import open_database as open_office
from collector.inbox.receive import receive, take_batch
from collector.office import Office
from collector.settings import Settings as OfficeSettings
from collector.sites.models import Hub as HubRow
from collector.sites.models import Site as SiteRow
from tests.simulators.head_office import HeadOffice, _Handler
from wire.errors import BadRecord
from wire.exchange import open_answer, seal_answer

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

START = dt.datetime(2027, 3, 1, 9, tzinfo=dt.UTC)
LINKS = (
    "reset_at_once", "reset_after_commit", "truncated", "cut_short", "flipped", "stranger", "other_nonce", "replayed",
    "error", "broken", "portal", "proxy", "redirect", "doubled", "crossed", "damaged",
)  # fmt: skip


@dataclass(eq=False)
class Play:
    """Something that a person did, once."""

    id: bytes
    at: dt.datetime
    seconds: int
    boot: str
    part: int


class _Link(_Handler):
    """What a link does besides what head_office.py knows."""

    def _doubled(self, office: TrueOffice, body: bytes) -> None:
        office.answer(self.path, body)
        self._honest(office, body)

    def _crossed(self, office: TrueOffice, body: bytes) -> None:
        """An older request arrives before this one, which arrives as well."""
        if office.bodies:
            office.again(office.bodies[0])
        self._honest(office, body)

    def _damaged(self, office: TrueOffice, body: bytes) -> None:
        self._honest(office, body[: len(body) // 2])


class TrueOffice(HeadOffice):
    """The collector's inbox behind the link. `delivered`: the plays of each record that it ever had, by digest."""

    def __init__(self, folder: Path, url: str = "") -> None:
        super().__init__()
        self._server.RequestHandlerClass = _Link
        settings = OfficeSettings(data=folder, database=url)
        open_office(settings.database_url)
        self.true_now = START
        self._office = Office(settings, self.key, self.sealing_key, lambda: self.true_now.timestamp())  # noqa: PLW0108 (it changes)
        self.troubles: list[str] = []  # what the collector should never have raised
        self.bodies: list[bytes] = []
        self.plays_of: dict[bytes, frozenset[Play]] = {}
        self.places: dict[Play, set[dt.date | None]] = defaultdict(set)

    def add(self, name: str, zone: str, hub_id: bytes, public_key: bytes) -> None:
        """A site, or another hub of one."""
        with office_database.connection_context():
            SiteRow.insert(id=name, name=name, time_zone=zone, made=0).on_conflict_ignore().execute()
            HubRow.insert(id=hub_id.hex(), site=name, public_key=public_key, enrolled=0).on_conflict_ignore().execute()

    def answer(
        self, path: str, body: bytes, *, nonce: bytes | None = None, key: Ed25519PrivateKey | None = None
    ) -> bytes:
        with self.lock:
            self.bodies.append(body)
            answer = self._take(body)
            if nonce or key:
                told = open_answer(answer, self.key.public_key(), None)
                changed = {name: getattr(told, name) for name in told.__struct_fields__} | {
                    "nonce": nonce or told.nonce
                }
                answer = seal_answer(type(told)(**changed), key or self.key, b"office")
            self.last_answer = answer
            return answer

    def again(self, body: bytes, *, carried: bool = False) -> bytes | None:
        """The same bytes once more, or by hand."""
        with self.lock:
            try:
                return self._take(body, carried=carried)
            except BadRecord:
                return None

    def _take(self, body: bytes, *, carried: bool = False) -> bytes:
        try:
            with office_database.connection_context():
                answer = (take_batch if carried else receive)(body, self._office)
        except BadRecord:
            raise
        except Exception:
            self.troubles.append(traceback.format_exc())
            raise
        for row in open_answer(answer, self.key.public_key(), None).acknowledged:
            for play in self.plays_of.get(row.digest, ()):
                self.places[play].add(row.day)
        return answer
