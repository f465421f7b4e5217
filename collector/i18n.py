"""Languages of the pages: `?lang=` chooses and is remembered, else what the browser asks for, else Spanish."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_skeleton
from flask import Flask, request, session
from flask_babel import Babel, format_decimal, format_timedelta, get_locale
from flask_babel import gettext as _

LANGUAGES = {"es": "Español", "en": "English"}
DEFAULT = "es"


def init_app(app: Flask) -> None:
    """Teach `app` its languages, and its templates to write numbers and spans of time."""
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT
    Babel(app, locale_selector=_chosen)
    app.context_processor(lambda: {"language": str(get_locale()), "languages": LANGUAGES})
    app.jinja_env.filters.update(number=_number, since=_since, short_day=_short_day)


def reader() -> str:
    """The language of whoever reads this page, without a country."""
    return str(get_locale()).partition("_")[0]


def _chosen() -> str:
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        session["lang"] = asked
        return asked
    kept = session.get("lang")
    return kept if kept in LANGUAGES else request.accept_languages.best_match(LANGUAGES, DEFAULT) or DEFAULT


def _number(value: float) -> str:
    return str(format_decimal(round(value)))


def _since(heard: int | None, now: int) -> str:
    """How long ago, in words; both in Unix milliseconds."""
    if heard is None:
        return str(_("never"))
    if now - heard < 60_000:
        return str(_("just now"))
    return str(format_timedelta(dt.timedelta(milliseconds=heard - now), add_direction=True))


def _short_day(day: dt.date) -> str:
    """Day and month, as the language puts them."""
    return str(format_skeleton("MMMd", day, locale=get_locale()))
