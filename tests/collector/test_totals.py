"""Totals that come by a short message stand beside what is held, and give way to the full record."""

import pytest

from collector.inbox.models import Quarantine
from collector.inbox.receive import take_totals
from collector.sites.models import Hub
from tests.collector.sender import FakeHub
from tests.collector.test_deciding import Person, inbox
from tests.collector.test_inbox import totals
from tests.collector.test_lineage import heard
from wire.errors import BadRecord
from wire.sealing import key_of, shared_secret
from wire.short import seal_totals, with_courses
from wire.summary import seal


def message(hub: FakeHub, **changes) -> bytes:
    """The day's totals, closed as the hub closes them."""
    secret = shared_secret(hub.sealing, key_of(hub.welcome.sealing_key), hub.id)
    return seal_totals(hub.day(**changes), secret)


@pytest.fixture
def take(office):
    def take(data: bytes) -> str:
        with office.test_request_context():
            return take_totals(data, office.extensions["office"])

    return take


def test_totals_are_kept_once_and_the_full_record_takes_their_place(client, hub, take):
    data = message(hub, revision=2, plays=8)
    assert take(data) == "The totals of 2026-02-28 are kept."
    assert heard(client)[0] == "2026-03-01T16:00:00Z"
    assert take(data) == "The totals of 2026-02-28 were here already."
    (row,) = client.get("/api/v1/sites/dzemul/days").json
    assert (row["plays"], row["items_older"]) == (8, True)
    assert len(hub.send(hub.sealed(revision=2, plays=8)).acknowledged) == 1
    (row,) = client.get("/api/v1/sites/dzemul/days").json
    assert (row["plays"], row["items_older"]) == (8, False)
    assert take(message(hub, revision=1, plays=7)) == "The totals of 2026-02-28 are kept."
    assert totals(client)["plays"] == 8


def test_totals_that_contradict_each_other_are_an_alarm_that_can_be_resolved(client, hub, take):
    take(message(hub, plays=3))
    assert "two hubs may share one identity" in take(message(hub, plays=300))
    assert totals(client)["plays"] == 3
    assert [row["other"]["plays"] for row in inbox(client)["set_aside"]] == [300]
    client.get("/?lang=en")
    Person(client).done(f"/inbox/records/{Quarantine.get().id}", word="take")
    assert totals(client)["plays"] == 300


def test_a_message_that_is_forged_or_of_nobody_is_refused_and_leaves_nothing(client, hub, take):
    stranger = FakeHub(client)
    stranger.sealing, stranger.welcome = hub.sealing, hub.welcome
    data = message(hub, plays=3)
    for bad, sentence in (
        (message(stranger), "is enrolled here"),
        (data[:-1] + bytes([data[-1] ^ 1]), "altered on the way"),
        (data[:9] + bytes([data[9] ^ 1]) + data[10:], "altered on the way"),
        (b"hello", "no message of a hub"),
    ):
        with pytest.raises(BadRecord, match=sentence):
            take(bad)
    assert totals(client)["plays"] == 0
    assert heard(client) == (None, None)
    Hub.update(sealing_key=None).execute()
    with pytest.raises(BadRecord, match="is enrolled here"):
        take(data)


def test_an_old_batch_brings_no_old_key_back(client, hub):
    """Who keeps a batch of a hub that had another key cannot have things sealed for that key again."""
    old = hub.body([], b"o" * 16, sealing_key=b"\x09" * 32)
    client.post("/v1/summaries", data=old)
    hub.send(hub.sealed(), sealing_key=hub.public_sealing)
    client.post("/v1/summaries", data=old)
    assert bytes(Hub.get().sealing_key) == hub.public_sealing


def test_a_day_that_tells_its_courses_alone_counts_by_course_until_its_items_come(client, hub):
    def by_course():
        return {row["number"]: row["plays"] for row in client.get("/api/v1/sites/dzemul/courses").json}

    short = with_courses(hub.day(plays=3), lambda item: 1 if item == 4 else 2)
    hub.send(seal(short, hub.key, hub.id))
    assert by_course() == {1: 1, 2: 2}
    hub.send(hub.sealed(revision=2, plays=3))
    assert sum(by_course().values()) == 3
    assert 1 not in by_course(), "items without a name are of no known course"
    hub.send(seal(with_courses(hub.day(revision=3, plays=3), lambda item: 1), hub.key, hub.id))
    assert 1 not in by_course(), "the columns of the fuller revision stay"
