"""What strangers and broken hubs send: each is told in a sentence, figures stay exact, and others are taken in beside."""

import datetime as dt
import secrets
import threading
import zlib

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.inbox.models import ItemUse as ItemRow
from collector.inbox.models import Quarantine, Sealing, Summary
from tests.collector.sender import FakeHub
from tests.collector.test_deciding import inbox
from tests.collector.test_inbox import totals
from wire import cose, messages, summary
from wire.columns import deflate
from wire.exchange import MOST_RECORDS, open_answer
from wire.summary import LONGEST_PLAIN, ItemUse, Undated, digest

DAY = dt.date(2026, 2, 28)


def closed(hub: FakeHub, plain: bytes, *, raw: bool = False) -> bytes:
    """`plain` in an envelope that the hub really signed."""
    return cose.sign(plain if raw else deflate(plain), hub.key, hub.id)


def a_map(hub: FakeHub, at: dict | None = None, **changes: object) -> bytes:
    """A summary's map with fields, by name or by key, that no true program writes."""
    names = {name: key for key, name in summary.PLAIN.items()}
    named = {names[name]: value for name, value in changes.items()}
    return cbor2.dumps(dict(sorted((summary._to_map(hub.day()) | named | (at or {})).items())))


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(bytes(size)) + packer.flush()


def bad_records(hub: FakeHub) -> dict[str, bytes]:
    """One of each kind, all but the first few under the hub's own true signature."""
    good, stranger = hub.sealed(day=DAY), Ed25519PrivateKey.generate()
    return {
        "empty": b"",
        "noise": secrets.token_bytes(300),
        "cut": good[:-1],
        "altered": good[:100] + bytes([good[100] ^ 1]) + good[101:],
        "signed by somebody else": cose.sign(deflate(a_map(hub)), stranger, hub.id),
        "of nobody": cose.sign(deflate(a_map(hub)), stranger, b"nobody.."),
        "a batch in a summary's place": hub.body([], b"n" * 16),
        "unfolds to 20 MB": closed(hub, bomb(20 << 20), raw=True),
        "unfolds to a byte too many": closed(hub, bytes(LONGEST_PLAIN + 1)),
        "a billion items": closed(hub, b"\x9a\x3b\x9a\xca\x00" + bytes(1000)),
        "2^64 items": closed(hub, b"\xbb" + b"\xff" * 8),
        "deep": closed(hub, b"\x81" * 60_000 + b"\x00"),
        "endless": closed(hub, b"\x9f" + b"\x00" * 100),
        "2^53 seconds": closed(hub, a_map(hub, seconds_played=2**53, person_seconds=2**53)),
        "2^63 plays": closed(hub, a_map(hub, plays=2**63)),
        "2^64 less one plays": closed(hub, a_map(hub, plays=2**64 - 1)),
        "negative plays": closed(hub, a_map(hub, plays=-1)),
        "negative revision": closed(hub, a_map(hub, revision=-1)),
        "revision 0": closed(hub, a_map(hub, revision=0)),
        "half a play": closed(hub, a_map(hub, plays=0.5)),
        "plays in words": closed(hub, a_map(hub, plays="3")),
        "a day in 2300": closed(hub, a_map(hub, at={3: 1 << 16})),
        "25 hours and a minute": closed(hub, a_map(hub, minutes_up=1501)),
        "version 99": closed(hub, a_map(hub, at={1: 99})),
        "day and part": closed(hub, a_map(hub, at={25: [b"abcd", 0, None, None]})),
        "contradicts itself": closed(hub, a_map(hub, visitors=1, visitors_new_month=2)),
    }


def test_of_every_kind_of_bad_record_the_sender_is_told_why_and_the_good_ones_count(client, hub):
    bad = bad_records(hub)
    hub.send(hub.sealed(day=dt.date(2026, 2, 1), plays=3))
    good = hub.sealed(day=DAY, plays=5)
    answer = hub.send(*bad.values(), good)
    told = {row.digest: row.sentence for row in answer.refused}
    assert {name for name, record in bad.items() if digest(record) not in told} == set()
    assert [sentence for sentence in told.values() if not sentence.endswith(".")] == []
    assert [row.digest for row in answer.acknowledged] == [digest(good)]
    assert totals(client)["plays"] == 8
    assert client.get("/inbox").status_code == client.get("/sites/dzemul").status_code == 200


def test_a_batch_of_bad_records_alone_is_answered_one_by_one(client, hub):
    answer = hub.send(*(f"garbage {number}".encode() for number in range(MOST_RECORDS)))
    assert len({row.digest for row in answer.refused}) == MOST_RECORDS
    assert answer.acknowledged == []
    assert Quarantine.select().count() == 200


def test_one_bad_record_among_the_most_that_fit_blocks_none(client, hub):
    days = [dt.date(2025, 1, 1) + dt.timedelta(days=number) for number in range(MOST_RECORDS - 1)]
    records = [hub.sealed(day=day, items=(), plays=1, group_plays=0) for day in days]
    answer = hub.send(*records[:300], b"garbage", *records[300:])
    assert (len(answer.acknowledged), len(answer.refused)) == (MOST_RECORDS - 1, 1)
    assert totals(client)["plays"] == MOST_RECORDS - 1


def test_a_hub_that_fills_its_share_leaves_the_shares_of_others_alone(client, hub):
    other = FakeHub.enrolled(client, "Elsewhere")
    for start in (0, 400):
        hub.send(*(f"garbage {number}".encode() for number in range(start, start + 400)))
    assert inbox(client)["full"] == [hub.id.hex()]
    assert "has sent more bad records than are kept" in client.get("/inbox?lang=en").text
    assert len(other.send(b"noise").refused) == 1
    assert Quarantine.select().where(Quarantine.hub == other.id.hex()).count() == 1
    assert len(hub.send(hub.sealed(plays=3)).acknowledged) == 1
    assert totals(client)["plays"] == 3


@pytest.mark.parametrize(
    "forged",
    ["by another hub", "by nobody", "altered", "a summary", "too many records", "deep", "lineage of nothing"],
)
def test_a_batch_that_is_no_good_gets_a_sentence_and_changes_nothing(client, hub, forged):
    other = FakeHub.enrolled(client, "Elsewhere")
    body = hub.body([hub.sealed(plays=3)], b"n" * 16)
    fields = {0: 2, 1: 1, 2: b"n" * 16, 3: [], 4: None, 5: 0, 6: ""}
    bodies = {
        "by another hub": cose.sign(cbor2.dumps(fields), other.key, hub.id),
        "by nobody": cose.sign(cbor2.dumps(fields), Ed25519PrivateKey.generate(), b"nobody.."),
        "altered": body[:-80] + bytes([body[-80] ^ 1]) + body[-79:],
        "a summary": hub.sealed(),
        "too many records": cose.sign(cbor2.dumps(fields | {3: [b""] * 600}), hub.key, hub.id),
        "deep": cose.sign(b"\x81" * 900_000, hub.key, hub.id),
        "lineage of nothing": cose.sign(cbor2.dumps(fields | {8: [1, 2]}), hub.key, hub.id),
    }
    answer = client.post("/v1/summaries", data=bodies[forged])
    assert answer.status_code == 400
    assert answer.json["error"].endswith(".")
    assert (Summary.select().count(), Sealing.select().count()) == (0, 0)
    assert [row["last_heard"] for row in client.get("/api/v1/sites").json] == [None, None]


def test_an_answer_to_one_request_is_no_answer_to_another(client, hub):
    answer = client.post("/v1/summaries", data=hub.body([], b"n" * 16))
    with pytest.raises(Exception, match="belongs to another request"):
        open_answer(answer.data, hub.office, b"m" * 16)


def test_parts_without_end_are_bounded_by_what_a_hub_signs_and_counted_once(client, hub):
    """The largest part, the largest boot tag, bounds that are upside down: whatever it says, it counts once."""
    odd = Undated(b"\xff" * 4, 2**16 - 1, dt.date(2199, 1, 1), dt.date(2020, 1, 1))
    for _ in range(3):
        hub.send(hub.sealed(day=None, undated=odd, boots=(b"\xff" * 4,), plays=7), speaks=2)
    assert totals(client)["plays"] == 7
    assert client.get("/inbox").status_code == 200
    fields = {"by": "Rosa", "day": "2026-02-01"}
    assert client.post(f"/api/v1/inbox/undated/{Summary.get().id}", json=fields).status_code == 409


def test_uploads_beside_an_attack_are_all_answered(office, client, hub):
    """Four attackers send the worst that fits, as fast as they are answered; an honest hub sends its days meanwhile."""
    attackers = [FakeHub.enrolled(office.test_client(), f"Bad {number}") for number in range(4)]
    body = [closed(attacker, bomb(1 << 20), raw=True) for attacker in attackers]
    over, attacks = threading.Event(), []

    def attack(at: int) -> None:
        while not over.is_set():
            attacks.append(len(attackers[at].send(*[body[at]] * 100).refused))

    threads = [threading.Thread(target=attack, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    try:
        days = [DAY - dt.timedelta(days=number) for number in range(12)]
        answers = [hub.send(hub.sealed(day=day, plays=3)) for day in days]
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert [len(answer.acknowledged) for answer in answers] == [1] * 12
    assert set(attacks) == {100}
    assert totals(client)["plays"] == 36


def test_a_batch_of_days_with_thousands_of_items_is_taken_in_a_few_at_a_time(client, hub, monkeypatch):
    """A batch of some kilobytes can hold two million rows: nobody else waits while they are written."""
    monkeypatch.setattr("collector.inbox.receive.MOST_ROWS", 1600)
    items = tuple(ItemUse(number, 1, 1, 0) for number in range(400))
    days = [DAY - dt.timedelta(days=number) for number in range(8)]
    records = [hub.sealed(day=day, items=items, plays=400) for day in days]
    named = []
    while len(named) < len(days):
        left = records[len(named) :]
        answer = hub.send(*left)
        assert answer.refused == []
        assert 0 < len(answer.acknowledged) <= 5
        named += answer.acknowledged
    assert [row.digest for row in named] == [digest(record) for record in records]
    assert ItemRow.select().count() == 8 * 400


def test_a_hub_of_numbers_that_no_database_can_add_up_takes_no_page_away(client, hub):
    """2^53 a day, a thousand days long: more than 64 bits hold."""
    FakeHub.enrolled(client, "Elsewhere").send()
    most = {
        "seconds_played": 2**53 - 1,
        "person_seconds": 2**53 - 1,
        "local_bytes": 2**53 - 1,
        "uplink_bytes": 2**53 - 1,
    }
    hub.send(hub.sealed(day=DAY, items=(), **most))
    row = Summary.select().dicts().get()
    for start in range(0, 1200, 100):
        Summary.insert_many([row | {"id": 1000 + n, "epoch": n} for n in range(start, start + 100)]).execute()
    paths = ("/", "/sites/dzemul", "/inbox", "/api/v1/sites", "/api/v1/sites/dzemul/days", "/steps/usage")
    assert [path for path in paths if client.get(path).status_code in {500, 503}] == []
    assert client.get("/api/v1/sites/dzemul/days").json[0]["local_bytes"] > 2**63


def test_kinds_of_messages_never_pass_for_each_other(client, hub):
    for kind in messages.Kind:
        if kind is not messages.Kind.SUMMARY:
            record = closed(hub, a_map(hub, at={0: int(kind)}))
            assert [row.digest for row in hub.send(record).refused] == [digest(record)]
    assert totals(client)["plays"] == 0
