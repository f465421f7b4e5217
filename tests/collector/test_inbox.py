import datetime as dt
import random
import threading

from tests.collector.sender import NOW, FakeHub
from tests.wire.samples import a_day
from wire.summary import HourUse, ItemUse, digest, seal

QUIET = {"items": (), "hours": (HourUse(0, 0, 0),) * 24}


def totals(client, site="dzemul") -> dict:
    return next(row for row in client.get("/api/v1/sites").json if row["id"] == site)["totals"]


def test_a_day_is_kept_acknowledged_by_name_and_counted(client, hub):
    record = hub.sealed(plays=3, seconds_played=290)
    answer = hub.send(record)
    assert [(row.day, row.revision, row.digest) for row in answer.acknowledged] == [
        (dt.date(2026, 2, 28), 2, digest(record))
    ]
    assert (answer.refused, answer.time, answer.missing) == ([], NOW, [])
    assert totals(client) == {"plays": 3, "visitors": 1, "visitors_at_most": False, "minutes": 4.8}


def test_the_same_batch_any_number_of_times_counts_once(client, hub):
    record = hub.sealed()
    assert [len(hub.send(record, record).acknowledged) for _ in range(3)] == [2, 2, 2]
    assert totals(client)["plays"] == 3


def test_the_highest_revision_stays_whatever_the_order(client, hub):
    records = [hub.sealed(revision=number, plays=number, group_plays=0) for number in range(1, 8)]
    random.Random(4).shuffle(records)
    for record in records:
        assert hub.send(record).acknowledged[0].digest == digest(record)
    assert totals(client)["plays"] == 7


def test_epochs_of_a_hub_are_added_and_their_visitors_read_at_most(client, hub):
    hub.send(hub.sealed(epoch=1, plays=5), hub.sealed(epoch=2, plays=4))
    assert totals(client) == {"plays": 9, "visitors": 2, "visitors_at_most": True, "minutes": 9.7}
    (day,) = client.get("/api/v1/sites/dzemul/days").json
    assert (day["plays"], day["visitors"], day["visitors_at_most"]) == (9, 4, True)


def test_items_of_an_older_revision_are_replaced(client, hub):
    hub.send(hub.sealed(revision=1, items=(ItemUse(5, 2, 2, 1), ItemUse(6, 9, 1, 1))))
    hub.send(hub.sealed(revision=2, items=(ItemUse(5, 3, 2, 1),)))
    page = client.get("/sites/dzemul?lang=en").text
    assert "item 5" in page
    assert "item 6" not in page


def test_one_revision_with_other_content_is_an_alarm_that_is_kept(client, hub):
    hub.send(hub.sealed(plays=3))
    other = hub.sealed(plays=300)
    answer = hub.send(other)
    assert not answer.acknowledged
    assert answer.refused[0].digest == digest(other)
    assert "two hubs may share one identity" in answer.refused[0].sentence
    assert totals(client)["plays"] == 3
    assert "two hubs may share one identity" in client.get("/sites/dzemul").text


def test_a_bad_record_is_set_aside_and_blocks_nothing(client, hub):
    bad = b"not a summary"
    answer = hub.send(hub.sealed(), bad, hub.sealed(day=dt.date(2026, 3, 1)))
    assert len(answer.acknowledged) == 2
    assert [row.digest for row in answer.refused] == [digest(bad)]
    assert "send what the hub or head office made" in client.get("/sites/dzemul").text


def test_what_is_set_aside_is_bounded(client, hub):
    from collector.inbox.models import Quarantine

    for start in range(0, 500, 250):
        answer = hub.send(*(f"garbage {number}".encode() for number in range(start, start + 250)))
        assert len(answer.refused) == 250
    assert Quarantine.select().count() == 200


def test_a_record_that_another_hub_sealed_is_refused_and_changes_nothing_of_either(client, hub):
    other = FakeHub.enrolled(client, "Elsewhere")
    answer = hub.send(other.sealed(plays=8), hub.sealed(plays=3))
    assert "another hub's" in answer.refused[0].sentence
    assert len(answer.acknowledged) == 1
    assert (totals(client, "elsewhere")["plays"], totals(client)["plays"]) == (0, 3)


def test_a_record_signed_by_another_hub_is_refused(client, hub):
    other = FakeHub.enrolled(client, "Elsewhere")
    forged = seal(a_day(hub=hub.id, plays=8), other.key, hub.id)
    assert "seal does not fit" in hub.send(forged).refused[0].sentence
    assert totals(client)["plays"] == 0


def test_a_day_that_a_wrong_clock_made_up_hides_no_gap(hub):
    made_up = (dt.date(2090, 1, 1), dt.date(2199, 6, 5))
    days = [dt.date(2026, 2, 1), dt.date(2026, 2, 3), *made_up]
    answer = hub.send(*(hub.sealed(epoch=7, day=day) for day in days))
    assert len(answer.acknowledged) == 4
    assert answer.missing == [(7, dt.date(2026, 2, 2))]


def test_days_that_never_came_are_named(hub):
    first, later = dt.date(2026, 2, 1), dt.date(2026, 2, 5)
    answer = hub.send(hub.sealed(epoch=7, day=first), hub.sealed(epoch=7, day=later), hub.sealed(epoch=8, day=first))
    assert answer.missing == [(7, dt.date(2026, 2, day)) for day in (2, 3, 4)]


def test_an_empty_batch_asks_for_the_time_and_counts_as_heard(client, hub):
    assert client.get("/api/v1/sites").json[0]["last_heard"] is None
    assert hub.send().time == NOW
    assert client.get("/api/v1/sites").json[0]["last_heard"] == "2026-03-01T16:00:00Z"


def test_a_hub_that_is_not_enrolled_is_told_so(client, hub):
    stranger = FakeHub(client)
    refusal = client.post("/v1/summaries", data=stranger.body([], b"n" * 16))
    assert refusal.status_code == 400
    assert "enrol it with `hub setup`" in refusal.json["error"]


def test_a_body_over_a_megabyte_is_refused_in_a_sentence(client):
    refusal = client.post("/v1/summaries", data=bytes(1_100_000))
    assert (refusal.status_code, refusal.json["error"]) == (413, "At most 1048576 bytes are taken at once; send less.")


def test_uploads_at_the_same_time_keep_every_record(client, office):
    hubs = [FakeHub.enrolled(office.test_client(), f"Site {number}") for number in range(4)]
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=number) for number in range(5)]
    refused = []

    def upload(hub, seed):
        records = [hub.sealed(day=day) for day in days]
        shuffled = random.Random(seed).sample(records, len(records))
        for start in range(0, len(shuffled), 4):
            refused.extend(hub.send(*shuffled[start : start + 4]).refused)

    threads = [threading.Thread(target=upload, args=(hub, seed)) for hub in hubs for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    assert [row["totals"]["plays"] for row in client.get("/api/v1/sites").json] == [15] * 4
