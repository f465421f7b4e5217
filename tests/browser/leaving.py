"""The check before a technician leaves, in each of its states: a box with a made-up machine, network, phone and card.

Each state is put into the hub's own database and folders, from which its web process reads; no worker runs.
"""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.clock import Clock
from hub.network.record import Network, WiFi, encode
from hub.portal.acceptance import Acceptance as Portal
from hub.portal.leases import Leases
from tests.hub.box import machine as machines
from tests.hub.box.machine import make_machine, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.village import Village
    from tests.town import Town

HUB = "leaving"
ENVIRON = {"HUB_NAME": "hub.home.arpa", "HUB_STAFF_FROM": "127.0.0.0/8"}
VILLAGE, SETUP = WiFi(name="Biblioteca Dzemul", password="48217730"), WiFi(name="hub-7f", password="tejon-maple-44")
GOOD = {
    "spanned": 27_400_000_000, "blocks": 20_000, "wrong": 0, "real": None, "write_mb": 21.4, "read_mb": 43.0,
    "commit_ms": 6.1, "longest_ms": 60.0, "seconds": 41.0,
}  # fmt: skip
COUNTERFEIT = GOOD | {"wrong": 340, "real": 8_000_000_000}
SLOW = GOOD | {"write_mb": 3.4}


def fill(town: Town) -> None:
    """A box that is well, without a line, whose library is whole."""
    data = Path(town.environ["HUB_DATA"])
    town.environ["HUB_MACHINE"] = str(town.folder / "machine")
    ill(town)
    town.fill_library()
    town.run("hub", "setup", "--name", "Dzemul", "--time-zone", "America/Merida", "--without-head-office", "--json")
    network = Network(number=4, stage="village", village=VILLAGE, setup=SETUP, uplink="none")
    (data / "orders").mkdir(exist_ok=True)
    (data / "orders" / "network").write_bytes(encode(network))
    clients = {"low": 4, "high": 10, "why": "firmware"}
    radios = [{"interface": "wlan0", "clients": clients}]
    outcome = {"number": 4, "ok": True, "sentence": "It is in force.", "radio": "wlan0", "radios": radios}
    write(data / "run/network.json", json.dumps(outcome))
    change(town, "UPDATE site SET collector_key = x'00', code = 'YUC-031'")


def ill(town: Town, **ills: Any) -> None:
    make_machine(town.folder / "machine", data=Path(town.environ["HUB_DATA"]), **ills)


def change(town: Town, *statements: str) -> None:
    with closing(sqlite3.connect(Path(town.environ["HUB_DATA"]) / "hub.sqlite3", timeout=20)) as database, database:
        for statement in statements:
            database.execute(statement)


def phone(town: Town) -> None:
    """A phone that joined a while ago, saw the page and pressed its button."""
    data = Path(town.environ["HUB_DATA"])
    leases = Path(town.environ["HUB_MACHINE"]) / "run/village-hub-net/leases"
    write(leases, "1790000000 6a:11:22:33:44:55 10.44.0.7 * *\n")
    portal = Portal(data / "run/portal.json", Leases(leases), Clock())
    portal.note("page")
    portal.note("accepted", "55")
    portal.save()


def put(
    card: dict[str, Any] | None = None, ills: dict[str, Any] | None = None, *, step: str = "", joined: bool = True
) -> Callable[[Village, Page], None]:
    """A check that began a minute ago, with that card and machine."""

    def act(village: Village, page: Page) -> None:
        town = village.hub(HUB)
        ill(town, **(ills or {}))
        if joined:
            phone(town)
        now, began = time.clock_gettime(time.CLOCK_BOOTTIME), time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        boot = "(SELECT max(id) FROM boot)"
        done = 0 if step else now
        change(
            town,
            f"UPDATE boot SET began = {began}, source = 'technician' WHERE id = {boot}",
            "DELETE FROM acceptance",
            "DELETE FROM errand",
            f"INSERT OR REPLACE INTO job_run (name, boot, seconds, took) VALUES ('roll up', {boot}, {now}, 0.1)",
            "INSERT INTO acceptance (number, boot, seconds, bytes, software) "
            f"VALUES (7, {boot}, {now - 60}, 0, 'village-hub')",
            "INSERT INTO errand (id, wanted, stop, step, done, total, card_word, card, card_boot, card_seconds, files,"
            f" bytes, damaged, files_boot, files_seconds) VALUES (1, '', 0, '{step}', 90000000, 220000000, 'tested',"
            f" '{json.dumps(card or GOOD)}', {boot}, {now}, 412, 1900000000, 0, {boot}, {done})",
        )
        page.reload()

    return act


def none_yet(village: Village, page: Page) -> None:
    change(village.hub(HUB), "DELETE FROM acceptance", "DELETE FROM errand")
    page.reload()


def ended(card: dict[str, Any], ills: dict[str, Any]) -> Callable[[Village, Page], None]:
    """The result is kept by pressing the button."""
    before = put(card, ills)

    def act(village: Village, page: Page) -> None:
        before(village, page)
        if page.locator("summary").count():
            page.click("summary")
        page.click("form[action$='/end'] button")

    return act


PAGE = {"path": "/technician/acceptance", "hub": HUB, "staff": True}
PLACES: list[dict[str, Any]] = [
    {"name": "leaving-begin", **PAGE, "act": none_yet, "sees": "form[action$='/start'] .main-action"},
    {"name": "leaving-testing", **PAGE, "act": put(step="card", joined=False), "sees": "main .meter"},
    {"name": "leaving-well", **PAGE, "act": put(), "sees": "form[action$='/end'] .main-action"},
    {"name": "leaving-counterfeit", **PAGE, "act": put(COUNTERFEIT), "sees": "main .notice"},
    {"name": "leaving-slow-card", **PAGE, "act": put(SLOW), "sees": "main .notice"},
    {"name": "leaving-low-voltage", **PAGE, "act": put(GOOD, machines.UNDER_VOLTAGE), "sees": "main .notice"},
    {"name": "leaving-hot-and-old", **PAGE, "act": put(SLOW, machines.HOT | machines.OLD_CARD), "sees": "main .notice"},
    {
        "name": "leaving-sure",
        **PAGE,
        "act": lambda v, p: (put(SLOW)(v, p), p.click("summary")),
        "sees": "details[open]",
    },
    {"name": "leaving-passed", **PAGE, "act": ended(GOOD, {}), "sees": "a[href$='.pdf'].main-action"},
    {"name": "leaving-not-passed", **PAGE, "act": ended(COUNTERFEIT, machines.HOT), "sees": "main .notice"},
]
FILL: dict[str, Callable[[Town], None]] = {HUB: fill}
