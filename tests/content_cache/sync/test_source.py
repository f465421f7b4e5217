"""Sources hand on what came, in small pieces, and say in a sentence why no more did."""

from __future__ import annotations

import itertools
import os
import secrets
import socket
import tracemalloc

import pytest

from content_cache.errors import Absent, Refused, RepositoryError, SourceError
from content_cache.sync.source import FolderSource, HttpSource, host, plain_session
from tests.simulators.link import ContentServer, Link, make_certificate

DATA = secrets.token_bytes(300_000)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "repository"
    (made / "o").mkdir(parents=True)
    (made / "o" / "file").write_bytes(DATA)
    (made / "timestamp.json").write_bytes(b"{}")
    return made


@pytest.fixture
def server(folder):
    with ContentServer(folder) as made:
        yield made


def read(source, path="o/file", start=0, end=None):
    return b"".join(source.read(path, start, end))


def taken(source, *asked):
    """What came before the error, and the error."""
    came = b""
    pieces = source.read(*asked)
    try:
        for piece in pieces:
            came += piece
    except (Absent, SourceError, Refused) as error:
        return came, str(error)
    pytest.fail("no error")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, None),
        (0, 10),
        (100, 200),
        (299_999, None),
        (65_536, 200_000),
        (5, 5),
        (0, 999_999),
        (300_000, None),
        (400_000, 500_000),
    ],
)
def test_both_kinds_give_the_part_that_was_asked_for(folder, server, start, end):
    for source in (FolderSource(folder), HttpSource(server.url)):
        pieces = list(source.read("o/file", start, end))
        assert b"".join(pieces) == DATA[start:end]
        assert all(0 < len(piece) <= 16_384 for piece in pieces)


def test_what_is_not_there_is_absent(folder, server):
    for source in (FolderSource(folder), HttpSource(server.url)):
        with pytest.raises(Absent, match="o/nothing"):
            read(source, "o/nothing")


@pytest.mark.parametrize("path", ["../secret", "o/../../secret", "/etc/passwd", "o//file", ""])
def test_a_folder_gives_nothing_from_outside(folder, path):
    (folder.parent / "secret").write_bytes(b"x")
    with pytest.raises(Absent):
        read(FolderSource(folder), path)


def test_a_folder_gives_plain_files_only(folder):
    (folder / "o" / "link").symlink_to(folder / "o" / "file")
    os.mkfifo(folder / "o" / "fifo")
    (folder / "elsewhere").symlink_to(folder / "o")
    for path in ("o/link", "o/fifo", "elsewhere/file", "o"):
        with pytest.raises(RepositoryError, match="is not a plain file; copy the repository again"):
            read(FolderSource(folder), path)


def test_a_stick_that_was_pulled_out_is_a_sentence(folder):
    source = FolderSource(folder)
    folder.rename(folder.parent / "pulled")
    with pytest.raises(SourceError, match="plug it in again"):
        read(source)


def test_requests_say_no_more_than_they_must(server):
    read(HttpSource(server.url), "o/file", 5)
    assert server.asked[0].headers == {
        "Host": server.url.partition("//")[2],
        "User-Agent": "village-hub",
        "Accept-Encoding": "identity",
        "Range": "bytes=5-",
    }


def test_one_connection_serves_all_requests(server):
    with Link(server.port) as link:
        source = HttpSource(f"http://127.0.0.1:{link.port}")
        for _ in range(3):
            assert read(source, "timestamp.json") == b"{}"
            assert read(source, "o/file", 10, 20) == DATA[10:20]
        assert link.connections == 1


def test_what_came_before_a_cut_is_handed_on_and_the_rest_asked_for(server):
    with Link(server.port, cut_every=32_000) as link:
        source, came, cuts = HttpSource(f"http://127.0.0.1:{link.port}"), b"", 0
        while len(came) < len(DATA):
            new, _ = (
                taken(source, "o/file", len(came))
                if len(DATA) - len(came) > 31_000
                else (read(source, start=len(came)), "")
            )
            came, cuts = came + new, cuts + 1
        assert came == DATA
        assert link.down < len(DATA) + 400 * cuts, "what came once was asked for again"


def test_the_same_over_tls_costs_little_a_cut(folder, tmp_path):
    certificate = make_certificate(tmp_path)
    with ContentServer(folder, tls=certificate) as server, Link(server.port, cut_every=100_000) as link:
        session = plain_session()
        session.verify = str(certificate.file)
        source, came = HttpSource(f"https://127.0.0.1:{link.port}", session), b""
        for _ in range(10):
            try:
                for piece in source.read("o/file", len(came)):
                    came += piece
            except SourceError:
                continue
            break
        assert came == DATA
        assert (link.down - len(DATA)) / link.cuts < 12_000 + 16_384  # this server sends records of 16 KiB


def test_a_stranger_certificate_is_a_sentence(folder, tmp_path):
    with ContentServer(folder, tls=make_certificate(tmp_path)) as server:
        assert "no certificate that is trusted here" in taken(HttpSource(server.url), "o/file")[1]


def test_a_server_without_ranges_costs_what_is_known_already_and_is_remembered(server):
    server.habit = "no_ranges"
    source = HttpSource(server.url)
    assert read(source)
    assert source.ranges
    assert read(source, start=100_000, end=200_000) == DATA[100_000:200_000]
    assert not source.ranges


@pytest.mark.parametrize("start", [0, 70_000])
def test_a_proxy_that_packs_everything_is_coped_with(server, start):
    server.habit = "gzipped"
    assert read(HttpSource(server.url), start=start) == DATA[start:]


def test_a_bomb_is_unpacked_a_piece_at_a_time(server):
    server.habit = "bomb"
    tracemalloc.start()
    assert sum(map(len, itertools.islice(HttpSource(server.url).read("o/file"), 1000))) > 10_000_000
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("html", "sign-in page"),
        ("redirect", "A redirect came"),
        ("broken", "answered 500"),
        ("busy", "answered 503"),
        ("other_range", "another part"),
        ("reset_at_once", "broke off"),
        ("nonsense", "broke off"),
    ],
)
def test_lies_are_sentences(server, mode, why):
    server.habit = mode
    assert why in taken(HttpSource(server.url), "o/file", 10)[1]
    assert len(server.asked) == 1, "no redirect is followed, and nothing tried again at once"


@pytest.mark.parametrize("mode", ["gone", "forbidden"])
def test_what_may_not_be_had_is_absent(server, mode):
    server.habit = mode
    with pytest.raises(Absent, match="it answered 40"):
        read(HttpSource(server.url))


def test_an_answer_that_breaks_off_keeps_its_first_half(server):
    server.habit = "truncated"
    came, why = taken(HttpSource(server.url), "o/file")
    assert came == DATA[: len(came)]
    assert len(came) > 0
    assert "broke off" in why


def test_endless_data_ends_where_the_reader_stops(server):
    server.habit = "endless"
    assert len(read(HttpSource(server.url), end=100_000)) == 100_000


def test_a_server_that_hangs_or_drips_is_given_up(server):
    server.habit = "hang"
    assert "took too long" in taken(HttpSource(server.url, timeouts=(1, 0.2)), "o/file")[1]
    server.habit = "drip"
    assert "next to nothing" in taken(HttpSource(server.url, timeouts=(1, 5), within=0.3), "o/file")[1]


def test_nobody_there_is_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken_port:
        port = taken_port.getsockname()[1]
    assert "cannot be reached" in taken(HttpSource(f"http://127.0.0.1:{port}"), "o/file")[1]
    assert "no address" in taken(HttpSource("http://"), "o/file")[1]


class Meter:
    """A gate that allows so many bytes."""

    def __init__(self, allowed):
        self.left, self.asked = allowed, []

    def ask(self, count):
        self.asked.append(count)
        if count > self.left:
            raise Refused("Today's budget is used up; content goes on tomorrow.")
        self.left -= count


def test_the_gate_is_asked_before_each_64_kib_and_stops_the_reading(server):
    gate = Meter(200_000)
    came, why = taken(HttpSource(server.url, gate=gate), "o/file")
    assert "goes on tomorrow" in why
    assert max(gate.asked) <= 65_536
    assert 0 < len(came) <= 200_000
    assert read(HttpSource(server.url, gate=Meter(300_000))) == DATA
    small = Meter(100)
    assert read(HttpSource(server.url, gate=small), "o/file", 0, 100) == DATA[:100]
    assert small.asked == [100]


def test_nothing_is_asked_of_the_server_when_the_gate_says_no(server):
    taken(HttpSource(server.url, gate=Meter(0)), "o/file")
    assert server.asked == []


def test_a_name_holds_no_password():
    assert host("https://user:secret@content.example/x/y") == "content.example"
