"""DNS: every name leads to the portal, no question waits, and the hub's own name leads to the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.addresses import PORTAL_ADDRESS, SETUP_ADDRESS, VILLAGE_ADDRESS
from tests.lab.packets import NO_ERROR, NO_SUCH_NAME
from tests.lab.phone import QUESTION_TYPES
from tests.lab.probes import PROBES
from tests.lab.systems import Android
from tests.lab.village_net import NAME

if TYPE_CHECKING:
    from tests.lab.phone import Phone
    from tests.lab.village_net import VillageNet

HOSTS = sorted({probe.host.partition(":")[0] for probe in PROBES} - {PORTAL_ADDRESS})


def test_the_host_of_every_probe_leads_to_an_address_that_no_phone_takes_for_private(phone: Phone) -> None:
    for host in HOSTS:
        answer = phone.ask(host)
        assert answer.addresses == [PORTAL_ADDRESS], host
        assert all(0 < record.seconds <= 60 for record in answer.records), "phones keep it longer than it is true"
        assert phone.resolve(host) == PORTAL_ADDRESS, host


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("name", ["captive.apple.com", "example.org", NAME, "a.name.that.nobody.has"])
def test_a_question_of_any_type_has_an_answer_and_none_is_refused(phone: Phone, name: str, tcp: bool) -> None:
    for kind in QUESTION_TYPES:
        answer = phone.ask(name, kind, tcp=tcp)
        assert answer.code == NO_ERROR, kind
        assert not answer.cut
        if kind not in {"A", "ANY"}:
            assert not answer.records, kind


def test_a_resolver_that_asks_for_proofs_and_large_answers_gets_a_plain_one(phone: Phone) -> None:
    for kind in ("A", "AAAA", "HTTPS", "DNSKEY"):
        answer = phone.ask("captive.apple.com", kind, extended=True)
        assert answer.code == NO_ERROR
        assert answer.addresses == ([PORTAL_ADDRESS] if kind == "A" else [])


def test_a_type_that_does_not_exist_yet_has_an_answer_too(phone: Phone) -> None:
    assert phone.ask("example.org", 65_280).code == NO_ERROR


def test_a_name_written_in_any_letters_is_the_same_name(phone: Phone) -> None:
    assert phone.ask("CapTIVe.aPPle.cOm").addresses == [PORTAL_ADDRESS]
    assert phone.ask(NAME.upper()).addresses == [VILLAGE_ADDRESS]


def test_the_hubs_name_leads_to_the_hub_on_the_network_where_it_is_asked(net: VillageNet, phone: Phone) -> None:
    assert phone.ask(NAME).addresses == [VILLAGE_ADDRESS]
    technician = net.technician()
    technician.join()
    assert technician.ask(NAME).addresses == [SETUP_ADDRESS]


def test_windows_finds_the_addresses_that_it_knows(phone: Phone) -> None:
    assert phone.ask("dns.msftncsi.com").addresses == ["131.107.255.255"]
    assert phone.ask("dns.msftncsi.com", "AAAA").addresses in ([], ["fd3e:4f5a:5b81::1"])


def test_browsers_are_told_to_leave_names_to_this_network(phone: Phone) -> None:
    for kind in ("A", "AAAA", "HTTPS"):
        answer = phone.ask("use-application-dns.net", kind)
        assert (answer.code, answer.records) == (NO_SUCH_NAME, [])


@pytest.mark.parametrize("name", ["mask.icloud.com", "mask-h2.icloud.com"])
def test_an_iphone_hears_at_once_that_its_private_relay_does_not_work_here(phone: Phone, name: str) -> None:
    answer = phone.ask(name)
    assert (answer.code, answer.records) == (NO_SUCH_NAME, [])


@pytest.mark.parametrize("kind", ["SVCB", "HTTPS"])
def test_nobody_is_told_of_an_encrypted_resolver(phone: Phone, kind: str) -> None:
    assert phone.ask("_dns.resolver.arpa", kind).records == []


@pytest.mark.parametrize("server", ["8.8.8.8", "1.1.1.1", "9.9.9.9", PORTAL_ADDRESS])
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_a_phone_with_a_name_server_of_its_own_is_answered_by_the_hub(phone: Phone, server: str, tcp: bool) -> None:
    assert phone.ask("connectivitycheck.gstatic.com", server=server, tcp=tcp).addresses == [PORTAL_ADDRESS]
    assert phone.ask(NAME, server=server, tcp=tcp).addresses == [VILLAGE_ADDRESS]


def test_a_phone_with_private_dns_falls_back_at_once(phone: Phone) -> None:
    """Android's "automatic" tries port 853 of the network's server, and of the one in it, before plain DNS."""
    assert phone.knock(VILLAGE_ADDRESS, 853) == "reset"
    assert phone.knock("8.8.8.8", 853) == "reset"
    assert phone.call("8.8.8.8", 853) in {"reset", "unreachable"}, "DNS over QUIC"
    assert Android(phone).phone.resolve("connectivitycheck.gstatic.com") == PORTAL_ADDRESS


def test_nobody_looks_up_who_has_which_address(net: VillageNet, phone: Phone) -> None:
    other = net.phone(host_name="ana")
    other.join()
    backwards = ".".join(reversed(other.address.split("."))) + ".in-addr.arpa"
    assert phone.ask(backwards, "PTR").records == []


def test_the_name_server_tells_nothing_of_itself_that_it_should_keep(phone: Phone) -> None:
    for name in ("hosts.bind", "servers.bind", "auth.bind"):
        assert phone.ask(name, "TXT").records == []
