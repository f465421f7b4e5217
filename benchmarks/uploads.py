"""Bytes on the wire of whole uploads: a real hub's outbox, its real delivery, and a real collector behind its nginx.

    sudo python -m benchmarks.uploads

The hub seals the synthetic days of benchmarks/site_day_bytes.py (about 120 visitors, 400 plays, with all that will ever
be counted) with its own roll-up, and delivers them with its own uplink; nginx has the configuration of
deploy/head-office. The collector listens on a Unix socket, which is no wire (benchmarks/wire.py), and believes the time
to be the hub's, which jumps from day to day.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.servers import ROOT
from benchmarks.site_day_bytes import ITEMS, a_day, courses_of, poisson, with_all
from benchmarks.wire import Wire
from hub.backup import open_or_restore
from hub.clock import Clock
from hub.db import database
from hub.settings import Settings
from hub.site import this_site
from hub.uplink import tls
from hub.uplink.deliver import deliver
from hub.uplink.enrol import enrol
from hub.uplink.models import Outbox
from hub.uplink.seal import Feature, roll_up
from hub.usage.rollups import UsageDay

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

DAYS, WEEKS = 9, 3  # how often each is measured
AIMS = {"one day": 6300, "one day, resumed": 3500, "a week in one": 10_500, "a month, sent weekly": 44_000}
KINDS = {"tls, public chain": "public", "tls, private leaf": "private", "plain": ""}


@dataclasses.dataclass(frozen=True, kw_only=True)
class FullDay(UsageDay):
    """A day with what later features will count as well."""

    sign_ins: int
    learning: tuple[Any, ...]
    sessions: tuple[Any, ...]
    survey: tuple[Any, ...]


class Model:
    """A feature that counted what the synthetic days say: one seed, one site."""

    def __init__(self) -> None:
        rng = random.Random(21)
        self._items, self._rng, self._known = rng.sample(range(ITEMS), ITEMS), rng, {}

    def changed_since(self, _batch: int, _zone: ZoneInfo) -> tuple[set[dt.date], int]:
        return set(), 0

    def summary(self, day: dt.date, _zone: ZoneInfo) -> UsageDay:
        if day not in self._known:
            made = a_day(self._rng, bytes(8), day, self._items, poisson(self._rng, 400), poisson(self._rng, 120))
            made = with_all(self._rng, made, courses_of(made))
            fields = {field.name for field in dataclasses.fields(FullDay)} & set(made.__struct_fields__)
            self._known[day] = FullDay(**{name: getattr(made, name) for name in fields})
        return self._known[day]


class Hub:
    """What a box does, but that its days pass when they are told to. `hour` is written where head office reads it."""

    def __init__(self, folder: Path, passed: Path) -> None:
        self.settings = Settings(data=folder, reserve_mb=0)
        self._passed, self._days, self._model = passed, 0, Model()
        self._began = time.monotonic()
        open_or_restore(self.settings)
        this_site()
        from content_cache.library import Library

        self._library = Library(self.settings.library_root)
        self._clock = Clock(
            since_boot=lambda: time.monotonic() - self._began + 86_400 * self._days, synchronised=lambda: False
        )
        self._tell()

    def _tell(self) -> None:
        self._passed.write_text(str(86_400 * self._days))

    def enrol(self, url: str, code: str) -> None:
        enrol(url, code, self.settings, self._clock)

    def live(self, days: int) -> None:
        """Let `days` pass, and seal them."""
        self._days += days
        self._tell()
        model = Feature("usage", self._model.changed_since, self._model.summary)
        sealed = roll_up(self.settings, self._clock, self._library, features=[model])
        assert len(sealed) == days, sealed

    def waiting(self) -> int:
        """Bytes of sealed records that wait."""
        return sum(len(row.sealed) for row in Outbox.select().where(~Outbox.acknowledged))

    def upload(self, *, resumed: bool) -> None:
        """Deliver all that waits, or an empty batch; as a stranger unless `resumed`."""
        if not resumed:
            tls.context_for.cache_clear()
        deliver(self.settings, self._clock, self._library, urgent=True)
        assert self.waiting() == 0, "head office did not take all"


class Measured:
    """Bytes of the uploads of one hub over one kind of connection."""

    def __init__(self, wire: Wire, hub: Hub) -> None:
        self._wire, self._hub = wire, hub

    def upload(self, days: int, *, resumed: bool = False) -> tuple[int, int]:
        """Bytes on the wire of an upload of so many days, and those of its records."""
        if days:
            self._hub.live(days)
        sealed, before = self._hub.waiting(), self._wire.bytes()
        self._hub.upload(resumed=resumed)
        return self._wire.bytes() - before, sealed

    def all(self, *, secure: bool) -> dict[str, tuple[int, int]]:
        """The rows of the table, each with its bytes on the wire and of records, in the middle of several."""
        rows = {"one day": _middle(self.upload(1) for _ in range(DAYS))}
        if secure:
            rows["one day, resumed"] = _middle(self.upload(1, resumed=True) for _ in range(DAYS))
        rows["a week in one"] = _middle(self.upload(7) for _ in range(WEEKS))
        weeks = [self.upload(7) for _ in range(4)]
        rows["a month, sent weekly"] = (sum(wire for wire, _ in weeks), sum(sealed for _, sealed in weeks))
        rows["nothing new, asking for the time"] = self.upload(0)
        if secure:
            rows["the same, resumed"] = self.upload(0, resumed=True)
        return rows


def _middle(found: Iterator[tuple[int, int]]) -> tuple[int, int]:
    sizes = list(found)
    return round(statistics.median(wire for wire, _ in sizes)), round(statistics.median(sealed for _, sealed in sizes))


def main() -> None:
    """Print the table."""
    found = {}
    with Wire() as wire:
        for kind, certificate in KINDS.items():
            with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="uploads-") as name:
                found[kind] = measure(wire, Path(name), certificate)
    public, private, plain = found.values()
    print("| | sealed records | **TLS, public chain** | aim | TLS, private leaf | plain |\n|---|---|---|---|---|---|")
    for row, (bytes_, sealed) in public.items():
        cells = [f"{kind[row][0]:,}" if row in kind else "" for kind in (private, plain)]
        aim = f"{AIMS[row]:,}" if row in AIMS else ""
        print(f"| {row} | {sealed:,} | **{bytes_:,}** | {aim} | {' | '.join(cells)} |")
    if missed := [row for row, most in AIMS.items() if public[row][0] > most]:
        sys.exit(f"Over the aim: {', '.join(missed)}")


def measure(wire: Wire, folder: Path, certificate: str) -> dict[str, tuple[int, int]]:
    """All rows over one kind of connection: a public or private certificate, or none."""
    folder.chmod(0o755)
    with collector(folder) as (listener, code), wire.serve_office(listener, certificate) as host:
        tls.AUTHORITIES = host.authority or tls.AUTHORITIES
        hub = Hub(folder / "hub", folder / "passed")
        try:
            hub.enrol(host.url, code)
            return Measured(wire, hub).all(secure=bool(certificate))
        finally:
            database.close()


@contextmanager
def collector(folder: Path) -> Iterator[tuple[Path, str]]:
    """A head office in a process of its own: the socket file it listens on, and a code for a hub."""
    listener = folder / "collector.socket"
    environ = os.environ | {"COLLECTOR_DATA": str(folder / "office")}
    (folder / "passed").write_text("0")
    add = [sys.executable, "-m", "collector", "sites", "add", "Dzemul", "--time-zone", "America/Merida", "--json"]
    code = json.loads(subprocess.run(add, env=environ, cwd=ROOT, check=True, capture_output=True).stdout)["code"]
    command = [sys.executable, "-m", "benchmarks.uploads", "--serve", str(listener), str(folder / "passed")]
    server = subprocess.Popen(command, env=environ, cwd=ROOT)
    try:
        for _ in range(500):
            if listener.exists():
                break
            time.sleep(0.02)
        yield listener, code
    finally:
        server.terminate()
        server.wait(20)


def serve(listener: str, passed: Path) -> None:
    """Head office's own application under its own server, on a socket file, by the hub's clock."""
    import waitress

    from collector.app import create_app
    from collector.server import stop_on_signals
    from collector.settings import Settings as OfficeSettings

    def now() -> float:
        return time.time() + float(passed.read_text() or 0)

    stop_on_signals()
    app: Any = create_app(OfficeSettings.load(), clock=now)
    waitress.serve(app, unix_socket=listener, unix_socket_perms="666", ident=None, _quiet=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], Path(sys.argv[3]))
    elif os.geteuid() != 0:
        sys.exit("This benchmark makes a network namespace; run it as root.")
    else:
        began = time.monotonic()
        main()
        print(f"\nin {time.monotonic() - began:.0f} s")
