"""What people at head office decide about the inbox: on its page, by its API, and what comes of it."""

import datetime as dt
import threading
from dataclasses import replace

import pytest

from collector.app import create_app
from collector.inbox.models import Decision, Quarantine
from collector.settings import Settings
from collector.state.store import current
from tests.collector.sender import NOW, FakeHub, a_code
from tests.collector.test_inbox import totals
from tests.collector.test_pages import TOKEN, Cells
from tests.collector.test_undated import BOOT, a_part, days
from wire.summary import ItemUse, Part, Undated, digest

HERE = {"Origin": "http://localhost"}
ROSA = {"by": "Rosa"}


def day(number: int) -> dt.date:
    return dt.date(2026, 2, number)


class Person:
    """Somebody at head office with a browser."""

    def __init__(self, client) -> None:
        self.client = client

    def post(self, path: str, **fields):
        return self.client.post(path, data={**ROSA, **fields}, headers=HERE)

    def done(self, path: str, **fields) -> None:
        answer = self.post(path, **fields)
        assert answer.status_code == 303, answer.text
        assert "It is done" in self.client.get("/inbox?lang=en").text

    def refused(self, path: str, sentence: str, **fields) -> None:
        lines = Decision.select().count()
        answer = self.post(path, **fields)
        assert answer.status_code in {400, 409}, answer.text
        assert sentence in answer.text
        assert Decision.select().count() == lines


@pytest.fixture
def rosa(client) -> Person:
    client.get("/?lang=en")
    return Person(client)


def inbox(client, **query) -> dict:
    return client.get("/api/v1/inbox", query_string=query).json


def told(hub) -> list:
    return [(row.answer.subject, row.answer.word) for row in current(hub.id.hex()).draft.answers]


def test_days_that_lack_are_shown_until_yesterday_of_the_site(client, hub):
    hub.send(*(hub.sealed(day=day(number)) for number in (20, 23, 25)))
    gaps = [(row["first"], row["last"], row["days"], row["waits"]) for row in inbox(client)["gaps"]]
    assert gaps == [
        ("2026-02-26", "2026-02-28", 3, True),
        ("2026-02-24", "2026-02-24", 1, False),
        ("2026-02-21", "2026-02-22", 2, False),
    ]


def test_a_day_that_came_in_another_epoch_does_not_lack(client, hub):
    hub.send(*(hub.sealed(day=day(number), epoch=number % 2) for number in range(20, 29)))
    assert inbox(client)["gaps"] == []


def test_days_accepted_as_lost_are_waited_for_no_more_until_that_is_undone(client, hub, rosa):
    hub.send(hub.sealed(day=day(20)), hub.sealed(day=day(25)), hub.sealed(day=day(28)))
    lost = {"hub": hub.id.hex(), "first": "2026-02-22", "last": "2026-02-24"}
    rosa.refused("/inbox/gaps", "Say in a note why", **lost)
    rosa.done("/inbox/gaps", note="The card broke", **lost)
    assert [(row["first"], row["last"]) for row in inbox(client)["gaps"]] == [
        ("2026-02-26", "2026-02-27"),
        ("2026-02-21", "2026-02-21"),
    ]
    assert [number.day for _, number in hub.send().missing] == [21, 26, 27]
    rosa.refused("/inbox/gaps", "not missing now", note="Twice", **lost)
    (given,) = inbox(client)["lost"]
    rosa.done(f"/inbox/gaps/{given['id']}/undo")
    rosa.refused(f"/inbox/gaps/{given['id']}/undo", "not there any more")
    assert [number.day for _, number in hub.send().missing] == [21, 22, 23, 24, 26, 27]
    assert [(row["by"], row["word"], row["about"]) for row in inbox(client)["log"]] == [
        ("Rosa", "waited for", "2026-02-22 … 2026-02-24"),
        ("Rosa", "lost", "2026-02-22 … 2026-02-24"),
    ]


def test_a_lost_day_that_comes_all_the_same_is_counted(client, hub, rosa):
    hub.send(hub.sealed(day=day(26)), hub.sealed(day=day(28)))
    rosa.done("/inbox/gaps", hub=hub.id.hex(), first="2026-02-27", last="2026-02-27", note="x")
    hub.send(hub.sealed(day=day(27), plays=5))
    assert days(client)["2026-02-27"] == 5


def test_a_part_is_counted_under_the_day_it_is_placed_on_until_its_hub_knows_better(client, hub, rosa):
    hub.send(a_part(hub, undated=Undated(BOOT, 0, day(20), day(22))), hub.sealed(plays=3), speaks=2)
    (part,) = inbox(client)["undated"]
    address = f"/inbox/undated/{part['id']}"
    rosa.refused(address, "lies outside", day="2026-02-25")
    rosa.refused(address, "has not come yet", day="2026-03-02", outside="true")
    rosa.refused(address, "lies outside", day="1999-01-01", outside="true")
    rosa.done(address, day="2026-02-21")
    assert days(client) == {"2026-02-28": 3, "2026-02-21": 5}
    hub.send(a_part(hub, undated=Undated(BOOT, 0, day(20), day(22)), revision=3, plays=6), speaks=2)
    assert days(client) == {"2026-02-28": 3, "2026-02-21": 6}
    rosa.done(address, day="2026-02-25", outside="true")
    rosa.done(address)
    assert days(client) == {"2026-02-28": 3, None: 6}
    rosa.done(address, day="2026-02-21")
    hub.send(hub.sealed(day=day(22), plays=9, emptied=(Part(BOOT, 0),)))
    assert days(client) == {"2026-02-28": 3, "2026-02-22": 9}
    assert inbox(client)["undated"] == []
    rosa.refused(address, "not there any more", day="2026-02-21")
    assert [row["word"] for row in inbox(client)["log"]] == ["placed", "unplaced", "placed", "placed"]


def contradicted(hub) -> tuple[bytes, int]:
    """A record that contradicts what is held, and its number in the inbox."""
    hub.send(hub.sealed(plays=3, items=(ItemUse(5, 3, 2, 4),)))
    other = hub.sealed(plays=300, items=(ItemUse(6, 300, 2, 4),))
    assert hub.send(other).refused
    return other, Quarantine.get().id


def test_of_an_alarm_both_versions_stand_side_by_side(client, hub, rosa):
    contradicted(hub)
    rows = Cells(client.get("/inbox").text).rows
    assert ["", "held", "set aside"] in rows
    assert ["Plays", "3", "300"] in rows
    assert ["Day", "Feb 28", "Feb 28"] in rows


def test_the_other_version_can_take_the_place_of_what_is_held(client, hub, rosa):
    other, number = contradicted(hub)
    rosa.done(f"/inbox/records/{number}", word="take")
    assert totals(client)["plays"] == 300
    assert "item 6" in client.get("/sites/dzemul").text
    assert "item 5" not in client.get("/sites/dzemul").text
    assert told(hub) == [(digest(other), "taken")]
    assert [row.digest for row in hub.send(other).acknowledged] == [digest(other)]
    assert hub.send(hub.sealed(plays=3, items=(ItemUse(5, 3, 2, 4),))).refused
    rosa.refused(f"/inbox/records/{number}", "decided meanwhile", word="take")


def test_what_is_held_can_be_kept(client, hub, rosa):
    other, number = contradicted(hub)
    rosa.refused(f"/inbox/records/{number}", "Say in a note why", word="keep")
    rosa.done(f"/inbox/records/{number}", word="keep", note="The copy was switched off")
    assert totals(client)["plays"] == 3
    assert told(hub) == [(digest(other), "held")]
    assert hub.send(other).refused
    assert inbox(client)["set_aside"] == []
    assert Quarantine.get().times == 2


def test_a_record_that_took_the_number_of_another_day_can_take_it_over(client, hub, rosa):
    hub.send(hub.sealed(day=day(20), sequence=5, plays=3), hub.sealed(day=day(21), plays=4))
    hub.send(hub.sealed(day=day(22), sequence=5, plays=50))
    rosa.done(f"/inbox/records/{Quarantine.get().id}", word="take")
    assert days(client) == {"2026-02-22": 50, "2026-02-21": 4}


def test_what_only_the_record_let_go_of_had_emptied_counts_again(client, hub, rosa):
    first, second = Part(BOOT, 0), Part(BOOT, 1)
    hub.send(hub.sealed(day=day(21), plays=2, emptied=(second,)))
    hub.send(hub.sealed(day=day(20), plays=9, emptied=(first, second)))
    late = (a_part(hub, undated=Undated(BOOT, number), plays=4, revision=1) for number in range(2))
    hub.send(*late, hub.sealed(day=day(20), plays=5), speaks=2)
    assert days(client) == {"2026-02-21": 2, "2026-02-20": 9}
    rosa.done(f"/inbox/records/{Quarantine.get().id}", word="take")
    assert days(client) == {"2026-02-21": 2, "2026-02-20": 5, None: 4}


def test_taking_an_older_revision_leaves_newer_totals_and_takes_its_items(client, hub, rosa):
    bare = {"items": (), "hours": (), "level": 2}
    hub.send(hub.sealed(revision=1, plays=3, items=(ItemUse(5, 3, 2, 4),)), hub.sealed(revision=2, plays=8, **bare))
    hub.send(hub.sealed(revision=1, plays=4, items=(ItemUse(6, 4, 2, 4),)))
    rosa.done(f"/inbox/records/{Quarantine.get().id}", word="take")
    assert totals(client)["plays"] == 8
    assert "item 6" in client.get("/sites/dzemul").text


def test_a_record_whose_hub_is_known_by_now_can_be_judged_again(client, hub, rosa):
    stranger = FakeHub(client)
    record = stranger.sealed(plays=7)
    hub.send(record)
    number = Quarantine.get().id
    rosa.refused(f"/inbox/records/{number}", "No hub", word="again")
    rosa.refused(f"/inbox/records/{number}", "One can be chosen only", word="take")
    stranger.enrol(a_code("Elsewhere"))
    rosa.done(f"/inbox/records/{number}", word="again")
    assert totals(client, "elsewhere")["plays"] == 7
    assert told(hub) == [(digest(record), "taken")]


def test_what_is_dismissed_does_not_come_back(client, hub, rosa):
    hub.send(b"garbage")
    rosa.refused(f"/inbox/records/{Quarantine.get().id}", "Say in a note why", word="dismiss")
    rosa.done(f"/inbox/records/{Quarantine.get().id}", word="dismiss", note="From the workshop")
    hub.send(b"garbage")
    assert inbox(client)["set_aside"] == []
    assert "Set aside" not in client.get("/sites/dzemul").text
    assert told(hub) == [(digest(b"garbage"), "dismissed")]


def test_a_decision_made_twice_at_once_is_made_once(office, client, hub):
    _, number = contradicted(hub)
    people = [Person(office.test_client()) for _ in range(4)]
    answers = []

    def decide(person: Person) -> None:
        answers.append(person.post(f"/inbox/records/{number}", word="take").status_code)

    threads = [threading.Thread(target=decide, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 409, 409, 409]
    assert Decision.select().count() == 1


def test_where_two_boxes_report_under_one_identity_pages_say_so(client, hub, office):
    def on(number: int, *epochs: int) -> None:
        clock = dt.datetime(2026, 2, number + 1, 8, tzinfo=dt.UTC).timestamp()
        office.extensions["office"] = replace(office.extensions["office"], clock=lambda: clock)
        for epoch in epochs:
            hub.send(hub.sealed(day=day(number), epoch=epoch))

    for number in range(1, 6):
        on(number, 7)
    for number in range(6, 10):  # put back: the old epoch ends
        on(number, 8)
    assert inbox(client)["shared"] == []
    for number in range(10, 14):
        on(number, 7, 8)
    assert inbox(client)["shared"] == [["dzemul", hub.id.hex()]]
    for path in ("/?lang=en", "/sites/dzemul?lang=en", "/inbox?lang=en"):
        assert "two boxes report under one identity" in client.get(path).text


def test_a_form_that_no_page_of_ours_sent_changes_nothing(client, hub):
    contradicted(hub)
    hub.send(hub.sealed(day=day(20)))
    strange = ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site", **HERE}, {"Host": "evil.example"})
    for path in ("/inbox/gaps", "/inbox/gaps/1/undo", "/inbox/records/1", "/inbox/undated/1"):
        for headers in strange:
            answer = client.post(path, data={"word": "dismiss", "note": "x", **ROSA}, headers=headers)
            assert answer.status_code == 403, (path, headers)
    assert Decision.select().count() == 0


def test_programs_decide_with_the_token_in_the_header_and_not_with_a_cookie(database_url, tmp_path, office):
    settings = Settings(data=tmp_path / "office", database=database_url, token=TOKEN)
    client = create_app(settings, clock=lambda: NOW / 1000).test_client()
    hub = FakeHub.enrolled(client)
    hub.send(b"garbage")
    address = f"/api/v1/inbox/records/{Quarantine.get().id}"
    fields = {"word": "dismiss", "by": "a program", "note": "x"}
    assert client.post(address, json=fields).status_code == 401
    client.post("/sign-in", data={"token": TOKEN})
    assert client.post(address, json=fields).status_code == 401
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert client.post(address, data=fields, headers=bearer).status_code == 415
    assert client.post(address, json={"word": "burn", "by": "x"}, headers=bearer).status_code == 400
    assert client.post(address, json=fields, headers=bearer).json == {"done": True}
    refusal = client.post(address, json=fields, headers=bearer)
    assert (refusal.status_code, refusal.json["error"][:8]) == (409, "That is ")
    other = create_app(settings).test_client()
    assert other.get("/inbox").location == "/sign-in"
    assert other.get("/api/v1/inbox").status_code == 401


def test_on_an_open_demonstration_no_page_of_another_site_can_decide_by_the_api(client, hub):
    hub.send(b"garbage")
    address = f"/api/v1/inbox/records/{Quarantine.get().id}"
    fields = {"word": "dismiss", "by": "x", "note": "x"}
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(address, json=fields, headers=headers).status_code == 403
    assert client.post(address, json=fields).json == {"done": True}


def test_all_that_the_page_does_programs_can_do(client, hub):
    hub.send(hub.sealed(day=day(20)), hub.sealed(day=day(28)), a_part(hub), speaks=2)
    lost = {"hub": hub.id.hex(), "first": "2026-02-21", "last": "2026-02-27", **ROSA, "note": "x"}
    assert client.post("/api/v1/inbox/gaps", json=lost).json == {"done": True}
    given, part = inbox(client)["lost"][0]["id"], inbox(client)["undated"][0]["id"]
    assert client.post(f"/api/v1/inbox/gaps/{given}/undo", json=ROSA).json == {"done": True}
    placing = {"day": "2026-02-21", **ROSA}
    assert client.post(f"/api/v1/inbox/undated/{part}", json=placing).json == {"done": True}
    assert inbox(client)["undated"][0]["placed"] == "2026-02-21"


def test_the_description_tells_the_shape_of_the_inbox(client, hub, rosa):
    contradicted(hub)
    hub.send(hub.sealed(day=day(20)), a_part(hub), speaks=2)
    rosa.done("/inbox/gaps", hub=hub.id.hex(), first="2026-02-21", last="2026-02-21", note="x")
    paths = client.get("/openapi.json").json["paths"]
    schema = paths["/api/v1/inbox"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    found = inbox(client)
    assert set(found) == set(schema["required"])
    for name in ("gaps", "lost", "set_aside", "undated", "log"):
        assert set(found[name][0]) == set(schema["properties"][name]["items"]["required"]), name
    assert set(found["set_aside"][0]["other"]) == set(found["set_aside"][0]["held"][0])


def test_an_inbox_of_one_site_shows_no_other(client, hub):
    other = FakeHub.enrolled(client, "Elsewhere")
    other.send(b"garbage", a_part(other))
    assert (inbox(client, site="dzemul")["set_aside"], inbox(client, site="dzemul")["undated"]) == ([], [])
    assert "Elsewhere" not in client.get("/inbox?site=dzemul").text
    assert client.get("/inbox?site=none").status_code == client.get("/api/v1/inbox?site=none").status_code == 404


def test_any_number_in_an_address_is_just_not_there(client):
    for number in (0, 2**31, 2**63, 10**30):
        for path in (f"/inbox/gaps/{number}/undo", f"/inbox/records/{number}", f"/inbox/undated/{number}"):
            assert client.post(f"/api/v1{path}", json={"word": "again", **ROSA}).status_code == 409


def test_a_page_of_very_many_gaps_stays_short_and_says_so(client, hub):
    hub.send(*(hub.sealed(day=dt.date(2025, 1, 1) + dt.timedelta(days=2 * number)) for number in range(120)))
    page = client.get("/inbox?lang=en").text
    assert page.count("Accept as lost</summary>") == 100
    assert "The newest 100 are shown." in page
    assert len(inbox(client)["gaps"]) == 120


def test_a_name_and_a_note_are_never_taken_for_markup(client, hub, rosa):
    hub.send(hub.sealed(day=day(26)), hub.sealed(day=day(28)))
    rosa.done("/inbox/gaps", hub=hub.id.hex(), first="2026-02-27", last="2026-02-27", note="<b>x", by="<i>Rosa")
    page = client.get("/inbox").text
    assert "&lt;b&gt;x" in page
    assert "<b>x" not in page
    assert "<i>" not in page
