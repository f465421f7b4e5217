"""Boxes that were put back or copied, old batches that come again, levels of detail, hubs of the version before."""

import datetime as dt
import itertools
import secrets

import pytest

from collector.inbox.models import Quarantine
from collector.inbox.receive import take_batch
from collector.sites.models import Hub
from hub.uplink.epochs import Counted
from hub.uplink.replies import LONGEST_REPLY
from tests.collector.sender import FakeHub, a_code
from tests.collector.test_inbox import totals
from tests.test_docs import read
from tests.wire.samples import HUB, KEY
from wire.exchange import LONGEST_STATE, MARK, Lineage, open_answer
from wire.summary import CourseUse, ItemUse, Level, Part, Undated, digest

BOOT, OTHER_BOOT = b"\x0a\x0b\x0c\x0d", b"\x1a\x1b\x1c\x1d"


def day(number: int) -> dt.date:
    return dt.date(2026, 2, number)


class Box:
    """One box of a hub: its sealings in order. A copy of it goes its own way from there."""

    def __init__(self, hub: FakeHub, epoch: int = 7) -> None:
        self.hub, self.epoch, self.log = hub, epoch, []

    def seal(self, **changes) -> bytes:
        record = self.hub.sealed(**{"epoch": self.epoch, "sequence": len(self.log) + 1, "revision": 1, **changes})
        self.log.append(record)
        return record

    def copy(self, until: int | None = None) -> "Box":
        box = Box(self.hub, self.epoch)
        box.log = self.log[:until]
        return box

    def lineage(self, first: int = 1) -> Lineage:
        return Lineage(self.epoch, first, b"".join(digest(record)[:MARK] for record in self.log[first - 1 :]))

    def send(self, *records: bytes, first: int = 1, **rest):
        return self.hub.send(*records, lineage=self.lineage(first), speaks=2, **rest)


@pytest.fixture
def box(hub) -> Box:
    return Box(hub)


def test_a_box_that_goes_on_is_never_told_to_be_behind(client, box):
    for number in range(1, 5):
        answer = box.send(box.seal(day=day(number), plays=3), first=number)
        assert (answer.ahead, len(answer.acknowledged)) == (None, 1)
    assert totals(client)["plays"] == 12


def test_a_box_put_back_is_noticed_though_the_newest_that_is_held_is_one_of_its_own(client, box):
    box.send(box.seal(day=day(1), plays=3), box.seal(day=day(2), plays=4))
    restored = box.copy(until=0)
    answer = restored.send(restored.seal(day=day(1), plays=5), restored.seal(day=day(2), plays=4))
    assert restored.log[1] == box.log[1]
    assert (answer.ahead.sequence, answer.ahead.mark) == (1, digest(box.log[0])[:MARK])
    assert answer.refused == []
    assert totals(client)["plays"] == 7


def test_a_box_put_back_is_told_what_is_counted_and_adds_nothing_to_that_epoch(client, box):
    box.send(*(box.seal(day=day(number), plays=3, boots=(BOOT,)) for number in (1, 2, 3)))
    restored = box.copy(until=1)
    answer = restored.send(restored.seal(day=day(4), plays=50, boots=(OTHER_BOOT,)))
    assert (answer.acknowledged, answer.refused) == ([], [])
    assert (answer.ahead.epoch, answer.ahead.sequence, answer.ahead.mark) == (7, 3, digest(box.log[2])[:MARK])
    assert sorted(answer.ahead.counted) == [(day(number), [BOOT]) for number in (1, 2, 3)]
    assert totals(client)["plays"] == 9


def test_a_copy_that_went_its_own_way_is_found_by_its_marks(client, box):
    box.send(box.seal(day=day(1), plays=3))
    twin = box.copy()
    box.send(box.seal(day=day(2), plays=3))
    answer = twin.send(twin.seal(day=day(2), plays=50), twin.seal(day=day(3), plays=50))
    assert (answer.acknowledged, answer.refused, answer.ahead.sequence) == ([], [], 2)
    assert totals(client)["plays"] == 6
    assert Quarantine.select().count() == 0


def test_what_such_a_box_sends_again_and_what_it_sends_of_other_epochs_is_taken(client, box):
    box.send(*(box.seal(day=day(number), plays=3) for number in (1, 2, 3)))
    restored = box.copy(until=2)
    older = Box(box.hub, epoch=6).seal(day=day(1), plays=4)
    answer = restored.send(restored.log[1], restored.seal(day=day(9), plays=50), older)
    assert {row.digest for row in answer.acknowledged} == {digest(restored.log[1]), digest(older)}
    assert answer.ahead.sequence == 3
    assert totals(client)["plays"] == 13


def test_a_record_that_was_replaced_since_is_held_all_the_same(box):
    old, new = box.seal(day=day(1), plays=1, group_plays=0), box.seal(day=day(1), revision=2)
    box.send(old, new)
    answer = box.copy(until=1).send(old)
    assert [row.digest for row in answer.acknowledged] == [digest(old)]


def test_the_new_epoch_is_added_to_what_stands(client, box):
    box.send(*(box.seal(day=day(number), plays=3) for number in (1, 2, 3)))
    fresh = Box(box.hub, epoch=8)
    answer = fresh.send(fresh.seal(day=day(3), plays=2), fresh.seal(day=day(4), plays=2))
    assert (answer.ahead, len(answer.acknowledged)) == (None, 2)
    assert totals(client)["plays"] == 13


def test_parts_without_a_date_are_told_as_counted_too(box):
    part = box.seal(day=None, undated=Undated(BOOT, 2), boots=(BOOT,))
    box.send(part, box.seal(day=day(1)))
    restored = box.copy(until=0)
    assert (Part(BOOT, 2), [BOOT]) in restored.send(restored.seal(day=day(2))).ahead.counted


def test_of_a_box_with_thousands_of_boots_as_much_is_told_as_its_hub_reads(box):
    """Else it would hear nothing, begin no epoch, and be left alone for ever."""
    first, boots = dt.date(2025, 1, 1), [number.to_bytes(4) for number in range(300)]
    days = [first + dt.timedelta(days=number) for number in range(200)]
    box.send(*(box.seal(day=each, boots=tuple(boots), items=(), plays=1, group_plays=0) for each in days))
    restored = box.copy(until=190)
    answer = restored.send(restored.seal(day=day(20), boots=(BOOT,)))
    assert len(box.hub.last_body) + LONGEST_STATE < LONGEST_REPLY
    assert answer.ahead.cut
    assert answer.ahead.sequence == 200
    told = dict(answer.ahead.counted)
    assert days[190] in told, "the nearest to where the box stands"
    assert told[days[190]] == boots
    counted = Counted(answer.ahead)
    assert all(counted.has(boots[0], 0, each) for each in days[:196])
    assert not counted.has(BOOT, 0, day(20))


def test_one_number_for_two_records_is_an_alarm_without_a_lineage_too(client, hub):
    hub.send(hub.sealed(day=day(1), sequence=5, plays=3))
    other = hub.sealed(day=day(2), sequence=5, plays=50)
    answer = hub.send(other)
    assert [row.digest for row in answer.refused] == [digest(other)]
    assert "as number 5" in answer.refused[0].sentence
    assert totals(client)["plays"] == 3


def test_another_content_of_a_revision_that_was_replaced_is_an_alarm(client, hub):
    hub.send(hub.sealed(revision=1, plays=3), hub.sealed(revision=2, plays=4))
    assert "Head office holds revision 1 of 2026-02-28" in hub.send(hub.sealed(revision=1, plays=9)).refused[0].sentence
    assert totals(client)["plays"] == 4


FULL = {"items": (ItemUse(5, 2, 2, 1),)}
LESS = {"items": (), "hours": (), "level": Level.TOTALS}
COURSES = {"items": (), "hours": (), "level": Level.COURSES, "courses": (CourseUse(1, 2, 3),)}


def test_totals_come_from_the_highest_revision_and_items_from_the_highest_full_one(client, hub):
    dates = []
    for number, order in enumerate(itertools.permutations(range(4))):
        dates.append(dt.date(2026, 1, 1) + dt.timedelta(days=number))
        records = [
            hub.sealed(day=dates[-1], revision=1, plays=1, group_plays=0, **FULL),
            hub.sealed(day=dates[-1], revision=2, plays=2, items=(ItemUse(6, 2, 2, 1),)),
            hub.sealed(day=dates[-1], revision=3, plays=8, **LESS),
            hub.sealed(day=dates[-1], revision=2, plays=2, **COURSES),
        ]
        for at in order:
            assert len(hub.send(records[at]).acknowledged) == 1
    assert days_and_items(client) == ([(8, True)] * 24, [6])
    hub.send(*(hub.sealed(day=date, revision=3, plays=8, items=(ItemUse(7, 2, 2, 1),)) for date in dates))
    assert days_and_items(client) == ([(8, False)] * 24, [7])


def days_and_items(client) -> tuple:
    rows = client.get("/api/v1/sites/dzemul/days").json
    items = client.get("/api/v1/sites/dzemul/items").json
    return [(row["plays"], row["items_older"]) for row in rows], [row["number"] for row in items]


def heard(client) -> tuple:
    row = client.get("/api/v1/sites").json[0]
    return row["last_heard"], row["last_carried"]


@pytest.fixture
def later(office):
    """Turn head office's clock."""
    from dataclasses import replace

    def turn(seconds: float) -> None:
        running = office.extensions["office"]
        before = running.clock()
        office.extensions["office"] = replace(running, clock=lambda: before + seconds)

    return turn


def test_a_batch_that_comes_again_changes_nothing_and_is_not_hearing_from_the_hub(client, box, later):
    body = box.hub.body([box.seal(day=day(1), plays=3)], b"n" * 16, lineage=box.lineage(), software="1")
    assert client.post("/v1/summaries", data=body).status_code == 200
    box.send(box.seal(day=day(2), plays=3), software="2")
    before = heard(client)
    later(3600)
    answer = client.post("/v1/summaries", data=body)
    assert len(open_answer(answer.data, box.hub.office, b"n" * 16).acknowledged) == 1
    assert heard(client) == before == ("2026-03-01T16:00:00Z", None)
    assert Hub.get().software == "2"
    assert totals(client)["plays"] == 6


def test_an_old_batch_is_no_news_however_long_ago_it_was(client, box, later):
    body = box.hub.body([box.seal(day=day(1))], b"n" * 16, lineage=box.lineage())
    client.post("/v1/summaries", data=body)
    for number in range(2, 20):
        box.send(box.seal(day=day(number)))
    Hub.update(nonces=b"").execute()  # so long ago that its nonce is forgotten
    before = heard(client)
    later(3600)
    client.post("/v1/summaries", data=body)
    assert heard(client) == before


def test_what_was_carried_tells_when_it_came_and_not_that_the_hub_was_heard(client, office, box, later):
    body = box.hub.body([box.seal(day=day(1), plays=3)], secrets.token_bytes(16), lineage=box.lineage(), software="1")
    with office.test_request_context():
        answer = take_batch(body, office.extensions["office"])
    assert len(open_answer(answer, box.hub.office, None).acknowledged) == 1
    assert heard(client) == (None, "2026-03-01T16:00:00Z")
    later(3600)
    with office.test_request_context():
        assert len(open_answer(take_batch(body, office.extensions["office"]), box.hub.office, None).acknowledged) == 1
    assert heard(client) == (None, "2026-03-01T16:00:00Z")
    assert totals(client)["plays"] == 3


def test_a_hub_of_the_version_before_whose_batch_comes_again_is_not_heard_either(client, hub, later):
    old = hub.body([hub.sealed(day=day(1))], b"n" * 16, oldest_unacknowledged=1)
    client.post("/v1/summaries", data=old)
    hub.send(hub.sealed(day=day(2)), oldest_unacknowledged=2)
    Hub.update(nonces=b"").execute()
    before = heard(client)
    later(3600)
    client.post("/v1/summaries", data=old)
    assert heard(client) == before
    hub.send(hub.sealed(day=day(3)), oldest_unacknowledged=0)  # it was set up afresh, and brings what is new
    assert heard(client) != before


def vector(name: str) -> bytes:
    text = read("formats/summary.md").split(f"```{name}\n")[1].split("```")[0]
    return bytes.fromhex("".join(text.split()))


@pytest.fixture
def old_hub(client) -> FakeHub:
    """The hub whose bytes of version 1 stand in docs/formats/summary.md."""
    hub = FakeHub(client)
    hub.id, hub.key = HUB, KEY
    hub.enrol(a_code())
    return hub


def test_recorded_bytes_of_a_hub_of_version_1_are_taken_in(client, old_hub):
    answer = old_hub.send(vector("summary"))
    assert [row.digest for row in answer.acknowledged] == [vector("digest")]
    assert answer.ahead is None
    (row,) = client.get("/api/v1/sites/dzemul/days").json
    assert (row["day"], row["plays"], row["visitors"], row["items_older"]) == ("2026-02-28", 3, 2, False)
    asked = client.post("/v1/summaries", data=vector("batch"))
    assert open_answer(asked.data, old_hub.office, bytes(range(16))).refused == []


def test_what_a_hub_tells_of_itself_may_hold_any_letter(client, hub):
    hub.send(software="1.0\x00\x07é")
    assert Hub.get().software == "1.0\ufffd\ufffdé"
