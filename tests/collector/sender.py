"""A hub as head office meets it: keys, enrolment, batches; over Flask's test client or a real socket."""

import datetime as dt
import secrets

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from collector.db import database
from collector.sites.enrol import add_site
from tests.wire.samples import a_day
from wire.enrol import Enrolment, Welcome, code_id, open_welcome, seal_enrolment
from wire.exchange import Answer, Batch, open_answer, seal_batch
from wire.summary import SiteDay, seal

NOW = 1_772_380_800_000  # 2026-03-01 16:00 UTC


def a_code(name: str = "Dzemul") -> str:
    with database.connection_context() if database.is_closed() else database.atomic():
        return add_site(name, "America/Merida", NOW)[1]


class Socket:
    """Flask's client, as far as the hub needs it, over HTTP."""

    def __init__(self, address: str) -> None:
        self.address = address

    def post(self, path: str, data: bytes):
        answer = requests.post(self.address + path, data=data, timeout=60)
        answer.data = answer.content
        return answer


class FakeHub:
    def __init__(self, client) -> None:
        self.client = client
        self.id = secrets.token_bytes(8)
        self.key = Ed25519PrivateKey.generate()
        self.sealing: X25519PrivateKey | None = X25519PrivateKey.generate()
        self.office: Ed25519PublicKey | None = None
        self.sealings: dict[str, int] = {}

    @classmethod
    def enrolled(cls, client, name: str = "Dzemul") -> "FakeHub":
        hub = cls(client)
        hub.enrol(a_code(name))
        return hub

    def enrolment(self, code: str, nonce: bytes = b"n" * 16) -> bytes:
        public = self.key.public_key().public_bytes_raw()
        asked = Enrolment(
            code_id=code_id(code), hub=self.id, public_key=public, nonce=nonce, sealing_key=self.public_sealing
        )
        return seal_enrolment(asked, code)

    @property
    def public_sealing(self) -> bytes | None:
        """None of a hub one version behind."""
        return self.sealing and self.sealing.public_key().public_bytes_raw()

    def enrol(self, code: str) -> Welcome:
        nonce = secrets.token_bytes(16)
        answer = self.client.post("/v1/enrol", data=self.enrolment(code, nonce))
        assert answer.status_code == 200, answer.data
        welcome = open_welcome(answer.data, code, nonce)
        self.welcome = welcome
        self.office = Ed25519PublicKey.from_public_bytes(welcome.collector_key)
        return welcome

    def sealed(self, **changes) -> bytes:
        return seal(self.day(**changes), self.key, self.id)

    def day(self, **changes) -> SiteDay:
        """Each day that differs is a sealing of its own, numbered; the same one asked for again is the same."""
        number = self.sealings.setdefault(repr(sorted(changes.items())), len(self.sealings) + 1)
        return a_day(**({"hub": self.id, "day": dt.date(2026, 2, 28), "sequence": number} | changes))

    def body(self, records: list[bytes], nonce: bytes, **rest) -> bytes:
        return seal_batch(Batch(hub=self.id, nonce=nonce, records=records, **rest), self.key, self.id)

    def send(self, *records: bytes, **rest) -> Answer:
        nonce = secrets.token_bytes(16)
        answer = self.client.post("/v1/summaries", data=self.body(list(records), nonce, **rest))
        assert answer.status_code == 200, answer.data
        self.last_body = answer.data
        return open_answer(answer.data, self.office, nonce)
