"""Sticks: what waits is written to them and replies are read, whatever else lies there and whenever they are pulled out."""

from __future__ import annotations

import errno
import os
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from collector.carry.sticks import import_all
from collector.db import database as office_database
from hub.carry import sticks
from hub.carry.models import Carrier as Plugged
from hub.carry.models import carrying
from hub.carry.sticks import AGAIN, FULL, GONE, LINK, LOCKED, WRITTEN, look, order, write_to_all
from hub.content import mounts
from hub.content.models import Stick
from hub.db import writing
from hub.settings import Settings
from hub.site import this_site
from tests.faults.disks import exfat_stick, need
from tests.hub.carry.test_loop import DAYS, live
from tests.hub.content.test_sticks import Port
from tests.town import small_disk
from wire.parcel import CARRIER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.carry.conftest import Carrier

MARK = f"village-hub/{CARRIER}"


@pytest.fixture(autouse=True)
def _seals_what_the_test_counts(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sticks, "seal_all", lambda *_: carrier.hub.seal())


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Port:
    return Port(tmp_path, monkeypatch)


def run(carrier: Carrier, port: Port) -> bool:
    return look(port.folder, carrier.hub.settings, carrier.hub.clock, carrier.hub.library)


def states() -> dict[str, str]:
    return {row.name: row.state for row in Plugged.select()}


def ours(stick: Path) -> Path:
    return stick / "village-hub" / "up" / f"{bytes(this_site().hub).hex()}.vhub"


def at_head_office(carrier: Carrier, stick: Path) -> list[str]:
    with office_database.connection_context():
        return [outcome.sentence for outcome in import_all([stick], None, carrier.office.office)]


def test_a_stick_goes_to_head_office_and_back_by_itself(carrier: Carrier, port: Port) -> None:
    live(carrier.hub, 3, 4)
    stick = port.plug_in("ROJO", MARK, "fotos/una.jpg")
    assert run(carrier, port)
    assert states() == {"ROJO": WRITTEN}
    assert not run(carrier, port), "nothing is left to do"
    (said,) = at_head_office(carrier, stick)
    assert said == f"{ours(stick).name}: 2 days of Dzemul, until {DAYS[1]}; nothing is missing."
    assert carrier.hub.waiting() == DAYS[:2]
    assert run(carrier, port), "a reply was laid on it"
    assert carrier.hub.waiting() == []
    assert Plugged.get().taken == 2
    assert (stick / "fotos" / "una.jpg").exists()
    assert carrier.office.plays() == {DAYS[0]: 3, DAYS[1]: 4}


def test_a_stick_that_is_not_made_for_it_is_left_alone_until_a_technician_says_so(carrier: Carrier, port: Port) -> None:
    live(carrier.hub, 3)
    stick = port.plug_in("AZUL", "fotos/una.jpg")
    assert not run(carrier, port)
    assert not (stick / "village-hub").exists()
    order(str(stick), port.folder, carrier.hub.clock)
    assert run(carrier, port)
    assert ours(stick).exists()
    assert (stick / MARK).exists(), "from now on it is one"


def test_a_stick_with_content_that_this_hub_takes_carries_too(carrier: Carrier, port: Port) -> None:
    stick = port.plug_in("VERDE", "metadata/timestamp.json")
    assert not run(carrier, port)
    now = carrier.hub.clock.moment()
    with writing():
        Stick.create(place=str(stick), name="VERDE", state="taken", stamp="", boot=now.boot, seconds=now.seconds)
    assert run(carrier, port)
    assert ours(stick).exists()


def test_other_hubs_files_are_left_as_they_are(carrier: Carrier, port: Port) -> None:
    live(carrier.hub, 3)
    stick = port.plug_in("ROJO", MARK, "village-hub/up/0102030405060708.vhub", "village-hub/down/0102030405060708.vhub")
    run(carrier, port)
    for folder in ("up", "down"):
        assert (stick / "village-hub" / folder / "0102030405060708.vhub").read_text() == "{}"
    first = ours(stick).read_bytes()
    carrier.hub.counts.play(DAYS[0])
    carrier.hub.machine.pass_time(seconds=AGAIN + 1)
    assert run(carrier, port), "what came since is written while it stays"
    assert ours(stick).read_bytes() != first
    assert {path.name for path in ours(stick).parent.iterdir()} == {ours(stick).name, "0102030405060708.vhub"}


def test_the_same_bytes_are_not_written_again(carrier: Carrier, port: Port) -> None:
    live(carrier.hub, 3)
    stick = port.plug_in("ROJO", MARK)
    run(carrier, port)
    inode, given = ours(stick).stat().st_ino, carrying().given
    carrier.hub.machine.pass_time(seconds=AGAIN + 1)
    run(carrier, port)
    assert (ours(stick).stat().st_ino, carrying().given) == (inode, given)


def test_two_sticks_at_once_carry_the_same_and_count_once(carrier: Carrier, port: Port) -> None:
    live(carrier.hub, 3, 4)
    red, blue = port.plug_in("ROJO", MARK), port.plug_in("AZUL", MARK)
    run(carrier, port)
    assert ours(red).read_bytes() == ours(blue).read_bytes()
    at_head_office(carrier, blue)
    at_head_office(carrier, red)
    run(carrier, port)
    assert carrier.office.plays() == {DAYS[0]: 3, DAYS[1]: 4}
    assert carrier.hub.waiting() == []


@pytest.mark.parametrize("link", ["village-hub", "village-hub/up", "village-hub/down"])
def test_a_stick_that_leads_elsewhere_is_not_written_to(
    carrier: Carrier, port: Port, tmp_path: Path, link: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / CARRIER).write_text("")
    stick = port.plug_in("ROJO", "fotos/una.jpg" if link == "village-hub" else MARK)
    (stick / link).symlink_to(elsewhere)
    order(str(stick), port.folder, carrier.hub.clock)
    run(carrier, port)
    assert states() == {"ROJO": LINK}
    assert "leads elsewhere; remove it" in str(Plugged.get().sentence)
    assert [path.name for path in elsewhere.iterdir()] == [CARRIER]


def test_a_file_that_leads_elsewhere_is_replaced_and_what_it_led_to_is_not(
    carrier: Carrier, port: Port, tmp_path: Path
) -> None:
    live(carrier.hub, 3)
    stick, secret = port.plug_in("ROJO", MARK, "village-hub/up/x"), tmp_path / "secret"
    secret.write_text("mine")
    ours(stick).symlink_to(secret)
    (stick / "village-hub" / "down").mkdir()
    os.mkfifo(stick / "village-hub" / "down" / "pipe.vhub")
    (stick / "village-hub" / "down" / "link.vhub").symlink_to(secret)
    run(carrier, port)
    assert states() == {"ROJO": WRITTEN}
    assert secret.read_text() == "mine"
    assert not ours(stick).is_symlink()


def test_replies_are_known_by_what_is_in_them_and_bad_ones_are_passed_over(carrier: Carrier, port: Port) -> None:
    live(carrier.hub, 3)
    reply = carrier.bring().reply
    assert reply is not None
    stick = port.plug_in("ROJO", MARK)
    down = stick / "village-hub" / "down"
    down.mkdir()
    (down / "a.vhub").write_bytes(reply[:-1])
    (down / "b.vhub").write_bytes(b"PK")
    (down / "big.vhub").write_bytes(bytes(5 << 20))
    (down / "carta para dzemul (2).vhub").write_bytes(reply)
    run(carrier, port)
    assert carrier.hub.waiting() == []


def test_a_stick_that_is_pulled_out_is_forgotten(carrier: Carrier, port: Port) -> None:
    stick = port.plug_in("ROJO", MARK)
    run(carrier, port)
    port.pull_out(stick)
    assert run(carrier, port)
    assert states() == {}
    assert not run(carrier, port)


def test_a_stick_pulled_out_at_any_call_has_the_old_file_or_the_new_and_the_hub_loses_nothing(
    carrier: Carrier, port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call that touches the stick fails once, as when it is gone; then it is plugged in again."""
    live(carrier.hub, 3)
    stick = port.plug_in("ROJO", MARK)
    run(carrier, port)
    old = ours(stick).read_bytes()
    carrier.hub.counts.play(DAYS[0], 2)
    carrier.hub.seal()
    new = carrier.fetch().path.read_bytes()
    failed = 0
    for name in ("open", "mkdir", "fsync", "replace", "listdir", "fdopen"):
        for number in range(1, 40):
            Plugged.delete().execute()
            ours(stick).write_bytes(old)
            with failing(monkeypatch, name, number) as calls:
                run(carrier, port)
            assert ours(stick).read_bytes() in {old, new}
            assert carrier.hub.waiting() == DAYS[:1]
            if calls[0] < number:
                break
            failed += 1
            assert states()["ROJO"] != WRITTEN or name == "mkdir"
    assert failed > 12
    Plugged.delete().execute()
    run(carrier, port)
    assert ours(stick).read_bytes() == new
    assert [path.name for path in ours(stick).parent.iterdir()] == [ours(stick).name]


class failing:  # noqa: N801 (used as a function)
    """Let call `number` of os.`name` fail with EIO, as the stick's file system does when it is gone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
        self.calls, self.real = [0], getattr(os, name)
        self.patch, self.name, self.number = monkeypatch, name, number

    def __enter__(self) -> list[int]:
        def call(*args: object, **more: object) -> object:
            if self.name in {"fsync", "fdopen", "listdir"} or "dir_fd" in more or "src_dir_fd" in more:
                self.calls[0] += 1
                if self.calls[0] == self.number:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
            return self.real(*args, **more)

        self.patch.setattr(sticks.os, self.name, call)
        return self.calls

    def __exit__(self, *_error: object) -> None:
        self.patch.setattr(sticks.os, self.name, self.real)


def test_what_is_gone_before_it_is_opened_is_not_written_to_the_hubs_own_disk(
    carrier: Carrier, port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = port.plug_in("ROJO", MARK)
    real, seen = mounts.mounted, []

    def mounted(under: Path) -> list[Path]:
        seen.append(under)
        return real(under) if len(seen) == 1 else []

    monkeypatch.setattr(sticks, "mounted", mounted)
    run(carrier, port)
    assert states() == {"ROJO": GONE}
    assert not ours(stick).exists()


def test_a_technician_writes_to_all_sticks_by_the_command(carrier: Carrier, port: Port, tmp_path: Path) -> None:
    live(carrier.hub, 3)
    settings = Settings(data=carrier.hub.settings.data, sticks=port.folder, reserve_mb=0)
    with pytest.raises(sticks.StickTrouble, match="No stick is plugged in below"):
        write_to_all(settings, carrier.hub.clock, carrier.hub.library)
    stick = port.plug_in("AZUL", "x")
    ((place, done),) = write_to_all(settings, carrier.hub.clock, carrier.hub.library)
    assert (place, done.days) == (stick, 1)
    assert ours(stick).exists()


class Real:
    """Sticks that the kernel mounts."""

    @staticmethod
    def run(carrier: Carrier, folder: Path) -> None:
        look(folder, carrier.hub.settings, carrier.hub.clock, carrier.hub.library)


def test_a_write_protected_stick_is_read_and_says_so(carrier: Carrier, tmp_path: Path) -> None:
    need("mount")
    live(carrier.hub, 3)
    reply = carrier.bring().reply
    with small_disk(tmp_path / "media" / "ROJO", 1) as stick:
        (stick / "village-hub" / "down").mkdir(parents=True)
        (stick / MARK).write_text("")
        (stick / "village-hub" / "down" / "r.vhub").write_bytes(reply or b"")
        subprocess.run(["mount", "-o", "remount,ro", stick], check=True)
        Real.run(carrier, tmp_path / "media")
        assert states() == {"ROJO": LOCKED}
        assert "take off its write protection" in str(Plugged.get().sentence)
        assert carrier.hub.waiting() == []


def fill(stick: Path) -> None:
    """Photos until there is no room for another page."""
    with suppress(OSError), (stick / "fotos").open("wb", buffering=0) as photos:
        while True:
            photos.write(bytes(4096))


def test_a_full_stick_says_so_and_keeps_its_old_file(carrier: Carrier, tmp_path: Path) -> None:
    need("mount")
    live(carrier.hub, 3)
    with small_disk(tmp_path / "media" / "ROJO", 1) as stick:
        (stick / "village-hub").mkdir()
        (stick / MARK).write_text("")
        Real.run(carrier, tmp_path / "media")
        old = ours(stick).read_bytes()
        fill(stick)
        carrier.hub.counts.play(DAYS[0])
        carrier.hub.machine.pass_time(seconds=AGAIN + 1)
        Real.run(carrier, tmp_path / "media")
        assert states() == {"ROJO": FULL}
        assert ours(stick).read_bytes() == old
        assert [path.name for path in ours(stick).parent.iterdir()] == [ours(stick).name]


def test_a_stick_as_phones_and_cameras_format_them_carries(carrier: Carrier, tmp_path: Path) -> None:
    live(carrier.hub, 3)
    (tmp_path / "media").mkdir()
    with exfat_stick(tmp_path / "media", 16) as stick:
        (stick / "VILLAGE-HUB" / "Up").mkdir(parents=True)
        (stick / "VILLAGE-HUB" / CARRIER.lower()).write_text("")
        Real.run(carrier, tmp_path / "media")
        assert states() == {"stick": WRITTEN}
        at_head_office(carrier, stick)
        Real.run(carrier, tmp_path / "media")
        assert carrier.hub.waiting() == []
