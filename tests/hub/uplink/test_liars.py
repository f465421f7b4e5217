"""Over TLS, whoever stands between or answers in head office's place: nothing leaves the outbox, and a sentence says why."""

from __future__ import annotations

import datetime as dt
import socket
import threading
import tracemalloc
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from hub.uplink import line as line_module
from hub.uplink import meter, tls
from hub.uplink.deliver import Delivered, deliver
from hub.uplink.line import NoAnswer
from hub.uplink.models import Outbox, state
from hub.uplink.status import status
from tests.hub.uplink.conftest import MONDAY, Hub
from tests.simulators.head_office import HeadOffice
from tests.simulators.link import Certificate, make_certificate, sign_for_oneself

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOST = r"127\.0\.0\.1:\d+"
NOT_ITS_WORD = "The answer was not head office's word, so nothing in it counts"
LIES = {
    "portal": f"Something between answered for {HOST} with text/html, as a hotspot's sign-in page or a proxy does",
    "page_as_answer": NOT_ITS_WORD,
    "proxy": NOT_ITS_WORD,
    "nothing": NOT_ITS_WORD,
    "no_content": "answered 204; it is tried again later",
    "sign_in": rf"The network between wants a sign-in before it lets {HOST} be reached \(511\); sign this link in",
    "sign_in_to_proxy": r"wants a sign-in .* \(407\)",
    "redirect": f"A redirect came for {HOST}, as from a hotspot's sign-in page",
    "moved": "A redirect came",
    "moved_for_good": "A redirect came",
    "half_passed_on": r"answered 400 \(.*\); it is tried again later",
    "changed_on_the_way": r"answered 400 \(.*\); it is tried again later",
    "flipped": NOT_ITS_WORD,
    "truncated": "broke off",
    "cut_short": NOT_ITS_WORD,
    "stranger": NOT_ITS_WORD,
    "other_nonce": NOT_ITS_WORD,
    "gzipped": rf"A proxy packed what {HOST} answered \(gzip\); ask whoever runs this link",
    "bomb": "A proxy packed",
    "endless": "more than head office ever does",
    "chunks_for_ever": "more than head office ever does",
    "headers_for_ever": "cannot be reached, or broke off",
    "no_http": "cannot be reached, or broke off",
    "reset_at_once": "broke off",
    "reset_after_commit": "broke off",
    "kept_by_head_office_then_lost": "answered 504; it is tried again later",
    "refused_with_a_page": "answered 403; it is tried again later",
    "broken": "answered 500; it is tried again later",
    "error": r"answered 503 \(The database cannot be reached just now; try again in a minute\)",
}


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """Of the true head office; its authority is the only one that the hub trusts, on a day that is sure."""
    made = make_certificate(tmp_path)
    monkeypatch.setattr(tls, "AUTHORITIES", str(made.file))
    monkeypatch.setattr(meter, "kernel_is_synchronised", lambda: True)
    return made


@pytest.fixture
def office(hub: Hub, paper: Certificate) -> Iterator[HeadOffice]:
    """Reached over TLS, with a week waiting for it."""
    with HeadOffice(paper) as office:
        hub.enrol_with(office)
        for number in range(7):
            hub.counts.play(MONDAY + dt.timedelta(days=number), number + 1)
        hub.machine.pass_time(days=7)
        hub.seal()
        yield office


@contextmanager
def nothing_counts(hub: Hub, sentence: str) -> Iterator[None]:
    """What happens within is refused with a sentence, and leaves everything as it was."""
    before = outbox()
    with pytest.raises(NoAnswer, match=sentence) as raised:
        yield
    assert outbox() == before
    assert len(hub.waiting()) == 7
    assert state().reached is None
    found = status(hub.settings, hub.clock)
    assert (found.pending, found.last_error) == (7, str(raised.value))


def outbox() -> list[tuple[object, ...]]:
    columns = (Outbox.digest, Outbox.sealed, Outbox.acknowledged, Outbox.refused)
    return [tuple(map(repr, row)) for row in Outbox.select(*columns).order_by(Outbox.sequence).tuples()]


def all_arrives(hub: Hub, office: HeadOffice) -> bool:
    """Once head office is reached, all goes up as it was sealed, and nothing counts twice."""
    done = hub.send(urgent=True) == Delivered(acknowledged=7)
    return done and [day.plays for day in office.kept.values()] == [1, 2, 3, 4, 5, 6, 7] and not office.alarms


@pytest.mark.parametrize("lie", LIES)
def test_whatever_answers_over_a_good_connection_must_be_head_offices_word(
    hub: Hub, office: HeadOffice, lie: str
) -> None:
    office.play(lie)
    with nothing_counts(hub, LIES[lie]):
        hub.send()
    assert office.asked == 1, "no redirect was followed"
    assert all_arrives(hub, office)


def test_a_batch_that_a_proxy_sends_twice_counts_once(hub: Hub, office: HeadOffice) -> None:
    office.play("doubled")
    assert all_arrives(hub, office)
    assert len(office.arrivals) == 14


def test_an_answer_from_a_cache_is_not_for_this_request(hub: Hub, office: HeadOffice) -> None:
    office.play("reset_after_commit", "replayed", "replayed")
    with nothing_counts(hub, "broke off"):
        hub.send(urgent=True)
    for _ in range(2):
        with nothing_counts(hub, "The answer belongs to another request, so nothing in it was believed"):
            hub.send(urgent=True)
    assert all_arrives(hub, office)


def test_a_bomb_is_never_unpacked(hub: Hub, office: HeadOffice) -> None:
    office.play("bomb")
    tracemalloc.start()
    try:
        with pytest.raises(NoAnswer):
            hub.send()
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def expired(folder: Path) -> Certificate:
    return make_certificate(folder, ends=dt.datetime(2021, 1, 1, tzinfo=dt.UTC))


def of_tomorrow(folder: Path) -> Certificate:
    return make_certificate(folder, begins=dt.datetime(2098, 1, 1, tzinfo=dt.UTC))


def of_another_name(folder: Path) -> Certificate:
    return make_certificate(folder, host="portal.hotel.example")


def plain(_folder: Path) -> None:
    """HTTP where TLS is expected: a hotspot that takes every connection for itself."""


DOORS = {
    expired: f"The certificate of {HOST} is past its dates; tell head office to renew it",
    of_tomorrow: "is past its dates",
    of_another_name: f"Who answers for {HOST} shows a certificate of another name, as a hotspot's sign-in page does",
    make_certificate: f"Who answers for {HOST} shows no certificate that this hub trusts, as a hotspot or a proxy that",
    sign_for_oneself: "shows no certificate that this hub trusts",
    plain: f"Who answers for {HOST} speaks no TLS there, as a hotspot's sign-in page does; sign this link in",
}


@pytest.mark.parametrize("after_a_good_one", [False, True])
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_no_word_is_heard_through_a_connection_that_is_not_head_offices(
    hub: Hub,
    office: HeadOffice,
    paper: Certificate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    door: Callable[[Path], Certificate | None],
    after_a_good_one: bool,
) -> None:
    (tmp_path / "other").mkdir()
    told = door(tmp_path / "other")
    if door in (expired, of_tomorrow, of_another_name):  # by an authority that is trusted
        paper.file.write_bytes(paper.file.read_bytes() + told.file.read_bytes())
    if after_a_good_one:
        office.play("broken")
        with pytest.raises(NoAnswer):
            hub.send(urgent=True)
    office.paper, asked = told, office.asked
    with nothing_counts(hub, DOORS[door]):
        hub.send(urgent=True)
    assert office.asked == asked, "not a byte of the batch crossed"
    office.paper = paper
    assert all_arrives(hub, office)


def test_while_the_clock_is_unsure_an_expired_certificate_will_do_and_another_name_will_not(
    hub: Hub, office: HeadOffice, paper: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "kernel_is_synchronised", lambda: False)
    for name, door in {"old": expired, "other": of_another_name}.items():
        (tmp_path / name).mkdir()
        made = door(tmp_path / name)
        paper.file.write_bytes(paper.file.read_bytes() + made.file.read_bytes())
    office.paper = made
    with nothing_counts(hub, "another name"):
        hub.send(urgent=True)
    office.paper = Certificate(paper.file, tmp_path / "old" / "server.pem")
    assert all_arrives(hub, office)


@pytest.mark.parametrize("mode", ["hang", "drip", "chunks_now_and_then"])
def test_an_answer_that_never_ends_is_given_up(
    hub: Hub, office: HeadOffice, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_module, "DEADLINE", 0.3)
    office.play(mode)
    with nothing_counts(hub, "broke off"):
        hub.send()
    monkeypatch.undo()


def test_a_handshake_that_never_ends_is_given_up(hub: Hub, office: HeadOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_module, "DEADLINE", 0.3)
    office.silent = True
    with nothing_counts(hub, "broke off before it was safe|cannot be reached, or broke off"):
        hub.send()


def test_a_worker_that_is_told_to_stop_hangs_up_in_the_middle_of_a_handshake(hub: Hub, office: HeadOffice) -> None:
    office.silent, stop = True, threading.Event()
    threading.Timer(0.2, stop.set).start()
    with nothing_counts(hub, "broke off"):
        deliver(hub.settings, hub.clock, hub.library, stop)


def test_a_name_that_leads_nowhere_is_a_sentence(hub: Hub, office: HeadOffice) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        office_url = f"https://127.0.0.1:{gone.getsockname()[1]}"
    office.url, url = office_url, office.url
    hub.enrol_with(office)
    with nothing_counts(hub, "cannot be reached, or broke off; it is tried again later"):
        hub.send()
    office.url = url
    hub.enrol_with(office)
    assert all_arrives(hub, office)
