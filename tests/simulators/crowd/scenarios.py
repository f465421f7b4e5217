"""Days worth living through: midnights at the ends of weeks, months and years, a leap day, nights of 23 and 25 hours.

    with opened(SCENARIOS["leap day"], seed=3, folder=tmp_path, library=library) as village:
        village.run(until=village.end)
        assert differences(village) == {}

In each there are phones that come around the `instants` that matter and at any other hour, and what `trouble` names.
"""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulators.crowd.phone import Phone
from tests.simulators.crowd.plans import MOVES, come_back, life
from tests.simulators.crowd.tab import STEP
from tests.simulators.crowd.truth import TEN_MIB
from tests.simulators.crowd.village import Village

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from wire.summary import SiteDay

MERIDA, TIJUANA = "America/Merida", "America/Tijuana"
HOUR, DAY = 3600, 86_400
AROUND = 40 * 60  # seconds before and after an instant within which people come


class Scenario(NamedTuple):
    """From `start` on for so many days, in local time."""

    zone: str
    start: dt.datetime
    days: int
    instants: tuple[dt.datetime, ...]
    trouble: str = ""


def _(year: int, month: int, day: int, hour: int = 0, fold: int = 0) -> dt.datetime:
    return dt.datetime(year, month, day, hour, fold=fold)  # noqa: DTZ001 (the zone is the scenario's)


SCENARIOS = {
    "leap day": Scenario(MERIDA, _(2028, 2, 28, 18), 3, (_(2028, 2, 29), _(2028, 3, 1))),
    "end of the year": Scenario(MERIDA, _(2027, 12, 31, 9), 3, (_(2028, 1, 1), _(2028, 1, 3)), "restarts"),
    "night of 23 hours": Scenario(TIJUANA, _(2028, 3, 11, 18), 2, (_(2028, 3, 12), _(2028, 3, 12, 3), _(2028, 3, 13))),
    "night of 25 hours": Scenario(
        TIJUANA, _(2028, 11, 4, 18), 2, (_(2028, 11, 5, 1), _(2028, 11, 5, 1, fold=1), _(2028, 11, 6)), "power cuts"
    ),
    "end of the week": Scenario(MERIDA, _(2028, 5, 14, 15), 2, (_(2028, 5, 15), _(2028, 5, 15, 13)), "power cuts"),
    "end of the month": Scenario(TIJUANA, _(2028, 5, 31, 12), 2, (_(2028, 6, 1), _(2028, 6, 1, 14)), "power cuts"),
    "late time": Scenario(MERIDA, _(2028, 5, 13, 9), 3, (_(2028, 5, 14), _(2028, 5, 15)), "late time"),
    "late time in another month": Scenario(
        MERIDA, _(2028, 5, 31, 9), 2, (_(2028, 5, 31, 20), _(2028, 6, 1, 9)), "late time over the month's end"
    ),
}


@contextmanager
def opened(scenario: Scenario, seed: int, folder: Path, library: Path, phones: int = 11) -> Iterator[Village]:
    """The village, with everybody about to come; nothing has happened yet."""
    dice = Random(f"{scenario.start} {seed}")
    with Village(folder, library, scenario.zone, scenario.start) as village:
        village.end = village.now + scenario.days * DAY
        instants = [at.replace(tzinfo=village.zone).timestamp() for at in scenario.instants]
        deck = dice.sample(MOVES, len(MOVES))
        for number in range(phones):
            phone = _somebody(village, Random(dice.random()))
            drawn = [deck.pop() for _ in range(4) if deck and phone.counts]
            village.spawn(life(phone, _arrivals(village, phone.dice, instants), drawn), village.now)
            if number % 3:  # the others leave for good, with whatever they had not told
                village.spawn(come_back(phone, village.end - HOUR), village.now)
        village.spawn(worker(village), village.now)
        if scenario.trouble:
            village.spawn(TROUBLE[scenario.trouble](village, Random(dice.random()), instants), village.now + HOUR)
        yield village


def _somebody(village: Village, dice: Random) -> Phone:
    return Phone(
        village, dice, people=dice.choice([1, 1, 1, 3]), cookies=dice.random() > 0.15, scripts=dice.random() > 0.15
    )


def _arrivals(village: Village, dice: Random, instants: list[float]) -> list[float]:
    at = [instant + dice.choice([dice.randint(-AROUND, AROUND), dice.randint(-300, 0)]) for instant in instants]
    at += [village.now + dice.randrange(int(village.end - village.now)) for _ in range(dice.randint(0, 2))]
    return [arrival for arrival in at if arrival < village.end - 4 * HOUR]


def worker(village: Village) -> Generator[float]:
    """Seals now and then, as the real one does each five minutes; a day that changes is sealed again."""
    while True:
        if village.is_on and village.is_dated:
            village.seal(open_days=True)
        yield 5 * HOUR


# Trouble


def restarts(village: Village, dice: Random, instants: list[float]) -> Generator[float]:
    """The program dies, or ends in order and starts again, within one boot."""
    for number, at in enumerate(sorted(3 * instants)):
        yield max(at + dice.randint(*dice.choice([(-1800, 1800), (-240, 240)])) - village.now, 60)
        yield from until_busy(village, dice)
        (village.restart if number % 2 else village.crash)()


def until_busy(village: Village, dice: Random) -> Generator[float]:
    """Trouble comes when it does most harm: something came in, or is just about to be written."""
    for _ in range(1800):
        if any(act.plays for act in village.fresh):
            yield dice.choice([0, village.due - STEP - village.now])
            return
        yield 1


def power_cuts(village: Village, dice: Random, instants: list[float]) -> Generator[float]:
    """In mid-visit, around the instants that matter, for less and for more than half an hour."""
    for at in sorted([*instants, village.now + dice.randint(0, 10 * HOUR)]):
        yield max(at + dice.randint(*dice.choice([(-1800, 1800), (-240, 240)])) - village.now, 60)
        yield from until_busy(village, dice)
        village.cut()
        yield dice.choice([5, 60, 1500, 1799, 1801, 5400])
        village.switch_on()


def late_time(village: Village, dice: Random, instants: list[float]) -> Generator[float]:
    """As above, and the box learns the time hours later, or, of the second boot, never."""
    for number, at in enumerate(sorted([*instants, village.now + dice.randint(0, 10 * HOUR)])):
        yield max(at + dice.randint(*dice.choice([(-1800, 1800), (-240, 240)])) - village.now, 60)
        yield from until_busy(village, dice)
        village.cut()
        yield dice.choice([5, 60, 1500])
        village.switch_on(certain=False)
        yield dice.randint(60, 2 * HOUR)
        dice.choice([village.crash, village.restart, lambda: None])()
        if number != 1:
            yield dice.randint(60, 2 * HOUR)
            learn(village, dice)


def late_time_over_the_end_of_a_month(village: Village, dice: Random, instants: list[float]) -> Generator[float]:
    """The power fails in one month, and the box learns in the next what time it is."""
    yield instants[0] + dice.randint(0, 1800) - village.now
    yield from until_busy(village, dice)
    village.cut()
    yield dice.choice([5, 1500, 2 * HOUR, 9 * HOUR])
    village.switch_on(certain=False)
    yield instants[1] + dice.randint(-1800, 0) - village.now
    dice.choice([village.crash, village.restart, lambda: None])()
    yield instants[1] + dice.randint(1, 1800) - village.now
    learn(village, dice)


def learn(village: Village, dice: Random) -> None:
    """Head office's answer came to the worker, which may seal before the recorder has heard of it."""
    village.learn()
    if dice.random() < 0.5:
        village.seal(open_days=True)


TROUBLE = {
    "restarts": restarts,
    "power cuts": power_cuts,
    "late time": late_time,
    "late time over the month's end": late_time_over_the_end_of_a_month,
}


# What comes out


def said(day: SiteDay) -> dict[str, Any]:
    """A site-day in the words of the truth."""
    plain = (
        "visitors", "visitors_new_week", "visitors_new_month", "visits", "languages", "most_phones", "plays",
        "seconds_played", "person_seconds", "group_plays", "local_bytes", "downloads", "minutes_up",
    )  # fmt: skip
    return {
        **{name: getattr(day, name) for name in plain},
        "items": [(item.number, item.plays, item.visitors, item.minutes) for item in day.items],
        "hours": [(hour.plays, hour.minutes, hour.local_bytes // TEN_MIB) for hour in day.hours],
    }


def waiting(village: Village) -> list[str]:
    """Phones that came back in the end and still have something to tell."""
    return [phone.name for n, phone in enumerate(village.phones) if n % 3 and phone.counts and phone.plays]


def differences(village: Village) -> dict[object, dict[str, tuple[Any, Any]]]:
    """What sealed days and boots without a date say otherwise than the truth, which is the second of each pair."""
    village.seal(open_days=True)
    sealed, undated = village.sealed(), village.sealed_undated()
    first, last = village.truth.date(village.start), village.truth.date(village.now)
    days = [first + number * dt.timedelta(days=1) for number in range((last - first).days + 1)]
    pairs: dict[object, tuple[dict[str, Any], dict[str, Any]]] = {
        day: (said(sealed[day]), village.truth.day(day)) for day in days
    }
    for boot in {act.boot for act in village.truth.acts if act.boot}:
        for part, truth in village.truth.undated(boot, village.booted[boot]).items():
            pairs[boot, part] = ({name: getattr(undated[boot, part], name) for name in truth}, truth)
    assert undated.keys() <= pairs.keys()
    assert all(told.keys() == truth.keys() for told, truth in pairs.values())
    found = {of: {name: (a[name], b[name]) for name in b if a[name] != b[name]} for of, (a, b) in pairs.items()}
    return {of: wrong for of, wrong in found.items() if wrong}
