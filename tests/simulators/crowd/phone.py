"""A phone: a browser with its cookies and its storage, on Wi-Fi that fails in all the ways that Wi-Fi does.

    phone = Phone(village, dice)
    page = phone.open("/items/precio-justo/cuanto-te-cuesta")
    phone.take(page.media, "bytes=0-99999")
    phone.air = "lost answer"               # the hub gets what is sent now, and the phone hears nothing
    phone.report(play)                      # kept in the phone's storage, and repeated until the hub lists it as kept

What a page's script does is done as in hub/frontend/player.js; see tab.py for the player itself.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import re
import socket
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Generator
    from random import Random

    from tests.simulators.crowd.tab import Tab
    from tests.simulators.crowd.village import Village

MOST_PLAYS = 20  # of one report, and kept in the phone's storage
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset, as a phone does that is gone
SMALL_WINDOW = 4096  # bytes; what a phone takes before it reads
SEGMENT = 1400  # bytes, as on Wi-Fi; for the 64 KiB of a loopback the hub's kernel would take a whole film at once


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Page(NamedTuple):
    """What is on a page: the item that it shows, its film or document, and what it offers to take home."""

    status: int
    item: str | None
    media: str | None
    take_home: list[str]


class Phone:
    """`people` share it, the first has it now. Without `scripts` it has pages and media only."""

    def __init__(
        self, village: Village, dice: Random, *, people: int = 1, cookies: bool = True, scripts: bool = True
    ) -> None:
        self.village, self.dice = village, dice
        self.name = f"{dice.getrandbits(64):016x}"
        self.people = [f"{self.name} {n}" for n in range(people)]
        self.takes_cookies, self.scripts = cookies, scripts
        self.tells_anyway = dice.random() < 0.5  # though it has no cookies, as another page's script might
        self.cookies: dict[str, str] = {}
        self.plays: dict[str, dict[str, Any]] = {}  # localStorage
        self.promised: list[dict[str, Any]] = []
        self.old: list[dict[str, Any]] = []
        self.air = "good"
        self.address = "127.0.0.1"
        self.asleep = self.here = False
        self.tabs: list[Tab] = []
        self._etags: dict[str, str] = {}
        self._shown: dict[str, Page] = {}
        self._connection: http.client.HTTPConnection | None = None
        self._boot: object = None
        self._refused = self._repeating = False
        self._wait = 5
        village.phones.append(self)

    @property
    def counts(self) -> bool:
        """Whether the hub can count it: it returns its cookies, and its pages tell what is played."""
        return self.takes_cookies and self.scripts

    # On the air

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer | None:
        """One exchange; None if the phone hears nothing."""
        if self.air == "gone" or not self.village.is_on:
            return None
        headers = self._headers(method, headers)
        if self.air == "cut request":
            return self._stop_half_way(method, path, body, headers)
        if self.air == "lost answer":
            return self._stop_listening(method, path, body, headers)
        connection = self._connect()
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        got = Answer(answer.status, answer.headers, answer.read())
        self._keep_cookies(got)
        return got

    def hang_up(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def move_to(self, address: str) -> None:
        """The phone joins anew and is given another address."""
        self.hang_up()
        self.address = address

    def _connect(self) -> http.client.HTTPConnection:
        if self._boot is not self.village.door:
            self.hang_up()
        if self._connection is None:
            self._boot = self.village.door
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self.village.port, timeout=20, source_address=(self.address, 0)
            )
        return self._connection

    def _headers(self, method: str, headers: dict[str, str]) -> dict[str, str]:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Host": "hub", "Accept-Encoding": "gzip", **({"Cookie": jar} if jar else {}), **headers}
        if method == "POST":
            sent.setdefault("Content-Type", "application/json")
        return {name.replace("_", "-"): value for name, value in sent.items()}

    def _keep_cookies(self, answer: Answer) -> None:
        for line in answer.headers.get_all("Set-Cookie") or [] if self.takes_cookies else []:
            name, _, rest = line.partition("=")
            if "Max-Age=0" in rest:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = rest.partition(";")[0]

    def _raw(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[socket.socket, bytes]:
        """A connection of its own, and the request as it goes over it."""
        if body:
            headers = {**headers, "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        wire = socket.socket()
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_WINDOW)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        wire.settimeout(20)
        wire.bind((self.address, 0))
        wire.connect(("127.0.0.1", self.village.port))
        return wire, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body

    def _stop_half_way(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        wire, request = self._raw(method, path, body, headers)
        wire.sendall(request[: self.dice.randrange(1, len(request))])
        _reset(wire)

    def _stop_listening(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        before = self.village.door.count
        wire, request = self._raw(method, path, body, headers)
        wire.sendall(request)
        self.village.door.wait_for(before + 1)
        _reset(wire)

    # Pages and media

    def open(self, path: str) -> Page:
        """A page; from the phone's own store if the hub says that it has not changed."""
        known = {"If_None_Match": self._etags[path]} if path in self._etags and self.dice.random() < 0.3 else {}
        answer = self.ask("GET", path, **known)
        if answer is None or answer.status not in {200, 304}:
            return Page(answer.status if answer else 0, None, None, [])
        self.village.reality.came(self.people[0], f"{self.village.truth.local(self.village.now):%Y-%m}")
        if answer.status == 200:
            self._etags[path] = answer.headers["ETag"]
            self._shown[path] = _read(answer)
        if self.scripts:
            self.post()
        return self._shown[path]

    _shown: dict[str, Page] = {}  # the pages are the same for all phones  # noqa: RUF012

    def take(self, path: str, range_: str | None = None) -> bytes:
        """Media, read to the end of the answer."""
        answer = self.ask("GET", path, **({"Range": range_} if range_ else {}))
        body = answer.body if answer and answer.status in {200, 206} else b""
        self.village.reality.received += len(body)
        return body

    def take_slowly(self, path: str, range_: str | None = None) -> Generator[int, int]:
        """Media from a socket that takes little at a time: send how many bytes to read, get how many came.

        Closing it cuts the download.
        """
        if self.air != "good" or not self.village.is_on:
            return
        headers = self._headers("GET", {"Range": range_} if range_ else {})
        wire, request = self._raw("GET", path, b"", headers)
        got, length = 0, 1
        try:
            wire.sendall(request)
            head, left = _read_head(wire)
            length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])  # type: ignore[index]
            got = len(left)
            self.village.reality.received += got
            while got < length:
                most = yield got
                while most > 0 and got < length and (data := wire.recv(min(most, 65_536))):
                    got, most = got + len(data), most - len(data)
                    self.village.reality.received += len(data)
            yield got
        except OSError:
            return
        finally:
            self.village.happened["cut download"] += got < length
            _reset(wire)

    # Reports

    def report(self, play: dict[str, Any]) -> None:
        """Remember the state of a play and tell it."""
        self.remember(play)
        self._wait = 5
        self.post()

    def remember(self, play: dict[str, Any]) -> None:
        self.plays[play["id"]] = json.loads(json.dumps(play))
        for old in list(self.plays)[:-MOST_PLAYS]:
            del self.plays[old]

    def leave(self, play: dict[str, Any]) -> None:
        """A beacon, whose answer nobody reads."""
        self.remember(play)
        self.ask("POST", "/usage/events", json.dumps({"plays": [play]}).encode(), Content_Type="text/plain")

    def post(self) -> None:
        """Tell all that is not kept yet; whatever is refused goes alone, and is dropped."""
        if not self.plays or not (self.takes_cookies or self.tells_anyway):
            return
        told = [dict(play) for play in list(self.plays.values())[: 1 if self._refused else MOST_PLAYS]]
        answer = self.ask("POST", "/usage/events", json.dumps({"plays": told}).encode())
        if answer is not None and answer.status == 202:
            self._forget(told, json.loads(answer.body)["kept"])
        elif answer is not None and 400 <= answer.status < 500:
            self._refused = True
            self._drop(told)
        self._refused = self._refused and bool(self.plays)
        self._repeat_later()

    def _forget(self, told: list[dict[str, Any]], kept: list[str]) -> None:
        for play in told:
            if play["id"] in kept:
                self.promised += [play] if "visitor" in self.cookies else []
                self.old.append(play)
                if self.plays.get(play["id"]) == play:
                    del self.plays[play["id"]]

    def _drop(self, told: list[dict[str, Any]]) -> None:
        if len(told) == 1:
            self.plays.pop(told[0]["id"], None)

    def _repeat_later(self) -> None:
        if self.plays and not self._repeating:
            self._repeating = True
            self.village.spawn(self._repeat(), self.village.now + self._wait)

    def _repeat(self) -> Generator[float]:
        """The page's timer: it lives as long as a page is open, and stands still while the screen is off."""
        while self.plays and self.here:
            if not self.asleep:
                self.post()
                self._wait = min(self._wait * 2, 60)
            yield 12 if any(tab.playing for tab in self.tabs) else self._wait
        self._repeating = False


def _read(answer: Answer) -> Page:
    zipped = answer.headers["Content-Encoding"] == "gzip"
    text = (gzip.decompress(answer.body) if zipped else answer.body).decode()
    item = re.search(r'data-item="([^"]+)"', text)
    media = re.search(r'(?:<source src|class="main-action" href)="(/media/[^"]+)"', text)
    take_home = re.findall(r'href="(/media/[^"]+\?download=\d+)"', text)
    return Page(200, item and item[1], media and media[1], take_home)


def _read_head(wire: socket.socket) -> tuple[bytes, bytes]:
    """The answer's head, and what came of its body with it."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = wire.recv(1024)
        if not more:
            raise ConnectionResetError
        data += more
    head, _, left = data.partition(b"\r\n\r\n")
    return head, left


def _reset(wire: socket.socket) -> None:
    with contextlib.suppress(OSError):
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    wire.close()
