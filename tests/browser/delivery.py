"""A hub to which courses are still coming, and what can become of that, as the technician's page tells it.

Each state is put into the hub's own database and folder, from which its web process reads; nothing is asked of a network.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tests.simulators.coming import leave_out
from tests.town import ITEM

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.village import Village
    from tests.town import Town

COURSE = ITEM.partition("/")[0]
COMING = f"{COURSE}/de-costo-a-precio"
NOTHING_YET = "celular-seguro"
SOURCE = "https://contenido.example/repositorio"
COPYING = "INSERT INTO copy VALUES ('/media/KINGSTON', 'writing', 3000000, 9000000, NULL, 1, 5)"
NOON = dt.datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("America/Merida")).timestamp()
TABLES = ("content", "wish", "ask", "stick", "copy", "scrub", "budget", "ledger")


def wait_for_some(town: Town) -> None:
    """The sample library, of which one course and one lesson have not come yet."""
    library = town.fill_library()
    catalogue = library.catalogue()
    assert catalogue is not None
    items = [*catalogue.items(NOTHING_YET), catalogue.item(COMING)]
    leave_out(library, {item.id: sum(file.size for file in item.files) for item in items})


def put(town: Town, *statements: str) -> None:
    """Start from nothing ordered and nothing met, then run the statements in the hub's database."""
    with closing(sqlite3.connect(Path(town.environ["HUB_DATA"]) / "hub.sqlite3", timeout=20)) as database, database:
        for statement in (*(f"DELETE FROM {name}" for name in TABLES), *statements):
            database.execute(statement)


def ask(_village: Village, page: Page) -> None:
    page.click("main button")


def bring(village: Village, page: Page) -> None:
    """A sync that runs: its file of progress, and the lock that says that it is alive."""
    town = village.hub("waiting")
    put(town, _source())
    incoming = Path(town.environ["HUB_DATA"]) / "library" / "incoming"
    incoming.mkdir(exist_ok=True)
    told = {"source": "contenido.example", "step": "files", "done": 12_400_000, "total": 40_000_000}
    (incoming / "progress.json").write_text(json.dumps(told | {"bytes_a_second": 4_600.0}))
    held = os.open(incoming, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        page.reload()
    finally:
        os.close(held)


def fail(village: Village, page: Page) -> None:
    sentence = "https://contenido.example/repositorio/metadata/timestamp.json cannot be reached; check the line."
    put(village.hub("waiting"), _source(error=f"'{sentence}'", why="'offline'", error_boot=1, error_seconds=5))
    page.reload()


def plug(village: Village, page: Page) -> None:
    rows = (("KINGSTON", "taken", "NULL"), ("AZUL", "foreign", "'It is not signed by head office; get another one.'"))
    stick = "INSERT INTO stick VALUES ('/media/{0}', '{0}', '{1}', {2}, 7, '', 1, 5)"
    put(village.hub("waiting"), _source(), *(stick.format(*row) for row in rows), COPYING)
    page.reload()


def spend(village: Village, page: Page) -> None:
    """At noon by the site's clock, today's budget is used up."""
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    used = "INSERT INTO ledger (boot, seconds, up, down, counted, kind)"
    put(
        village.hub("waiting"),
        _source(),
        "INSERT INTO budget VALUES (1, 20000000, 300000000, '00-24', '01-05')",
        f"UPDATE boot SET began = {NOON - now}, source = 'technician' WHERE id = (SELECT max(id) FROM boot)",
        f"{used} SELECT id, {now - 60}, 200000, 21000000, 1, 'content' FROM boot ORDER BY id DESC LIMIT 1",
        f"INSERT INTO wish VALUES ('{COURSE}', 'pinned')",
        f"INSERT INTO ask VALUES ('{COMING}', 3, 1, 5)",
    )
    page.reload()


def limits(village: Village, page: Page) -> None:
    spend(village, page)
    page.click("#budget ~ details > summary")


def _source(**fields: object) -> str:
    row = {"id": 1, "url": f"'{SOURCE}'", "site_group": "'all'", "wanted": 0, "unfinished": 0, "failures": 0, **fields}
    return f"INSERT INTO content ({', '.join(row)}) VALUES ({', '.join(map(str, row.values()))})"
