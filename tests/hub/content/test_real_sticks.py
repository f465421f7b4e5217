"""Sticks that the kernel really mounts: found by themselves, read-only, pulled out midway, unsigned, of another folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from content_cache.library import Library
from hub.content.mounts import mounted
from hub.content.origin import pin
from hub.content.status import sticks
from hub.content.sticks import look
from hub.content.sync import bring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from content_cache.sync.source import Source
    from content_cache.sync.synced import Synced
    from tests.hub.content.conftest import Box, Press

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="component absent: root, to mount a stick")


class Port:
    """A folder under which sticks are plugged in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()

    def plug_in(self, name: str, content: Path, *, within: str = "") -> Path:
        """A stick that can only be read, with a copy of `content`."""
        stick = self.folder / name
        stick.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "stick", str(stick)], check=True)
        shutil.copytree(content, stick / within, dirs_exist_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", str(stick)], check=True)
        return stick

    def pull_out(self, stick: Path) -> None:
        subprocess.run(["umount", "-l", str(stick)], check=True)

    def clear(self) -> None:
        for stick in reversed(mounted(self.folder)):
            self.pull_out(stick)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    made = Port(tmp_path / "media")
    yield made
    made.clear()


@pytest.fixture
def published(box: Box, press: Press) -> Press:
    """Two courses, and a hub that knows head office's keys."""
    press.course("precio-justo", 150_000, 150_000)
    press.course("ahorro", 150_000)
    press.publish()
    pin(press.root, box.library.root)
    return press


def run(box: Box, port: Port) -> None:
    look(port.folder, box.clock, lambda source: bring(source, box.settings, box.clock, box.library))


def states() -> list[tuple[str, str]]:
    return [(stick.name, stick.state) for stick in sticks()]


def test_a_stick_that_can_only_be_read_is_taken_in(box: Box, port: Port, published: Press) -> None:
    port.plug_in("ROJO", published.repository, within="village-hub")
    run(box, port)
    assert states() == [("ROJO", "taken")]
    assert box.library.number() == 1


def test_one_that_is_pulled_out_midway_is_taken_in_when_it_comes_again(box: Box, port: Port, published: Press) -> None:
    stick = port.plug_in("ROJO", published.repository)

    def torn(source: Source) -> Synced:
        return bring(source, box.settings, box.clock, box.library, progress=pull_out)

    def pull_out(done: int, _total: int) -> None:
        if done > 100_000 and mounted(port.folder):
            port.pull_out(stick)

    look(port.folder, box.clock, torn)
    assert states() == [("ROJO", "broken")]
    here = sum(blob.size for blob in box.library.store)
    assert here > 0
    run(box, port)
    assert states() == [], "it is gone"
    port.plug_in("ROJO", published.repository)
    run(box, port)
    assert states() == [("ROJO", "taken")]
    catalogue = box.library.catalogue()
    assert catalogue is not None
    assert catalogue.totals().coming == 0
    catalogue.close()


def test_what_is_not_head_offices_is_left_alone_beside_what_is(
    box: Box, port: Port, published: Press, tmp_path: Path
) -> None:
    unsigned = shutil.copytree(published.repository, tmp_path / "unsigned")
    shutil.rmtree(unsigned / "metadata")
    tampered = shutil.copytree(published.repository, tmp_path / "tampered")
    timestamp = tampered / "metadata" / "timestamp.json"
    timestamp.write_bytes(timestamp.read_bytes().replace(b'"version":1', b'"version":9', 1))
    port.plug_in("A", unsigned)
    port.plug_in("B", tampered)
    port.plug_in("C", published.repository)
    run(box, port)
    assert states() == [("A", "unsigned"), ("B", "foreign"), ("C", "taken")]


def test_the_next_village_is_seeded_by_what_this_one_exports(
    box: Box, port: Port, published: Press, tmp_path: Path
) -> None:
    from content_cache.passing import export

    port.plug_in("ROJO", published.repository)
    run(box, port)
    export(box.library, tmp_path / "copy")
    port.clear()
    port.plug_in("AZUL", tmp_path / "copy", within="village-hub")
    box.library = Library(tmp_path / "next village")
    pin(published.root, box.library.root)
    run(box, port)
    assert ("AZUL", "taken") in states()
    assert box.library.number() == 1
