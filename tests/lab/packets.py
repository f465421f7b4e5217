"""Packets of DHCP (RFC 2131, 2132) and DNS (RFC 1035), as a phone writes and reads them. No I/O.

frame = discover(mac, xid=7, options={55: bytes([1, 3, 6, 114])})      # a whole Ethernet frame
Offer.read(frame)                                                       # None if it is no answer of DHCP
question = query("captive.apple.com", "AAAA")
read_answer(reply).code, read_answer(reply).addresses
"""

from __future__ import annotations

import secrets
import socket
import struct
from dataclasses import dataclass
from typing import NamedTuple

BROADCAST = b"\xff" * 6
NOWHERE, EVERYONE = "0.0.0.0", "255.255.255.255"
COOKIE = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACK, NAK, RELEASE, INFORM = 1, 2, 3, 5, 6, 7, 8
# The options that this lab names; RFC 2132, and RFC 8910 for the last.
MASK, ROUTER, NAMES, WANTED_ADDRESS, SECONDS, KIND, SERVER, WANTED, PORTAL = 1, 3, 6, 50, 51, 53, 54, 55, 114
HOST_NAME, CLIENT_ID = 12, 61

TYPES = {
    "A": 1,
    "NS": 2,
    "CNAME": 5,
    "SOA": 6,
    "PTR": 12,
    "MX": 15,
    "TXT": 16,
    "AAAA": 28,
    "SRV": 33,
    "NAPTR": 35,
    "DNSKEY": 48,
    "SVCB": 64,
    "HTTPS": 65,
    "ANY": 255,
    "CAA": 257,
}
NO_ERROR, NO_SUCH_NAME, REFUSED = 0, 3, 5


def address_bytes(address: str) -> bytes:
    return socket.inet_aton(address)


@dataclass(frozen=True)
class Reply:
    """A DHCP server's answer: its kind, the address it speaks of, and its options."""

    kind: int
    xid: int
    mac: bytes
    address: str
    options: dict[int, bytes]

    @classmethod
    def read(cls, frame: bytes) -> Reply | None:
        """The answer in an Ethernet frame; None if there is none in it."""
        if frame[12:14] != b"\x08\x00" or frame[23] != socket.IPPROTO_UDP:
            return None
        udp = frame[14 + (frame[14] & 15) * 4 :]
        message = udp[8:]
        if udp[2:4] != struct.pack("!H", 68) or message[236:240] != COOKIE:
            return None
        options = _options(message[240:])
        return cls(
            kind=options.get(KIND, b"\0")[0],
            xid=int.from_bytes(message[4:8], "big"),
            mac=message[28:34],
            address=socket.inet_ntoa(message[16:20]),
            options=options,
        )


def _options(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        length = data[at + 1]
        found[data[at]] = found.get(data[at], b"") + data[at + 2 : at + 2 + length]
        at += 2 + length
    return found


def dhcp_frame(
    mac: bytes,
    xid: int,
    kind: int,
    options: dict[int, bytes],
    holds: str = NOWHERE,
    server: str = EVERYONE,
    to: bytes = BROADCAST,
) -> bytes:
    """A message to all servers or to one, in a frame; `holds` is the address that the phone has and keeps."""
    message = struct.pack("!BBBBIHH", 1, 1, 6, 0, xid, 0, 0)
    message += address_bytes(holds) + bytes(12) + mac + bytes(10 + 192) + COOKIE
    for number, value in {KIND: bytes([kind]), **options}.items():
        message += bytes([number, len(value)]) + value
    return udp_frame(mac, (holds, 68), (server, 67), (message + b"\xff").ljust(300, b"\0"), to)


def udp_frame(
    mac: bytes, source: tuple[str, int], target: tuple[str, int], data: bytes, to: bytes = BROADCAST
) -> bytes:
    """A datagram in an Ethernet frame, with whatever addresses a phone may claim; its UDP checksum is left out."""
    udp = struct.pack("!HHHH", source[1], target[1], 8 + len(data), 0) + data
    return ip_frame(mac, source[0], target[0], socket.IPPROTO_UDP, udp, to)


def ip_frame(mac: bytes, source: str, target: str, protocol: int, data: bytes, to: bytes = BROADCAST) -> bytes:
    """An IPv4 packet in an Ethernet frame."""
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(data), secrets.randbelow(65536), 0, 64, protocol, 0)
    head += address_bytes(source) + address_bytes(target)
    return to + mac + b"\x08\x00" + head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data


def syn_frame(mac: bytes, source: str, target: str, port: int, to: bytes, ours: int = 40_000) -> bytes:
    """The first packet of a TCP connection (RFC 9293), from whatever address and port."""
    head = struct.pack("!HHIIBBHHH", ours, port, 1, 0, 5 << 4, 2, 64_240, 0, 0)
    pseudo = address_bytes(source) + address_bytes(target) + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(head))
    head = head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]
    return ip_frame(mac, source, target, socket.IPPROTO_TCP, head, to)


def checksum(data: bytes) -> int:
    """The sum of RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Record(NamedTuple):
    """One record of an answer; `data` is as it came, addresses are written out."""

    kind: int
    seconds: int
    data: bytes

    @property
    def address(self) -> str:
        return socket.inet_ntop(socket.AF_INET if self.kind == TYPES["A"] else socket.AF_INET6, self.data)


@dataclass(frozen=True)
class Answer:
    """What a name server said."""

    code: int
    records: list[Record]
    cut: bool = False

    @property
    def addresses(self) -> list[str]:
        return [record.address for record in self.records if record.kind in {TYPES["A"], TYPES["AAAA"]}]


def query(name: str, kind: str | int, number: int, *, extended: bool = False) -> bytes:
    """A question with recursion desired; `extended` as validating resolvers ask (RFC 6891): DNSSEC, large answers."""
    asked = b"".join(bytes([len(part)]) + part.encode() for part in name.rstrip(".").split(".") if part) + b"\0"
    code = kind if isinstance(kind, int) else TYPES[kind]
    more = b"\0" + struct.pack("!HHIH", 41, 4096, 0x8000, 0) if extended else b""
    return struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, int(extended)) + asked + struct.pack("!HH", code, 1) + more


def read_answer(data: bytes) -> Answer:
    """The answer section; names in it are skipped."""
    _number, flags, questions, answers = struct.unpack("!HHHH", data[:8])
    at = 12
    for _ in range(questions):
        at = _after_name(data, at) + 4
    records = []
    for _ in range(answers):
        at = _after_name(data, at)
        kind, _class, seconds, length = struct.unpack("!HHIH", data[at : at + 10])
        records.append(Record(kind, seconds, data[at + 10 : at + 10 + length]))
        at += 10 + length
    return Answer(flags & 15, records, bool(flags & 0x0200))


def _after_name(data: bytes, at: int) -> int:
    while data[at]:
        if data[at] >= 0xC0:
            return at + 2
        at += 1 + data[at]
    return at + 1
