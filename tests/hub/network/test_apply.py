"""An order is put in force whole, or what was before runs on and one sentence says why: at every step, cut anywhere."""

from __future__ import annotations

import pytest

from hub.network.hardware import Clients
from hub.network.record import WiFi, encode
from tests.hub.network.machine import FakeBox, Killed
from tests.hub.network.places import network

SETUP, OLD, NEW = "hub-setup-7K", "Biblioteca", "Nueva"
FIRST = network(number=1)
VILLAGE = network(number=2, stage="village")
CHANGED = network(number=3, stage="village", village=WiFi(name=NEW, password="48151623"))


def running(box: FakeBox) -> FakeBox:
    """A box whose village's network is in force."""
    for wish in (FIRST, VILLAGE):
        box.order(wish)
        assert box.apply().ok
    assert box.in_force() == OLD
    return box


def test_a_box_at_its_first_start_opens_the_setup_network(box: FakeBox) -> None:
    box.order(FIRST)
    outcome = box.apply()
    assert (outcome.ok, outcome.number, outcome.sentence) == (True, 1, "The setup network is open.")
    assert box.in_force() == SETUP
    assert box.told()["always_both"] is False
    assert box.told()["stage"] == "setup"


def test_the_page_is_told_what_the_radio_holds(box: FakeBox) -> None:
    box.order(FIRST)
    box.apply()
    (radio,) = box.told()["radios"]
    assert (radio["interface"], radio["aps"], radio["clients"]) == ("wlan0", 1, None)
    assert "brcmfmac" not in str(box.told()), "the folder has no driver"
    assert "48151623" not in str(box.told())
    assert "correct-horse-battery" not in str(box.told())


def test_files_with_keys_are_roots_alone(box: FakeBox) -> None:
    running(box)
    assert (box.keep.current / "hostapd-wlan0.conf").stat().st_mode & 0o777 == 0o600
    assert (box.keep.kept / "network.json").stat().st_mode & 0o777 == 0o600
    assert (box.keep.current / "dnsmasq.conf").stat().st_mode & 0o777 == 0o644


def test_without_an_order_the_cable_works(box: FakeBox) -> None:
    outcome = box.apply()
    assert (outcome.ok, outcome.sentence) == (True, "No network was ordered yet.")
    assert [file.name for file in box.keep.networkd.iterdir()] == ["05-village-hub-cable.network"]
    assert "hub-access-point.service" not in box.active


def test_the_firewall_comes_before_anything_that_opens(box: FakeBox) -> None:
    running(box)
    box.power_cut()
    box.apply()
    loaded = next(n for n, line in enumerate(box.ran) if line.startswith("nft -f"))
    opened = next(n for n, line in enumerate(box.ran) if "hub-access-point" in line)
    assert loaded < opened


def test_services_whose_files_did_not_change_run_on(box: FakeBox) -> None:
    running(box)
    box.order(network(number=3, stage="village", uplink="cable"))
    box.apply()
    assert "systemctl start hub-access-point.service" in box.ran
    assert not [line for line in box.ran if line.startswith("systemctl restart")]


def test_the_emptiest_channel_is_looked_for_once_a_boot(box: FakeBox) -> None:
    running(box)
    assert "channel=11\n" in (box.keep.current / "hostapd-wlan0.conf").read_text()
    box.apply()
    assert not [line for line in box.ran if line.endswith("scan")]
    box.power_cut()
    box.apply()
    assert [line for line in box.ran if line.endswith("scan")] == ["iw dev wlan0 scan"]


def test_at_boot_the_last_network_comes_again(box: FakeBox) -> None:
    running(box)
    box.power_cut()
    outcome = box.apply()
    assert (outcome.ok, outcome.number) == (True, 2)
    assert box.in_force() == OLD


def test_an_order_that_came_without_power_is_carried_out_at_boot(box: FakeBox) -> None:
    running(box)
    box.order(CHANGED)
    box.power_cut()
    assert box.apply().number == 3
    assert box.in_force() == NEW


def test_an_order_with_a_lower_number_counts_as_well(box: FakeBox) -> None:
    """A hub that was installed anew begins to count at 1."""
    running(box)
    box.order(network(number=1, stage="village", village=WiFi(name=NEW)))
    assert box.apply().number == 1
    assert box.in_force() == NEW


def test_an_order_that_comes_while_one_is_carried_out_is_not_missed(box: FakeBox) -> None:
    running(box)
    box.order(network(number=3, stage="setup"))
    given = [CHANGED]
    before = box.run

    def run(words, **options):
        if words[:2] == ["networkctl", "reload"] and given:
            box.order(given.pop())
        return before(words, **options)

    box.run = run
    assert box.apply().number == 3
    assert box.in_force() == NEW


# What is bad

BAD_ORDERS = {
    "no JSON": b"{",
    "a bad name": encode(network(number=9, village=WiFi(name="a\nb"))),
    "no such radio": encode(network(number=9, radio="wlan7")),
    "a port that is not there": encode(network(number=9, access_point="eth7")),
    "an uplink by the only radio": encode(network(number=9, uplink="wifi", uplink_wifi=WiFi(name="Plaza"))),
}


@pytest.mark.parametrize("order", BAD_ORDERS.values(), ids=BAD_ORDERS)
def test_a_bad_order_touches_nothing(box: FakeBox, order: bytes) -> None:
    running(box)
    before = box.keep.current.resolve()
    box.order(order)
    outcome = box.apply()
    assert not outcome.ok
    assert box.told()["sentence"] == outcome.sentence
    assert (box.keep.current.resolve(), box.in_force()) == (before, OLD)
    assert not [line for line in box.ran if line.startswith(("nft -f", "systemctl restart", "networkctl"))]


@pytest.mark.parametrize("order", BAD_ORDERS.values(), ids=BAD_ORDERS)
def test_a_bad_order_does_not_keep_a_box_from_starting(box: FakeBox, order: bytes) -> None:
    running(box)
    box.order(order)
    box.apply()
    box.power_cut()
    outcome = box.apply()
    assert (outcome.ok, box.in_force()) == (False, OLD)
    assert outcome.sentence == box.told()["sentence"]


def test_a_bad_order_that_nobody_saw_before_the_power_failed_leaves_the_old_one(box: FakeBox) -> None:
    running(box)
    box.order(BAD_ORDERS["a bad name"])
    box.power_cut()
    assert not box.apply().ok
    assert box.in_force() == OLD


TOOLS = {
    "nft -c": "nft does not take its file",
    "dnsmasq --test": "dnsmasq does not take its file",
    "hostapd ": "hostapd does not take its file",
}


@pytest.mark.parametrize(("tool", "words"), TOOLS.items(), ids=TOOLS)
def test_a_file_that_its_own_tool_refuses_is_not_used(box: FakeBox, tool: str, words: str) -> None:
    running(box)
    before = box.keep.current.resolve()
    box.order(CHANGED)
    box.fails[tool] = "line 3: syntax error"
    outcome = box.apply()
    assert outcome.sentence == f"{words} (line 3: syntax error). The network before stays; give the answers again."
    assert (box.keep.current.resolve(), box.in_force()) == (before, OLD)
    assert [folder.name for folder in box.keep.run.glob("files-*")] == [before.name]


PARTS = {
    "nft -f": "The firewall does not start",
    "systemctl restart hub-access-point.service": "hub-access-point.service does not start",
    "hostapd_cli": "opens no network",
    "ip -4": "has not got its address",
    "systemctl is-active": "does not stay up",
}


@pytest.mark.parametrize(("part", "words"), PARTS.items(), ids=PARTS)
def test_a_part_that_does_not_start_brings_the_old_network_back(box: FakeBox, part: str, words: str) -> None:
    running(box)
    box.order(CHANGED)
    fail_only_for(box, part, NEW)
    outcome = box.apply()
    assert (outcome.ok, outcome.number) == (False, 3)
    assert words in outcome.sentence
    assert box.in_force() == OLD
    assert box.keep.last() == VILLAGE


def fail_only_for(box: FakeBox, part: str, name: str) -> None:
    """The command fails while the network called `name` is in force."""
    before = box.run

    def run(words, **options):
        file = box.keep.current / "hostapd-wlan0.conf"
        wrong = file.exists() and name.encode().hex() in file.read_text()
        box.fails = {part: "does not want to"} if wrong else {}
        return before(words, **options)

    box.run = run


def test_when_nothing_starts_the_cable_still_does(box: FakeBox) -> None:
    box.order(FIRST)
    box.fails["hostapd "] = "line 1: no"
    outcome = box.apply()
    assert not outcome.ok
    assert (box.keep.networkd / "05-village-hub-cable.network").exists()
    assert "169.254.44.1" in box.rules


def test_a_radio_that_broke_is_said_and_tried_on(box: FakeBox) -> None:
    running(box)
    box.power_cut()
    box.fails["hostapd_cli"] = "Failed to connect"
    outcome = box.apply()
    assert not outcome.ok
    assert "The radio wlan0 opens no network" in outcome.sentence
    assert "hub-access-point.service" in box.active, "systemd goes on trying"


def test_an_adapter_that_was_pulled_out_leaves_the_boards_radio(box: FakeBox) -> None:
    box.radios = ["pi-brcmfmac", "mt76x2u"]
    box.order(network(number=1, stage="village", radio="wlan1"))
    assert box.apply().ok
    assert box.in_force() == f"{OLD},{SETUP}"
    box.radios = ["pi-brcmfmac"]
    box.power_cut()
    outcome = box.apply()
    assert "the radio that was chosen is not there" in outcome.sentence
    assert box.in_force() == OLD


def test_the_file_of_a_radio_that_is_known_to_hold_few_says_so(box: FakeBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.network.radios.LIMITS", {"": Clients(7, 7, "its firmware")})
    box.order(FIRST)
    box.apply()
    assert "holds 7 to 7 phones at once" in str(box.told()["advice"])


def test_a_full_disk_is_said(box: FakeBox, monkeypatch: pytest.MonkeyPatch) -> None:
    running(box)
    box.order(CHANGED)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hub.network.keep.write_file", full)
    with pytest.raises(OSError, match="No space"):
        box.apply()
    assert "No space left" in str(box.told()["sentence"])
    assert box.told()["number"] == 3
    assert box.in_force() == OLD


# A trial

TRIAL = network(number=3, stage="trial", village=WiFi(name=NEW, password="48151623"))
BACK = "hub-network-back.timer"


def test_a_trial_shows_the_village_and_ends_by_itself(box: FakeBox) -> None:
    box.order(FIRST)
    box.apply()
    box.order(TRIAL)
    outcome = box.apply()
    assert (outcome.ok, box.in_force(), BACK in box.active) == (True, NEW, True)
    assert "for ten minutes" in outcome.sentence
    assert box.told()["stage"] == "trial"
    box.now += 300
    box.apply()
    assert box.in_force() == NEW, "something else started us"
    box.now += 301
    outcome = box.apply()
    assert (outcome.ok, box.in_force(), BACK in box.active) == (True, SETUP, False)
    assert box.told()["stage"] == "setup"
    assert outcome.sentence == "The setup network is open."


def test_the_way_back_from_a_trial_is_sure_before_it_begins(box: FakeBox) -> None:
    box.order(FIRST)
    box.apply()
    box.order(TRIAL)
    box.apply()
    assert box.ran.index(f"systemctl restart {BACK}") < next(n for n, line in enumerate(box.ran) if "nft -f" in line)


def test_a_power_cut_ends_a_trial(box: FakeBox) -> None:
    box.order(FIRST)
    box.apply()
    box.order(TRIAL)
    box.apply()
    box.power_cut()
    assert box.apply().ok
    assert box.in_force() == SETUP


def test_a_trial_that_is_accepted_stays(box: FakeBox) -> None:
    for wish in (FIRST, TRIAL):
        box.order(wish)
        box.apply()
    box.order(network(number=4, stage="village", village=TRIAL.village))
    box.apply()
    assert (box.in_force(), BACK in box.active) == (NEW, False)
    box.now += 10_000
    box.apply()
    assert box.in_force() == NEW


def test_a_trial_that_does_not_start_goes_back_at_once(box: FakeBox) -> None:
    box.order(FIRST)
    box.apply()
    box.order(TRIAL)
    fail_only_for(box, "hostapd_cli", NEW)
    assert not box.apply().ok
    assert box.in_force() == SETUP


# Cut anywhere


def steps_of(box: FakeBox, order) -> int:
    box.order(order)
    box.apply()
    return box.steps


def test_killed_between_any_two_steps_the_next_run_makes_it_whole(box: FakeBox) -> None:
    """As systemd does it: the service failed, so it is started again."""
    running(box)
    steps = steps_of(box, CHANGED)
    assert steps > 20
    for number in range(1, steps + 1):
        name = f"Aldea {number}"
        box.order(network(number=10 + number, stage="village", village=WiFi(name=name)))
        box.dies_before = number
        with pytest.raises(Killed):
            box.apply()
        box.dies_before = 0
        outcome = box.apply()
        assert (outcome.ok, box.in_force()) == (True, name), f"killed before step {number}"
        assert len(list(box.keep.run.glob("files-*"))) == 1


def test_power_cut_between_any_two_steps_leaves_old_or_new(box: FakeBox) -> None:
    running(box)
    steps = steps_of(box, CHANGED)
    for number in range(1, steps + 1):
        name = f"Aldea {number}"
        box.order(network(number=10 + number, stage="village", village=WiFi(name=name)))
        box.dies_before = number
        with pytest.raises(Killed):
            box.apply()
        box.power_cut()
        assert box.apply().ok
        assert box.in_force() == name, f"cut before step {number}"


def test_power_cut_between_any_two_steps_of_a_trial_starts_in_setup(box: FakeBox) -> None:
    box.order(FIRST)
    box.apply()
    steps = steps_of(box, TRIAL)
    for number in range(1, steps + 1):
        box.power_cut()
        box.apply()
        box.order(network(number=10 + number, stage="trial", village=WiFi(name=f"Aldea {number}")))
        box.dies_before = number
        with pytest.raises(Killed):
            box.apply()
        box.power_cut()
        box.apply()
        assert (box.in_force(), box.told()["stage"]) == (SETUP, "setup"), f"cut before step {number}"


def test_an_order_that_ends_the_process_each_time_is_given_up(box: FakeBox) -> None:
    running(box)
    box.order(CHANGED)
    for _ in range(2):
        box.dies_before = 12
        with pytest.raises(Killed):
            box.apply()
    box.dies_before = 0
    outcome = box.apply()
    assert (outcome.ok, box.in_force()) == (False, OLD)
    assert "cut off" in outcome.sentence
    box.power_cut()
    box.apply()
    assert box.in_force() == OLD


def test_a_record_that_somebody_damaged_leaves_the_cable(box: FakeBox) -> None:
    running(box)
    (box.keep.kept / "network.json").write_bytes(b"\0" * 100)
    box.power_cut()
    box.apply()
    assert (box.keep.networkd / "05-village-hub-cable.network").exists()
    assert not list(box.keep.current.glob("hostapd-*"))


def test_a_start_waits_for_an_adapter_that_was_there_before(box: FakeBox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.radios = ["pi-brcmfmac", "mt76x2u"]
    box.order(network(number=1, stage="village"))
    box.apply()
    both = box.in_force()
    box.power_cut()
    box.radios = ["pi-brcmfmac"]
    monkeypatch.setattr("hub.network.apply.RADIO_SECONDS", 60.0)
    monkeypatch.setattr("hub.network.apply.time.sleep", lambda _: box.radios.append("mt76x2u"))
    assert box.apply().ok
    assert box.in_force() == both == f"{OLD},{SETUP}"
