"""An SMS of 8-bit data as a modem takes it: SMS-SUBMIT of 3GPP TS 23.040 section 9.2.2.2, in hexadecimal.

submit("+529991234567", data)       # ("0051000C91...", 24): the line to send, and the length that AT+CMGS names
"""

from __future__ import annotations

import re

from hub.messages.command import NotHandedOver

MOST_DATA = 140  # bytes in one SMS, section 9.2.3.24
NUMBER = re.compile(r"\+?[0-9]{3,20}")
FROM_THE_SIM = "00"  # no service centre of its own: the SIM card's is taken
SUBMIT = 0x11  # section 9.2.3: SMS-SUBMIT, validity period relative, no report, no header
REFERENCE, PROTOCOL = 0x00, 0x00  # the modem numbers it; no higher protocol, section 9.2.3.9
EIGHT_BIT = 0x04  # 8-bit data of no class, TS 23.038 section 4
A_WEEK = 0xAD  # how long a network keeps it for a phone that is off, section 9.2.3.12.1
INTERNATIONAL, UNKNOWN = 0x91, 0x81  # types of number, section 9.1.2.5


def submit(number: str, data: bytes) -> tuple[str, int]:
    """The PDU and its length in bytes without the service centre. Raises NotHandedOver."""
    if not NUMBER.fullmatch(number):
        raise NotHandedOver(
            f"{number[:40]!r} is no telephone number; write digits, with + and the country before them."
        )
    if not 0 < len(data) <= MOST_DATA:
        raise NotHandedOver(f"One SMS takes {MOST_DATA} bytes, not {len(data)}; set HUB_MESSAGE_BYTES to {MOST_DATA}.")
    digits = number.removeprefix("+")
    kind = INTERNATIONAL if number.startswith("+") else UNKNOWN
    head = bytes([SUBMIT, REFERENCE, len(digits), kind, *semi_octets(digits), PROTOCOL, EIGHT_BIT, A_WEEK, len(data)])
    return FROM_THE_SIM + (head + data).hex().upper(), len(head) + len(data)


def semi_octets(digits: str) -> bytes:
    """Two digits a byte, the first in the low half; F fills the last (section 9.1.2.3)."""
    padded = digits + "F" * (len(digits) % 2)
    return bytes(int(padded[at + 1] + padded[at], 16) for at in range(0, len(padded), 2))
