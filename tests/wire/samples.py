"""Days, keys and messages that the wire's tests share; small, and the same in every run."""

import datetime as dt

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire.columns import STEP
from wire.summary import HourUse, ItemUse, SiteDay

HUB = bytes.fromhex("0102030405060708")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
KEYS = {HUB: PUBLIC}


def a_day(**changes: object) -> SiteDay:
    hours = [HourUse(0, 0, 0)] * 24
    hours[10] = HourUse(3, 5, 2 * STEP)
    fields: dict = {
        "hub": HUB, "epoch": 3_735_928_559, "day": dt.date(2026, 2, 28), "revision": 2, "sequence": 41, "release": 7,
        "open": False, "visitors": 2, "visitors_new_week": 1, "visitors_new_month": 1, "visits": 3, "minutes_up": 1440,
        "most_phones": 2, "languages": {"es": 2, "yua": 1}, "plays": 3, "seconds_played": 290, "person_seconds": 530,
        "local_bytes": 20_000_000, "uplink_bytes": 4_321, "downloads": 1, "group_plays": 1,
        "items": (ItemUse(4, 1, 1, 1), ItemUse(12, 2, 2, 4)), "hours": tuple(hours),
    }  # fmt: skip
    return SiteDay(**(fields | changes))
