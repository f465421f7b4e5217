"""Which site this is: the hub's identity, and what `hub setup` wrote down.

The hub makes its identity at first start: a random id, an epoch and an Ed25519 key that never leaves the box.
Another one, X25519, opens what head office seals
for this box alone. Enrolment with head office adds the site's code, name and time zone, and head office's address and
keys.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from peewee import BlobField, IntegerField, TextField

from content_cache.durable import locked, sweep, write_file
from hub.db import Table, writing

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_TIME_ZONE = "America/Mexico_City"


class Site(Table):
    """The one row. `code`, `name`, `collector_url` and `collector_key` are empty until the hub is enrolled.

    `office_sealing_key` is the X25519 key that head office opens what is sealed for it with; a head office one version
    behind has none.
    """

    id = IntegerField(primary_key=True, default=1)
    hub = BlobField()
    epoch = IntegerField()
    code = TextField(null=True)
    name = TextField(null=True)
    time_zone = TextField(default=DEFAULT_TIME_ZONE)
    collector_url = TextField(null=True)
    collector_key = BlobField(null=True)
    office_sealing_key = BlobField(null=True)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def enrolled(self) -> bool:
        return self.collector_key is not None

    @property
    def has_line(self) -> bool:
        """Whether there is an address to reach head office at; a hub that was set up with a kit may have none."""
        return self.enrolled and self.collector_url is not None


def this_site() -> Site:
    """The row, made on the very first call: 8 random bytes of id, 32 random bits of epoch."""
    row = Site.get_or_none(Site.id == 1)
    if row is None:
        with writing():
            row, _ = Site.get_or_create(id=1, defaults={"hub": secrets.token_bytes(8), "epoch": secrets.randbits(32)})
    return row


def begin_epoch(epoch: int | None = None) -> int:
    """Another epoch from here on, within the caller's transaction: that one, or a random one; gives its number."""
    before = this_site().epoch
    epoch = secrets.randbits(32) if epoch is None else epoch
    while epoch == before:
        epoch = secrets.randbits(32)
    Site.update(epoch=epoch).where(Site.id == 1).execute()
    return epoch


def signing_key(keys: Path) -> Ed25519PrivateKey:
    """The hub's Ed25519 key from `keys`/hub.key, made on the first call, readable by the hub alone."""
    return Ed25519PrivateKey.from_private_bytes(secret(keys / "hub.key"))


def sealing_key(keys: Path) -> X25519PrivateKey:
    """The key that opens what is sealed for this hub, from `keys`/sealing.key, made on the first call."""
    return X25519PrivateKey.from_private_bytes(secret(keys / "sealing.key"))


def secret(path: Path, size: int = 32) -> bytes:
    """`size` random bytes that stay the same from the first call on, kept in the file `path`."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(path.parent, wait=True):  # of two programs at once the second finds the key of the first
            sweep(path.parent)
            if not path.exists():
                write_file(path, secrets.token_bytes(size), mode=0o600)
    return path.read_bytes()
