import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.inbox.judge import (
    MOST_NONCES,
    Held,
    Line,
    Sealed,
    Span,
    Verdict,
    contradicts,
    forked_at,
    is_news,
    is_shared,
    judge,
    latest,
    line_of,
    missing_spans,
    named_place,
    part_name,
    remember,
    without,
)
from wire.exchange import Lineage
from wire.summary import Level, Part

FULL, COURSES, TOTALS = Level.FULL, Level.COURSES, Level.TOTALS
NOTHING = Verdict(totals=False, columns=False)


def test_the_first_and_every_higher_revision_is_kept():
    assert judge(None, 1, FULL) == Verdict(totals=True, columns=True)
    assert judge(None, 1, TOTALS) == Verdict(totals=True, columns=False)
    assert judge(Held(1, FULL, 1), 2, FULL) == Verdict(totals=True, columns=True)


def test_the_same_or_an_older_revision_is_held_already():
    assert judge(Held(2, FULL, 2), 2, FULL) == NOTHING
    assert judge(Held(2, FULL, 2), 1, FULL) == NOTHING
    assert judge(Held(2, FULL, 2), 2, TOTALS) == NOTHING


def test_newer_totals_stand_beside_older_columns():
    assert judge(Held(2, FULL, 2), 3, TOTALS) == Verdict(totals=True, columns=False)
    assert judge(Held(3, TOTALS, None), 2, FULL) == Verdict(totals=False, columns=True)
    assert judge(Held(3, TOTALS, 2), 2, FULL) == NOTHING


def test_of_one_revision_the_fuller_record_gives_the_totals():
    assert judge(Held(3, TOTALS, 2), 3, COURSES) == Verdict(totals=True, columns=False)
    assert judge(Held(3, COURSES, 2), 3, FULL) == Verdict(totals=True, columns=True)


RECORDS = st.lists(st.tuples(st.integers(1, 6), st.sampled_from(list(Level))), min_size=1, max_size=8)


@given(RECORDS, st.randoms(use_true_random=False))
def test_in_whatever_order_records_come_the_same_is_held(records, chance):
    chance.shuffle(records)
    held = None
    for revision, level in records:
        verdict = judge(held, revision, level)
        totals = (revision, level) if verdict.totals else (held.revision, held.level)
        held = Held(*totals, revision if verdict.columns else held and held.columns)
    assert (held.revision, -held.level) == max((revision, -level) for revision, level in records)
    assert held.columns == max((revision for revision, level in records if level is FULL), default=None)


ONE = Sealed(7, "2026-02-28", 2, FULL, b"a" * 16)


@pytest.mark.parametrize(
    ("other", "contradicting"),
    [
        (ONE, False),
        (ONE._replace(digest=b"b" * 16), True),
        (ONE._replace(digest=b"b" * 16, place="2026-03-01"), True),
        (ONE._replace(digest=b"b" * 16, sequence=8), True),
        (ONE._replace(digest=b"b" * 16, sequence=8, revision=3), False),
        (ONE._replace(digest=b"b" * 16, level=TOTALS), False),
    ],
)
def test_one_number_or_one_revision_with_two_contents_is_a_contradiction(other, contradicting):
    assert contradicts(ONE, other) is contradicts(other, ONE) is contradicting


MARKS = [bytes([number]) * 4 for number in range(20)]


def a_lineage(first: int, last: int) -> Lineage:
    return Lineage(5, first, b"".join(MARKS[first : last + 1]))


def test_a_box_that_shows_what_is_held_is_of_the_same_line():
    assert line_of(a_lineage(3, 9), (7, MARKS[7] + b"..")) is Line.SAME
    assert line_of(a_lineage(3, 9), (2, b"any.")) is Line.SAME
    assert line_of(a_lineage(3, 9), None) is Line.SAME
    assert line_of(None, (7, MARKS[7])) is Line.SAME


def test_a_box_with_another_record_of_that_number_went_its_own_way():
    assert line_of(a_lineage(3, 9), (7, MARKS[8] + b"..")) is Line.FORK


def test_of_a_box_that_went_its_own_way_the_newest_record_that_differs_is_found():
    held = [(number, MARKS[number] + b"..") for number in range(1, 10)]
    assert forked_at(a_lineage(3, 9), held) is None
    others = [(2, b"not told"), (4, b"other"), (5, b"other too"), *held[5:]]
    assert forked_at(a_lineage(3, 9), others) == (5, b"other too")
    assert forked_at(a_lineage(3, 9), [(5, b"one of two that head office kept"), *held]) is None


def test_a_box_that_has_not_come_so_far_was_put_back():
    assert line_of(a_lineage(3, 9), (10, MARKS[10])) is Line.BEHIND
    assert line_of(a_lineage(3, 2), (3, MARKS[3])) is Line.BEHIND


def test_an_old_batch_is_no_news_whoever_sends_it():
    fresh = {"known_nonce": False, "line": Line.SAME, "kept": False, "went_back": False}
    assert is_news(**fresh)
    assert is_news(**fresh | {"line": Line.FORK})
    assert not is_news(**fresh | {"known_nonce": True, "kept": True})
    assert not is_news(**fresh | {"line": Line.BEHIND})
    assert not is_news(**fresh | {"went_back": True})
    assert is_news(**fresh | {"went_back": True, "kept": True})


def test_the_last_nonces_are_remembered_and_no_more():
    nonces = b""
    for number in range(MOST_NONCES + 1):
        known, nonces = remember(nonces, number.to_bytes(16, "little"))
        assert not known
    assert remember(nonces, (1).to_bytes(16, "little")) == (True, nonces)
    assert not remember(nonces, (0).to_bytes(16, "little"))[0]


@pytest.mark.parametrize("place", [dt.date(2026, 2, 28), Part(b"\x00\xff\x10:", 3)])
def test_a_place_is_found_again_by_its_name(place):
    assert named_place(part_name(place) if isinstance(place, Part) else str(place)) == place


DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2026, 3, 1))


def spelled(spans) -> list[dt.date]:
    return [span.first + dt.timedelta(days=at) for span in spans for at in range(span.days)]


@given(st.lists(DAYS, min_size=1))
def test_gaps_and_days_together_are_every_day_from_first_to_last(days):
    missing = spelled(missing_spans(days))
    span = (max(days) - min(days)).days + 1
    assert sorted({*days, *missing}) == [min(days) + dt.timedelta(days=at) for at in range(span)]
    assert not set(days) & set(missing)


@given(st.lists(DAYS, min_size=1), DAYS)
def test_gaps_reach_until_a_day_and_pass_over_what_is_later(days, until):
    missing = spelled(missing_spans(days, until))
    known = {day for day in days if day <= until}
    span = (until - min(known)).days + 1 if known else 0
    assert sorted(known | set(missing)) == [min(known) + dt.timedelta(days=at) for at in range(span)]


@given(st.lists(DAYS, min_size=1), st.lists(st.tuples(DAYS, DAYS), max_size=4))
def test_days_that_are_given_up_are_no_gaps(days, pairs):
    spans, lost = missing_spans(days), [Span(min(pair), max(pair)) for pair in pairs]
    left = spelled(without(spans, lost))
    assert sorted(left) == sorted(set(spelled(spans)) - set(spelled(lost)))


def test_of_a_long_gap_the_latest_days_are_named():
    spans = missing_spans([dt.date(2020, 1, 1), dt.date(2199, 1, 1)])
    assert latest(spans, most=3) == [dt.date(2198, 12, 29), dt.date(2198, 12, 30), dt.date(2198, 12, 31)]


def day(number: int) -> dt.date:
    return dt.date(2026, 1, 1) + dt.timedelta(days=number)


@pytest.mark.parametrize(
    ("epochs", "shared"),
    [
        ([(0, 100)], False),
        ([(0, 50), (51, 100)], False),  # restored on day 50
        ([(60, 50), (51, 100)], False),  # the old epoch's records came late, by stick
        ([(0, 52), (51, 100)], False),
        ([(0, 100), (51, 100)], True),
        ([(0, 53), (51, 100)], True),
        ([(0, 20), (21, 60), (40, 60)], True),
    ],
)
def test_two_epochs_that_both_go_on_are_two_boxes(epochs, shared):
    known = [(day(came), day(last)) for came, last in epochs]
    assert {is_shared(order) for order in itertools.permutations(known)} == {shared}


def test_a_hub_that_makes_up_epochs_without_end_is_judged_at_a_glance():
    """A look at each pair would take some minutes."""
    looks = 0

    class Day(dt.date):
        def __gt__(self, other):
            nonlocal looks
            looks += 1
            return super().__gt__(other)

    assert not is_shared([(dt.date(2026, 3, 1), Day(2026, 3, 1))] * 3000)
    assert looks < 20_000
