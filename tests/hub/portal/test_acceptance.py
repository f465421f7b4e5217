"""A phone that pressed stays accepted, whatever becomes of its lease; and no other phone does for it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from hub.clock import Clock
from hub.portal import acceptance as module
from hub.portal.acceptance import Acceptance, evidence
from hub.portal.leases import Leases
from hub.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

MAC, OTHER_MAC = "6a:11:22:33:44:55", "7e:66:77:88:99:aa"
AT, ELSEWHERE = "10.44.0.7", "10.44.2.9"
HOUR = 3600.0


class Bench:
    """What runs between two starts of the machine; `web()` starts the web process anew."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data=folder / "hub", machine=folder)
        self.settings.leases_file.parent.mkdir(parents=True)
        self.file = self.settings.run_folder / "portal.json"
        self.boot("first boot")

    def boot(self, boot_id: str) -> None:
        self.seconds = 100.0
        self.clock = Clock(since_boot=lambda: self.seconds, boot_id=boot_id, synchronised=lambda: False)

    def lease(self, *pairs: tuple[str, str]) -> None:
        self.settings.leases_file.write_text("".join(f"1764329999 {mac} {address} * *\n" for mac, address in pairs))

    def web(self) -> Acceptance:
        return Acceptance(self.file, Leases(self.settings.leases_file), self.clock)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def web(bench: Bench) -> Acceptance:
    """A web process after a phone with a lease pressed the button."""
    bench.lease((MAC, AT))
    found = bench.web()
    assert found.accept(AT)
    return found


def test_it_lasts_for_twelve_hours_and_no_longer(bench: Bench, web: Acceptance) -> None:
    assert web.left(AT) == 12 * HOUR
    bench.seconds += 12 * HOUR - 1
    assert web.left(AT) == 1
    bench.seconds += 1
    assert web.left(AT) == 0
    assert web.accept(AT), "the button is there again, and counts anew"


def test_pressing_again_is_no_news_but_lasts_from_then(bench: Bench, web: Acceptance) -> None:
    bench.seconds += HOUR
    assert not web.accept(AT)
    assert web.left(AT) == 12 * HOUR


def test_a_lost_lease_changes_nothing(bench: Bench, web: Acceptance) -> None:
    bench.lease()
    assert web.left(AT)
    bench.settings.leases_file.unlink()
    assert web.left(AT)
    bench.lease((MAC, AT))
    assert web.left(AT)


def test_an_address_that_changes_changes_nothing(bench: Bench, web: Acceptance) -> None:
    bench.lease((MAC, ELSEWHERE))
    assert web.left(ELSEWHERE)
    bench.lease()
    assert web.left(ELSEWHERE), "and if the lease of the new one is lost in turn"


def test_who_gets_the_address_of_an_accepted_phone_is_asked(bench: Bench, web: Acceptance) -> None:
    bench.lease((OTHER_MAC, AT), (MAC, ELSEWHERE))
    assert not web.left(AT)
    assert web.left(ELSEWHERE)


def test_a_phone_that_takes_another_mac_is_asked_once(bench: Bench, web: Acceptance) -> None:
    bench.lease((OTHER_MAC, AT))
    assert not web.left(AT)
    web.accept(AT)
    for _ in range(3):
        bench.seconds += HOUR
        assert web.left(AT)
    bench.lease((MAC, AT))
    assert web.left(AT), "and its old one is still known when it goes back to it"


def test_a_phone_without_a_known_lease_is_its_address_until_the_lease_is_seen(bench: Bench) -> None:
    web = bench.web()
    web.accept(AT)
    assert web.left(AT)
    bench.lease((MAC, AT))
    assert web.left(AT), "the same phone, whose lease is read only now"
    bench.lease((OTHER_MAC, AT))
    assert not web.left(AT), "from then on it is the phone and not the address"
    bench.lease((MAC, ELSEWHERE))
    assert web.left(ELSEWHERE)


def test_who_pressed_on_the_setup_network_is_still_shown_the_villages_portal(bench: Bench) -> None:
    """A phone of some years has one MAC for all networks, and the visit ends with a portal that was seen."""
    at_setup = "10.45.0.42"
    bench.lease((MAC, at_setup))
    web = bench.web()
    web.accept(at_setup, counts=False)
    bench.lease((MAC, at_setup), (MAC, AT))

    assert web.left(at_setup) == 12 * HOUR
    assert not web.left(AT)


def test_nobody_is_accepted_by_being_unknown(bench: Bench, web: Acceptance) -> None:
    assert not web.left("")
    assert not web.left(ELSEWHERE)
    assert web.accept("")
    assert not web.left(ELSEWHERE)


def test_the_web_process_may_start_anew(bench: Bench, web: Acceptance) -> None:
    web.save()
    bench.seconds += HOUR
    assert bench.web().left(AT) == 11 * HOUR
    bench.lease()
    assert bench.web().left(AT), "by its address"
    bench.lease((MAC, ELSEWHERE))
    assert bench.web().left(ELSEWHERE), "by its MAC"


def test_another_boot_of_the_machine_asks_once(bench: Bench, web: Acceptance) -> None:
    web.save()
    bench.boot("second boot")
    anew = bench.web()
    assert not anew.left(AT)
    anew.accept(AT)
    assert anew.left(AT)


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"null", b"[]", b"{}", b"\xff" * 100, b'{"boot": "first boot"}', b"[" * 100_000,
     b'{"boot": "first boot", "phones": {"x": "y"}, "addresses": {}, "events": {}}',
     b'{"boot": "first boot", "phones": {}, "addresses": {}, "events": {"unheard-of": []}}'],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_as_good_as_none(
    bench: Bench, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    bench.file.parent.mkdir(parents=True)
    bench.file.write_bytes(content)
    web = bench.web()
    assert not web.left(AT)
    assert "phones see the portal once more" in caplog.text
    web.accept(AT)
    web.save()
    assert bench.web().left(AT)


def test_a_file_that_grants_more_than_twelve_hours_grants_twelve(bench: Bench, web: Acceptance) -> None:
    web.save()
    told = json.loads(bench.file.read_bytes())
    told["phones"][MAC] = told["addresses"][AT][1] = 1e15
    bench.file.write_text(json.dumps(told))
    assert bench.web().left(AT) == 12 * HOUR


def test_the_file_is_written_only_if_there_is_news_and_for_its_owner_alone(bench: Bench, web: Acceptance) -> None:
    web.save()
    assert bench.file.stat().st_mode & 0o777 == 0o600
    before = bench.file.stat().st_ino
    web.save()
    web.left(AT)
    web.save()
    assert bench.file.stat().st_ino == before, "each write is a new file put in its place"
    web.note("probe")
    web.save()
    assert bench.file.stat().st_ino != before


def test_a_file_that_cannot_be_written_costs_no_phone_its_answer(
    bench: Bench, web: Acceptance, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_file", full)
        web.save()
        web.save()
    assert caplog.text.count("could not be written") == 1, "the log says so once"
    assert web.left(AT)
    web.save()
    assert bench.web().left(AT), "it is tried again"


def test_memory_has_an_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 50)
    macs = [f"02:00:00:00:{number // 256:02x}:{number % 256:02x}" for number in range(60)]
    addresses = [f"10.44.0.{number}" for number in range(60)]
    bench.lease(*zip(macs, addresses, strict=True))
    web = bench.web()
    for address in addresses:
        web.accept(address)
    assert [bool(web.left(address)) for address in addresses] == [False] * 10 + [True] * 50
    web.save()
    assert len(json.loads(bench.file.read_bytes())["phones"]) == 50
    assert bench.web().left(addresses[-1])


def test_ten_thousand_phones_fit_the_file(bench: Bench) -> None:
    pairs = [
        (f"02:00:00:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}", f"10.{n >> 8}.0.{n & 255}") for n in range(10_000)
    ]
    bench.lease(*pairs)
    web = bench.web()
    for _, address in pairs:
        web.accept(address)
    web.save()
    assert bench.web().left(pairs[0][1])
    assert bench.web().left(pairs[-1][1])


def test_what_happened_is_told_since_a_moment(bench: Bench, web: Acceptance) -> None:
    bench.seconds += 60
    since = bench.seconds
    web.note("probe")
    web.note("probe")
    web.note("page")
    bench.lease((MAC, AT), (OTHER_MAC, ELSEWHERE))
    web.accept(ELSEWHERE)
    web.note("online")
    told = web.evidence(since)
    assert told == (2, 2, 1, 1, 1, ("aa",)), "leases, probes, pages, accepted, online, the ends of the MACs"
    assert web.evidence(0.0).accepted == 2
    web.save()
    assert evidence(bench.settings, bench.clock, since) == told, "another program reads the same"
    bench.boot("second boot")
    assert evidence(bench.settings, bench.clock, 0.0) == (2, 0, 0, 0, 0, ())


def test_what_happened_has_an_end_in_memory_as_well(bench: Bench, web: Acceptance) -> None:
    for _ in range(5000):
        web.note("probe")
    assert web.evidence(0.0).probes == module.MOST_EVENTS


def test_no_log_names_a_phone(bench: Bench, web: Acceptance, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    web.save()
    bench.file.write_bytes(b"broken" + bench.file.read_bytes())
    bench.web().accept(AT)
    for secret in (MAC, AT, MAC.replace(":", "")):
        assert secret not in caplog.text
