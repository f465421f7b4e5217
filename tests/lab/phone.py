"""A phone in the village: a network namespace on the hub's radio, with a DHCP client, a resolver and a browser's half.

    phone = net.phone(ANDROID_WANTS)            # its own MAC, like a phone that makes one up for each network
    lease = phone.join()                        # DISCOVER, OFFER, REQUEST, ACK; takes address, route and name server
    phone.ask("captive.apple.com", "AAAA")      # of the name server that the lease told
    phone.fetch("captive.apple.com", "/")       # resolves, connects to port 80, speaks HTTP
    phone.knock("198.51.100.1", 443)            # "reset", "open", "unreachable" or "silence"
    phone.leave(); phone.join()                 # comes back: asks for the address that it had (INIT-REBOOT)

Nothing here waits longer than PATIENCE seconds, and a phone that must wait so long has met a fault.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import secrets
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from tests.lab.dhcp import ANDROID_WANTS, PATIENCE, Lease, NoLease, Overheard, heard
from tests.lab.packets import (
    ACK,
    CLIENT_ID,
    DISCOVER,
    HOST_NAME,
    NAK,
    OFFER,
    REQUEST,
    SERVER,
    TYPES,
    WANTED,
    WANTED_ADDRESS,
    Answer,
    Reply,
    address_bytes,
    dhcp_frame,
    query,
    read_answer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.namespaces import Namespace

IP_RECVERR = 11
ETH_P_ALL = 3
RADIO = "wlan0"


@dataclass(frozen=True)
class Page:
    """An answer of HTTP."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    url: str = ""

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def target(self) -> str:
        """Where it sends the browser, or nothing."""
        return self.headers.get("Location", "")


@dataclass
class Phone:
    """One device. `namespace` has the interface wlan0 already."""

    namespace: Namespace
    wants: bytes = ANDROID_WANTS
    host_name: str = ""
    client_id: bytes = b""
    lease: Lease | None = None
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mac = b""
        self.change_mac()

    @property
    def address(self) -> str:
        assert self.lease, "the phone has not joined"
        return self.lease.address

    def change_mac(self, mac: bytes | None = None) -> None:
        """Take a new MAC, a random private one (IEEE 802c), and forget the address: another phone, to everybody."""
        self.mac = mac or bytes([secrets.randbelow(64) << 2 | 2]) + secrets.token_bytes(5)
        self.forget()
        shown = self.mac.hex(":")
        self.namespace.ip(f"link set {RADIO} down", f"link set {RADIO} address {shown}", f"link set {RADIO} up")

    def forget(self) -> None:
        """Forget the network: the next join begins with DISCOVER."""
        self.leave()
        self.lease = None

    def leave(self) -> None:
        """Go out of reach; the phone keeps in mind which address it had."""
        self.namespace.ip(f"addr flush dev {RADIO}")

    def join(self) -> Lease:
        """Ask for the address it had, or for any; returns the lease, which is put in force."""
        with self._listening() as wire:
            reply = self._again(wire) if self.lease else None
            self.lease = Lease.of(reply or self._first(wire))
        self._use(self.lease)
        return self.lease

    def renew(self) -> int:
        """Ask the server alone to keep the address, as at half of its time; returns the kind of its answer."""
        return self.tell(REQUEST, ACK, NAK).kind

    def tell(self, kind: int, *answers: int) -> Reply:
        """A message of one who has an address, to the server alone; its answer, if one of `answers` is awaited."""
        to = self.hub_mac()
        with self._listening() as wire:
            frame = dhcp_frame(self.mac, xid := _number(), kind, self._options(), self.address, self.names_server, to)
            wire.send(frame)
            reply = heard(wire, xid, set(answers)) if answers else Reply(0, xid, self.mac, self.address, {})
        assert reply, f"nobody answered a message of kind {kind}"
        return reply

    @contextlib.contextmanager
    def overhearing(self) -> Iterator[Overheard]:
        """All that comes by this phone's radio, and is not its own, from now to the end of the block."""
        with self._listening() as wire:
            yield Overheard(wire, self.mac)

    def _listening(self) -> contextlib.closing[socket.socket]:
        wire = self.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        wire.bind((RADIO, 0))
        return contextlib.closing(wire)

    def _options(self) -> dict[int, bytes]:
        named = {HOST_NAME: self.host_name.encode()} if self.host_name else {}
        return {WANTED: self.wants, **named, **({CLIENT_ID: self.client_id} if self.client_id else {})}

    def _again(self, wire: socket.socket) -> Reply | None:
        """INIT-REBOOT (RFC 2131, 3.2): None when the server says that the address is not ours any more."""
        wanted = {**self._options(), WANTED_ADDRESS: address_bytes(self.address)}
        reply = self._insist(wire, REQUEST, wanted, {ACK, NAK})
        return reply if reply.kind == ACK else None

    def _first(self, wire: socket.socket) -> Reply:
        """From the beginning; and again when another phone has just taken what was offered to both (RFC 2131, 3.1)."""
        while True:
            offer = self._insist(wire, DISCOVER, self._options(), {OFFER})
            wanted = {**self._options(), WANTED_ADDRESS: address_bytes(offer.address), SERVER: offer.options[SERVER]}
            reply = self._insist(wire, REQUEST, wanted, {ACK, NAK})
            if reply.kind == ACK:
                return reply

    def _insist(self, wire: socket.socket, kind: int, options: dict[int, bytes], answers: set[int]) -> Reply:
        """Send, and again after 1, 2 and 4 seconds without an answer, as phones do."""
        for patience in (1, 2, 4):
            wire.send(dhcp_frame(self.mac, xid := _number(), kind, options))
            if reply := heard(wire, xid, answers, patience):
                return reply
        raise NoLease(f"no answer of kind {answers} to {self.mac.hex(':')}")

    def _use(self, lease: Lease) -> None:
        self.use(lease.address, lease.length, lease.router)

    def use(self, address: str, length: int, router: str) -> None:
        """Take an address, given or not, and a way out."""
        out = [f"route replace default via {router} dev {RADIO}"] if router else []
        self.namespace.ip(f"addr flush dev {RADIO}", f"addr add {address}/{length} brd + dev {RADIO}", *out)

    def ask(
        self, name: str, kind: str | int = "A", server: str = "", *, tcp: bool = False, extended: bool = False
    ) -> Answer:
        """Ask a name server, the lease's unless another is named; raises TimeoutError, or OSError if turned away."""
        question = query(name, kind, number := secrets.randbelow(65536), extended=extended)
        with contextlib.closing(self.connected(server or self.names_server, 53, tcp=tcp)) as line:
            if tcp:
                line.sendall(struct.pack("!H", len(question)) + question)
                data = _exactly(line, struct.unpack("!H", _exactly(line, 2))[0])
            else:
                data = _asked(line, question)
        assert int.from_bytes(data[:2], "big") == number
        return read_answer(data)

    @property
    def names_server(self) -> str:
        assert self.lease, "the phone has not joined"
        return self.lease.names[0]

    def hub_mac(self) -> bytes:
        """The hub's MAC on this phone's network, for frames that the test writes itself."""
        assert self.knock(self.names_server, 80) == "open"
        for line in self.namespace.run("ip", "neigh").splitlines():
            if line.startswith(f"{self.names_server} "):
                return bytes.fromhex(line.split(" lladdr ")[1].split()[0].replace(":", ""))
        raise AssertionError("the hub has no MAC")

    def resolve(self, host: str) -> str:
        """The IPv4 address of `host`, asked for as phones do: with AAAA beside A, and content only if both answer well."""
        with contextlib.suppress(OSError):
            socket.inet_aton(host)
            return host
        both = [self.ask(host, kind) for kind in ("AAAA", "A")]
        assert not any(answer.code for answer in both), f"{host}: {[answer.code for answer in both]}"
        assert not both[0].records, f"{host} has an IPv6 address"
        return both[1].addresses[0]

    def connected(self, address: str, port: int, *, tcp: bool = True, source: str = "") -> socket.socket:
        """A socket of this phone's; raises OSError."""
        line = self.namespace.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
        line.settimeout(PATIENCE)
        try:
            if source:
                line.bind((source, 0))
            if not tcp:
                line.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            line.connect((address, port))
        except OSError:
            line.close()
            raise
        return line

    def knock(self, address: str, port: int, source: str = "", patience: float = PATIENCE) -> str:
        """How a TCP connection begins: "open", "reset", "unreachable" or, after `patience` seconds, "silence"."""
        line = self.namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
        with contextlib.closing(line):
            line.settimeout(patience)
            try:
                if source:
                    line.bind((source, 0))
                line.connect((address, port))
            except OSError as error:
                return _kind(error)
            return "open"

    def call(self, address: str, port: int, data: bytes = b"?" * 40, patience: float = PATIENCE) -> str:
        """How a datagram is met: "answered", "reset" (port unreachable), "unreachable" or "silence"."""
        with contextlib.closing(self.connected(address, port, tcp=False)) as line:
            line.settimeout(patience)
            try:
                line.send(data)
                line.recv(4096)
            except OSError as error:
                return _kind(error)
            return "answered"

    def fetch(
        self,
        host: str,
        path: str = "/",
        *,
        version: str = "1.1",
        headers: Mapping[str, str | None] | None = None,
        method: str = "GET",
        body: bytes = b"",
        address: str = "",
        port: int = 80,
    ) -> Page:
        """One request over a connection of its own, with exactly these headers; without Host if that is None."""
        with contextlib.closing(self.connected(address or self.resolve(host), port)) as line:
            return self.over(line, host, path, version=version, headers=headers, method=method, body=body)

    def over(
        self,
        line: socket.socket,
        host: str,
        path: str,
        *,
        version: str = "1.1",
        headers: Mapping[str, str | None] | None = None,
        method: str = "GET",
        body: bytes = b"",
    ) -> Page:
        """The same over a connection that is there, and stays."""
        sent = {"Host": host, **(headers or {}), **({"Content-Length": str(len(body))} if body else {})}
        told = [f"{name}: {value}" for name, value in sent.items() if value is not None]
        line.sendall("\r\n".join([f"{method} {path} HTTP/{version}", *told, "", ""]).encode() + body)
        answer = http.client.HTTPResponse(line, method=method)
        answer.begin()
        return Page(answer.status, answer.headers, b"" if method == "HEAD" else answer.read(), f"http://{host}{path}")

    def browse(self, url: str, form: bytes = b"", **headers: str) -> Page:
        """Follow redirects and keep cookies, as a browser does; at most 5."""
        for _ in range(5):
            parts = urlsplit(url)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            sent: dict[str, Any] = {**headers}
            if self.cookies:
                sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            if form:
                sent |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{parts.netloc}"}
            page = self.fetch(parts.netloc, path, headers=sent, method="POST" if form else "GET", body=form)
            for line in page.headers.get_all("Set-Cookie", []):
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            if not page.target:
                return page
            url, form = urljoin(page.url, page.target), b""
        raise AssertionError(f"redirects without end, the last to {url}")


def _number() -> int:
    return secrets.randbelow(2**32)


def _asked(line: socket.socket, question: bytes, times: int = 3) -> bytes:
    """Ask, and again where no answer comes, as resolvers do: any queue on the way may be full for a moment."""
    line.settimeout(PATIENCE / times)
    for _ in range(times - 1):
        line.send(question)
        with contextlib.suppress(TimeoutError):
            return line.recv(4096)
    line.send(question)
    return line.recv(4096)


def _exactly(line: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = line.recv(length - len(data))
        if not more:
            raise ConnectionResetError("the answer ended early")
        data += more
    return data


def _kind(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "silence"
    kinds = {
        errno.ECONNREFUSED: "reset",
        errno.ECONNRESET: "reset",
        errno.EHOSTUNREACH: "unreachable",
        errno.ENETUNREACH: "unreachable",
        errno.EACCES: "unreachable",
    }
    if error.errno not in kinds:
        raise error
    return kinds[error.errno]


QUESTION_TYPES = sorted(TYPES)
