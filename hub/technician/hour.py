"""What a technician says the time is: a pure rule, and the words of the form.

    read(Form(time="2026-11-28T10:57"), since_boot, zone, at_least)     # an aware datetime
    read(Form(began="1795863420.0"), since_boot, zone, at_least)        # the same, once it is confirmed

A technician's word dates everything since the box was switched on, for good, so it is asked twice, and bounded: never
before what has surely come, and no further ahead of that than signed content is good for.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from hub.clock import from_unix

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

SOURCE = "technician"
FURTHEST = dt.timedelta(days=400)
MINUTE = dt.timedelta(minutes=1)  # a form tells no seconds
NEXT = {"check": "acceptance.home", "visit": "visit.home"}  # pages that lead to this one


class NoTime(ValueError):
    """Nothing that could be a date and a time."""


class TooEarly(ValueError):
    """It is later than that for certain."""


class TooLate(ValueError):
    """So far ahead that it is more likely a slip."""


class Form(Struct):
    """`time` as a form sends it (YYYY-MM-DDTHH:MM); `began` is when the box was switched on, in Unix seconds.

    `next` is where to go on then, a key of NEXT.
    """

    time: Annotated[str, Meta(max_length=40)] = ""
    began: Annotated[str, Meta(max_length=40)] = ""
    next: Annotated[str, Meta(max_length=40)] = ""


def read(form: Form, since_boot: float, zone: ZoneInfo, at_least: dt.datetime) -> dt.datetime:
    """The time that the form tells, in UTC. Raises NoTime, TooEarly or TooLate."""
    try:
        if form.began:
            told = from_unix(float(form.began) + since_boot)
        else:
            local = dt.datetime.strptime(form.time.strip()[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=zone)
            told = local.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise NoTime from None
    return bounded(told, at_least)


def bounded(told: dt.datetime, at_least: dt.datetime) -> dt.datetime:
    """`told`, if a technician may say so. Raises TooEarly or TooLate."""
    if told + MINUTE <= at_least:
        raise TooEarly
    if told > at_least + FURTHEST:
        raise TooLate
    return max(told, at_least)
