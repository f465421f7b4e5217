"""The lives of a hub (tests/hub/uplink/lives.py) told to the real head office, word for word beside the books.

Whatever befalls the box, both answer the same to every batch, and at the end both count the same.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from collector.app import create_app
from collector.db import database as office_database
from collector.figures.query import all_sites, days
from collector.inbox.models import Quarantine
from collector.settings import Settings
from collector.sites.models import Hub, Site
from hub.db import database as hub_database
from hub.site import this_site
from tests.hub.uplink.lives import Life, cuts
from wire.exchange import Answer, open_answer, open_batch

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 60


class ToldLife(Life):
    """What the hub hears is head office's own signed answer, which must say what the books say."""

    def __init__(self, folder: Path, dice: random.Random, url: str) -> None:
        settings = Settings(data=folder / "office", database=url)
        self.app = create_app(settings, clock=self._now)
        super().__init__(folder, dice)
        name = bytes(this_site().hub)
        with office_database.connection_context():
            Site.create(id="dzemul", name="Dzemul", time_zone="America/Merida", made=0)
            key = self.keys[name].public_bytes_raw()
            Hub.insert(id=name.hex(), site="dzemul", public_key=key, enrolled=0).execute()

    def _now(self) -> float:
        return self.true.timestamp()

    def _answer(self, body: bytes) -> Answer:
        expected = super()._answer(body)
        reply = self.app.test_client().post("/v1/summaries", data=body)
        assert reply.status_code == 200, reply.text
        key = self.app.extensions["office"].key.public_key()
        answer = open_answer(reply.data, key, open_batch(body, self.keys.get).nonce)
        assert (answer.acknowledged, answer.refused) == (expected.acknowledged, expected.refused), self.deeds
        assert _told(answer) == _told(expected), self.deeds
        return answer


def _told(answer: Answer) -> object:
    """How far ahead head office is; the order of what it has counted is nobody's business."""
    ahead = answer.ahead
    return ahead and (
        ahead.epoch,
        ahead.sequence,
        ahead.mark,
        sorted((str(at), sorted(of)) for at, of in ahead.counted),
    )


@pytest.mark.parametrize("seed", range(2))
def test_head_office_counts_each_event_of_a_life_once(tmp_path: Path, database_url: str, seed: int) -> None:
    life = ToldLife(tmp_path, random.Random(f"told {seed}"), database_url)
    try:
        with cuts(life):
            life.live(STEPS)
        life.come_to_an_end()
        counted, recorded = life.counted(), life.recorded()
    finally:
        hub_database.close()
    assert life.events > 5
    assert recorded - life.at_risk <= counted.keys()
    with office_database.connection_context():
        (site,), rows = all_sites(), days("dzemul")
        assert (site.plays, site.minutes) == (len(counted), round(len(counted) / 6, 1))
        assert sum(row.local_bytes for row in rows) == life.books.total("local_bytes")
        assert sum(row.visits for row in rows) == len(counted)
        assert Quarantine.select().count() == 0
