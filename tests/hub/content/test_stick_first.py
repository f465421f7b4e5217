"""A stick does not wait until a night's download has ended: the download goes on when the stick is read."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from typing import TYPE_CHECKING

from hub.content import mounts
from hub.content.models import Stick, state
from hub.content.origin import configure, pin
from hub.worker.jobs import Work, bring_content, read_sticks
from hub.worker.stops import Either
from tests.simulators.link import ContentServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.content.conftest import Box, Press


def test_a_stick_ends_the_download_that_it_waits_for(box: Box, press: Press, tmp_path: Path, monkeypatch) -> None:
    press.course("precio-justo", 400_000)
    press.publish()
    stick = tmp_path / "media" / "usb"
    shutil.copytree(press.repository, stick)
    table = tmp_path / "mountinfo"
    table.write_text(f"40 22 8:1 / {stick} ro - vfat /dev/sda1 ro\n")
    monkeypatch.setattr(mounts, "TABLE", table)
    settings = dataclasses.replace(box.settings, sticks=tmp_path / "media")
    work = Work(settings, box.clock, box.library, threading.Event())
    pin(press.root, box.library.root)
    with ContentServer(press.repository) as server:
        configure(server.url, None)
        for path in (press.repository / "o").iterdir():
            server.lies[f"o/{path.name}"] = "hang"
        download = threading.Thread(target=bring_content, args=(work,))
        download.start()
        while not any(path.startswith("o/") for path in server.paths()):
            work.stop.wait(0.05)
        read_sticks(work)
        assert Stick.get().state == "busy"
        download.join(30)
        assert not download.is_alive()
        assert state().unfinished
        read_sticks(work)
        assert Stick.get().state == "taken"
        assert box.library.number() == 1


def test_either_of_two_events_stops() -> None:
    first, second = threading.Event(), threading.Event()
    either = Either(first, second)
    assert not either.wait(0.01)
    second.set()
    assert either.is_set()
    assert either.wait(5)
