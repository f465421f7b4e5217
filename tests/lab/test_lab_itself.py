"""The lab keeps to itself, leaves nothing behind, and its phones judge as phones do."""

from __future__ import annotations

import contextlib
import email.message
import os
import socket
from pathlib import Path

import pytest

from tests.lab.dhcp import Lease
from tests.lab.namespaces import Namespace, need
from tests.lab.packets import ACK, NO_ERROR, Reply, checksum, dhcp_frame, ip_frame, query, read_answer
from tests.lab.phone import Page
from tests.lab.systems import SUCCESS, Android, Apple, NetworkManager, OldAndroid, Windows, seen
from tests.lab.village_net import VillageNet


def test_a_namespace_has_nothing_of_the_machine_and_a_thread_comes_home_from_it() -> None:
    need()
    before = socket.if_nameindex()
    with Namespace() as away:
        with away.entered():
            assert [name for _, name in socket.if_nameindex()] == ["lo"]
        assert socket.if_nameindex() == before


def test_a_namespace_ends_with_the_last_who_holds_it() -> None:
    need()
    with Namespace() as away:
        there = Path(away.path)
        assert there.exists()
    assert not there.exists()


def test_two_villages_beside_each_other_do_not_meet(other_net) -> None:
    net, other = other_net(pages=False), other_net(pages=False)
    phone, theirs = net.phone(), other.phone()
    theirs.change_mac(phone.mac)
    assert phone.join().address == theirs.join().address, "an address goes by the MAC"
    other.box.stop("dnsmasq")
    assert phone.ask("captive.apple.com").code == NO_ERROR
    with pytest.raises(OSError, match="refused"):
        theirs.ask("captive.apple.com")


def test_nothing_is_left_running_when_a_test_fails(tmp_path: Path) -> None:
    pids: list[int] = []

    def fail() -> None:
        with VillageNet(tmp_path) as net:
            net.phone().join()
            pids.extend(process.pid for process in net.box.running.values())
            raise KeyError("a fault of the test's")

    with pytest.raises(KeyError):
        fail()
    assert len(pids) == 2
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, 0)
            raise AssertionError(f"{pid} still runs")


def test_a_box_that_cannot_start_says_what_its_service_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(AssertionError, match=r"web ended: .*data"), VillageNet(tmp_path):
        pass


def test_packets_are_read_as_they_were_written() -> None:
    frame = dhcp_frame(b"\x02" * 6, 77, ACK, {54: b"\x0a\x2c\0\1", 3: b"\x0a\x2c\0\1"})
    assert Reply.read(frame) is None, "to a server"
    reply = Reply.read(frame[:36] + b"\0\x44" + frame[38:])
    assert reply
    assert (reply.kind, reply.xid, reply.mac) == (ACK, 77, b"\x02" * 6)
    assert Lease.of(reply).router == "10.44.0.1"
    assert checksum(ip_frame(b"\x02" * 6, "10.0.0.1", "10.0.0.2", 17, b"")[14:34]) == 0, "a right sum adds up to none"


def test_an_answer_is_read_whether_its_names_are_shortened_or_not() -> None:
    question = query("hub.home.arpa", "A", 5)
    short = b"\xc0\x0c\0\1\0\1\0\0\0\x1e\0\4\x0a\x2c\0\1"
    whole = b"\3hub\4home\4arpa\0\0\1\0\1\0\0\0\x1e\0\4\x0a\x2c\0\2"
    answer = read_answer(question[:2] + b"\x81\x80\0\1\0\2" + question[8:] + short + whole)
    assert answer.addresses == ["10.44.0.1", "10.44.0.2"]
    assert [record.seconds for record in answer.records] == [30, 30]


class Scripted:
    """A phone to whom the network answers as told: status, body and what else."""

    def __init__(self, status: int, body: str = "", target: str = "", address: str = "198.51.100.1") -> None:
        headers = email.message.Message()
        if target:
            headers["Location"] = target
        self.page = Page(status, headers, body.encode(), "http://probe/")
        self.address = address

    def resolve(self, host: str) -> str:
        return self.address

    def fetch(self, host: str, path: str, **_headers: object) -> Page:
        return self.page

    def knock(self, address: str, port: int) -> str:
        return "reset"


@pytest.mark.parametrize(
    ("answer", "verdict", "old"),
    [
        (Scripted(204), "partial", "validated"),
        (Scripted(302, target="http://hub/"), "portal", "portal"),
        (Scripted(200, "<html>"), "portal", "portal"),
        (Scripted(200, "ok"), "no internet", "no internet"),
        (Scripted(200), "no internet", "validated"),
        (Scripted(404, "<html>"), "no internet", "no internet"),
        (Scripted(511, "<html>"), "no internet", "no internet"),
        (Scripted(302, target="http://hub/", address="10.44.0.1"), "no internet", "portal"),
    ],
)
def test_an_android_phone_judges_by_the_rules_of_its_source(answer: Scripted, verdict: str, old: str) -> None:
    assert Android(answer).look() == verdict
    assert OldAndroid(answer).look() == old


def test_a_phone_that_may_stay_without_internet_asks_for_https_no_more() -> None:
    android = Android(Scripted(204))
    android.stay()
    assert android.look() == "validated"


@pytest.mark.parametrize(
    ("body", "verdict"), [(SUCCESS, "success"), (SUCCESS + "\n", "success"), ("Success", "captive")]
)
def test_an_iphone_wants_its_page_to_the_letter(body: str, verdict: str) -> None:
    assert Apple(Scripted(200, body)).look() == verdict
    assert Apple(Scripted(302, body)).look() == "captive"


def test_a_pop_up_is_counted_when_it_comes_and_not_while_it_stays() -> None:
    apple = Apple(Scripted(302))
    assert [apple.look(), apple.look()] == ["captive", "captive"]
    assert apple.pop_ups == 1
    apple.phone = Scripted(200, SUCCESS)
    apple.look()
    apple.phone = Scripted(302)
    apple.look()
    assert apple.pop_ups == 2


def test_network_manager_takes_the_header_or_the_beginning_of_the_text() -> None:
    assert NetworkManager(Scripted(200, "NetworkManager is online\n")).look() == "full"
    assert NetworkManager(Scripted(200, "Network")).look() == "portal"
    assert NetworkManager(Scripted(302)).look() == "portal"


def test_windows_wants_no_byte_more() -> None:
    assert Windows(Scripted(200, "Microsoft Connect Test\n")).look() == "sign in"


def test_a_page_is_seen_with_its_form_links_and_scripts() -> None:
    page = seen(
        Page(
            200,
            email.message.Message(),
            b'<script src="a.js"></script><form method=post action="/ok"><input name=t value=1>'
            b'<button name="b" value="2">Go</button></form><a href="/x">x</a>',
        )
    )
    assert page.forms == [{"method": "post", "action": "/ok"}]
    assert page.fields == {"t": "1"}
    assert (page.links, page.loads, [button["value"] for button in page.buttons]) == (["/x"], ["a.js"], ["2"])
