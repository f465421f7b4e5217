"""Sticks as they are in villages: pulled out midway, write-protected, formatted elsewhere, full."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from content_cache.errors import ContentError, SourceError
from content_cache.library import Library
from content_cache.passing import export
from content_cache.sync.engine import sync
from content_cache.sync.source import FolderSource
from content_cache.trust.anchor import Anchor
from tests.faults.disks import exfat_stick, need
from tests.faults.shipping import Shipment, bring
from tests.town import small_disk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shipment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shipment:
    return Shipment(tmp_path / "shipment", monkeypatch, large=2_000_000)


def test_a_stick_pulled_out_midway_goes_on_where_it_was_when_it_comes_again(shipment, tmp_path):
    need("mount")
    village, source = shipment.village(tmp_path / "village"), FolderSource(tmp_path / "port" / "content")
    came = []

    def pull(done: int, _total: int) -> None:
        came.append(done)
        if done > 1_000_000:
            subprocess.run(["umount", "--lazy", tmp_path / "port"], check=True)

    with contextlib.suppress(subprocess.CalledProcessError), small_disk(tmp_path / "port", 8) as stick:
        shipment.copy(stick / "content")
        anchor = Anchor(village / "trust")
        anchor.refresh(source, now=dt.datetime.now(dt.UTC))
        with pytest.raises(ContentError, match="plug"):
            sync(Library(village), source, anchor.target("all"), progress=pull)
    shipment.assert_sound(village)
    assert bring(village, FolderSource(shipment.repository)).came < 2_000_000
    shipment.finish(village)


def test_a_write_protected_stick_is_as_good_as_any_and_takes_nothing(shipment, tmp_path):
    need("mount")
    with small_disk(tmp_path / "port", 8) as stick:
        shipment.copy(stick / "content")
        subprocess.run(["mount", "-o", "remount,ro", stick], check=True)
        hub = shipment.hub(tmp_path / "hub", "sync", "--from", str(stick / "content"))
        said, _ = hub.communicate(timeout=60)
        assert hub.returncode == 0, said
        shipment.finish(tmp_path / "hub" / "library")
        hub = shipment.hub(tmp_path / "hub", "export", "--to", str(stick / "for-others"))
        said, _ = hub.communicate(timeout=60)
        assert "Read-only file system" in said
        assert hub.returncode != 0


def test_a_stick_as_phones_and_cameras_format_them_carries_content_on(shipment, tmp_path):
    """On exFAT no name tells small letters from capitals, and some that lie there already are ours but for that."""
    village = shipment.village(tmp_path / "village")
    shipment.finish(village)
    with exfat_stick(tmp_path, 16) as stick:
        for name in ("METADATA", "O", "C", "M", "Incoming"):
            (stick / "content" / name).mkdir(parents=True)
        (stick / "content" / "Metadata" / "TIMESTAMP.JSON").write_bytes(b"{}")
        passed = export(Library(village), stick / "content")
        assert passed.lacking == 0
        neighbour = shipment.village(tmp_path / "neighbour")
        assert bring(neighbour, FolderSource(stick / "content")).coming == 0
        assert shipment.assert_sound(neighbour) == 2


def test_an_export_that_does_not_fit_or_is_cut_off_is_gone_on_with(shipment, tmp_path):
    need("mount")
    village = shipment.village(tmp_path / "village")
    shipment.finish(village)
    with small_disk(tmp_path / "port", 3) as stick:
        (stick / "photos").write_bytes(bytes(1_500_000))
        with pytest.raises(ContentError, match="free at least"):
            export(Library(village), stick / "content")
        with pytest.raises((ContentError, SourceError)):
            bring(shipment.village(tmp_path / "first"), FolderSource(stick / "content"))
        shipment.assert_sound(tmp_path / "first")
        (stick / "photos").unlink()
        export(Library(village), stick / "content")
        neighbour = shipment.village(tmp_path / "neighbour")
        assert bring(neighbour, FolderSource(stick / "content")).coming == 0
        assert shipment.assert_sound(neighbour) == 2
    shutil.rmtree(village)
