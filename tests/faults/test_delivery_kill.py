"""`kill -9` again and again while content comes over a slow line, two syncs at once, and a catalogue beyond all measure."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING

import msgspec
import pytest

from content_cache.errors import RepositoryError
from content_cache.records import FORMAT, MAX_ITEMS, CourseEntry, Head
from content_cache.sync.source import FolderSource
from content_cache.trust.passphrases import Passphrases
from content_cache.trust.signing import sign
from content_cache.trust.targets import Target
from tests.faults.shipping import Shipment, bring
from tests.simulators.link import ContentServer, Link
from tests.simulators.repository import keep
from tests.town import until

if TYPE_CHECKING:
    from pathlib import Path

LARGE = 2_000_000


@pytest.fixture
def shipment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shipment:
    return Shipment(tmp_path / "shipment", monkeypatch, large=LARGE)


def test_a_sync_killed_again_and_again_gets_there_and_asks_for_nothing_twice(shipment, tmp_path):
    dice, village = random.Random(4), shipment.village(tmp_path / "village")
    kills, code = 0, None
    with ContentServer(shipment.repository) as server, Link(server.port, rate=1_500_000) as link:
        while code != 0:
            command = shipment.command(village, f"http://127.0.0.1:{link.port}")
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            enough = link.down + dice.randrange(1, LARGE // 5)
            assert until(lambda: link.down > enough or process.poll() is not None, 60)  # noqa: B023 (asked at once)
            process.kill()
            code = process.wait()
            kills += code != 0
            shipment.assert_sound(village)
        down = link.down
    assert kills >= 3
    assert down < LARGE + kills * 100_000
    shipment.finish(village)


def test_of_two_syncs_at_once_one_does_the_work_and_one_says_so(shipment, tmp_path):
    with ContentServer(shipment.repository) as server, Link(server.port, rate=1_000_000) as link:
        place = f"http://127.0.0.1:{link.port}"
        first = shipment.hub(tmp_path / "hub", "sync", "--from", place)
        assert until(lambda: link.down > 100_000, 60)
        second = shipment.hub(tmp_path / "hub", "sync", "--from", place)
        said, _ = second.communicate(timeout=60)
        assert "Another command is at work" in said
        assert second.returncode == 75
        said, _ = first.communicate(timeout=60)
        assert first.returncode == 0, said
    shipment.finish(tmp_path / "hub" / "library")


def test_a_catalogue_of_more_than_a_million_items_is_refused_though_it_is_signed(shipment, tmp_path):
    village = shipment.village(tmp_path / "village")
    entries = [
        CourseEntry(slug=f"curso-{number}", number=number, manifest="0" * 64, items=MAX_ITEMS, bytes=1, size=1)
        for number in (1, 2, 3)
    ]
    text = msgspec.json.encode(Head(format=FORMAT, release=3, next_number=9, courses=tuple(entries)))
    target = Target(sha256=keep(shipment.repository / "c", text), size=len(text), release=3)
    sign(shipment.repository, shipment.keys, {"all": target}, Passphrases.found([]))
    with pytest.raises(RepositoryError, match=f"names more than {MAX_ITEMS} items"):
        bring(village, FolderSource(shipment.repository))
    assert shipment.assert_sound(village) == 1
