"""A box that is being set up, a technician who counts her taps, and a root who carries out what the hub orders.

    with NewBox(folder, "es-MX") as box:
        visit = Visit(box, page)
        visit.tap("main form button")
        visit.taps, visit.seconds       # 1, 4.0: what a person would need, not what this machine took

The hub's web and worker are real, and so is head office. Root's part of the network is played: each order gets the
outcome that `hub network apply` would write. The village's phone is another address of this machine.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hub.network.record import BadNetwork, decode
from tests.browser.visiting import RADIOS
from tests.hub.box.machine import make_machine
from tests.town import Town

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MOST_TAPS, MOST_SECONDS = 20, 600.0  # from plug to pass
# What people take: to find and press one thing, and to type one letter on a phone.
TAP, LETTER = 4.0, 0.7
# What a box takes, as reckoned: to start (an emulated machine of a Pi's class answers after 61 s), to change its network
# until a phone is on it, and to look at itself (hub/acceptance: 40 s of reading files back, a test of the card of 120 s).
START, CHANGE, CHECK = 60.0, 15.0, 160.0
PHONE = "127.0.0.2"


class NewBox(Town):
    """A box after its first boot, with courses on it and nobody's answers."""

    def __init__(self, folder: Path, both: bool = False) -> None:
        self.machine = folder / "machine"
        super().__init__(
            folder,
            {
                "HUB_STAFF_FROM": "127.0.0.1/32",
                "HUB_NAME": "hub.home.arpa",
                "HUB_MACHINE": str(self.machine),
                "HUB_STICKS": str(folder / "media"),
                "HUB_CARD_TEST_MB": "32",
            },
        )
        self.both, self.stages = both, list[str]()
        self._stop = threading.Event()
        self._root = threading.Thread(target=self._carry_out)

    def __enter__(self) -> Self:
        self.ills()
        self.fill_library()
        self.run("hub", "first-boot")
        self._root.start()
        for name in ("web", "worker"):
            self.start(name)
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._root.join(10)
        super().__exit__(*error)

    def ills(self, **ills: Any) -> None:
        """The machine is well, or has these troubles."""
        make_machine(self.machine, data=self.data, **ills)

    def restart(self, **environ: str) -> None:
        """Switch the box off and on, with other settings if any are given; what lies in its run folder is gone."""
        for name in ("web", "worker"):
            self.stop(name)
        (self.run_folder / "low-power").unlink(missing_ok=True)
        self.environ |= environ
        for name in ("web", "worker"):
            self.start(name)

    @property
    def data(self) -> Path:
        return Path(self.environ["HUB_DATA"])

    @property
    def run_folder(self) -> Path:
        return self.data / "run"

    def accept(self) -> None:
        """A phone in the village opens the portal's page and presses its button."""
        for method in ("GET", "POST"):
            line = http.client.HTTPConnection("127.0.0.1", self.ports["web"], timeout=10, source_address=(PHONE, 0))
            with contextlib.closing(line):
                line.request(method, "/welcome", headers={"Host": f"127.0.0.1:{self.ports['web']}"})
                assert line.getresponse().status < 400

    def card_is(self, **figures: float) -> None:
        """What the test of the card measured, once it has: the disk of this machine is no card."""
        sets = ", ".join(f"'$.{name}', {value}" for name, value in figures.items())
        with contextlib.closing(sqlite3.connect(self.data / "hub.sqlite3", timeout=20)) as database, database:
            database.execute(f"UPDATE errand SET card = json_set(card, {sets}) WHERE card IS NOT NULL")

    def card_was_tested(self) -> bool:
        with contextlib.closing(sqlite3.connect(self.data / "hub.sqlite3", timeout=20)) as database:
            row = database.execute("SELECT card_word, step, wanted FROM errand").fetchone()
        return bool(row and row[0] and row[1] == "" and row[2] == "")

    def ordered_power(self) -> str:
        return (self.data / "orders" / "power").read_text()

    def _carry_out(self) -> None:
        seen = b""
        while not self._stop.wait(0.05):
            with contextlib.suppress(OSError, BadNetwork):
                order = (self.data / "orders" / "network").read_bytes()
                if order != seen:
                    seen, network = order, decode(order)
                    self.stages.append(network.stage)
                    self._say(number=network.number, stage=network.stage)

    def _say(self, **facts: Any) -> None:
        told = {"ok": True, "sentence": "The network is in force.", "always_both": self.both, **RADIOS, **facts}
        self.run_folder.mkdir(parents=True, exist_ok=True)
        temporary = self.run_folder / ".network.json"
        temporary.write_text(json.dumps(told))
        temporary.replace(self.run_folder / "network.json")


class Visit:
    """The technician with her phone. Each thing that is touched is a tap: a field too, and a choice in a list is two."""

    def __init__(self, box: NewBox, page: Page, shots: Path) -> None:
        self.box, self.page, self.shots = box, page, shots
        self.taps, self.seconds, self.pictures = 0, START, 0

    def tap(self, what: str, times: int = 1) -> None:
        """Press it; the page that follows is photographed."""
        self._touch(times)
        self.page.click(what)
        self.page.wait_for_load_state()
        self.photograph()

    def write(self, field: str, text: str) -> None:
        self._touch(1)
        self.seconds += LETTER * len(text)
        self.page.fill(field, text)

    def choose(self, field: str, value: str) -> None:
        self._touch(2)
        self.page.select_option(field, value)

    def bring(self, field: str, name: str, data: bytes) -> None:
        """Choose a file on the phone: the field, then the file."""
        self._touch(2)
        self.page.set_input_files(field, {"name": name, "mimeType": "application/octet-stream", "buffer": data})

    def elsewhere(self, taps: int, letters: int = 0) -> None:
        """In the phone's own settings."""
        self._touch(taps)
        self.seconds += LETTER * letters

    def wait_for(self, what: str, seconds: float) -> Locator:
        """Look at the page, which comes again by itself, until it shows that; it takes the box so many seconds."""
        self.seconds += seconds
        found = self.page.locator(what)
        found.first.wait_for(timeout=60_000)
        self.photograph()
        return found

    def photograph(self) -> None:
        self.pictures += 1
        self.page.screenshot(path=self.shots / f"{self.pictures:02}.png", full_page=True)

    def fits(self) -> bool:
        """Whether nothing sticks out of the screen."""
        boxes = [found.bounding_box() for found in self.page.locator("main *:visible").all()]
        return all(box is None or box["x"] + box["width"] <= 360.5 for box in boxes)

    def _touch(self, times: int) -> None:
        self.taps += times
        self.seconds += TAP * times
