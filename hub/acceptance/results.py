"""A check from its beginning to its verdict, and what is kept of it.

    row = begin(hub)                    # number 7, from now
    seen = look(hub, row)               # Seen(rows=[…], verdict="waiting")
    end(hub, row)                       # kept, with a verdict of pass or fail
    kept(row)                           # the same rows again, any day, in the reader's language

A row passes, fails, or waits for something that has not happened. The whole passes if every row does; only what waits
for a carrier, where no line leads to head office, keeps nobody from leaving. What is kept names no person, no phone and
no password: the sentences that staff saw, and of the facts those that are numbers or yes and no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec
from flask_babel import force_locale, get_locale
from msgspec import Struct

from hub.acceptance.machine import machine_checks
from hub.acceptance.models import ALL, Acceptance, errand, latest
from hub.acceptance.visit import visit_checks
from hub.acceptance.work import order, stop
from hub.db import writing
from hub.health.checks import Check, base_checks
from hub.i18n import LOCALES
from hub.site import this_site
from hub.technician.look import check_jobs, check_site
from hub.uplink.ledger import bytes_by_kind
from hub.version import SOFTWARE

if TYPE_CHECKING:
    from hub.app import Hub

Status = Literal["pass", "fail", "waiting"]
ORDER = (
    *("power", "storage", "card", "heat", "watchdog", "memory", "disk"),
    *("wifi", "client", "portal"),
    *("complete", "verified"),
    *("clock", "reached", "summary", "site", "database", "jobs"),
)


class Row(Struct, frozen=True):
    """One check: its name, how it fares, and its sentence by language."""

    name: str
    status: Status
    sentences: dict[str, str]
    carrier: bool = False
    facts: dict[str, bool | int | float] = {}

    @property
    def sentence(self) -> str:
        """In the reader's language."""
        return self.sentences.get(str(get_locale().language)) or self.sentences.get("en", "")


class Seen(NamedTuple):
    """The rows, and the verdict on all of them."""

    rows: list[Row]
    verdict: Status

    @property
    def failed(self) -> list[Row]:
        return [row for row in self.rows if row.status == "fail"]

    @property
    def in_order(self) -> list[Row]:
        """What is to be mended first, then what is awaited."""
        return sorted(self.rows, key=lambda row: ("fail", "waiting", "pass").index(row.status))

    @property
    def waiting(self) -> list[Row]:
        """What the technician has to wait for, or do."""
        return [row for row in self.rows if row.status == "waiting" and not row.carrier]


def under_way() -> Acceptance | None:
    """The check that has begun and not ended."""
    row = latest()
    return row if row is not None and row.passed is None else None


def begin(hub: Hub) -> Acceptance:
    """A new check, and the worker's part of it; if one is under way, its worker's part once more."""
    before = under_way()
    if before is not None:
        if not errand().at_work:
            order(ALL)
        return before
    now, site = hub.clock.moment(), this_site()
    with writing():
        row: Acceptance = Acceptance.create(
            boot=now.boot,
            seconds=now.seconds,
            bytes=sum(bytes_by_kind().values()),
            code=site.code,
            site=site.name,
            time_zone=site.time_zone,
            software=SOFTWARE,
        )
    order(ALL)
    return row


def look(hub: Hub, row: Acceptance) -> Seen:
    """How it fares now, in the reader's language alone."""
    return judged(_checks(hub, row), str(get_locale().language))


def end(hub: Hub, row: Acceptance) -> Acceptance:
    """Keep what was found, in every language; what still waits keeps the whole from passing."""
    stop()
    by_language = {}
    for code, locale in LOCALES.items():
        with force_locale(locale):
            by_language[code] = judged(_checks(hub, row), code)
    rows = [_together(rows) for rows in zip(*(seen.rows for seen in by_language.values()), strict=True)]
    now, site = hub.clock.moment(), this_site()
    with writing():
        Acceptance.update(
            ended_boot=now.boot,
            ended_seconds=now.seconds,
            passed=verdict(rows) == "pass",
            code=site.code,
            site=site.name,
            time_zone=site.time_zone,
            software=SOFTWARE,
            results=msgspec.json.encode(rows).decode(),
        ).where((Acceptance.number == row.number) & Acceptance.passed.is_null()).execute()
    return Acceptance.get_by_id(row.number)


def kept(row: Acceptance) -> Seen:
    """What was found then."""
    try:
        rows = msgspec.json.decode(row.results or "[]", type=list[Row])
    except msgspec.MsgspecError:
        rows = []
    return Seen(rows, "pass" if row.passed else "fail")


def judged(checks: list[Check], language: str) -> Seen:
    """The rows of those checks, in the order of ORDER."""
    known = {check.name: check for check in checks}
    rows = [_row(known[name], language) for name in ORDER if name in known]
    return Seen(rows, verdict(rows))


def verdict(rows: list[Row]) -> Status:
    """Of all together: what fails outweighs what waits."""
    if any(row.status == "fail" for row in rows):
        return "fail"
    return "waiting" if any(row.status == "waiting" and not row.carrier for row in rows) else "pass"


def _checks(hub: Hub, row: Acceptance) -> list[Check]:
    checks = base_checks(hub.settings, hub.clock, hub.library) + machine_checks(hub.settings, hub.clock, hub.library)
    return checks + visit_checks(hub, row) + [check_site(), check_jobs(hub.clock)]


def _row(check: Check, language: str) -> Row:
    waits = check.ok and bool(check.facts.get("waiting"))
    status: Status = "waiting" if waits else "pass" if check.ok else "fail"
    facts = {name: value for name, value in check.facts.items() if isinstance(value, bool | int | float)}
    sentence = check.sentence.replace("`", "")
    return Row(check.name, status, {language: sentence}, bool(check.facts.get("carrier")), facts)


def _together(rows: tuple[Row, ...]) -> Row:
    """One row out of the same one in several languages; the worst of what they say, if it changed in between."""
    worst = max(rows, key=lambda row: ("pass", "waiting", "fail").index(row.status))
    sentences: dict[str, str] = {}
    for row in rows:
        sentences |= row.sentences
    return msgspec.structs.replace(worst, sentences=sentences)
