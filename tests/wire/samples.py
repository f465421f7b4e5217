"""Days, keys and messages that the wire's tests share; small, and the same in every run."""

import datetime as dt

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from wire import sealing
from wire.columns import STEP
from wire.state import Account, Answered, State
from wire.summary import CourseUse, HourUse, ItemUse, Learning, Level, Part, Session, SiteDay, SurveyAnswers, Undated

HUB = bytes.fromhex("0102030405060708")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
KEYS = {HUB: PUBLIC}
OFFICE = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
READER = X25519PrivateKey.from_private_bytes(bytes(range(64, 96)))  # the hub's, to be sealed for
OFFICE_READER = X25519PrivateKey.from_private_bytes(bytes(range(96, 128)))
SECRET = sealing.shared_secret(READER, OFFICE_READER.public_key(), HUB)
SECRETS = {HUB: SECRET}
NONCE = bytes(range(16))
BOOT, NEXT = b"\xb0\x07\x00\x01", b"\xb0\x07\x00\x02"

MOST = 2**32 - 1
FULLEST: dict = {
    "epoch": MOST, "day": dt.date(2199, 6, 5), "revision": MOST, "sequence": MOST, "release": MOST, "open": True,
    "visitors": MOST, "visitors_new_week": MOST, "visitors_new_month": MOST, "visits": MOST, "minutes_up": 1500,
    "most_phones": MOST, "plays": MOST, "seconds_played": 2**53 - 1, "person_seconds": 2**53 - 1,
    "local_bytes": 2**53 - 1, "uplink_bytes": 2**53 - 1, "downloads": MOST, "group_plays": MOST, "sign_ins": MOST,
}  # fmt: skip


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


def every_table(**changes: object) -> SiteDay:
    """A day that has something in each table, and that two boots and an undated part went into."""
    fields: dict = {
        "boots": (BOOT, NEXT), "emptied": (Part(BOOT, 0), Part(BOOT, 1)), "sign_ins": 9,
        "learning": (Learning(2, 30, 12, 25, 4, 10, 512, 8, 680), Learning(7, 3, 1, 1, 0, 0, 0, 0, 0)),
        "sessions": (Session(2, 10, 45, 20), Session(2, 16, 30, 12)),
        "survey": (SurveyAnswers(1, 0, 3, 0, 2, 1, 0), SurveyAnswers(1, 2, 0, 0, 1, 2, 4)),
    }  # fmt: skip
    return a_day(**(fields | changes))


def undated(**changes: object) -> SiteDay:
    """The second 24 hours of a boot, between two days that are known."""
    place = Undated(BOOT, 1, dt.date(2026, 2, 20), dt.date(2026, 2, 27))
    return a_day(**({"day": None, "undated": place, "boots": (BOOT,)} | changes))


def by_course(**changes: object) -> SiteDay:
    courses = (CourseUse(2, 2, 4), CourseUse(7, 1, 1))
    return a_day(**({"level": Level.COURSES, "items": (), "hours": (), "courses": courses} | changes))


def in_total(**changes: object) -> SiteDay:
    """What an SMS tells of the day."""
    fields = {"level": Level.TOTALS, "items": (), "hours": (), "boots": (BOOT,), "sign_ins": 9}
    return a_day(**(fields | changes))


def a_state(**changes: object) -> State:
    fields: dict = {
        "hub": HUB, "number": 7, "settings": {"daily-mb": "20", "hours": "06-22"},
        "accounts": [Account("Ana", "scrypt:32768:8:1$salt$00ff")],
        "answers": [Answered(b"d" * 16, "accepted", "Thank you."), Answered(b"e" * 16, "waits")],
        "revoked": [b"certificate 12"], "content": 12,
    }  # fmt: skip
    return State(**(fields | changes))
