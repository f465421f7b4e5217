"""A hub as people carry its files: what it hands out, and what it makes of the file that comes back."""

import secrets

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from tests.collector.sender import FakeHub
from wire.exchange import Answer, open_answer
from wire.kit import Kit
from wire.parcel import pack, unpack


def parcel(office, *messages: bytes) -> bytes:
    """A file for `office` (the application)."""
    known = office.extensions["office"]
    return pack(messages, to=known.key_id, reader=X25519PublicKey.from_public_bytes(known.public_sealing_key))


def batch(hub: FakeHub, *records: bytes, **rest) -> bytes:
    return hub.body(list(records), secrets.token_bytes(16), **rest)


def set_up(client, kit: Kit) -> tuple[FakeHub, bytes]:
    """A hub that was set up with the kit, and its enrolment; it never had a line."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    hub = FakeHub(client)
    hub.office = Ed25519PublicKey.from_public_bytes(kit.collector_key)
    return hub, hub.enrolment(kit.code, secrets.token_bytes(16))


def answers(hub: FakeHub, reply: bytes) -> list[Answer]:
    """What head office said, once the hub opened the file."""
    return [open_answer(one, hub.office, None) for one in unpack(reply, hub.id, hub.sealing)]
