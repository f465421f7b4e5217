"""A box whose portal is asked over real sockets, by phones that are addresses of the loopback network."""

from __future__ import annotations

import socket
from email.parser import BytesParser
from typing import TYPE_CHECKING, NamedTuple

import pytest

from hub.app import Hub, create_app
from hub.clock import Clock
from hub.server import HubServer
from hub.settings import Settings
from tests.hub.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from pathlib import Path

    from hub.portal.acceptance import Acceptance

NAME = "hub.home.arpa"
ONE, OTHER = "127.0.0.11", "127.0.0.12"  # phones
HOUR = 3600.0


class Reply(NamedTuple):
    """An answer as it came over the wire; `closed` if the hub hung up by itself."""

    status: int
    headers: Message
    body: bytes
    closed: bool

    @property
    def location(self) -> str:
        return self.headers["Location"] or ""


class Box:
    """A hub with the name `name` (none: a laptop), and the clock and leases that the test moves."""

    def __init__(self, folder: Path, name: str = NAME, **settings: object) -> None:
        self.seconds = 100.0
        self.clock = Clock(since_boot=lambda: self.seconds, boot_id="this boot", synchronised=lambda: False)
        self.settings = Settings(data=folder / "hub", port=0, threads=2, connections=50, name=name, machine=folder,
                                 **settings)  # fmt: skip
        self.app = create_app(self.settings, self.clock)
        self.hub: Hub = self.app.extensions["hub"]
        self.acceptance: Acceptance = self.app.extensions["portal"]
        self.server = HubServer(self.app, self.settings)
        self.port = int(self.server.effective_port)
        self.at = f"127.0.0.1:{self.port}"

    def lease(self, **phones: str) -> None:
        """Let dnsmasq's file have these leases and no others, each `mac="address"`."""
        self.settings.leases_file.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"1700000000 {mac.replace('_', ':')} {address} * *\n" for mac, address in phones.items()]
        self.settings.leases_file.write_text("".join(lines))

    def send(self, request: bytes, phone: str = ONE) -> Reply:
        """One request, byte for byte, on a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.port), 10, source_address=(phone, 0)) as connection:
            connection.sendall(request)
            return _read(connection, head=request.startswith(b"HEAD"))

    def ask(
        self, host: str, target: str, phone: str = ONE, *, method: str = "GET", version: str = "1.1", **headers: str
    ) -> Reply:
        """The same, written for the test; no Host header if `host` is empty."""
        lines = [f"{method} {target} HTTP/{version}"] + ([f"Host: {host}"] if host else [])
        lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
        return self.send("\r\n".join([*lines, "", ""]).encode(), phone)

    def press(self, phone: str = ONE) -> Reply:
        """The portal's one button."""
        return self.ask(self.at, "/welcome", phone, method="POST", Content_Length="0")

    def write(self) -> None:
        """What the recorder does every few seconds."""
        self.hub.recorder.flush()


def _read(connection: socket.socket, *, head: bool) -> Reply:
    """The answer by its own rules: as long as its headers say, or until the connection is closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536) or pytest.fail(f"hung up after {data!r}")
    above, _, body = data.partition(b"\r\n\r\n")
    line, _, lines = above.partition(b"\r\n")
    status, headers = int(line.split()[1]), BytesParser().parsebytes(lines + b"\r\n\r\n")
    assert "Transfer-Encoding" not in headers
    length = 0 if head or status == 204 else int(headers["Content-Length"])
    while len(body) < length:
        body += connection.recv(65_536) or pytest.fail("hung up within the body")
    assert not (head and body), "HEAD has no body"
    closes = headers.get("Connection", "").lower() == "close"
    assert not closes or connection.recv(1) == b"", "it said that it would hang up"
    return Reply(status, headers, body, closes)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    it = Box(tmp_path)
    with serving(it.server):
        yield it


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Box]:
    it = Box(tmp_path, name="")
    with serving(it.server):
        yield it
