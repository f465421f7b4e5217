"""The line to head office: one HTTP connection that is bounded in time and bytes, and counted by the kernel.

    with Line(clock) as line:
        reply = line.post("https://office.example/v1/summaries", body)     # raises NoAnswer with a sentence

Each message is signed by whoever made it, so nothing is believed because of the connection it came by. TLS keeps it
private; who answers must hold a certificate for that name from a known authority. Its dates are checked only while the
kernel holds network time: else they would be judged by the wall clock of a box that may stand in 2000, and a hub could
then never ask for the time.

Bytes are what TCP moved both ways, TLS and retransmissions included (TCP_INFO, tcp(7)), plus headers of IP and TCP for
each segment. Name look-ups and the packets of failed connections are not counted, so the figure is a close estimate.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util.ssl_ import create_urllib3_context

from hub.clock import kernel_is_synchronised
from hub.errors import HubError
from hub.uplink.models import add_to_ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.clock import Clock

CONNECT, READ = 20.0, 60.0  # seconds without progress
DEADLINE = 300.0  # seconds for one exchange, however slowly it moves
LONGEST_REPLY = 64 << 10
MEDIA_TYPE = "application/cose"
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, openssl/x509_vfy.h
TCP_INFO_BYTES = 232
HEADERS = 52  # bytes of IPv4 and TCP with timestamps, a segment


class NoAnswer(HubError):
    """Head office was not reached, or something else answered in its place; what waits is kept, and tried again."""

    exit_code = 69


class Reply(NamedTuple):
    """The bytes of an answer, and the seconds from asking to having it."""

    body: bytes
    seconds: float


class Line:
    """Counts what crosses it, also when it breaks, and is cut when the deadline passes or `stop` is set."""

    def __init__(self, clock: Clock, stop: threading.Event | None = None) -> None:
        self._clock = clock
        self._stop = stop or threading.Event()
        self._sockets: list[socket.socket] = []
        self._session = requests.Session()
        self._session.trust_env = False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(self._joined))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close, and write the bytes down in the ledger."""
        self._session.close()
        up, down = (sum(column) for column in zip((0, 0), *map(_moved, self._sockets), strict=True))
        for one in self._sockets:
            one.close()
        if up + down:
            add_to_ledger(self._clock.moment(), up, down)

    def post(self, url: str, body: bytes) -> Reply:
        """Send `body`, and give back what was answered with a 200. Raises NoAnswer."""
        done = threading.Event()
        guard = threading.Thread(target=self._guard, args=(done,), daemon=True, name="line")
        guard.start()
        try:
            return self._post(url, body)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise NoAnswer(_unreached(url, error)) from None
        finally:
            done.set()
            guard.join()

    def _post(self, url: str, body: bytes) -> Reply:
        headers = {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE, "Accept-Encoding": "identity"}
        began = self._clock.since_boot()
        with self._session.post(
            url, body, headers=headers, timeout=(CONNECT, READ), allow_redirects=False, stream=True
        ) as response:
            answer = response.raw.read(LONGEST_REPLY + 1)
            seconds = self._clock.since_boot() - began
            _check(url, response, answer)
            announced = response.headers.get("Content-Length", "")
            if announced.isdecimal() and len(answer) < int(announced):
                raise requests.ConnectionError
            return Reply(answer, seconds)

    def _joined(self, connected: socket.socket) -> None:
        """Keep a handle of our own, through which bytes are asked after, and the line is cut."""
        self._sockets.append(socket.socket(fileno=os.dup(connected.fileno())))

    def _guard(self, done: threading.Event) -> None:
        ends = time.monotonic() + DEADLINE
        while not done.wait(0.2):
            if self._stop.is_set() or time.monotonic() > ends:
                for one in self._sockets:
                    _cut(one)


class _Adapter(HTTPAdapter):
    """Tells of each connection once it stands."""

    def __init__(self, joined: Callable[[socket.socket], None]) -> None:
        self._joined = joined
        super().__init__(pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = create_urllib3_context()
        if not kernel_is_synchronised():
            context.verify_flags |= NO_CHECK_TIME
        super().init_poolmanager(*args, ssl_context=context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._joined)


def _pools(joined: Callable[[socket.socket], None]) -> dict[str, Any]:
    # Where the TCP connection is made, so that a handshake that stalls or fails is counted, and can be cut, as well.
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            joined(made)
            return made

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            joined(made)
            return made

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


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


def _cut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _check(url: str, response: requests.Response, answer: bytes) -> None:
    """Refuse what cannot be head office's answer, each in the words that help most."""
    if 300 <= response.status_code < 400:
        raise NoAnswer(
            f"A redirect came for {_host(url)}, as from a hotspot's sign-in page; sign this link in to its network."
        )
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if response.status_code != 200:
        raise NoAnswer(
            f"Head office at {_host(url)} answered {response.status_code}{_reason(kind, answer)}; "
            "it is tried again later."
        )
    if len(answer) > LONGEST_REPLY:
        raise NoAnswer(f"{_host(url)} answered more than head office ever does; check its address with `hub setup`.")
    if kind != MEDIA_TYPE:
        raise NoAnswer(
            f"Something between answered for {_host(url)} with {kind or 'no type'}, as a hotspot's sign-in page or a "
            "proxy does; sign this link in to its network, or check head office's address with `hub setup`."
        )


def _reason(kind: str, answer: bytes) -> str:
    """What a refusal in head office's form says, made harmless: it is not signed."""
    if kind != "application/json" or len(answer) > 4096:
        return ""
    try:
        said = json.loads(answer)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    text = "".join(letter for letter in str(said)[:300] if letter.isprintable()).strip().rstrip(".;")
    return f" ({text})" if text else ""


def _unreached(url: str, error: Exception) -> str:
    """Why, as people say it."""
    for kind, why in (
        (requests.exceptions.SSLError, "shows no certificate that this hub trusts"),
        (requests.exceptions.ConnectTimeout, "did not answer in time"),
        (requests.exceptions.ReadTimeout, "took too long to answer"),
        (requests.exceptions.ConnectionError, "cannot be reached, or broke off"),
    ):
        if isinstance(error, kind):
            return f"Head office at {_host(url)} {why}; it is tried again later."
    return f"The line to head office at {_host(url)} broke off ({type(error).__name__}); it is tried again later."


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2] or url
