"""Counts what HTTP connections move, open ones included, as the kernel tells.

    meter = Meter()
    session = open_session(meter)       # of requests
    meter.read()                        # bytes up and down so far
    meter.cut()                         # end what is open, from any thread

A connection is asked once more at the moment it is really closed, which is when its last reader lets go of it; closing
it with bytes unread makes the kernel tell the server to stop (RFC 9293, 3.10.4 and RFC 1122, 4.2.2.13).
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
import sys
import termios
import threading
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import connection as ways

from hub.clock import kernel_is_synchronised
from hub.uplink import tls

# urllib3 finds that out by binding a socket, which the worker's unit forbids: it would do without.
ways.HAS_IPV6 = socket.has_ipv6
TCP_INFO_BYTES = 232
HEADERS = 52  # bytes of IPv4 and TCP with timestamps, a segment
AGENT = "village-hub"  # some hosts turn away who has no name; each letter is sent with each request


class Meter:
    """Sums over all connections that were ever made for it. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a reader that is let go of closes anywhere, also in here
        self._open: set[socket.socket] = set()
        self._up = self._down = 0

    def joined(self, connected: socket.socket) -> None:
        """Count `connected` from now on."""
        with self._lock:
            self._open.add(connected)

    def passed_on(self, connected: socket.socket) -> None:
        """Another object stands for this connection now."""
        with self._lock:
            self._open.discard(connected)

    def left(self, connected: socket.socket) -> None:
        """`connected` is about to be closed."""
        with self._lock:
            self._open.discard(connected)
            up, down = _moved(connected)
            self._up, self._down = self._up + up, self._down + down

    def read(self) -> tuple[int, int]:
        """Bytes up and down so far."""
        with self._lock:
            both = [(self._up, self._down), *map(_moved, list(self._open))]
        return sum(up for up, _ in both), sum(down for _, down in both)

    def unread(self) -> int:
        """Bytes that crossed and that nobody has read yet; they wait in the kernel."""
        with self._lock:
            return sum(map(_unread, list(self._open)))

    def narrow(self) -> None:
        """Have the kernel take in next to nothing more than what was offered to the other side already."""
        with self._lock:
            for one in list(self._open):
                with contextlib.suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)

    def cut(self) -> None:
        """End every open connection; who waits for it gets an error."""
        with self._lock:
            for one in list(self._open):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


def open_session(meter: Meter, *, buffer: int | None = None) -> requests.Session:
    """A session that sends few headers, asks for bytes as they are, and takes no settings from the environment.

    `buffer` bounds the bytes that the kernel takes in before they are read.
    """
    session = requests.Session()
    session.trust_env = False
    session.headers.clear()
    session.headers.update({"User-Agent": AGENT, "Accept-Encoding": "identity"})
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(meter, buffer))
    return session


class _Adapter(HTTPAdapter):
    """Makes connections that are counted, and resume TLS. Certificates are always checked."""

    def __init__(self, meter: Meter, buffer: int | None) -> None:
        self._meter, self._buffer = meter, buffer
        self._dates = kernel_is_synchronised()
        super().__init__(pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        options = list(HTTPConnection.default_socket_options)
        if self._buffer is not None:
            options.append((socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer))
        super().init_poolmanager(*args, socket_options=options, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._meter)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """As requests documents it for contexts of one's own; `verify` may name another file of authorities."""
        if not verify or cert is not None:
            raise ValueError("certificates of servers are checked here, and none of ours is shown")
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        if host["scheme"] != "https":
            return host, {}
        authorities = verify if isinstance(verify, str) else tls.AUTHORITIES
        return host, {"ssl_context": tls.context_for(authorities, dates=self._dates), "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The context has them already; requests would have it read 140 authorities anew for each connection."""


def _pools(meter: Meter) -> dict[str, Any]:
    class Plain(_InOnePiece, HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return Counted(super()._new_conn(), meter)

    class Secure(_InOnePiece, HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return Counted(super()._new_conn(), meter)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class _InOnePiece:
    """Sends a request's head and body together: as two packets and two records of TLS they cost 74 bytes more."""

    _held: bytearray | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._held = bytearray()
        try:
            super().request(*args, **kwargs)  # type: ignore[misc] # of the connection that this stands before
        finally:
            held, self._held = self._held, None
        self.send(held)

    def send(self, data: Any) -> None:
        if self._held is None:
            super().send(data)  # type: ignore[misc]
        else:
            self._held += data


class Counted(socket.socket):
    """Takes the place of a connection that was made, and counts for `meter`."""

    def __init__(self, made: socket.socket, meter: Meter) -> None:
        timeout = made.gettimeout()
        super().__init__(made.family, made.type, made.proto, made.detach())
        self.settimeout(timeout)
        self.meter = meter
        meter.joined(self)

    def detach(self) -> int:
        self.meter.passed_on(self)
        return super().detach()

    def _real_close(self) -> None:
        self.meter.left(self)
        super()._real_close()  # type: ignore[misc] # after the last reader, unlike close()


def _moved(connected: socket.socket) -> tuple[int, int]:
    """Bytes up and down on a TCP connection; offsets in struct tcp_info as in linux/tcp.h since Linux 4.19."""
    try:
        info = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    except (OSError, AttributeError):
        return 0, 0
    if len(info) < 208:
        return 0, 0
    (down,) = struct.unpack_from("=Q", info, 128)
    segments_up, segments_down = struct.unpack_from("=II", info, 136)
    (up,) = struct.unpack_from("=Q", info, 200)
    return up + HEADERS * segments_up, down + HEADERS * segments_down


def _unread(connected: socket.socket) -> int:
    """FIONREAD, see tcp(7)."""
    count = bytearray(4)
    try:
        fcntl.ioctl(connected, termios.FIONREAD, count)
    except (OSError, ValueError):
        return 0
    return int.from_bytes(count, sys.byteorder)
