"""The client's side of DHCP: what each system asks for, what a lease says, and listening on the wire.

wire.send(dhcp_frame(mac, 7, DISCOVER, {WANTED: ANDROID_WANTS}))
Lease.of(heard(wire, 7, {OFFER}))       # address, mask, router, name servers, seconds, and all options
"""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass

from tests.lab.packets import MASK, NAMES, PORTAL, ROUTER, SECONDS, SERVER, Reply, address_bytes

PATIENCE = 10.0  # seconds: who must wait so long for anything here has met a fault
# What each system asks of a DHCP server (option 55), in its order.
ANDROID_WANTS = bytes([1, 3, 6, 15, 26, 28, 51, 58, 59, 43, 114, 108])
APPLE_WANTS = bytes([1, 121, 3, 6, 15, 108, 114, 119, 252])
WINDOWS_WANTS = bytes([1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252])


class NoLease(AssertionError):
    """No DHCP server answered."""


@dataclass(frozen=True)
class Lease:
    """What the DHCP server gave."""

    address: str
    mask: str
    router: str
    names: list[str]
    seconds: int
    server: str
    portal: str | None
    options: dict[int, bytes]

    @classmethod
    def of(cls, reply: Reply) -> Lease:
        def address(number: int) -> str:
            return socket.inet_ntoa(reply.options[number][:4]) if number in reply.options else ""

        names = reply.options.get(NAMES, b"")
        return cls(
            address=reply.address,
            mask=address(MASK),
            router=address(ROUTER),
            names=[socket.inet_ntoa(names[i : i + 4]) for i in range(0, len(names), 4)],
            seconds=int.from_bytes(reply.options.get(SECONDS, b""), "big"),
            server=address(SERVER),
            portal=reply.options[PORTAL].decode() if PORTAL in reply.options else None,
            options=reply.options,
        )

    @property
    def length(self) -> int:
        """Bits of the network's part."""
        return int.from_bytes(address_bytes(self.mask), "big").bit_count()


@dataclass(frozen=True)
class Overheard:
    """Frames as they came. What has arrived is there at once, so whoever waits for a later frame has all before it."""

    wire: socket.socket
    mac: bytes

    def frames(self) -> list[bytes]:
        """Those since the last look."""
        found = []
        self.wire.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                frame = self.wire.recv(4096)
                found += [] if frame[6:12] == self.mac else [frame]
        return found

    def send(self, frame: bytes) -> None:
        """Say whatever one likes."""
        self.wire.send(frame)


def heard(wire: socket.socket, xid: int, kinds: set[int], patience: float = PATIENCE) -> Reply | None:
    """The next answer of these kinds to `xid`; None after `patience` seconds."""
    deadline = time.monotonic() + patience
    while (left := deadline - time.monotonic()) > 0:
        wire.settimeout(left)
        with contextlib.suppress(TimeoutError):
            reply = Reply.read(wire.recv(4096))
            if reply and reply.xid == xid and reply.kind in kinds:
                return reply
    return None
