"""The box's own Wi-Fi: a name and passwords that no other box has, and that stay the same.

    own = own_wifi(settings)
    own.village         # WiFi(name="Village Hub 3F9A", password="40718263"), for everybody; a technician may change it
    own.setup           # WiFi(name="Village Hub 3F9A setup", password="hmwk-rtqn-…"), for whoever sets the box up

All of it comes out of one random key that the box makes at its first boot (hub/site.py): a database that was restored
from a snapshot does not give the box another password than the label on it says. Who knows one password learns nothing
of the other, since HMAC-SHA-256 (RFC 2104) under an unknown key tells nothing of it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NamedTuple

from hub.network.record import WiFi
from hub.programme import load
from hub.site import secret

if TYPE_CHECKING:
    from hub.settings import Settings

LONGEST_NAME = 32  # bytes of a network's name (IEEE 802.11, SSID element)
DIGITS = 8  # the shortest password that WPA2 takes
# Letters that are told apart on a screen, on paper and over a bad line: no vowels, so that no word comes out either.
LETTERS = "bcdfghjkmnpqrtwx"
GROUPS, OF_EACH = 5, 4  # 20 letters of 16: 80 bits


class Own(NamedTuple):
    """The two networks, as the box came by them."""

    village: WiFi
    setup: WiFi


def own_wifi(settings: Settings) -> Own:
    """The box's own networks; its key is made on the first call."""
    key = secret(settings.keys / "wifi.key")
    base = f"{_cut(load(settings).name, LONGEST_NAME - 11)} {_drawn(key, b'name', 2).hex().upper()}"
    number = int.from_bytes(_drawn(key, b"village", 16)) % 10**DIGITS
    return Own(
        village=WiFi(name=base, password=f"{number:0{DIGITS}}"),
        setup=WiFi(name=f"{base} setup", password=_letters(_drawn(key, b"setup", GROUPS * OF_EACH))),
    )


def _drawn(key: bytes, what: bytes, size: int) -> bytes:
    """`size` bytes, at most 32, for one purpose."""
    return hmac.digest(key, what, hashlib.sha256)[:size]


def _letters(drawn: bytes) -> str:
    letters = "".join(LETTERS[byte % len(LETTERS)] for byte in drawn)
    return "-".join(letters[at : at + OF_EACH] for at in range(0, len(letters), OF_EACH))


def _cut(name: str, size: int) -> str:
    """`name` in at most `size` bytes of UTF-8, without half a letter."""
    return name.encode()[:size].decode(errors="ignore").strip()
