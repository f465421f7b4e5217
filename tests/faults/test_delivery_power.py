"""The plug pulled, and `kill -9`, at every step that a sync or a publication takes on its disk.

One process does its work on a disk of its own and stands still after each step. What `kill -9` would leave then is a copy
of the files; what a power cut would leave is a copy of the disk's bytes, without what waits in memory to be written.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from content_cache.publisher.verify import verify_repository
from tests.faults.disks import disk_image, mounted, need
from tests.faults.shipping import Shipment
from tests.faults.tracing import Steps
from tests.simulators.link import ContentServer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shipment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shipment:
    need("strace", "mkfs.ext4")
    return Shipment(tmp_path / "shipment", monkeypatch)


@pytest.mark.parametrize("way", ["stick", "line"])
def test_a_sync_cut_off_at_any_step_leaves_the_old_release_or_the_new_and_ends_later(shipment, tmp_path, way):
    """From a stick come files; over a line a delta comes, from which they are made."""
    killed, cut, looked = set(), set(), set()
    with ContentServer(shipment.repository) as server, disk_image(tmp_path / "disk", 16) as disk:
        shipment.village(disk.mount / "village")
        os.sync()
        place = shipment.repository if way == "stick" else f"http://127.0.0.1:{server.port}"
        with Steps(shipment.command(disk.mount / "village", place), os.environ) as steps:
            for number, _step in enumerate(steps):
                left = shutil.copytree(disk.mount / "village", tmp_path / f"killed-{number}", symlinks=True)
                killed.add(shipment.assert_sound(left))
                shipment.finish(left)
                image = disk.cut(tmp_path / "cut.img")
                if (digest := hashlib.sha256(image.read_bytes()).digest()) in looked:
                    continue
                looked.add(digest)
                with mounted(image, tmp_path / "after") as after:
                    cut.add(shipment.assert_sound(after / "village"))
                    shipment.finish(after / "village")
    assert steps.code == 0
    assert len(looked) > 10, "most steps must reach the disk for this to mean anything"
    assert (killed, cut) == ({1, 2}, {1, 2})


def test_a_publication_cut_off_at_any_step_leaves_a_repository_to_sync_from_and_ends_later(shipment, tmp_path):
    killed, cut, looked = set(), set(), set()
    shipment.publish(3, shipment.copy(tmp_path / "whole"))
    with disk_image(tmp_path / "disk", 16) as disk:
        there = shipment.copy(disk.mount / "repository")
        os.sync()
        with Steps(shipment.publishing(there), os.environ) as steps:
            for number, _step in enumerate(steps):
                village = shipment.village(tmp_path / f"village-{number}")
                left = shipment.copy(tmp_path / f"killed-{number}", there)
                killed.add(shipment.take_from(left, village))
                image = disk.cut(tmp_path / "cut.img")
                if (digest := hashlib.sha256(image.read_bytes()).digest()) in looked:
                    continue
                looked.add(digest)
                with mounted(image, tmp_path / "after") as after:
                    cut.add(shipment.take_from(after / "repository", village))
                    shipment.publish(3, after / "repository")
                    assert shipment.take_from(after / "repository", village) == 3
                    assert verify_repository(after / "repository").problems == ()
    assert steps.code == 0
    assert len(looked) > 10, "most steps must reach the disk for this to mean anything"
    assert (killed, cut) == ({2, 3}, {2, 3})
