"""Parts without a date: counted once, wherever they stand, in whatever order the records come."""

import datetime as dt
import itertools

from tests.collector.test_inbox import QUIET, totals
from wire.summary import ItemUse, Part, Undated, digest

BOOT = b"\x0a\x0b\x0c\x0d"
PART = Undated(BOOT, 0, after=dt.date(2026, 2, 20))
FIRST, SECOND = dt.date(2026, 2, 25), dt.date(2026, 2, 26)


def days(client) -> dict:
    return {row["day"]: row["plays"] for row in client.get("/api/v1/sites/dzemul/days").json}


def a_part(hub, number: int = 0, **changes) -> bytes:
    return hub.sealed(**{"day": None, "undated": Undated(BOOT, number), "boots": (BOOT,), "plays": 5, **changes})


def test_what_has_no_date_counts_and_stands_in_a_row_of_its_own(client, hub):
    record = a_part(hub)
    answer = hub.send(record, hub.sealed(plays=3), speaks=2)
    assert (answer.acknowledged[0].day, answer.acknowledged[0].digest) == (None, digest(record))
    assert totals(client)["plays"] == 8
    assert days(client) == {"2026-02-28": 3, None: 5}


def test_a_hub_that_would_not_understand_is_told_nothing_of_parts(client, hub):
    answer = hub.send(a_part(hub), hub.sealed(plays=3))
    assert [row.day for row in answer.acknowledged] == [dt.date(2026, 2, 28)]
    assert totals(client)["plays"] == 8


def test_head_office_says_which_version_it_speaks(hub):
    assert hub.send().speaks == 2


def test_a_higher_revision_of_a_part_takes_its_place(client, hub):
    hub.send(a_part(hub, revision=2, plays=7), a_part(hub, revision=1, plays=6, open=True), a_part(hub, 1, plays=1))
    assert days(client) == {None: 8}


def test_a_dated_boot_is_counted_under_its_days_whatever_comes_first(client, hub):
    """Two parts of one boot turn out to lie on two days; a day that was sealed before gets a new revision."""
    expected = {}
    for number, order in enumerate(itertools.permutations(range(4))):
        boot, first = bytes([number]) * 4, dt.date(2026, 1, 1) + dt.timedelta(days=2 * number)
        second, emptied = first + dt.timedelta(days=1), (Part(boot, 0), Part(boot, 1))
        records = [
            a_part(hub, undated=Undated(boot, 0), plays=4, items=(ItemUse(90, 4, 1, 1),)),
            a_part(hub, undated=Undated(boot, 1), plays=5, items=(ItemUse(91, 5, 1, 1),)),
            hub.sealed(day=first, revision=2, plays=6, emptied=emptied),
            hub.sealed(day=second, revision=1, plays=3, emptied=emptied),
        ]
        hub.send(hub.sealed(day=first, revision=1, plays=0, group_plays=0, **QUIET))
        for at in order:
            assert len(hub.send(records[at], speaks=2).acknowledged) == 1
        expected |= {first.isoformat(): 6, second.isoformat(): 3}
    assert days(client) == expected
    assert totals(client)["plays"] == 24 * 9
    assert "item 9" not in client.get("/sites/dzemul?lang=en").text


def test_a_part_that_was_emptied_never_comes_back(client, hub):
    hub.send(hub.sealed(day=FIRST, plays=6, emptied=(Part(BOOT, 0),)))
    late = a_part(hub, revision=9, plays=50)
    assert [row.digest for row in hub.send(late, speaks=2).acknowledged] == [digest(late)]
    assert days(client) == {"2026-02-25": 6}


def test_a_part_is_emptied_in_its_own_epoch_only(client, hub):
    hub.send(a_part(hub, epoch=1), hub.sealed(day=FIRST, epoch=2, plays=6, emptied=(Part(BOOT, 0),)), speaks=2)
    assert days(client) == {"2026-02-25": 6, None: 5}


def test_a_contradicting_record_empties_nothing(client, hub):
    hub.send(a_part(hub), hub.sealed(day=FIRST, plays=6), speaks=2)
    answer = hub.send(hub.sealed(day=FIRST, plays=7, emptied=(Part(BOOT, 0),)))
    assert len(answer.refused) == 1
    assert days(client) == {"2026-02-25": 6, None: 5}


def test_the_plots_leave_out_what_has_no_date(client, hub):
    hub.send(a_part(hub), hub.sealed(plays=3), speaks=2)
    home = client.get("/?lang=en").text
    assert "<strong>3</strong>" in home
    assert "without a date" in home


def test_the_csv_has_a_row_without_a_date(client, hub):
    hub.send(a_part(hub), hub.sealed(plays=3), speaks=2)
    first, second, last = client.get("/api/v1/sites/dzemul/days?format=csv").text.splitlines()
    assert first.startswith("day,")
    assert second.startswith("2026-02-28,")
    assert last.startswith(",")


def test_a_day_on_which_no_box_ran_is_shown_as_off(client, hub):
    hub.send(hub.sealed(day=FIRST, minutes_up=0, visitors=0, visitors_new_week=0, visitors_new_month=0, plays=0,
                        group_plays=0, **QUIET), hub.sealed(day=SECOND))  # fmt: skip
    rows = {row["day"]: row["off"] for row in client.get("/api/v1/sites/dzemul/days").json}
    assert rows == {"2026-02-25": True, "2026-02-26": False}
    assert 'Feb 25, 2026 <span class="most">off</span>' in client.get("/sites/dzemul?lang=en").text


def test_a_day_that_is_not_over_is_never_off(client, hub):
    hub.send(hub.sealed(open=True, minutes_up=0))
    assert [row["off"] for row in client.get("/api/v1/sites/dzemul/days").json] == [False]


def test_the_same_for_a_day_of_which_a_part_is_all_there_is(client, hub):
    hub.send(a_part(hub, minutes_up=0), speaks=2)
    assert [row["off"] for row in client.get("/api/v1/sites/dzemul/days").json] == [False]
