"""Days, hours and numbers as people say them, in the language of the page; filters of the usage page's templates."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal
from flask_babel import get_locale, ngettext


def long_day(day: dt.date) -> str:
    """`lunes 9 de marzo`."""
    weekday, date = format_date(day, "EEEE", locale=get_locale()), format_skeleton("MMMMd", day, locale=get_locale())
    return f"{weekday} {date}"


def short_day(day: dt.date) -> str:
    """`lun`, for below a bar."""
    return str(format_date(day, "EEE", locale=get_locale()))


def busiest(hour: int) -> str:
    """A sentence about the hour from 0 to 23 in which most lessons were opened."""
    said = format_time(dt.time(hour), "h B", locale=get_locale())
    # Spanish says "la 1" and "las 5": the count is the hour's number on the clock's face.
    return ngettext(
        "Most lessons are opened in the hour from %(hour)s on.",
        "Most lessons are opened in the hour from %(hour)s on.",
        (hour - 1) % 12 + 1,
        hour=said,
    )


def number(value: int) -> str:
    """`1,234`."""
    return str(format_decimal(value, locale=get_locale()))
