"""The pages of a technician's visit: a box that nobody has set up, and one whose five answers are there.

Root is played here: what it would write of an order for the network is written by `root_says`.
"""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.clock import BUILT

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.village import Village
    from tests.town import Town

# As on a box: staff pages answer to some networks alone. The browser of the tests sits on the machine itself.
ENVIRON = {"HUB_STAFF_FROM": "127.0.0.0/8", "HUB_NAME": "hub.home.arpa"}
NEW, SET, TRIED = "new-box", "set-box", "tried-box"
ANSWERED = """\
[office]
[place]
name = "Dzemul"
state = "Yucatán"
[wifi]
name = "Aula Dzemul"
[uplink]
kind = "none"
"""
RADIOS = {
    "radios": [
        {
            "interface": "wlan0",
            "bus": "board",
            "aps": 1,
            "bands": ["2.4"],
            "clients": {"low": 4, "high": 10, "why": "firmware"},
        },
        {"interface": "wlan1", "bus": "usb", "aps": 1, "bands": ["2.4"], "clients": None},
    ],
    "ports": [{"name": "eth0", "modem": False, "carrier": True}, {"name": "eth1", "modem": False, "carrier": False}],
}


def run_folder(town: Town) -> Path:
    return Path(town.environ["HUB_DATA"]) / "run"


def root_says(town: Town, **outcome: Any) -> None:
    folder = run_folder(town)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "network.json").write_text(json.dumps(outcome))


def _new(town: Town) -> None:
    """As a box is after its first boot, with two radios and two wired ports."""
    town.run("hub", "first-boot")
    root_says(town, number=1, ok=True, sentence="", always_both=False, **RADIOS)


def _set(town: Town) -> None:
    folder = run_folder(town)
    folder.mkdir(parents=True)
    (folder / "hub-setup.toml").write_text(ANSWERED, "utf-8")
    town.run("hub", "first-boot")


FILL: dict[str, Callable[[Town], None]] = {NEW: _new, SET: _set, TRIED: _set}


def fold_out(_village: Village, page: Page) -> None:
    """All that is folded away, at once."""
    page.evaluate("() => document.querySelectorAll('main details').forEach(folded => { folded.open = true; })")


def fill_in(fields: dict[str, str]) -> Callable[[Village, Page], None]:
    """Fill in a question, and send it."""

    def act(village: Village, page: Page) -> None:
        fold_out(village, page)
        for name, text in fields.items():
            page.fill(f"#{name}", text)
        page.click("main form > button >> nth=0" if "code" in fields else "main form > button >> nth=-1")

    return act


def says(state: str) -> Callable[[Village, Page], None]:
    """What root answered: nothing yet, that it is done, or that it cannot be."""

    def act(village: Village, page: Page) -> None:
        town = village.hub(SET)
        (run_folder(town) / "network.json").unlink(missing_ok=True)
        if state == "done":
            root_says(town, number=9, ok=True, sentence="The network is in force.", always_both=False)
        if state == "failed":
            root_says(town, number=9, ok=False, sentence="There is no radio wlan1; plug it in.")
        page.reload()

    return act


def try_the_wifi(village: Village, page: Page) -> None:
    """Root has done all that was asked before, and is asked for a trial."""
    root_says(village.hub(TRIED), number=time.time_ns(), ok=True, sentence="", always_both=False)
    page.reload()
    page.click("form[action$='/open'] button")


def shut_down(_village: Village, page: Page) -> None:
    """Asked twice."""
    page.click("details:has(input[value=shutdown]) summary")
    page.click("form:has(input[value=shutdown]) button")


def tell_the_time(_village: Village, page: Page) -> None:
    """As the form sends it, a day after the program was built."""
    _tell(page, BUILT + timedelta(days=200))


def tell_a_wrong_time(_village: Village, page: Page) -> None:
    _tell(page, BUILT - timedelta(days=9))


def _tell(page: Page, moment: datetime) -> None:
    page.fill("#time", moment.strftime("%Y-%m-%dT%H:%M"))
    page.click("main form:has(#time) button")


VISIT = "/technician/visit"
TIME = {"path": "/technician/time", "hub": SET, "staff": True}
PLACES: list[dict[str, Any]] = [
    {"name": "staff-time", **TIME, "sees": "#time"},
    {"name": "staff-time-sure", **TIME, "act": tell_the_time, "sees": "main form button"},
    {"name": "staff-time-wrong", **TIME, "act": tell_a_wrong_time, "status": 422, "sees": "main [role=alert]"},
    {"name": "visit-begins", "path": VISIT, "hub": NEW, "sees": "main .main-action"},
    {"name": "visit-office", "path": f"{VISIT}/office", "hub": NEW, "sees": "#code"},
    {"name": "visit-place", "path": f"{VISIT}/place", "hub": NEW, "sees": "#state"},
    {"name": "visit-wifi", "path": f"{VISIT}/wifi", "hub": NEW, "sees": "#password"},
    {"name": "visit-uplink", "path": f"{VISIT}/uplink", "hub": NEW, "sees": "[name=kind]"},
    {"name": "visit-wifi-open", "path": f"{VISIT}/wifi", "hub": NEW, "act": fold_out, "sees": "#channel"},
    {"name": "visit-uplink-open", "path": f"{VISIT}/uplink", "hub": NEW, "act": fold_out, "sees": "#villagers"},
    {"name": "visit-administrator", "path": f"{VISIT}/administrator", "hub": NEW, "sees": "#again"},
    *[
        {
            "name": f"visit-{part}-wrong",
            "path": f"{VISIT}/{part}",
            "hub": NEW,
            "status": 422,
            "sees": "main [role=alert]",
            "act": fill_in(fields),
        }
        for part, fields in (
            ("office", {"address": "oficina.ejemplo.org", "code": "K7QM-3T5X"}),
            ("place", {"name": "Dzemul", "other": "Bogotaa"}),
            ("wifi", {"password": "corta"}),
            ("administrator", {"password": "tres gatos cantan", "again": "tres gatos bailan"}),
        )
    ],
    {"name": "visit-waits", "path": VISIT, "hub": SET, "staff": True, "act": says("asked"), "sees": "main .lead"},
    {"name": "visit-failed", "path": VISIT, "hub": SET, "staff": True, "act": says("failed"), "sees": "main .notice"},
    {"name": "visit-ready", "path": VISIT, "hub": SET, "staff": True, "act": says("done"), "sees": "#end"},
    {"name": "visit-trial", "path": VISIT, "hub": TRIED, "staff": True, "act": try_the_wifi, "sees": "main ol"},
    {"name": "visit-shut-down", "path": VISIT, "hub": SET, "staff": True, "act": shut_down, "sees": "main .lead"},
]
