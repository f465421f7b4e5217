"""Media over real sockets: what a phone's player and its download manager would see."""

from __future__ import annotations

import http.client
import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.hub.media.conftest import CONTENT, Served

if TYPE_CHECKING:
    from collections.abc import Callable


def ask(served: Served, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return connection.getresponse()


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    return condition()


def test_the_whole_blob_comes_with_its_type_and_for_ever(served: Served) -> None:
    answer = ask(served, served.path)
    assert answer.read() == CONTENT
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["ETag"] == f'"{served.sha256}"'
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "start", "end"), [("bytes=5-9", 5, 10), ("bytes=1000-", 1000, len(CONTENT)), ("bytes=-7", -7, None)]
)
def test_a_part_is_the_part(served: Served, asked: str, start: int, end: int | None) -> None:
    answer = ask(served, served.path, Range=asked)
    body = answer.read()
    assert (answer.status, body) == (206, CONTENT[start:end])
    first = start % len(CONTENT)
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(body) - 1}/{len(CONTENT)}"
    assert answer.headers["Content-Length"] == str(len(body))


def test_many_parts_on_one_connection_are_all_right(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    for first in range(0, 900_000, 90_001):
        connection.request("GET", served.path, headers={"Range": f"bytes={first}-{first + 70_000}"})
        assert connection.getresponse().read() == CONTENT[first : first + 70_001]


def test_several_ranges_are_answered_with_the_whole(served: Served) -> None:
    answer = ask(served, served.path, Range="bytes=0-1,5-6")
    assert (answer.status, answer.read()) == (200, CONTENT)


def test_a_range_behind_the_end_is_refused_with_the_size(served: Served) -> None:
    answer = ask(served, served.path, Range=f"bytes={len(CONTENT)}-")
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"
    assert "Content-Disposition" not in answer.headers
    assert answer.read().endswith(b".\n")


def test_head_tells_the_size_and_sends_nothing(served: Served) -> None:
    answer = ask(served, served.path, "HEAD", Range="bytes=0-5")
    assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, str(len(CONTENT)), b"")


def test_a_known_blob_is_not_sent_again(served: Served) -> None:
    answer = ask(served, served.path, If_None_Match=f'"{served.sha256}"')
    assert (answer.status, answer.read()) == (304, b"")


def test_a_stale_if_range_gets_the_whole(served: Served) -> None:
    answer = ask(served, served.path, Range="bytes=0-5", If_Range='"stale"')
    assert (answer.status, len(answer.read())) == (200, len(CONTENT))


def test_taking_a_lesson_home_names_the_file_and_is_counted_once_it_is_whole(served: Served) -> None:
    answer = ask(served, f"/media/{served.sha256}/lecci%C3%B3n.mp4?download=12")
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''lecci%C3%B3n.mp4"
    answer.read()
    assert until(lambda: served.ledger.downloads == [12])
    ask(served, served.path + "?download=12", Range="bytes=0-99").read()
    assert until(lambda: served.ledger.bytes == len(CONTENT) + 100)
    assert served.ledger.downloads == [12]


def test_what_is_not_known_as_harmless_is_only_offered_as_a_download(served: Served) -> None:
    answer = ask(served, f"/media/{served.sha256}/page.html")
    answer.read()
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_media_can_only_be_read(served: Served, method: str) -> None:
    answer = ask(served, served.path, method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/" + "a" * 64 + "/x.mp4",
        "/media/" + "A" * 64 + "/x.mp4",
        "/media/../../etc/passwd",
        "/media/%2e%2e/%2e%2e/etc/passwd",
        "/media/" + "a" * 64 + "/../../../etc/passwd",
        "/media/" + "a" * 63 + "%00/x.mp4",
    ],
)
def test_a_name_that_names_nothing_goes_to_the_page_that_says_so(served: Served, path: str) -> None:
    assert ask(served, path).status == 404


def test_a_name_cannot_smuggle_a_header(served: Served) -> None:
    answer = ask(served, f"/media/{served.sha256}/a%0d%0aSet-Cookie:%20x=1.mp4?download")
    assert "Set-Cookie" not in answer.headers


def test_exactly_the_bytes_that_left_are_counted(served: Served) -> None:
    ask(served, served.path, Range="bytes=0-999").read()
    ask(served, served.path).read()
    assert until(lambda: served.ledger.bytes == len(CONTENT) + 1000)


def slow_phone(served: Served, path: str | None = None, times: int = 1) -> socket.socket:
    """Asks and reads nothing, with the smallest buffers the kernel gives."""
    phone = socket.socket()
    phone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    phone.connect(("127.0.0.1", served.port))
    phone.sendall(f"GET {path or served.path} HTTP/1.1\r\nHost: h\r\n\r\n".encode() * times)
    return phone


@pytest.fixture
def large(served: Served) -> Served:
    """The same server with a blob no socket buffer swallows, sparse so that it costs nothing."""
    path = served.store.path("b" * 64)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        out.truncate(64_000_000)
    served.path = f"/media/{'b' * 64}/large.mp4"
    return served


def test_a_phone_that_hangs_up_midway_counts_for_what_it_took(large: Served) -> None:
    phone = slow_phone(large)
    got = 0
    while got < 200_000:
        got += len(phone.recv(65536))
    phone.close()
    assert until(lambda: not large.media._under_way)
    assert got - 1000 <= large.ledger.bytes < 64_000_000


def test_a_download_under_way_is_counted_before_it_ends(large: Served) -> None:
    phone = slow_phone(large)
    assert until(lambda: large.media.report_under_way() or large.ledger.bytes > 0)
    first = large.ledger.bytes
    assert first < 64_000_000
    assert until(lambda: phone.recv(65536) and (large.media.report_under_way() or large.ledger.bytes > first))
    phone.close()


def test_three_hundred_phones_that_never_read_hold_no_thread(large: Served) -> None:
    phones = [slow_phone(large) for _ in range(300)]
    for _ in range(20):
        assert ask(large, "/").read() == b"page"
        assert ask(large, f"/media/{large.sha256}/x.mp4", Range="bytes=0-9").read() == CONTENT[:10]
    for phone in phones:
        phone.close()


def test_requests_sent_ahead_of_the_answer_cannot_hold_a_thread(large: Served) -> None:
    phones = [slow_phone(large, times=20) for _ in range(10)] + [slow_phone(large, "/", times=20) for _ in range(10)]
    for _ in range(5):
        assert ask(large, "/").read() == b"page"
    for phone in phones:
        phone.close()


def test_media_goes_on_while_every_thread_waits(served: Served) -> None:
    waiting = [slow_phone(served, "/wait") for _ in range(4)]
    assert ask(served, served.path, Range="bytes=0-9").read() == CONTENT[:10]
    for phone in waiting:
        phone.close()


def test_a_blob_cut_short_under_the_reader_ends_the_connection(large: Served) -> None:
    phone = slow_phone(large)
    assert phone.recv(1000)
    with large.store.path("b" * 64).open("r+b") as out:
        out.truncate(1)
    got = 0
    while data := phone.recv(1 << 20):
        got += len(data)
    assert got < 64_000_000


def test_an_idle_connection_is_closed_whatever_the_wall_clock_says(served: Served, monkeypatch) -> None:
    phone = socket.create_connection(("127.0.0.1", served.port))
    assert until(lambda: bool(served.server.active_channels))
    monkeypatch.setattr(time, "time", lambda: 0.0)  # 1970: waitress would wait for decades
    served.server._idle_timeout = -1
    served.server._next_sweep = 0
    phone.settimeout(10)
    assert phone.recv(1) == b""


def test_a_clock_that_leaps_ahead_cuts_no_download(large: Served, monkeypatch) -> None:
    phone = slow_phone(large)
    assert phone.recv(1000)
    leap = time.time() + 26 * 365 * 86_400
    monkeypatch.setattr(time, "time", lambda: leap)
    large.server._next_sweep = 0
    got = 1000
    while got < 10_000_000:
        data = phone.recv(1 << 20)
        assert data
        got += len(data)
    phone.close()
