import datetime as dt
import statistics

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import site_day_bytes
from tests.wire.samples import BOOT, HUB, KEY, KEYS, NEXT, a_day, by_course, every_table, in_total, undated
from wire import cbor, columns, cose
from wire.columns import STEP
from wire.errors import BadRecord
from wire.summary import (
    CourseUse,
    HourUse,
    ItemUse,
    Learning,
    Level,
    Part,
    Session,
    SurveyAnswers,
    Undated,
    digest,
    seal,
    unseal,
    version_of,
)  # fmt: skip

COUNT = st.integers(0, 2**32 - 1)
AMOUNT = st.integers(0, 2**53 - 1)


@st.composite
def item(draw):
    plays = draw(st.integers(1, 2**32 - 1))
    return ItemUse(draw(COUNT), plays, draw(st.integers(0, plays)), draw(COUNT))


@st.composite
def site_day(draw):
    visitors, plays, seconds = draw(COUNT), draw(COUNT), draw(st.integers(0, 2**52))
    return a_day(
        epoch=draw(COUNT),
        day=draw(st.dates(dt.date(2020, 1, 1), dt.date(2199, 6, 5))),
        revision=draw(st.integers(1, 2**32 - 1)),
        open=draw(st.booleans()),
        visitors=visitors,
        visitors_new_week=draw(st.integers(0, visitors)),
        visitors_new_month=draw(st.integers(0, visitors)),
        languages=draw(st.dictionaries(st.from_regex(r"[a-z]{2,3}(-[A-Z]{2})?", fullmatch=True), COUNT, max_size=5)),
        plays=plays,
        group_plays=draw(st.integers(0, plays)),
        seconds_played=seconds,
        person_seconds=seconds + draw(st.integers(0, 2**52)),
        local_bytes=draw(AMOUNT),
        items=tuple(
            sorted(draw(st.lists(item(), unique_by=lambda row: row.number, max_size=8)), key=lambda row: row.number)
        ),
        hours=tuple(HourUse(draw(COUNT), draw(COUNT), draw(st.integers(0, 2**20)) * STEP) for _ in range(24)),
        extra=draw(
            st.dictionaries(
                st.integers(64, 2**40), st.integers().filter(lambda n: abs(n) < 2**63) | st.text(max_size=9)
            )
        ),
    )


@given(site_day())
@settings(max_examples=80)
def test_a_day_comes_out_as_it_went_in_and_the_same_bytes_each_time(day):
    sealed = seal(day, KEY, HUB)
    assert unseal(sealed, KEYS.get) == day
    assert seal(unseal(sealed, KEYS.get), KEY, HUB) == sealed


TAG = st.binary(min_size=4, max_size=4)
PART = st.builds(Part, TAG, st.integers(0, 2**16 - 1))
DATE = st.none() | st.dates(dt.date(2020, 1, 1), dt.date(2199, 6, 5))
TAKEN = st.integers(0, 4000).flatmap(lambda taken: st.tuples(st.just(taken), st.integers(0, 100 * taken)))


@st.composite
def learnt(draw):
    return Learning(*(draw(COUNT) for _ in range(5)), *draw(TAKEN), *draw(TAKEN))


def table(kind, *columns, name=lambda row: row):
    """Rows of `kind`, sorted as they are sealed, no two of one name."""
    rows = st.lists(st.builds(kind, *columns), max_size=5, unique_by=name)
    return rows.map(lambda rows: tuple(sorted(rows, key=msgspec.structs.astuple)))


@st.composite
def detailed_day(draw):
    """A day or an undated part, at any level, with whatever tables that level has."""
    level = draw(st.sampled_from(Level))
    changes: dict = {"level": level, "sign_ins": draw(COUNT), "boots": tuple(sorted(draw(st.sets(TAG, max_size=4))))}
    changes["emptied"] = tuple(sorted(draw(st.sets(PART, max_size=4))))
    if draw(st.booleans()):
        changes |= {"day": None, "undated": draw(st.builds(Undated, TAG, st.integers(0, 2**16 - 1), DATE, DATE))}
    if level is not Level.TOTALS:
        rows = draw(st.lists(learnt(), max_size=5, unique_by=lambda row: row.course))
        changes["learning"] = tuple(sorted(rows, key=msgspec.structs.astuple))
        changes["sessions"] = draw(
            table(Session, COUNT, st.integers(0, 23), COUNT, COUNT, name=msgspec.structs.astuple)
        )
        question = table(
            SurveyAnswers, COUNT, st.integers(0, 2), *[COUNT] * 5, name=lambda row: (row.question, row.wave)
        )
        changes["survey"] = draw(question)
    if level is Level.COURSES:
        changes["courses"] = draw(table(CourseUse, COUNT, COUNT, COUNT, name=lambda row: row.number))
    return msgspec.structs.replace(draw(site_day()), **({} if level is Level.FULL else BARE), **changes)


BARE = {"items": (), "hours": ()}


@given(detailed_day())
@settings(max_examples=80)
def test_every_table_and_level_comes_out_as_it_went_in(day):
    sealed = seal(day, KEY, HUB)
    assert unseal(sealed, KEYS.get) == day
    assert seal(unseal(sealed, KEYS.get), KEY, HUB) == sealed


def test_rows_boots_and_parts_may_come_in_any_order():
    day = every_table()
    turned = {
        name: tuple(reversed(getattr(day, name))) for name in ("learning", "sessions", "survey", "boots", "emptied")
    }
    assert seal(msgspec.structs.replace(day, **turned), KEY, HUB) == seal(day, KEY, HUB)
    assert seal(msgspec.structs.replace(day, boots=(NEXT, BOOT, BOOT)), KEY, HUB) == seal(day, KEY, HUB)


def test_a_record_is_written_in_the_lowest_version_that_can_say_it():
    assert [version_of(day) for day in (a_day(), a_day(boots=(BOOT,), sign_ins=4))] == [1, 1]
    assert [version_of(day) for day in (undated(), every_table(emptied=()), by_course(), in_total())] == [2, 2, 2, 2]
    for day in (a_day(), undated()):
        plain = columns.inflate(cose.verify(seal(day, KEY, HUB), KEYS[HUB]), 65536)
        assert cbor.decode(plain, items=9999, depth=8)[1] == version_of(day)


def test_what_is_not_there_takes_no_byte():
    told = cbor.decode(columns.inflate(cose.verify(seal(a_day(), KEY, HUB), KEYS[HUB]), 65536), items=9999)
    assert max(told) == 23


def test_an_undated_part_is_called_by_its_boot():
    assert undated().called == "part 2 of the undated boot b0070001"
    assert (a_day().called, undated().undated.place) == ("2026-02-28", Part(BOOT, 1))


def test_columns_that_a_newer_program_added_are_passed_over():
    fields = wire_map(every_table())
    fields[31] += b"\x07\x08"
    fields[26] = [[*row, "more"] for row in fields[26]]
    assert unseal(forged(fields), KEYS.get) == every_table()


def test_fields_of_a_newer_version_pass_through_and_out_again():
    day = a_day(extra={98: [1, {2: "three"}], 99: None})
    again = unseal(seal(unseal(seal(day, KEY, HUB), KEYS.get), KEY, HUB), KEYS.get)
    assert again.extra == {98: [1, {2: "three"}], 99: None}


def test_an_empty_day_is_a_record_too():
    empty = a_day(
        visitors=0, visitors_new_week=0, visitors_new_month=0, visits=0, plays=0, seconds_played=0, person_seconds=0,
        languages={}, items=(), hours=(HourUse(0, 0, 0),) * 24, group_plays=0,
    )  # fmt: skip
    assert unseal(seal(empty, KEY, HUB), KEYS.get) == empty


def test_items_may_come_in_any_order():
    day = a_day(items=(ItemUse(12, 2, 2, 4), ItemUse(4, 1, 1, 1)))
    assert seal(day, KEY, HUB) == seal(a_day(), KEY, HUB)


def test_bytes_of_the_hours_are_rounded_so_that_they_sum_to_the_rounded_total():
    hours = [HourUse(0, 0, 0)] * 22 + [HourUse(1, 1, STEP * 2 // 5), HourUse(1, 1, STEP * 2 // 5)]
    read = unseal(seal(a_day(hours=tuple(hours)), KEY, HUB), KEYS.get)
    assert [hour.local_bytes for hour in read.hours][22:] == [STEP, 0]


WRONG = {
    "a negative count": {"visits": -1},
    "a count beyond 32 bits": {"plays": 2**32},
    "a day of 26 hours": {"minutes_up": 26 * 60},
    "revision 0": {"revision": 0},
    "a year before the programme": {"day": dt.date(2019, 12, 31)},
    "a year nobody reads": {"day": dt.date(2300, 1, 1)},
    "23 hours": {"hours": (HourUse(0, 0, 0),) * 23},
    "more new visitors than visitors": {"visitors_new_week": 3},
    "more group plays than plays": {"group_plays": 4},
    "less person time than time": {"person_seconds": 289},
    "an item twice": {"items": (ItemUse(4, 1, 1, 1), ItemUse(4, 1, 1, 1))},
    "an item nobody played": {"items": (ItemUse(4, 0, 0, 0),)},
    "an item with more visitors than plays": {"items": (ItemUse(4, 1, 2, 0),)},
    "a language of markup": {"languages": {"<b>": 1}},
    "a known key among the extra": {"extra": {8: 1}},
    "a negative key among the extra": {"extra": {-1: 1}},
    "a float among the extra": {"extra": {99: 1.5}},
    "another hub's id": {"hub": b"another!"},
    "neither a day nor a part": {"day": None},
    "both a day and a part": {"undated": Undated(BOOT, 0)},
    "a part beyond any boot": {"day": None, "undated": Undated(BOOT, 2**16)},
    "a boot of three bytes": {"boots": (b"abc",)},
    "more boots than a day has": {"boots": tuple(number.to_bytes(4, "big") for number in range(1025))},
    "an emptied part of no boot": {"emptied": (Part(b"", 0),)},
    "courses beside its items": {"courses": (CourseUse(1, 1, 1),)},
    "items at the level of courses": {"level": Level.COURSES, "hours": ()},
    "hours at the level of totals": {"level": Level.TOTALS, "items": ()},
    "courses at the level of totals": {"level": Level.TOTALS, "courses": (CourseUse(1, 1, 1),), **BARE},
    "answers at the level of totals": {"level": Level.TOTALS, "survey": (SurveyAnswers(1, 0, 1, 0, 0, 0, 0),), **BARE},
    "a course twice": {"level": Level.COURSES, "courses": (CourseUse(1, 1, 1), CourseUse(1, 2, 2)), **BARE},
    "a course learnt twice": {"learning": (Learning(1, 1, 1, 1, 0, 0, 0, 0, 0), Learning(1, 2, 1, 1, 0, 0, 0, 0, 0))},
    "101 points in one test": {"learning": (Learning(1, 1, 1, 1, 0, 1, 101, 0, 0),)},
    "a question twice": {"survey": (SurveyAnswers(1, 0, 1, 0, 0, 0, 0), SurveyAnswers(1, 0, 0, 1, 0, 0, 0))},
    "a fourth wave": {"survey": (SurveyAnswers(1, 3, 1, 0, 0, 0, 0),)},
    "a session in the 25th hour": {"sessions": (Session(1, 24, 1, 1),)},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_never_sealed_is(changes):
    with pytest.raises(BadRecord, match=r"\.$"):
        seal(a_day(**changes), KEY, HUB)


def forged(fields: dict) -> bytes:
    return cose.sign(columns.deflate(cbor.encode(fields)), KEY, HUB)


def wire_map(day=None) -> dict:
    return cbor.decode(
        columns.inflate(cose.verify(seal(day or a_day(), KEY, HUB), KEYS[HUB]), 65536), items=9999, depth=8
    )


CHANGES = {
    "of another kind": {0: 2},
    "of true for its kind": {0: True},
    "of a newer version": {1: 3},
    "of true for its version": {1: True},
    "of version 1 with an emptied part": {26: [[BOOT, 0]]},
    "with boots out of order": {24: NEXT + BOOT},
    "with a boot twice": {24: BOOT + BOOT},
    "with half a boot": {24: b"123456"},
    "with boots as a list": {24: [BOOT]},
    "with text for a number": {8: "2"},
    "with true for a number": {8: True},
    "with columns of unequal length": {22: [[1], [0, 0], [0], [0]]},
    "with a column too few": {22: [[1], [0], [0]]},
    "with numbers that add up beyond 32 bits": {22: [[2**32 - 1] * 2, [0, 0], [0, 0], [0, 0]]},
    "with a table that is none": {23: 5},
    "without its hours": {23: None},
    "with 5,000 items": {22: [[0] * 5000] * 4},
    "with text for a day": {3: "2026-02-28"},
    "with true for a day": {3: True},
    "with packed items": {22: b"\x00"},
    "of version 2 with columns as arrays": {1: 2},
}

CHANGES_OF_VERSION_2 = {
    "with an undated part and a day": {25: [BOOT, 0, None, None]},
    "with an undated part that is none": {25: 7},
    "with an undated part that is null": {25: None},
    "with an undated part too short": {25: [BOOT, 0, None]},
    "with an undated part after no day": {25: [BOOT, 0, "soon", None]},
    "with emptied parts that are none": {26: {}},
    "with emptied parts out of order": {26: [[BOOT, 1], [BOOT, 0]]},
    "with an emptied part as text": {26: [["sAcAAQ==", 0]]},
    "at a level of true": {28: True},
    "at a fourth level": {28: 3},
    "at the level of totals with items": {28: 2, 30: b"\x00", 31: b"\x00", 32: b"\x00"},
    "of version 1 with packed tables": {1: 1, 26: []},
    "with items as arrays": {22: [[4, 7], [0, 1], [0, 0], [1, 4]]},
    "with items cut short": {22: b"\x02\x04\x07\x00\x01\x00\x00\x01"},
    "with a number longer than needed": {22: b"\x01\x84\x00\x00\x00\x01"},
    "with a number without end": {22: b"\xff" * 20},
    "with a number of 33 bits": {22: b"\x01\x80\x80\x80\x80\x10\x00\x00\x01"},
    "with 4,097 items": {22: b"\x81\x20" + bytes(4 * 4097)},
    "with sessions as arrays": {31: [[2], [16], [30], [12]]},
    "with sessions out of order": {31: b"\x02\x02\x00\x10\x0a\x1e\x2d\x0c\x14"},
    "with sessions in the 25th hour": {31: b"\x01\x02\x18\x1e\x0c"},
    "with sessions of 33 bits": {31: b"\x02" + b"\xff\xff\xff\xff\x0f" * 2 + bytes(6)},
    "with a table that is text": {30: "a"},
    "with an empty table that is nothing": {30: b""},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_refused_though_well_signed_is_a_summary(change):
    with pytest.raises(BadRecord, match=r"\.$"):
        unseal(forged(wire_map() | change), KEYS.get)


@pytest.mark.parametrize("change", CHANGES_OF_VERSION_2.values(), ids=CHANGES_OF_VERSION_2)
def test_refused_though_well_signed_is_a_summary_of_version_2(change):
    with pytest.raises(BadRecord, match=r"\.$"):
        unseal(forged(wire_map(every_table()) | change), KEYS.get)


def test_points_are_told_only_where_a_test_was_taken():
    packed = wire_map(every_table())[30]
    columns = (
        "0202 05 1e03 0c01 1901 0400 0a00 8004 0800 a805"  # rows, steps, five columns, taken, points, taken, points
    )
    assert packed.hex() == columns.replace(" ", "")


def test_a_summary_that_lacks_a_field_is_refused_and_the_field_named():
    fields = wire_map()
    del fields[15]
    with pytest.raises(BadRecord, match="plays"):
        unseal(forged(fields), KEYS.get)


def test_a_summary_with_bytes_beyond_any_limit_is_refused_before_it_is_unfolded():
    with pytest.raises(BadRecord, match="unfolds"):
        unseal(cose.sign(columns.deflate(bytes(10_000_000)), KEY, HUB), KEYS.get)
    with pytest.raises(BadRecord, match="at most 32768 bytes"):
        unseal(bytes(100_000), KEYS.get)


def test_an_unknown_hub_is_told_to_enrol():
    with pytest.raises(BadRecord, match="0102030405060708 is enrolled"):
        unseal(seal(a_day(), KEY, HUB), {}.get)


@given(st.binary(max_size=300))
def test_garbage_is_a_bad_record(data):
    with pytest.raises(BadRecord):
        unseal(data, KEYS.get)


@given(st.data())
@settings(max_examples=150)
def test_whatever_a_hub_may_sign_is_a_day_or_a_bad_record(data):
    plain = bytearray(
        cbor.encode(wire_map(data.draw(st.sampled_from([a_day(), every_table(), undated(), by_course()]))))
    )
    for _ in range(data.draw(st.integers(1, 3))):
        plain[data.draw(st.integers(0, len(plain) - 1))] = data.draw(st.integers(0, 255))
    try:
        day = unseal(cose.sign(columns.deflate(bytes(plain)), KEY, HUB), KEYS.get)
    except BadRecord:
        return
    assert unseal(seal(day, KEY, HUB), KEYS.get) == day


def test_a_digest_has_16_bytes_and_tells_revisions_apart():
    one, two = (digest(seal(a_day(revision=number), KEY, HUB)) for number in (1, 2))
    assert len(one) == 16
    assert one != two


def test_a_busy_day_with_all_that_is_counted_takes_at_most_900_bytes_and_a_week_4900():
    sizes = [len(seal(day, KEY, day.hub)) for day in site_day_bytes.days(everything=True, each=7)]
    assert all(day.learning and day.survey and day.sessions for day in site_day_bytes.days(everything=True))
    assert max(sizes) <= 1000
    assert statistics.median(sizes) <= 900
    assert statistics.median(sum(sizes[start : start + 7]) for start in range(0, len(sizes), 7)) <= 4900


def test_the_struct_is_what_its_users_were_promised():
    assert msgspec.structs.fields(ItemUse)[0].name == "number"
    assert ItemUse.__struct_fields__ == ("number", "plays", "visitors", "minutes")
    assert HourUse.__struct_fields__ == ("plays", "minutes", "local_bytes")
