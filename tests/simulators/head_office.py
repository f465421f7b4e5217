"""A head office that can lie: the smallest server that speaks wire/, over a real socket, and misbehaves on demand.

    with HeadOffice() as office:
        office.enrol_quietly(hub_id, public_key)
        office.play("hang", "reset", "honest")      # what it does with the next requests; then as `office.habit` says
        ...
        office.kept[(epoch, day)]                   # the SiteDay it holds, as a true head office would

Each mode of misbehaviour is a method named `_<mode>`, with what a link or a proxy does in real life; those of proxies and
hotspots that stand between are in between.py. `HeadOffice(make_certificate(tmp_path))` speaks TLS.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.simulators.between import COSE, PORTAL, Between
from tests.simulators.books import Books, Place
from tests.simulators.scripted import Scripted
from wire.enrol import Enrolment, Welcome, open_enrolment, seal_welcome
from wire.errors import BadRecord
from wire.exchange import Acknowledged, Answer, Batch, Refused, open_batch, seal_answer
from wire.messages import VERSION
from wire.sealing import key_of
from wire.state import State, seal_state

if TYPE_CHECKING:
    import datetime as dt

    from tests.simulators.link import Certificate
    from wire.summary import SiteDay


class HeadOffice(Scripted):
    """State is plain attributes, to be looked at and changed by tests; `lock` guards them while requests run."""

    def __init__(self, paper: Certificate | None = None) -> None:
        self.paper = paper  # with which it speaks TLS from the next connection on
        self.silent = False  # takes connections, and says nothing to them
        self.key = Ed25519PrivateKey.generate()
        self.sealing_key: X25519PrivateKey | None = X25519PrivateKey.generate()  # None: of one version behind
        self.sealing_keys: dict[bytes, bytes] = {}
        self.tells: State | None = None  # to hubs that run an older state
        self.lock = threading.RLock()
        self.keys: dict[bytes, Ed25519PublicKey] = {}
        self.codes: dict[str, str] = {}
        self.books = Books(self.keys.get)
        self.batches: list[Batch] = []
        self.arrivals: list[bytes] = []  # every record that arrived, sealed, in order
        self.missing: list[tuple[int, dt.date]] = []  # what it misses, until it comes
        self.forgetful = False  # misses it although it came
        self.configuration = 0
        self.content: int | None = None
        self.speaks = VERSION
        self.now = time.time
        self.asked = 0  # requests that came
        self.asking = threading.Condition()
        self.last_answer = b""
        super().__init__(_Server(self))
        self.url = f"{'https' if paper else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def kept(self) -> dict[tuple[int, Place], SiteDay]:
        """What it holds, by epoch and place."""
        return self.books.kept

    @property
    def alarms(self) -> list[SiteDay]:
        return self.books.alarms

    @property
    def refuse(self) -> dict[dt.date, str]:
        """Why it refuses the records of a day."""
        return self.books.refuse

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def wait_until_asked(self, times: int, seconds: float = 20) -> None:
        with self.asking:
            assert self.asking.wait_for(lambda: self.asked >= times, seconds), f"asked {self.asked} of {times} times"

    def answer(
        self, path: str, body: bytes, *, nonce: bytes | None = None, key: Ed25519PrivateKey | None = None
    ) -> bytes:
        """What an honest head office answers, once it has kept what came; raises BadRecord."""
        with self.lock:
            return self._welcome(body) if path == "/v1/enrol" else self._receive(body, nonce, key or self.key)

    def _welcome(self, body: bytes) -> bytes:
        asked = open_enrolment(body, self.codes.get)
        self.keys.setdefault(asked.hub, Ed25519PublicKey.from_public_bytes(asked.public_key))
        if self.keys[asked.hub].public_bytes_raw() != asked.public_key:
            raise BadRecord("Another hub has used this code already; ask head office for a new one.")
        welcome = Welcome(
            site="dzemul",
            name="Dzemul",
            time_zone="America/Merida",
            collector_key=self.public_key,
            time=int(self.now() * 1000),
            nonce=asked.nonce,
            sealing_key=self._public_sealing_key(asked),
        )
        return seal_welcome(welcome, self.codes[asked.code_id])

    def _receive(self, body: bytes, nonce: bytes | None, key: Ed25519PrivateKey) -> bytes:
        batch = open_batch(body, self.keys.get)
        self.batches.append(batch)
        self.arrivals += batch.records
        ahead, results = self.books.take(batch)
        answer = Answer(
            nonce=nonce or batch.nonce,
            time=int(self.now() * 1000),
            acknowledged=[one for one in results if isinstance(one, Acknowledged)],
            refused=[one for one in results if isinstance(one, Refused)],
            configuration=self.configuration,
            content=self.content,
            speaks=self.speaks,
            missing=[place for place in self.missing if self.forgetful or place not in self.kept],
            sealing_key=self._public_sealing_key(batch),
            state=self._state(batch),
            ahead=ahead,
        )
        self.last_answer = seal_answer(answer, key, b"office")
        return self.last_answer

    def _public_sealing_key(self, message: Batch | Enrolment) -> bytes | None:
        """What a hub that tells its own key is told."""
        if self.sealing_key is None or message.sealing_key is None:
            return None
        self.sealing_keys[message.hub] = message.sealing_key
        return self.sealing_key.public_key().public_bytes_raw()

    def _state(self, batch: Batch) -> bytes | None:
        if self.tells is None or batch.state >= self.tells.number or batch.hub not in self.sealing_keys:
            return None
        self.configuration = self.tells.number
        return seal_state(self.tells, self.key, b"office", key_of(self.sealing_keys[batch.hub]))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, office: HeadOffice) -> None:
        self.office = office
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.office.silent:
            self.office.release.wait(60)
        if self.office.paper:
            request = self.office.paper.context().wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that die in mid-request are what this is for."""


class _Handler(Between, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        office = self.server.office
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with office.asking:
            office.asked += 1
            mode = office.script.popleft() if office.script else office.habit
            office.asking.notify_all()
        getattr(self, f"_{mode}")(office, body)

    def do_GET(self) -> None:
        self.server.office.asked += 1000  # a redirect was followed
        self._send(PORTAL, "text/html")

    def _honest(self, office: HeadOffice, body: bytes) -> None:
        try:
            self._send(office.answer(self.path, body), COSE)
        except BadRecord as error:
            self._send(f'{{"error": "{error}"}}'.encode(), "application/json", 400)

    def _portal(self, office: HeadOffice, body: bytes) -> None:
        """A hotspot that wants its visitors to sign in."""
        self._send(PORTAL, "text/html; charset=utf-8")

    def _proxy(self, office: HeadOffice, body: bytes) -> None:
        """A proxy that says it is fine, in the right type."""
        self._send(b"OK", COSE)

    def _redirect(self, office: HeadOffice, body: bytes) -> None:
        self.send_response(302)
        self.send_header("Location", f"{office.url}/sign-in")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _flipped(self, office: HeadOffice, body: bytes) -> None:
        """One bit of the answer changed on the way."""
        answer = bytearray(office.answer(self.path, body))
        answer[secrets.randbelow(len(answer))] ^= 1 << secrets.randbelow(8)
        self._send(bytes(answer), COSE)

    def _truncated(self, office: HeadOffice, body: bytes) -> None:
        """The connection ends in the middle of the answer."""
        answer = office.answer(self.path, body)
        self._head(len(answer), COSE)
        self.wfile.write(answer[: len(answer) // 2])
        self._reset()

    def _cut_short(self, office: HeadOffice, body: bytes) -> None:
        """A proxy passes on half of the answer, as if that was all."""
        answer = office.answer(self.path, body)
        self._send(answer[: len(answer) // 2], COSE)

    def _stranger(self, office: HeadOffice, body: bytes) -> None:
        """Somebody with a key of her own answers."""
        self._send(office.answer(self.path, body, key=Ed25519PrivateKey.generate()), COSE)

    def _other_nonce(self, office: HeadOffice, body: bytes) -> None:
        self._send(office.answer(self.path, body, nonce=secrets.token_bytes(16)), COSE)

    def _replayed(self, office: HeadOffice, body: bytes) -> None:
        """Somebody answers with what head office said last time, though it was truly signed."""
        self._send(office.last_answer, COSE)

    def _error(self, office: HeadOffice, body: bytes) -> None:
        self._send(
            b'{"error": "The database cannot be reached just now; try again in a minute."}', "application/json", 503
        )

    def _broken(self, office: HeadOffice, body: bytes) -> None:
        self._send(b"<h1>Internal Server Error</h1>", "text/html", 500)

    def _endless(self, office: HeadOffice, body: bytes) -> None:
        self._send(b"\0" * 1_000_000, COSE)

    def _reset_after_commit(self, office: HeadOffice, body: bytes) -> None:
        """Everything is kept, and the answer is lost."""
        office.answer(self.path, body)
        self._reset()

    def _reset_at_once(self, office: HeadOffice, body: bytes) -> None:
        self._reset()

    def _hang(self, office: HeadOffice, body: bytes) -> None:
        """Says nothing until the test ends."""
        office.release.wait(60)
        self._reset()

    def _hang_after_commit(self, office: HeadOffice, body: bytes) -> None:
        office.answer(self.path, body)
        self._hang(office, body)

    def _slow(self, office: HeadOffice, body: bytes) -> None:
        """A byte now and then."""
        answer = office.answer(self.path, body)
        self._head(len(answer), COSE)
        for byte in answer:
            self.wfile.write(bytes([byte]))
            if office.release.wait(0.002):
                return

    def _drip(self, office: HeadOffice, body: bytes) -> None:
        """Never ends, yet never stalls for long."""
        self._head(60_000, COSE)
        while not office.release.wait(0.05):
            self.wfile.write(b"\0")

    def _send(self, answer: bytes, kind: str, status: int = 200) -> None:
        self._head(len(answer), kind, status)
        self.wfile.write(answer)

    def _head(self, size: int | None, kind: str, status: int = 200, **more: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if size is not None:
            self.send_header("Content-Length", str(size))
        for name, text in more.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()

    def _reset(self) -> None:
        """Close with RST rather than FIN, as a link that goes away."""
        self.wfile.flush()
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: Any) -> None:
        """Quiet."""
