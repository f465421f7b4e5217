"""What villagers take of the uplink is counted over reloads and power cuts; what nobody tells of is found."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.network import render
from hub.network.firewall import Shared
from hub.network.keep import Taken
from hub.network.others import others
from hub.network.plan import place
from hub.network.share import WINDOW, advanced, counted, look_again, shared_so_far
from hub.network.shell import Done, run
from hub.network.watch import watch
from tests.hub.network.places import NAME, PI, network, tool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.hub.network.machine import FakeBox

SHARED = network(stage="village", uplink="cable", share_mb=50)


def test_a_window_is_of_hours_with_power() -> None:
    first = advanced(Taken(), Shared(5, 5), "a", 1000.0)
    assert (first.seconds, first.used) == (0.0, 5)
    later = advanced(first, Shared(9, 9), "a", 4600.0)
    assert (later.seconds, later.used) == (3600.0, 9)
    after_a_cut = advanced(later, Shared(9, 9), "b", 60.0)
    assert (after_a_cut.seconds, after_a_cut.used) == (3660.0, 9)
    over = advanced(after_a_cut, Shared(70, 70), "b", WINDOW - 3660 + 60)
    assert (over.seconds, over.used, over.total) == (0.0, 0, 70)


@given(st.lists(st.tuples(st.floats(0, 200_000), st.booleans()), max_size=30))
def test_no_row_of_power_cuts_makes_a_window_longer_or_shorter(steps: list[tuple[float, bool]]) -> None:
    """Each step: seconds that go by, and whether the power failed before them."""
    kept, at, boot, passed = advanced(Taken(), Shared(), "0", 0.0), 0.0, 0, 0.0
    for seconds, cut in steps:
        boot, at = (boot + 1, 0.0) if cut else (boot, at)
        at += seconds
        passed += seconds
        kept = advanced(kept, Shared(), str(boot), at)
    assert kept.seconds < WINDOW
    assert (passed - kept.seconds) % WINDOW == pytest.approx(0, abs=1) or (
        passed - kept.seconds
    ) % WINDOW == pytest.approx(WINDOW, abs=1)


class Net:
    """A network of its own, with a real nftables."""

    def __init__(self) -> None:
        if os.geteuid() != 0:
            pytest.skip("a network of one's own is root's")
        self.holder = subprocess.Popen(
            [tool("unshare"), "--net", "sh", "-c", "echo ready; exec sleep 60"], stdout=subprocess.PIPE
        )
        assert self.holder.stdout is not None
        self.holder.stdout.readline()
        tool("nft")

    def run(self, words: Sequence[str], **options: object) -> Done:
        if words[0] not in ("nft", "ip", "ping", "sh"):
            return Done(0, "")
        return run(["nsenter", "-t", str(self.holder.pid), "-n", *words])

    def close(self) -> None:
        self.holder.kill()
        self.holder.wait()


@pytest.fixture
def net():
    made = Net()
    yield made
    made.close()


def load(net: Net, folder: Path, wish=SHARED, shared: Shared | None = None) -> None:
    (folder / "rules").write_text(render.files(wish, PI, NAME, shared=shared)["nftables.nft"])
    assert net.run(["nft", "-f", str(folder / "rules")]).ok


def test_what_nftables_counted_is_read_and_taken_over_by_new_rules(net: Net, box: FakeBox, tmp_path: Path) -> None:
    assert counted(net.run) is None
    load(net, tmp_path, shared=Shared(1234, 56_789))
    assert counted(net.run) == Shared(1234, 56_789)
    load(net, tmp_path, shared=shared_so_far(box.keep, net.run))
    assert counted(net.run) == Shared(1234, 56_789)


def test_the_quota_opens_anew_after_a_day_and_the_total_stays(net: Net, box: FakeBox, tmp_path: Path) -> None:
    box.keep.prepare()
    box.keep.keep_last(SHARED)
    load(net, tmp_path, shared=Shared(49_000_000, 60_000_000))
    look_again(box.keep, box.settings, net.run)
    told = json.loads((box.settings.run_folder / "share.json").read_text())
    assert told == {
        "limit_bytes": 50_000_000,
        "used_bytes": 49_000_000,
        "total_bytes": 60_000_000,
        "seconds_left": 86_400,
    }
    assert box.keep.taken().used == 49_000_000, "a power cut forgets none of it"
    box.now += WINDOW + 1
    look_again(box.keep, box.settings, net.run)
    assert counted(net.run) == Shared(0, 60_000_000)
    assert box.keep.taken().used == 0


def test_after_a_power_cut_the_quota_goes_on(box: FakeBox) -> None:
    box.keep.prepare()
    box.keep.note_taken(Taken(used=7_000_000, total=9_000_000, seconds=100.0, boot="a", at=100.0))
    box.order(SHARED)
    assert box.apply().ok
    assert "quota share { over 50000000 bytes used 7000000 bytes }" in box.rules
    assert "counter shared { packets 0 bytes 9000000 }" in box.rules
    assert (box.root / "proc/sys/net/ipv4/ip_forward").read_text() == "1\n"


def test_where_nothing_is_shared_nothing_is_told(box: FakeBox) -> None:
    (box.settings.run_folder / "share.json").write_text("{}")
    box.keep.prepare()
    assert look_again(box.keep, box.settings, box.run) is None
    assert not (box.settings.run_folder / "share.json").exists()


def looked(box: FakeBox) -> str:
    box.ran.clear()
    return watch(box.settings, box.root, box.run)


def test_a_network_that_is_as_it_should_be_is_left_alone(box: FakeBox) -> None:
    box.order(network())
    box.apply()
    assert looked(box) == ""
    assert not [line for line in box.ran if line.startswith("systemctl")]


def test_an_adapter_that_was_plugged_in_is_found(box: FakeBox) -> None:
    box.order(network())
    box.apply()
    box.radios = ["pi-brcmfmac", "mt76x2u"]
    assert looked(box) == "A radio or a port came or went."
    assert "systemctl start --no-block hub-network.service" in box.ran
    box.apply()
    assert looked(box) == ""


def test_an_order_that_systemd_missed_is_found(box: FakeBox) -> None:
    box.order(network())
    box.apply()
    box.order(network(number=2, stage="village"))
    assert looked(box) == "An order for the network waits."
    box.apply()
    box.order(b"no order at all")
    box.apply()
    assert looked(box) == "", "it was refused, and is not tried every five minutes"


def test_a_trial_that_nobody_ended_is_found(box: FakeBox) -> None:
    for stage in ("setup", "trial"):
        box.order(network(stage=stage))
        box.apply()
    assert looked(box) == ""
    box.now += 700
    assert looked(box) == "The trial of the village's network is over."


def test_a_firewall_that_another_program_flushed_is_found(box: FakeBox) -> None:
    box.order(network())
    box.apply()
    box.fails["nft list table"] = "No such file or directory"
    assert looked(box) == "Somebody took the firewall away."


def test_a_network_on_which_no_name_is_answered_is_found_and_healed(box: FakeBox) -> None:
    """As after hostapd crashed: its interface is another, and dnsmasq may not have heard of it."""
    box.order(network())
    box.apply()
    assert looked(box) == ""

    box.heard.clear()
    assert looked(box) == "Names are not answered on one of the networks."
    box.apply()
    assert looked(box) == ""


def test_before_anything_was_in_force_that_is_what_lacks(box: FakeBox) -> None:
    box.keep.prepare()
    assert looked(box) == "No network is in force."


def test_what_an_administrator_wrote_for_the_same_interface_is_pointed_out(tmp_path: Path) -> None:
    folder = tmp_path / "etc/network"
    (folder / "interfaces.d").mkdir(parents=True)
    plan = place(network(), PI)
    (folder / "interfaces").write_text("auto lo\niface lo inet loopback\nsource interfaces.d/*\n# iface wlan0\n")
    assert others(tmp_path, plan) == []
    (folder / "interfaces").write_text("auto lo eth0\niface eth0 inet dhcp\n")
    (folder / "interfaces.d/wifi").write_text("allow-hotplug wlan0\niface wlan0 inet dhcp\n")
    first, second = others(tmp_path, plan)
    assert first.startswith("/etc/network/interfaces sets up eth0 as well")
    assert second.startswith("/etc/network/interfaces.d/wifi sets up wlan0 as well")
    (tmp_path / "etc/ufw").mkdir()
    (tmp_path / "etc/ufw/ufw.conf").write_text("ENABLED=yes\n")
    assert "ufw is on" in others(tmp_path, plan)[-1]
