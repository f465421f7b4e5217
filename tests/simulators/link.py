"""A server of static files that can lie, and a link before it that can break: over real sockets, counting bytes.

    with ContentServer(folder) as server, Link(server.port) as link:
        source = HttpSource(f"http://127.0.0.1:{link.port}")
        link.cut_every = 200_000            # each connection ends after so many bytes that came down
        server.play("html", "honest")       # what it does with the next requests; then as `server.habit` says
        server.lies["o/0f3a…"] = "flipped"  # or always, for one file
        ...
        link.down, link.up, link.connections, server.asked

`ContentServer(folder, tls=make_certificate(tmp_path))` speaks TLS; a client trusts `certificate.file`. Each mode of
misbehaviour is a method named `_<mode>`, with what servers, proxies and hotspots do in real life. A Link knows no
protocol: it passes bytes on, so it also stands before nginx, and what it counts includes TLS (not IP and TCP).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import gzip
import ipaddress
import re
import secrets
import socket
import ssl
import struct
import threading
import time
import zlib
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.simulators.scripted import Scripted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PORTAL = b"<html><body>Welcome to Hotel Wi-Fi. Please sign in.</body></html>"
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
ONE = 64 << 10


@dataclass(frozen=True)
class Asked:
    """A request that came: its path, its Range header, and all its headers."""

    path: str
    range: str
    headers: dict[str, str]


class ContentServer(Scripted):
    """State is plain attributes, to be looked at and changed by tests."""

    def __init__(self, folder: Path, *, tls: Certificate | None = None) -> None:
        self.folder = folder
        self.asked: list[Asked] = []
        self.lies: dict[str, str] = {}
        self.ranges = True
        super().__init__(_Server(self, tls))
        self.port = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [one.path for one in self.asked]

    def mode(self, path: str) -> str:
        return self.script.popleft() if self.script else self.lies.get(path, self.habit)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, content: ContentServer, tls: Certificate | None) -> None:
        self.content = content
        self._context = tls.context() if tls else None
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self._context:
            request = self._context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away in mid-answer are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    server_version, sys_version = "sim", ""

    def do_GET(self) -> None:
        content, path = self.server.content, self.path.lstrip("/").partition("?")[0]
        content.asked.append(Asked(path, self.headers.get("Range", ""), dict(self.headers)))
        try:
            data = (content.folder / path).read_bytes()
        except OSError:
            data = None
        mode = content.mode(path)
        if data is None and mode in ("honest", "flipped", "truncated", "cut_short", "long", "gzipped", "no_ranges"):
            self._send(b"not here", 404)
        else:
            getattr(self, f"_{mode}")(content, data or b"")

    def _honest(self, content: ContentServer, data: bytes) -> None:
        asked = RANGE.fullmatch(self.headers.get("Range", "")) if content.ranges else None
        if asked is None:
            self._send(data)
            return
        first, last = int(asked[1]), min(int(asked[2] or len(data) - 1), len(data) - 1)
        if first >= len(data):
            self._send(b"", 416, {"Content-Range": f"bytes */{len(data)}"})
        else:
            self._send(data[first : last + 1], 206, {"Content-Range": f"bytes {first}-{last}/{len(data)}"})

    def _no_ranges(self, content: ContentServer, data: bytes) -> None:
        """As `python -m http.server`: all of it, whatever part was asked for."""
        self._send(data)

    def _other_range(self, content: ContentServer, data: bytes) -> None:
        """A proxy that answers with a part it has, and says so."""
        self._send(data[1:], 206, {"Content-Range": f"bytes 1-{len(data) - 1}/{len(data)}"})

    def _shifted(self, content: ContentServer, data: bytes) -> None:
        """Another part than the one it says it is."""
        asked = RANGE.fullmatch(self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        body = data[first:][::-1]
        self._send(body, 206, {"Content-Range": f"bytes {first}-{len(data) - 1}/{len(data)}"})

    def _html(self, content: ContentServer, data: bytes) -> None:
        """A hotspot that wants its visitors to sign in."""
        self._send(PORTAL, kind="text/html; charset=utf-8")

    def _portal(self, content: ContentServer, data: bytes) -> None:
        """The same page, said to be a file."""
        self._send(PORTAL)

    def _flipped(self, content: ContentServer, data: bytes) -> None:
        """One bit changed on the way."""
        changed = bytearray(data)
        if changed:
            changed[secrets.randbelow(len(changed))] ^= 1 << secrets.randbelow(8)
        self._honest(content, bytes(changed))

    def _truncated(self, content: ContentServer, data: bytes) -> None:
        """The connection ends in the middle of the answer."""
        self._head(len(data))
        self.wfile.write(data[: len(data) // 2])
        self._reset()

    def _cut_short(self, content: ContentServer, data: bytes) -> None:
        """Half of the file, as if that was all: what a mirror holds whose copying stopped."""
        self._honest(content, data[: len(data) // 2])

    def _long(self, content: ContentServer, data: bytes) -> None:
        """The file, and something after it."""
        self._honest(content, data + b"\0" * 1000)

    def _gzipped(self, content: ContentServer, data: bytes) -> None:
        """A proxy that packs what it was asked not to pack, ranges or not."""
        self._send(gzip.compress(data), headers={"Content-Encoding": "gzip"})

    def _bomb(self, content: ContentServer, data: bytes) -> None:
        """256 MB of nothing, packed into one."""
        self._send(_bomb(), headers={"Content-Encoding": "gzip"})

    def _redirect(self, content: ContentServer, data: bytes) -> None:
        """To itself, for ever."""
        self._send(b"", 302, {"Location": f"{content.url}{self.path}"})

    def _endless(self, content: ContentServer, data: bytes) -> None:
        """Bytes without end, and without a length."""
        self.close_connection = True
        self._head(None)
        with contextlib.suppress(OSError):
            while not content.release.is_set():
                self.wfile.write(bytes(ONE))

    def _drip(self, content: ContentServer, data: bytes) -> None:
        """Never ends, yet never stalls for long."""
        self._head(60_000)
        with contextlib.suppress(OSError):
            while not content.release.wait(0.05):
                self.wfile.write(b"\0")

    def _hang(self, content: ContentServer, data: bytes) -> None:
        """Says nothing until the test ends."""
        content.release.wait(60)
        self._reset()

    def _forbidden(self, content: ContentServer, data: bytes) -> None:
        self._send(b"denied", 403)

    def _broken(self, content: ContentServer, data: bytes) -> None:
        self._send(b"<h1>Internal Server Error</h1>", 500, kind="text/html")

    def _busy(self, content: ContentServer, data: bytes) -> None:
        self._send(b"slow down", 503)

    def _gone(self, content: ContentServer, data: bytes) -> None:
        self._send(b"not here", 404)

    def _reset_at_once(self, content: ContentServer, data: bytes) -> None:
        self._reset()

    def _nonsense(self, content: ContentServer, data: bytes) -> None:
        """No HTTP at all."""
        self.wfile.write(secrets.token_bytes(300))
        self._reset()

    def _send(
        self,
        body: bytes,
        status: int = 200,
        headers: dict[str, str] | None = None,
        kind: str = "application/octet-stream",
    ) -> None:
        self._head(len(body), status, headers, kind)
        self.wfile.write(body)

    def _head(
        self,
        size: int | None,
        status: int = 200,
        headers: dict[str, str] | None = None,
        kind: str = "application/octet-stream",
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if size is not None:
            self.send_header("Content-Length", str(size))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def _reset(self) -> None:
        """Close with RST rather than FIN, as a link that goes away."""
        with contextlib.suppress(OSError):
            self.wfile.flush()
        abort(self.connection)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@functools.cache
def _bomb() -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    block = bytes(2**20)
    return b"".join([*(packer.compress(block) for _ in range(256)), packer.flush()])


def abort(connection: socket.socket) -> None:
    """Close with RST; a thread that waits on the connection is woken first, for until then it stays open."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class Link:
    """What lies between a hub and a server on `port`: cut after `cut_every` bytes down, `rate` bytes a second, `up`.

    `down` and `up` count payload of TCP, `connections` what was opened, `cuts` what this link broke.
    """

    def __init__(
        self, port: int, *, cut_every: int | None = None, rate: float | None = None, host: str = "127.0.0.1"
    ) -> None:
        self.cut_every, self.rate = cut_every, rate
        self.is_up = True
        self.down = self.up = self.connections = self.cuts = 0
        self._target = (host, port)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        self._thread.join()

    def cut(self) -> None:
        """Break all that is open now."""
        with self._lock:
            waiting = list(self._open)
        for one in waiting:
            abort(one)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if not self.is_up:
                abort(client)
                continue
            try:
                server = socket.create_connection(self._target, 10)
            except OSError:
                abort(client)
                continue
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=self._pass_up, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pass_down, args=(server, client), daemon=True).start()

    def _pass_up(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(ONE):
                self.up += len(data)
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
            return
        abort(server)

    def _pass_down(self, server: socket.socket, client: socket.socket) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := server.recv(4096):
                left = len(data) if self.cut_every is None else self.cut_every - passed
                client.sendall(data[:left])
                passed += min(left, len(data))
                self.down += min(left, len(data))
                if self.rate:
                    time.sleep(len(data) / self.rate)
                if left <= len(data) and self.cut_every is not None:
                    self.cuts += 1
                    abort(server)
                    break
            # What was counted arrives: an RST would throw away what waits in this machine.
            client.shutdown(socket.SHUT_WR)
            return self._forget(server)
        abort(client)
        abort(server)
        return self._forget(server, client)

    def _forget(self, *connections: socket.socket) -> None:
        with self._lock:
            self._open -= set(connections)


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1, with the authority's own to trust in `file`, and the server's chain and key."""

    file: Path
    chain: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context


def make_certificate(
    folder: Path,
    *,
    begins: dt.datetime = dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    ends: dt.datetime = dt.datetime(2099, 1, 1, tzinfo=dt.UTC),
    host: str = "localhost",
) -> Certificate:
    """An authority of this test's own, and a certificate by it for `host` that holds between two dates."""
    ours, theirs = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority of a test")])
    authority = _certificate(
        name,
        name,
        ours,
        ours,
        begins,
        ends,
        lambda new: new.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True),
    )
    leaf = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))] if host == "localhost" else []
    names = x509.SubjectAlternativeName([*here, x509.DNSName(host)])
    server = _certificate(leaf, name, theirs, ours, begins, ends, lambda new: new.add_extension(names, critical=False))
    made = Certificate(folder / "authority.pem", folder / "server.pem")
    made.file.write_bytes(authority)
    made.chain.write_bytes(server + _written(theirs))
    return made


def sign_for_oneself(folder: Path) -> Certificate:
    """A certificate that nobody vouches for but itself, as devices have that were never set up."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    dates = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2020, 2099))
    made = Certificate(folder / "own.pem", folder / "own-server.pem")
    made.file.write_bytes(
        _certificate(name, name, key, key, *dates, lambda new: new.add_extension(names, critical=False))
    )
    made.chain.write_bytes(made.file.read_bytes() + _written(key))
    return made


def _written(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    begins: dt.datetime,
    ends: dt.datetime,
    extend: Callable[[x509.CertificateBuilder], x509.CertificateBuilder],
) -> bytes:
    new = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    new = new.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
    new = new.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    new = new.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    return extend(new).sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
