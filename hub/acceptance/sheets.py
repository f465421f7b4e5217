"""What is printed, as plain words: made here with the reader's language, drawn by a process of its own.

    pdf = printed(report_sheet(row, seen, "Mujeres del maíz", "es"))     # bytes of a PDF

The library that draws takes 22 MB, which a web process would keep from the first label on. So `python -m
hub.acceptance.drawing` draws one sheet, told on its input, and ends (drawing.py).
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
from flask_babel import gettext as _
from msgspec import Struct

from hub.acceptance.names import name_of, state_of
from hub.acceptance.wifi_code import join_code
from hub.addresses import SETUP_ADDRESS, VILLAGE_ADDRESS
from hub.clock import dated
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.acceptance.models import Acceptance
    from hub.acceptance.results import Seen
    from hub.network.record import Network, WiFi
    from hub.settings import Settings

LONGEST = 60.0  # seconds of drawing; some four on a Raspberry Pi


class CannotPrint(HubError):
    """The sheet could not be drawn; the reader tries again, or looks at the log."""


class Line(Struct, frozen=True):
    """A row of a report; `mark` is "pass", "fail" or "waiting"."""

    name: str
    mark: str
    state: str
    sentence: str


class ReportSheet(Struct, frozen=True, tag="report"):
    """A report: its headings, the verdict, facts about it as (name, value), the lines, and the words at the foot."""

    programme: str
    title: str
    verdict: str
    passed: bool
    about: list[tuple[str, str]]
    lines: list[Line]
    foot: str
    language: str


class LabelSheet(Struct, frozen=True, tag="label"):
    """A label: how to join and what to open, in words and as QR codes. `copies` stand on one page, with cuts between.

    `notice` stands out, as on the label that is not to be hung up; `note` is small.
    """

    programme: str
    join: str
    name: str
    name_words: str
    password: str
    password_words: str
    join_code: str
    join_scan: str
    open: str
    addresses: list[str]
    or_words: str
    open_code: str
    open_scan: str
    notice: str
    note: str
    copies: int
    language: str


Sheet = ReportSheet | LabelSheet


def report_sheet(row: Acceptance, seen: Seen, programme: str, language: str) -> ReportSheet:
    """The report of a check that has ended."""
    about = [
        (_("Check"), str(row.number)),
        (_("Site"), " · ".join(filter(None, (row.site, row.code))) or _("not named")),
        (_("When"), _when(row)),
        (_("Program"), row.software),
    ]
    lines = [Line(name_of(one.name), one.status, state_of(one), one.sentence) for one in seen.rows]
    return ReportSheet(
        programme=programme,
        title=_("Acceptance of a hub"),
        verdict=_("Passed") if row.passed else _("Not passed"),
        passed=bool(row.passed),
        about=about,
        lines=lines,
        foot=_("The hub made this report itself. It names no person, no phone and no password."),
        language=language,
    )


def _when(row: Acceptance) -> str:
    ended, zone = dated(row.ended) if row.ended else None, ZoneInfo(row.time_zone or "UTC")
    return f"{ended.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})" if ended else _("the hub did not know the time")


def village_label(network: Network, settings: Settings, programme: str, language: str) -> LabelSheet:
    """What hangs on the wall for everybody: two of them on a page."""
    return _label(
        network.village,
        programme,
        language,
        address=f"http://{VILLAGE_ADDRESS}/",
        addresses=[f"http://{name}" for name in (settings.name, VILLAGE_ADDRESS) if name],
        notice="",
        copies=2,
    )


def setup_label(network: Network, programme: str, language: str) -> LabelSheet:
    """What the technician takes along."""
    address = f"http://{SETUP_ADDRESS}/technician"
    return _label(
        network.setup,
        programme,
        language,
        address=address,
        addresses=[address],
        notice=_("For the technician alone. Do not hang this up."),
        copies=1,
    )


def _label(
    wifi: WiFi, programme: str, language: str, *, address: str, addresses: list[str], notice: str, copies: int
) -> LabelSheet:
    odd = _("Some signs of the name cannot be printed here. The square code has them.")
    return LabelSheet(
        programme=programme,
        join=_("Join the Wi-Fi"),
        name=wifi.name,
        name_words=_("Network"),
        password=wifi.password or _("no password"),
        password_words=_("Password"),
        join_code=join_code(wifi),
        join_scan=_("Point the camera here to join"),
        open=_("Open this"),
        addresses=addresses,
        or_words=_("or"),
        open_code=address,
        open_scan=_("Point the camera here to open"),
        notice=notice,
        note="" if is_printable(wifi.name) else odd,
        copies=copies,
        language=language,
    )


def is_printable(text: str) -> bool:
    """Whether the fonts that every PDF reader brings have all signs of `text` (Latin-1)."""
    return text.isprintable() and all(ord(sign) < 256 for sign in text)


def printed(sheet: Sheet) -> bytes:
    """The PDF; raises CannotPrint."""
    command = [sys.executable, "-m", "hub.acceptance.drawing"]
    try:
        done = subprocess.run(
            command, input=msgspec.json.encode(sheet), capture_output=True, timeout=LONGEST, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotPrint(f"The page to print could not be drawn ({type(error).__name__}); try again.") from error
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF"):
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2][:200]
        raise CannotPrint(f"The page to print could not be drawn ({last}); try again.")
    return done.stdout
