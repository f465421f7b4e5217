import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from collector.inbox.judge import Verdict, gaps, judge


def test_the_first_and_every_higher_revision_is_kept():
    assert judge(None, (1, b"a")) is Verdict.KEEP
    assert judge((1, b"a"), (2, b"b")) is Verdict.KEEP


def test_the_same_or_an_older_revision_is_held_already():
    assert judge((2, b"a"), (2, b"a")) is Verdict.HELD
    assert judge((2, b"a"), (1, b"b")) is Verdict.HELD


def test_one_revision_with_two_contents_is_an_alarm():
    assert judge((2, b"a"), (2, b"b")) is Verdict.ALARM


DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2026, 3, 1))


@given(st.lists(DAYS, min_size=1))
def test_gaps_and_days_together_are_every_day_from_first_to_last(days):
    missing = gaps(days, most=100)
    span = (max(days) - min(days)).days + 1
    assert sorted({*days, *missing}) == [min(days) + dt.timedelta(days=at) for at in range(span)]
    assert not set(days) & set(missing)


def test_of_a_long_gap_the_latest_days_are_named():
    found = gaps([dt.date(2020, 1, 1), dt.date(2199, 1, 1)], most=3)
    assert found == [dt.date(2198, 12, 29), dt.date(2198, 12, 30), dt.date(2198, 12, 31)]
