"""Short messages at head office: totals by SMS, courses in a burst; the full record takes their place."""

import base64
import datetime as dt

import pytest

from collector.db import database
from collector.inbox.models import Quarantine, Summary
from collector.office import Guesses
from tests.collector.sender import FakeHub
from wire.sealing import key_of, shared_secret
from wire.short import seal_totals, with_courses
from wire.summary import Level, seal

DAY = dt.date(2026, 2, 28)


def secret(hub: FakeHub) -> bytes:
    return shared_secret(hub.sealing, key_of(hub.welcome.sealing_key), hub.id)


def totals(hub: FakeHub, **changes) -> bytes:
    return seal_totals(hub.day(**changes), secret(hub))


def held() -> list[tuple]:
    with database.connection_context() if database.is_closed() else database.atomic():
        rows = Summary.select(Summary.day, Summary.revision, Summary.level, Summary.plays, Summary.columns_revision)
        return list(rows.order_by(Summary.day).tuples())


def post(client, data: bytes) -> tuple[int, str]:
    answer = client.post("/v1/messages", data=data)
    return answer.status_code, answer.json.get("sentence") or answer.json["error"]


@pytest.fixture
def hub(client) -> FakeHub:
    return FakeHub.enrolled(client)


def test_totals_are_shown_until_the_full_record_comes_and_are_never_added(client, hub):
    assert post(client, totals(hub)) == (200, "The totals of 2026-02-28 are kept.")
    assert held() == [(DAY, 2, Level.TOTALS, 3, None)]
    assert client.get("/api/v1/sites").json[0]["totals"]["plays"] == 3
    hub.send(hub.sealed())
    assert held() == [(DAY, 2, Level.FULL, 3, 2)]
    assert client.get("/api/v1/sites").json[0]["totals"]["plays"] == 3


def test_totals_that_come_after_the_full_record_change_nothing(client, hub):
    hub.send(hub.sealed())
    before = held()
    assert post(client, totals(hub))[0] == 200
    assert held() == before
    assert not Quarantine.select().exists()


def test_totals_of_a_higher_revision_give_the_totals_and_the_columns_stay(client, hub):
    hub.send(hub.sealed())
    assert post(client, totals(hub, revision=3, plays=8, person_seconds=999))[0] == 200
    assert held() == [(DAY, 3, Level.TOTALS, 8, 2)]
    assert hub.send(hub.sealed()).refused == []
    assert held() == [(DAY, 3, Level.TOTALS, 8, 2)]


def test_a_message_before_its_record_raises_no_alarm_and_shows_no_box_ahead(client, hub):
    """The lineage is told by full records alone: a message bears no mark."""
    from wire.exchange import Lineage
    from wire.summary import digest

    assert post(client, totals(hub))[0] == 200
    sealed = hub.sealed()
    answer = hub.send(sealed, lineage=Lineage(3_735_928_559, 1, digest(sealed)[:4]), speaks=2)
    assert answer.ahead is None
    assert [row.digest for row in answer.acknowledged] == [digest(sealed)]


def test_the_same_message_again_is_here_already(client, hub):
    data = totals(hub)
    assert [post(client, data)[1] for _ in range(3)] == [
        "The totals of 2026-02-28 are kept.",
        "The totals of 2026-02-28 were here already.",
        "The totals of 2026-02-28 were here already.",
    ]
    assert len(held()) == 1


def test_totals_sealed_under_another_key_of_the_same_hub_are_the_same_totals(client, hub):
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    day = hub.day()
    assert post(client, seal_totals(day, secret(hub)))[0] == 200
    hub.sealing = X25519PrivateKey.generate()
    hub.send(sealing_key=hub.public_sealing)
    assert post(client, seal_totals(day, secret(hub))) == (200, "The totals of 2026-02-28 were here already.")
    assert not Quarantine.select().exists()


@pytest.mark.parametrize(
    "written",
    [
        bytes,
        lambda data: data.hex().encode(),
        lambda data: data.hex().upper().encode() + b"\r\n",
        lambda data: b" ".join(data.hex(" ").encode().split()),
        base64.b64encode,
        base64.encodebytes,
        lambda data: base64.urlsafe_b64encode(data).rstrip(b"="),
    ],
    ids=["bytes", "hexadecimal", "in capitals", "in pairs", "base64", "in lines", "as in addresses"],
)
def test_a_message_is_read_however_the_gateway_writes_it(client, hub, written):
    assert post(client, written(totals(hub))) == (200, "The totals of 2026-02-28 are kept.")
    day = with_courses(hub.day(day=dt.date(2026, 2, 27)), {4: 1, 12: 1}.get)
    assert post(client, written(seal(day, hub.key, hub.id))) == (200, "The courses of 2026-02-27 are kept.")


def test_courses_in_340_bytes_are_taken_in_and_replaced_by_the_full_record(client, hub):
    day = with_courses(hub.day(), {4: 1, 12: 1}.get)
    data = seal(day, hub.key, hub.id)
    assert len(data) <= 340
    assert post(client, data) == (200, "The courses of 2026-02-28 are kept.")
    assert held() == [(DAY, 2, Level.COURSES, 3, None)]
    hub.send(hub.sealed())
    assert held() == [(DAY, 2, Level.FULL, 3, 2)]


def test_what_is_forged_damaged_or_of_another_hub_changes_nothing_and_is_told(client, hub):
    other = FakeHub.enrolled(client, "Maní")
    data, sealed = totals(hub), hub.sealed()
    wrong = {
        "forged": data[:-16] + bytes(16),
        "cut": data[:-1],
        "one bit": data[:20] + bytes([data[20] ^ 1]) + data[21:],
        "of another hub's secret": seal_totals(hub.day(), secret(other)),
        "of another hub's name": data[:1] + other.id + data[9:],
        "of nobody": data[:1] + b"nobody!!" + data[9:],
        "signed by another": seal(hub.day(), other.key, hub.id),
        "a record cut": sealed[:-1],
        "nothing": b"",
        "a page": b"<html>Please pay</html>",
        "too long": b"e1" * 4000,
    }
    for name, body in wrong.items():
        status, sentence = post(client, body)
        assert status in {400, 413}, name
        assert sentence.endswith("."), name
    assert held() == []
    assert not Quarantine.select().exists()


def test_who_sends_many_wrong_ones_must_wait(client, hub, monkeypatch):
    monkeypatch.setattr(Guesses, "ALLOWED", 3)
    assert [post(client, b"wrong")[0] for _ in range(4)] == [400, 400, 400, 429]


def test_right_ones_are_never_held_up(client, hub, monkeypatch):
    monkeypatch.setattr(Guesses, "ALLOWED", 3)
    days = [dt.date(2026, 2, number) for number in range(1, 11)]
    assert {post(client, totals(hub, day=day))[0] for day in days} == {200}
    assert len(held()) == 10


def test_all_counts_of_a_day_come_in_a_batch_alone(client, hub):
    """Who has caught a record of a box that was put back could else have counted what it tells in a new epoch."""
    status, sentence = post(client, hub.sealed())
    assert status == 400
    assert sentence.startswith("All counts of a day come in a batch")
    assert held() == []


def test_a_box_that_was_put_back_takes_no_counts_away_by_a_message(client, hub):
    mine, others, lost = b"mine", b"more", b"lost"
    hub.send(hub.sealed(boots=(lost, mine), plays=9))
    late = {"revision": 3, "sequence": 90, "boots": (mine, others), "plays": 1, "group_plays": 0}
    day = with_courses(hub.day(**late), {4: 1, 12: 1}.get)
    for data in (totals(hub, **late), seal(day, hub.key, hub.id)):
        status, sentence = post(client, data)
        assert (status, sentence[:20]) == (200, "More boots of the hu")
    assert held() == [(DAY, 2, Level.FULL, 9, 2)]
    assert post(client, totals(hub, **late | {"boots": (lost, mine, others), "plays": 10}))[0] == 200
    assert held() == [(DAY, 3, Level.TOTALS, 10, 2)]
