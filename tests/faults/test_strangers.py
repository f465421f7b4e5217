"""Strangers share the network with the box: garbage at every endpoint, and phones that never read."""

from __future__ import annotations

import contextlib
import random
import socket
import string
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from hub.app import create_app
from hub.settings import Settings
from tests.town import ITEM, Phone, Town

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HONEST, SLOW = 20, 300


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(tmp_path_factory.mktemp("town")) as it:
        it.fill_library()
        it.start("web")
        yield it


def endpoints(folder: Path) -> list[tuple[str, str]]:
    """Every route of the application with every method, from its own map."""
    app = create_app(Settings(data=folder))
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW")
    return [(method, rule.rule) for rule in app.url_map.iter_rules() for method in methods]


def garbage(dice: random.Random) -> str:
    pieces = ["..", "%00", "%ff", "<script>", "'--", "ñ".encode().decode("latin-1"), "{{7*7}}", "a" * 300, "%2e%2e%2f"]
    return "".join(dice.choice([*pieces, *string.ascii_letters]) for _ in range(dice.randint(1, 12)))


def fill(rule: str, dice: random.Random) -> str:
    """The rule's path with garbage where it takes an argument."""
    path = ""
    for piece in rule.replace(">", "<").split("<"):
        path += garbage(dice) if ":" in piece or (piece and "/" not in piece) else piece
    return path.replace(" ", "%20")


def send(town: Town, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", town.ports["web"]), timeout=10) as stranger:
        answer = b""
        with contextlib.suppress(OSError):  # the hub may hang up on what it need not read to the end
            stranger.sendall(request)
            stranger.shutdown(socket.SHUT_WR)
            while data := stranger.recv(65536):
                answer += data
    return answer


def test_garbage_at_every_endpoint_gets_a_sentence_and_never_a_500(town: Town, tmp_path: Path) -> None:
    dice = random.Random(7)
    bodies = [b"", b"\xff\xfe\x00", b"{" * 5000, b'{"plays": 3}', b"a=%ff&b[]=1", b"0" * 300_000]
    kinds = [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "x/" + "y" * 99,
    ]
    asked = 0
    for method, rule in endpoints(tmp_path):
        for path in (fill(rule, dice), fill(rule, dice) + "?" + garbage(dice), rule.split("<", maxsplit=1)[0]):
            body = dice.choice(bodies)
            head = (
                f"{method} {path} HTTP/1.1\r\nHost: {garbage(dice)}\r\nContent-Type: {dice.choice(kinds)}\r\n"
                f"Cookie: visitor={garbage(dice)}; session={garbage(dice)}\r\nConnection: close\r\n"
                f"Range: {garbage(dice)}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            answer = send(town, head.encode("latin-1", "replace") + body)
            if not answer:
                assert len(body) > 256 * 1024, (method, path)  # hung up on what is too large to read
                continue
            status = int(answer.split(b" ", 2)[1])
            assert status < 500, (method, path, answer[:300])
            assert b"Traceback" not in answer
            asked += 1
    assert asked > 100
    assert "Traceback" not in town.log("web")


@pytest.mark.parametrize(
    "request_",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /usage/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /usage/events HTTP/1.1\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET http://elsewhere/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00" * 20_000,
    ],
)
def test_what_is_not_http_ends_the_connection_and_nothing_else(town: Town, request_: bytes) -> None:
    answer = send(town, request_)
    assert answer == b"" or int(answer.split(b" ", 2)[1]) < 506
    assert town.ask("GET", "/healthz")[0] == 200


def test_three_hundred_slow_clients_do_not_keep_twenty_honest_ones_from_watching(town: Town) -> None:
    library = town.fill_library()
    catalogue = library.catalogue()
    assert catalogue is not None
    item = catalogue.item(ITEM)
    assert item is not None
    video = next(file for file in item.files if file.role == "main")
    content = library.store.path(video.sha256).read_bytes()
    url = f"/media/{video.sha256}/{video.name}"
    kinds = [
        b"GET / HT",
        b"GET " + url.encode() + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST /usage/events HTTP/1.1\r\nContent-Length: 900\r\n\r\n{",
    ]
    slow = []
    for number in range(SLOW):
        phone = socket.socket()
        phone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        phone.connect(("127.0.0.1", town.ports["web"]))
        phone.sendall(kinds[number % 3])
        slow.append(phone)

    def honest(number: int) -> bool:
        first = number * 1000
        status, body = town.ask("GET", url, Range=f"bytes={first}-{first + 99_999}")
        assert (status, body) == (206, content[first : first + 100_000])
        assert town.ask("GET", "/")[0] == 200
        phone = Phone(town)
        phone.play(ITEM, [[0, 9]])
        phone.insist()
        return True

    try:
        with ThreadPoolExecutor(HONEST) as pool:
            assert all(pool.map(honest, range(HONEST)))
    finally:
        for phone in slow:
            phone.close()
