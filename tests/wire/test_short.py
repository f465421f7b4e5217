import datetime as dt
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import site_day_bytes
from tests.wire.samples import FULLEST, HUB, KEY, KEYS, SECRET, SECRETS, a_day
from tests.wire.test_summary import COUNT, site_day
from wire import short
from wire.errors import BadRecord
from wire.short import LONGEST_COURSES, LONGEST_TOTALS, TOTALS_WORST, open_totals, seal_totals, with_courses
from wire.summary import CourseUse, ItemUse, Level, Part, SiteDay, Undated, seal, unseal

BARE = {"level": Level.TOTALS, "items": (), "hours": (), "extra": {}}


def as_totals(day: SiteDay, **changes: object) -> SiteDay:
    return msgspec.structs.replace(day, **(BARE | changes))


@given(site_day(), st.sets(st.binary(min_size=4, max_size=4), max_size=2), COUNT)
@settings(max_examples=80)
def test_totals_come_out_as_they_went_in_and_the_same_bytes_each_time(day, boots, sign_ins):
    day = msgspec.structs.replace(day, languages={"es": 3, "yua": 1}, boots=tuple(sorted(boots)), sign_ins=sign_ins)
    with suppress(BadRecord):  # larger numbers than any site has, and two boots, may not fit
        data = seal_totals(day, SECRET)
        read = open_totals(data, SECRETS.get)
        assert read == as_totals(day, languages=read.languages)
        assert seal_totals(read, SECRET) == data
        return
    assert len(boots) == 2


def test_a_day_as_busy_as_any_fits_with_its_languages_and_boots():
    for busy in site_day_bytes.days():
        day = msgspec.structs.replace(busy, boots=(b"boot", b"next"))
        data = seal_totals(day, SECRET)
        assert len(data) <= 90
        assert open_totals(data, {day.hub: SECRET}.get) == as_totals(day, boots=(b"boot", b"next"))


def test_the_largest_numbers_leave_room_for_three_boots_and_nothing_else():
    bare = a_day(**FULLEST, languages={})
    assert len(seal_totals(bare, SECRET)) == TOTALS_WORST
    three = msgspec.structs.replace(bare, boots=(b"1111", b"2222", b"3333"))
    assert len(seal_totals(three, SECRET)) == TOTALS_WORST + 12 <= LONGEST_TOTALS
    with pytest.raises(BadRecord, match="do not fit 140 bytes"):
        seal_totals(msgspec.structs.replace(bare, boots=(b"1111", b"2222", b"3333", b"4444")), SECRET)


def test_the_least_used_languages_are_left_out_where_there_is_no_room():
    day = a_day(languages={f"language-{number:02}": number for number in range(1, 12)})
    read = open_totals(seal_totals(day, SECRET), SECRETS.get)
    kept = len(read.languages)
    assert 1 < kept < 11
    assert read.languages == {f"language-{number:02}": number for number in range(12 - kept, 12)}


def test_boots_are_told_all_or_the_day_is_not():
    boots = tuple(number.to_bytes(4, "big") for number in range(24))
    read = open_totals(seal_totals(a_day(boots=boots[:18]), SECRET), SECRETS.get)
    assert read.boots == boots[:18]
    with pytest.raises(BadRecord, match="do not fit"):
        seal_totals(a_day(boots=boots), SECRET)


@pytest.mark.parametrize(
    "changes",
    [
        {"day": None, "undated": Undated(b"boot", 0)},
        {"emptied": (Part(b"boot", 0),)},
        {"visits": -1},
        {"plays": 2**32},
        {"seconds_played": 2**60, "person_seconds": 2**60},
        {"epoch": 2**32},
        {"day": dt.date(2019, 12, 31)},
        {"day": dt.date(2300, 1, 1)},
        {"languages": {"español": 1}},
        {"languages": {"<b>": 1}},
        {"visitors_new_week": 3},
        {"boots": (b"toolong",)},
        {"hub": b"short"},
    ],
    ids=str,
)
def test_never_told_in_short_is_a_day_with(changes):
    with pytest.raises(BadRecord, match=r"\.$"):
        seal_totals(a_day(**changes), SECRET)


def closed(body: bytes) -> bytes:
    return body + short._code(body, SECRET)


def body_of(day: SiteDay) -> bytes:
    return seal_totals(day, SECRET)[: -short.CODE]


def test_a_number_longer_than_needed_is_refused_though_well_closed():
    body = body_of(a_day(languages={}))
    assert body.endswith(b"\x00")
    with pytest.raises(BadRecord, match="shortest form"):
        open_totals(closed(body[:-1] + b"\x80\x00"), SECRETS.get)


def test_a_number_that_never_ends_is_refused_though_well_closed():
    with pytest.raises(BadRecord, match="out of range"):
        open_totals(closed(short.FIRST + HUB + bytes(4) + b"\xff" * 60), SECRETS.get)


@pytest.mark.parametrize("boots", [b"bbbbaaaa", b"aaaaaaaa", b"aaaabb"], ids=["out of order", "twice", "cut"])
def test_boots_in_another_form_are_refused_though_well_closed(boots):
    with pytest.raises(BadRecord, match=r"\.$"):
        open_totals(closed(body_of(a_day()) + boots), SECRETS.get)


def test_a_contradiction_is_refused_though_well_closed():
    body = short._body(as_totals(a_day(visitors_new_week=3)))
    with pytest.raises(BadRecord, match="more new visitors"):
        open_totals(closed(body), SECRETS.get)


def test_no_changed_byte_and_no_cut_goes_unnoticed():
    data = seal_totals(a_day(), SECRET)
    for at in range(len(data)):
        for changed in (data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], data[:at]):
            with pytest.raises(BadRecord):
                open_totals(changed, SECRETS.get)


def test_another_hub_can_neither_be_named_nor_pass_its_secret():
    data = seal_totals(a_day(), SECRET)
    with pytest.raises(BadRecord, match="not of the hub it names"):
        open_totals(data, {HUB: b"another secret"}.get)
    with pytest.raises(BadRecord, match="0102030405060708 is enrolled"):
        open_totals(data, {}.get)
    other = data[:1] + b"another!" + data[9:]
    with pytest.raises(BadRecord, match="not of the hub it names"):
        open_totals(other, {b"another!": SECRET}.get)


@given(st.binary(max_size=200))
def test_garbage_is_a_bad_record(data):
    with pytest.raises(BadRecord):
        open_totals(data, SECRETS.get)


@given(st.binary(max_size=115))
@settings(max_examples=200)
def test_whatever_a_hub_may_close_is_a_day_or_a_bad_record(rest):
    data = closed(short.FIRST + HUB + rest)
    try:
        day = open_totals(data, SECRETS.get)
    except BadRecord:
        return
    assert seal_totals(day, SECRET) == data


def test_courses_take_the_place_of_items_and_hours():
    day = a_day(items=(ItemUse(4, 1, 1, 1), ItemUse(12, 2, 2, 4), ItemUse(13, 1, 1, 9), ItemUse(90, 5, 1, 2)))
    told = with_courses(day, {4: 7, 12: 2, 13: 2}.get)
    assert told.courses == (CourseUse(2, 3, 13), CourseUse(7, 1, 1))
    assert (told.level, told.items, told.hours, told.plays) == (Level.COURSES, (), (), 3)
    assert unseal(seal(told, KEY, HUB), KEYS.get) == told


def test_a_busy_day_by_course_fits_340_bytes_and_what_is_left_out_was_used_least():
    for day in site_day_bytes.days():
        told = with_courses(day, lambda item: item // 2)
        assert len(seal(told, KEY, told.hub)) <= LONGEST_COURSES
        every = short._courses(day, lambda item: item // 2)
        left_out = set(every) - set(told.courses)
        assert left_out
        assert max(row.plays for row in left_out) <= min(row.plays for row in told.courses)


def test_a_day_that_does_not_fit_even_without_its_courses_is_left_to_the_full_record():
    with pytest.raises(BadRecord, match="do not fit 100 bytes"):
        with_courses(a_day(), {4: 1}.get, most=100)


def test_a_part_of_an_undated_boot_may_be_told_by_course():
    part = a_day(day=None, undated=Undated(b"boot", 1))
    assert unseal(seal(with_courses(part, {4: 1}.get), KEY, HUB), KEYS.get).undated == Undated(b"boot", 1)
