"""Bytes of a signed site-day with all that is counted, beside JSON and gzip of the same record.

    python -m benchmarks.site_day_bytes

The model: Poisson(120) visitors and Poisson(400) plays a day over 400 items of 50 courses whose popularity falls as
1/rank (Zipf), in an order of the site's own; plays last 30 s to 15 minutes and follow the hours people are awake.
Poisson(60) sign-ins, whose half of the plays is learning: per course learners enrolled and active, lessons, tests
before and after, 11 certificates a day. Two group sessions, a survey of 10 questions with 5 answers each, three
languages, two boots. 40 site-days of 10 sites, and 10 weeks.

A plain day is what a hub seals today, before the features that fill the other tables: the one with the figures before.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import json
import math
import random
import statistics
from collections import Counter, defaultdict

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire.columns import MINUTE, STEP, round_to_total
from wire.short import seal_totals, with_courses
from wire.summary import HourUse, ItemUse, Learning, Session, SiteDay, SurveyAnswers, seal

ITEMS, COURSES, SITES, DAYS = 400, 50, 10, 4
HOURS = [0, 0, 0, 0, 0, 1, 2, 4, 6, 8, 9, 8, 6, 5, 6, 8, 10, 12, 12, 10, 7, 4, 2, 1]


def poisson(rng: random.Random, mean: float) -> int:
    return round(rng.gauss(mean, math.sqrt(mean)))


def spread(rng: random.Random, rows: int, total: int) -> list[int]:
    """`total` things that fall on `rows`, the first ones more often (Zipf)."""
    found = Counter(rng.choices(range(rows), [1 / rank for rank in range(1, rows + 1)], k=total)) if rows else Counter()
    return [found[row] for row in range(rows)]


def learning(rng: random.Random, courses: Counter[int]) -> tuple[Learning, ...]:
    """What learners did in the courses that were played, by plays: they are half of those who play."""
    ranked = [number for number, _ in courses.most_common()]
    counts = [spread(rng, len(ranked), poisson(rng, mean)) for mean in (10, 11, 8, 12)]  # enrolled, certificates, tests
    rows = []
    for number, enrolled, certificates, before, after in zip(ranked, *counts, strict=True):
        played = sum(rng.random() < 0.5 for _ in range(courses[number]))
        active = max(rng.randint((played + 1) // 2, played), enrolled)
        lessons = rng.randint(played // 2, played)
        points = [
            sum(10 * rng.randint(*scores) for _ in range(taken))
            for taken, scores in ((before, (2, 7)), (after, (5, 10)))
        ]
        rows.append(Learning(number, enrolled, active, lessons, certificates, before, points[0], after, points[1]))
    return tuple(row for row in rows if any(msgspec.structs.astuple(row)[1:]))


def survey(rng: random.Random) -> tuple[SurveyAnswers, ...]:
    """Ten questions with five answers each, by the women who were asked that day."""
    asked = poisson(rng, 12)
    rows = []
    for question in range(1, 11):
        answers = Counter(rng.choices(range(5), [1, 2, 4, 5, 3], k=asked))
        rows.append(SurveyAnswers(question, 0, *(answers[row] for row in range(5))))
    return tuple(rows)


def with_all(rng: random.Random, day: SiteDay, courses: Counter[int]) -> SiteDay:
    """`day` with everything that DESIGN section 4 names."""
    held = sorted((rng.choice(list(courses)), rng.randint(8, 19)) for _ in range(2))
    sessions = [Session(number, hour, rng.randint(40, 120), rng.randint(8, 30)) for number, hour in held]
    return msgspec.structs.replace(
        day, sign_ins=poisson(rng, 60), learning=learning(rng, courses), sessions=tuple(sessions), survey=survey(rng),
        boots=(rng.randbytes(4), rng.randbytes(4)),
    )  # fmt: skip


def courses_of(day: SiteDay) -> Counter[int]:
    """Plays by course; items are numbered in the order in which courses were published."""
    found: Counter[int] = Counter()
    for item in day.items:
        found[course_of(item.number)] += item.plays
    return found


def course_of(item: int) -> int:
    return 1_000 + item * COURSES // ITEMS


def a_day(rng: random.Random, hub: bytes, day: dt.date, items: list[int], plays: int, visitors: int) -> SiteDay:
    """One synthetic site-day of about `plays` plays by `visitors` visitors, most popular item first in `items`."""
    weights = [1 / rank for rank in range(1, len(items) + 1)]
    seconds: Counter[int] = Counter()
    who = defaultdict(list)
    hour_plays, hour_seconds, hour_bytes = [0] * 24, [0] * 24, [0] * 24
    for item in rng.choices(items, weights, k=plays):
        hour, lasted = rng.choices(range(24), HOURS)[0], round(min(900, max(30, rng.lognormvariate(5, 0.8))))
        seconds[item] += lasted
        who[item].append(rng.randrange(visitors))
        hour_plays[hour] += 1
        hour_seconds[hour] += lasted
        hour_bytes[hour] += lasted * 44_000
    numbers = sorted(who)
    minutes = round_to_total([seconds[number] for number in numbers], MINUTE)
    columns = (hour_plays, round_to_total(hour_seconds, MINUTE), round_to_total(hour_bytes, STEP))
    week, month = rng.randint(visitors // 4, visitors // 2), rng.randint(visitors // 8, visitors // 4)
    return SiteDay(
        hub=hub, epoch=rng.getrandbits(32), day=day, revision=rng.randint(1, 3), sequence=rng.randint(1, 2000),
        release=rng.randint(1, 200), open=False, visitors=visitors, visitors_new_week=week, visitors_new_month=month,
        visits=visitors + rng.randint(0, 60), minutes_up=rng.randint(900, 1440), most_phones=rng.randint(8, 45),
        languages={"es": visitors, "en": rng.randint(1, 9), "tsz": rng.randint(1, 30)}, plays=plays,
        seconds_played=sum(hour_seconds), person_seconds=sum(hour_seconds) + rng.randint(0, 40_000),
        local_bytes=sum(hour_bytes), uplink_bytes=rng.randint(20_000, 9_000_000), downloads=rng.randint(0, 30),
        group_plays=2,
        items=tuple(
            ItemUse(number, len(who[number]), len(set(who[number])), minute)
            for number, minute in zip(numbers, minutes, strict=True)
        ),
        hours=tuple(HourUse(plays, minute, steps * STEP) for plays, minute, steps in zip(*columns, strict=True)),
    )  # fmt: skip


def days(plays: float = 400, visitors: float = 120, *, everything: bool = False, each: int = DAYS) -> list[SiteDay]:
    """`each` site-days of 10 sites, the same in each run; `everything`: all that will be counted, not only what is."""
    rng, more = random.Random(20), random.Random(21)
    result = []
    for _ in range(SITES):
        hub, items = rng.randbytes(8), rng.sample(range(ITEMS), ITEMS)
        for number in range(each):
            date = dt.date(2026, 3, 1) + dt.timedelta(days=number)
            day = a_day(rng, hub, date, items, poisson(rng, plays), poisson(rng, visitors))
            result.append(with_all(more, day, courses_of(day)) if everything else day)
    return result


def as_json(day: SiteDay) -> bytes:
    """The same record as a web service would send it: named fields, gzip, no signature."""
    told = msgspec.structs.replace(day, hub=b"", boots=(), emptied=())
    return gzip.compress(json.dumps(msgspec.to_builtins(told)).encode(), 9, mtime=0)


def sizes(lengths: list[int]) -> list[float]:
    """The least, the median, the most."""
    return [min(lengths), statistics.median(lengths), max(lengths)]


def measure() -> dict[str, object]:
    """Bytes of each way to tell the same days; a week is seven of them, as one upload carries them."""
    key, secret = Ed25519PrivateKey.from_private_bytes(bytes(32)), bytes(32)
    full, week = days(everything=True), days(everything=True, each=7)
    sealed = [len(seal(day, key, day.hub)) for day in week]
    return {
        "items": round(statistics.mean(len(day.items) for day in full)),
        "courses": round(statistics.mean(len(day.learning) for day in full)),
        "signed": sizes([len(seal(day, key, day.hub)) for day in full]),
        "week": sizes([sum(sealed[start : start + 7]) for start in range(0, len(sealed), 7)]),
        "by_course": sizes([len(seal(with_courses(day, course_of), key, day.hub)) for day in full]),
        "courses_told": round(statistics.mean(len(with_courses(day, course_of).courses) for day in full)),
        "totals": sizes([len(seal_totals(day, secret)) for day in full]),
        "plain": sizes([len(seal(day, key, day.hub)) for day in days()]),
        "json_gzip": sizes([len(as_json(day)) for day in full]),
        "plain_json_gzip": sizes([len(as_json(day)) for day in days()]),
    }


LINES = {
    "signed": "signed site-day, all of it (aim: median 900, most 1,000)",
    "week": "seven of them (aim: 4,900)",
    "by_course": "by course, signed (340 at most)",
    "totals": "totals with their code (140 at most)",
    "json_gzip": "JSON and gzip of all of it, unsigned",
    "plain": "signed, what is counted today",
    "plain_json_gzip": "JSON and gzip of that, unsigned",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Bytes of a signed site-day beside JSON and gzip.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    figures = measure()
    if parser.parse_args().json:
        print(json.dumps(figures))
        return
    print(f"40 site-days of about 120 visitors and 400 plays, {figures['items']} items, {figures['courses']} courses;")
    print(f"{figures['courses_told']} of their courses fit the level of courses (min, median, max bytes)")
    for name, words in LINES.items():
        print(f"  {words:58}", *figures[name])


if __name__ == "__main__":
    main()
