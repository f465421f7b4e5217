"""Sticks are found by themselves, read and never written, and each gets a word for what became of it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from content_cache.errors import Busy, NoSpace, OlderRelease, RepositoryError, SourceError
from content_cache.sync.synced import Synced
from content_cache.trust.errors import Expired, NoSuchGroup, NotPinned, NotSigned, Older, OtherKeys, TrustError
from hub.content import mounts
from hub.content.models import Stick
from hub.content.status import sticks
from hub.content.sticks import AGAIN, READING, STATES, WAIT, look

if TYPE_CHECKING:
    from pathlib import Path

    from content_cache.errors import ContentError
    from content_cache.sync.source import Source
    from tests.hub.content.conftest import Box


def synced(*, changed: bool, stopped: bool = False) -> Synced:
    return Synced(
        release="3-0123456789ab", number=3, changed=changed, courses=1, items=1, blobs=0, bytes=0, came=0, coming=0,
        left=(), problems=(), stopped=stopped,
    )  # fmt: skip


class Port:
    """A folder under which sticks are plugged in: the kernel's table of mounts is a file that the test writes."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.folder = folder / "media"
        self.folder.mkdir()
        self.table = folder / "mountinfo"
        self.inside: list[Path] = []
        self.write()
        monkeypatch.setattr(mounts, "TABLE", self.table)
        self.taken: list[str] = []
        self.outcome: Synced | ContentError = synced(changed=True)

    def write(self) -> None:
        lines = ["22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/root rw"]
        lines += [
            f"{40 + n} 22 8:1 / {str(stick).replace(' ', chr(92) + '040')} ro - vfat /dev/sda1 ro"
            for n, stick in enumerate(self.inside)
        ]
        self.table.write_text("\n".join(lines) + "\n")

    def plug_in(self, name: str, *files: str) -> Path:
        stick = self.folder / name
        for file in files or ("metadata/timestamp.json",):
            (stick / file).parent.mkdir(parents=True, exist_ok=True)
            (stick / file).write_text("{}")
        stick.mkdir(parents=True, exist_ok=True)
        self.inside.append(stick)
        self.write()
        return stick

    def pull_out(self, stick: Path) -> None:
        shutil.rmtree(stick)
        self.inside.remove(stick)
        self.write()

    def take(self, source: Source) -> Synced:
        self.taken.append(source.name)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture
def port(tmp_path: Path, monkeypatch) -> Port:
    return Port(tmp_path, monkeypatch)


def run(box: Box, port: Port) -> bool:
    return look(port.folder, box.clock, port.take)


def test_a_stick_is_found_at_its_top_or_in_the_hubs_folder_and_told_by_its_name(box: Box, port: Port) -> None:
    port.plug_in("MI USB")
    port.plug_in("user/ROJO", "village-hub/metadata/timestamp.json")
    port.plug_in("FOTOS", "DCIM/1.jpg")
    assert run(box, port)
    assert [(one.name, one.state, one.release) for one in sticks()] == [("MI USB", "taken", 3), ("ROJO", "taken", 3)]
    assert port.taken == [f"{port.folder}/MI USB", f"{port.folder}/user/ROJO/village-hub"]


def test_a_folder_on_which_nothing_is_mounted_is_no_stick(box: Box, port: Port) -> None:
    port.plug_in("copy")
    port.inside.clear()
    port.write()
    assert not run(box, port)
    assert sticks() == ()


def test_a_stick_is_read_once_and_again_when_something_else_is_on_it(box: Box, port: Port) -> None:
    stick = port.plug_in("usb")
    run(box, port)
    port.outcome = synced(changed=False)
    assert not run(box, port)
    os.utime(stick / "metadata/timestamp.json", ns=(1, 1))
    assert run(box, port)
    assert [one.state for one in sticks()] == ["known"]


def test_what_is_pulled_out_leaves_the_page_and_is_read_when_it_comes_again(box: Box, port: Port) -> None:
    stick = port.plug_in("usb")
    run(box, port)
    port.pull_out(stick)
    assert run(box, port)
    assert sticks() == ()
    port.plug_in("usb")
    run(box, port)
    assert len(port.taken) == 2


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (NotSigned("no"), "unsigned"),
        (TrustError("no"), "foreign"),
        (OtherKeys("no"), "foreign"),
        (Older("no"), "older"),
        (OlderRelease("no"), "older"),
        (Expired("no"), "expired"),
        (NotPinned("no"), "unpinned"),
        (NoSuchGroup("no"), "group"),
        (NoSpace("no"), "full"),
        (Busy("no"), "busy"),
        (SourceError("no"), "broken"),
        (RepositoryError("no"), "broken"),
    ],
)
def test_each_trouble_has_its_word_and_its_sentence(box: Box, port: Port, error: ContentError, state: str) -> None:
    port.plug_in("usb")
    port.outcome = error
    run(box, port)
    (stick,) = sticks()
    assert (stick.state, stick.sentence) == (state, "no")
    assert state in STATES
    assert run(box, port) is (state == "busy"), "what it waits for ends soon"
    box.seconds += WAIT
    assert run(box, port) is (state == "busy" or state in AGAIN)


def test_an_unsigned_repository_is_looked_at_so_that_the_page_can_say_so(box: Box, port: Port) -> None:
    port.plug_in("usb", "catalogue.json")
    port.outcome = NotSigned("It holds no signed content; sign it.")
    run(box, port)
    assert [one.sentence for one in sticks()] == ["It holds no signed content; sign it."]


def test_a_stick_that_was_being_read_when_the_power_went_is_read_on(box: Box, port: Port) -> None:
    port.plug_in("usb")
    run(box, port)
    Stick.update(state=READING).execute()
    assert run(box, port)
    assert len(port.taken) == 2


def test_a_stick_that_was_being_read_when_the_hub_stopped_is_read_on(box: Box, port: Port) -> None:
    port.plug_in("usb")
    port.outcome = synced(changed=True, stopped=True)
    run(box, port)
    assert [one.state for one in sticks()] == ["reading"]
    port.outcome = synced(changed=True)
    assert run(box, port)
    assert [one.state for one in sticks()] == ["taken"]
