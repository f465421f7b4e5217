import datetime as dt
import statistics

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import site_day_bytes
from tests.wire.samples import HUB, KEY, KEYS, a_day
from wire import cbor, columns, cose
from wire.columns import STEP
from wire.errors import BadRecord
from wire.summary import HourUse, ItemUse, digest, seal, unseal

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
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_never_sealed_is(changes):
    with pytest.raises(BadRecord, match=r"\.$"):
        seal(a_day(**changes), KEY, HUB)


def forged(fields: dict) -> bytes:
    return cose.sign(columns.deflate(cbor.encode(fields)), KEY, HUB)


def wire_map() -> dict:
    return cbor.decode(columns.inflate(cose.verify(seal(a_day(), KEY, HUB), KEYS[HUB]), 65536), items=9999)


CHANGES = {
    "of another kind": {0: 2},
    "of a newer version": {1: 3},
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
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_refused_though_well_signed_is_a_summary(change):
    with pytest.raises(BadRecord, match=r"\.$"):
        unseal(forged(wire_map() | change), KEYS.get)


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
    plain = bytearray(cbor.encode(wire_map()))
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


def test_a_busy_day_takes_at_most_900_bytes_and_a_median_well_under():
    sizes = [len(seal(day, KEY, day.hub)) for day in site_day_bytes.days()]
    assert max(sizes) <= 1000
    assert statistics.median(sizes) <= 900


def test_the_struct_is_what_its_users_were_promised():
    assert msgspec.structs.fields(ItemUse)[0].name == "number"
    assert ItemUse.__struct_fields__ == ("number", "plays", "visitors", "minutes")
    assert HourUse.__struct_fields__ == ("plays", "minutes", "local_bytes")
