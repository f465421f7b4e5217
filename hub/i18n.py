"""Languages: Spanish (Mexico) unless the person chose English or her phone asks for it.

    language_of(environ)        # "es"

The texts in the code are English; hub/translations holds the Spanish ones (docs/operating/translations.md).
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from babel import Locale, UnknownLocaleError
from babel.units import format_unit
from flask import Flask, request
from flask_babel import Babel, force_locale, get_locale
from flask_babel import gettext as _
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COOKIE = "language"
DEFAULT = "es"
LANGUAGES = {"es": "Español", "en": "English"}
LOCALES = {"es": "es_MX", "en": "en"}
CHOSEN = re.compile(rf"(?:^|;)\s*{COOKIE}=({'|'.join(LANGUAGES)})\s*(?:;|$)")
LONGEST_HEADER = 200  # characters of Accept-Language worth reading; real ones stay under 100


def language_of(environ: Mapping[str, Any]) -> str:
    """The code of the language to answer this request in: what the cookie says, else what the phone asks for."""
    chosen = CHOSEN.search(environ.get("HTTP_COOKIE", ""))
    return chosen[1] if chosen else _preferred(environ.get("HTTP_ACCEPT_LANGUAGE", "")[:LONGEST_HEADER])


@lru_cache(maxsize=64)
def _preferred(accept_language: str) -> str:
    """The best of our languages by quality (RFC 9110, section 12.5.4); Spanish if it names none of them."""
    # Werkzeug's own match takes "en" before a better liked "es-MX", because the first is exact.
    for tag, quality in parse_accept_header(accept_language, LanguageAccept):
        primary = tag.lower().partition("-")[0]
        if quality > 0 and primary in LANGUAGES:
            return primary
    return DEFAULT


def init_app(app: Flask) -> None:
    """Teach `app` its languages, and its templates to write times and sizes."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", LOCALES[DEFAULT])
    Babel(app, locale_selector=lambda: LOCALES[language_of(request.environ)])
    app.context_processor(lambda: {"language": str(get_locale().language), "languages": LANGUAGES})
    app.jinja_env.filters.update(minutes=minutes, size=size, language_name=language_name)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Texts are in `language` within, for what is written outside of any request."""
    app = Flask("hub", static_folder=None)
    init_app(app)
    with app.app_context(), force_locale(LOCALES[language]):
        yield


def minutes(seconds: float) -> str:
    """A length as people say it: "3 min"; anything under a minute is "1 min"."""
    whole = max(round(seconds / 60), 1)
    if whole < 60:
        return str(format_unit(whole, "minute", "short", locale=get_locale() or "en"))
    return _("%(hours)d h %(minutes)d min", hours=whole // 60, minutes=whole % 60)


def size(count: int) -> str:
    """Bytes as a person weighs them up: "2.5 MB", "340 kB" (powers of 1,000)."""
    if count >= 999_950_000:
        return str(format_unit(round(count / 1e9, 1), "digital-gigabyte", "short", locale=get_locale() or "en"))
    if count >= 999_500:
        return str(format_unit(round(count / 1e6, 1), "digital-megabyte", "short", locale=get_locale() or "en"))
    return str(
        format_unit(max(round(count / 1e3), min(count, 1)), "digital-kilobyte", "short", locale=get_locale() or "en")
    )


def language_name(code: str) -> str:
    """The language `code` in its own words, "Español"; failing that in Spanish ("Zapoteco"), at worst the code."""
    try:
        own = Locale.parse(code, sep="-").get_language_name()
    except (ValueError, UnknownLocaleError):
        own = Locale(DEFAULT).languages.get(code.partition("-")[0].lower())
    return own.capitalize() if own else code
