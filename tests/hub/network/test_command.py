"""`hub network`, as a person and as systemd run it: the real programs, in a network and a machine of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from hub.cli import hub as hub_command
from hub.network.record import WiFi, encode
from tests.hub.network.places import network, tool
from tests.town import until

if TYPE_CHECKING:
    from hub.network.record import Network

# What a test's machine lacks: systemd, a radio. The rest is asked itself: nft, dnsmasq, hostapd, networkd.
STAND_INS = {
    "systemctl": '#!/bin/sh\ntest "$STOPS_AT" = "$2" && touch "$ROOT/stopped" && exec sleep 60\nexit 0\n',
    "networkctl": "#!/bin/sh\nexit 0\n",
    "hostapd_cli": "#!/bin/sh\necho state=ENABLED\n",
    "ip": '#!/bin/sh\necho "2: x inet 10.44.0.1/22 scope"\necho "2: x inet 10.45.0.1/24 scope"\n',
    "ss": "#!/bin/sh\nprintf 'UNCONN 0 0 %s:53 0.0.0.0:*\\n' 10.44.0.1 10.45.0.1\n",
    "iw": f"#!/bin/sh\ncase $1 in phy) cat {Path(__file__).parent}/samples/pi-brcmfmac.phy;; dev) cat {Path(__file__).parent}/samples/pi-with-adapter.dev;; esac\n",
}


class Machine:
    """A folder that is the machine's root, and a network of its own for each command."""

    def __init__(self, root: Path) -> None:
        if os.geteuid() != 0:
            pytest.skip("the network is root's")
        for name in ("nft", "dnsmasq", "hostapd", "unshare"):
            tool(name)
        self.root = root
        self.programs = root / "programs"
        self.programs.mkdir()
        for name, text in STAND_INS.items():
            (self.programs / name).write_text(text)
            (self.programs / name).chmod(0o755)
        card = root / "sys/class/net/eth0"
        card.mkdir(parents=True)
        (card / "type").write_text("1\n")
        for folder in ("var/lib/village-hub/orders", "run/village-hub"):
            (root / folder).mkdir(parents=True)
        self.environ = {
            **os.environ,
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "ROOT": str(root),
            "HUB_DATA": str(root / "var/lib/village-hub"),
            "HUB_RUN": str(root / "run/village-hub"),
            "HUB_MACHINE": str(root),
            "HUB_NAME": "hub.home.arpa",
            "HUB_PORT": "80",
        }

    def order(self, wish: Network | bytes) -> None:
        data = wish if isinstance(wish, bytes) else encode(wish)
        (self.root / "var/lib/village-hub/orders/network").write_bytes(data)

    def command(self, *words: str) -> list[str]:
        return [tool("unshare"), "--net", "--kill-child", sys.executable, "-m", "hub", "network", *words]

    def hub(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = self.command(*words)
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, check=False, timeout=60)

    def shown(self) -> str:
        """The names of the networks in the file that hostapd would run with."""
        text = (self.root / "run/village-hub-net/current/hostapd-wlan0.conf").read_text()
        return ",".join(bytes.fromhex(line[6:]).decode() for line in text.split("\n") if line.startswith("ssid2="))

    def told(self) -> dict[str, object]:
        return json.loads((self.root / "run/village-hub/network.json").read_text())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


VILLAGE = network(number=1, stage="village")
CHANGED = network(number=2, stage="village", village=WiFi(name="Nueva", password="48151623"))


def test_an_order_is_put_in_force_and_the_command_says_so(machine: Machine) -> None:
    machine.order(VILLAGE)
    done = machine.hub("apply")
    assert (done.returncode, done.stdout) == (0, "The village's network is open.\n"), done.stderr
    assert machine.shown() == "Biblioteca"
    assert machine.told()["ok"] is True
    as_json = json.loads(machine.hub("apply", "--json").stdout)
    assert (as_json["number"], as_json["stage"], as_json["radio"]) == (1, "village", "wlan0")


def test_a_bad_order_ends_with_a_sentence_and_64_and_the_old_one_stays(machine: Machine) -> None:
    machine.order(VILLAGE)
    machine.hub("apply")
    machine.order(network(number=2, channel=14))
    done = machine.hub("apply")
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr == "hub: Channel 14 is not allowed in MX; write 1 to 11, or 0 for any.\n"
    assert machine.shown() == "Biblioteca"


def test_killed_while_it_waits_for_a_service_the_next_run_ends_what_it_began(machine: Machine) -> None:
    machine.order(VILLAGE)
    machine.hub("apply")
    machine.order(CHANGED)
    machine.environ["STOPS_AT"] = "hub-access-point.service"
    with subprocess.Popen(machine.command("apply"), env=machine.environ, start_new_session=True) as process:
        until((machine.root / "stopped").exists)
        os.killpg(process.pid, signal.SIGKILL)
    del machine.environ["STOPS_AT"]
    assert json.loads((machine.root / "var/lib/village-hub-net/dealt.json").read_text())["done"] is False
    done = machine.hub("apply")
    assert (done.returncode, machine.shown(), machine.told()["number"]) == (0, "Nueva", 2)


def test_two_at_once_do_one_after_the_other(machine: Machine) -> None:
    machine.order(VILLAGE)
    both = [subprocess.Popen(machine.command("apply"), env=machine.environ, stdout=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in both] == [b"The village's network is open.\n"] * 2
    assert len(list((machine.root / "run/village-hub-net").glob("files-*"))) == 1


def test_check_leaves_the_files_where_it_is_told_and_the_network_as_it_is(machine: Machine, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    record.write_bytes(encode(CHANGED))
    done = machine.hub("check", str(record), "--into", str(tmp_path / "files"), "--json")
    assert done.returncode == 0, done.stderr
    files = {str(path.relative_to(tmp_path / "files")) for path in (tmp_path / "files").rglob("*") if path.is_file()}
    assert files == set(json.loads(done.stdout)["files"])
    assert {"hostapd-wlan0.conf", "dnsmasq.conf", "nftables.nft"} < files
    assert not (machine.root / "run/village-hub-net").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"{", "cannot be read"),
        (encode(network(channel=13)), "write 1 to 11"),
        (None, "name a file with a record"),
    ],
    ids=["no JSON", "a bad channel", "no file"],
)
def test_check_says_what_is_wrong(machine: Machine, tmp_path: Path, text: bytes | None, words: str) -> None:
    if text is not None:
        (tmp_path / "record.json").write_bytes(text)
    done = machine.hub("check", str(tmp_path / "record.json"))
    assert done.returncode == 64
    assert words in done.stderr


def test_check_without_an_order_says_what_to_do(machine: Machine) -> None:
    done = machine.hub("check")
    assert (done.returncode, "give the five answers" in done.stderr) == (64, True)


def test_show_tells_what_is_there_and_no_password(machine: Machine) -> None:
    machine.order(VILLAGE)
    machine.hub("apply")
    text = machine.hub("show").stdout
    assert "Radio wlan0" in text
    assert "The village's network is on wlan0." in text
    assert "Last order, 1: The village's network is open." in text
    # What lies for the page is in a folder of the hub's own user, who may be anybody.
    (machine.root / "run/village-hub/network.json").write_text('{"ok": true, "sentence": "\\u001b[2J"}')
    as_json = machine.hub("show", "--json").stdout
    assert machine.hub("show").stdout == text
    assert json.loads(as_json)["last"]["ok"] is True
    for secret in ("48151623", "correct-horse-battery", "Biblioteca"):
        assert secret not in text + as_json


def test_watch_says_what_it_found(machine: Machine) -> None:
    assert machine.hub("watch").stdout == "No network is in force.\n"
    assert json.loads(machine.hub("watch", "--json").stdout) == {"applied": "No network is in force."}


def test_the_help_of_the_group_opens_nothing() -> None:
    result = CliRunner().invoke(hub_command, ["network", "--help"])
    assert result.exit_code == 0
    assert all(word in result.output for word in ("apply", "check", "show", "watch"))
