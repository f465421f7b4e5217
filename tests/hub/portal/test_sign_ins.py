"""Sign-ins reach head office as a number of the day, and nothing else of them is kept."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from content_cache.library import Library
from hub.backup import open_or_restore
from hub.clock import Clock
from hub.db import database, writing
from hub.portal import keep, summary
from hub.portal.acceptance import Acceptance
from hub.portal.keep import SignIns
from hub.portal.leases import Leases
from hub.portal.models import PortalSignIn
from hub.settings import Settings
from hub.site import Site, signing_key, this_site
from hub.uplink.models import Outbox
from hub.uplink.seal import FEATURES, roll_up
from hub.usage.parts import BootPart
from hub.usage.record import Recorder
from hub.worker.jobs import Work, sweep
from wire.summary import unseal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wire.summary import SiteDay

MERIDA = ZoneInfo("America/Merida")
MONDAY = dt.date(2026, 3, 2)
NOON = dt.datetime(2026, 3, 2, 12, tzinfo=MERIDA)
HOUR = 3600.0
SECRETS = ("6a:11:22:33:44:55", "10.44.0.7")


class Box:
    """A hub whose worker and web process do one step at a time."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data=folder / "hub", machine=folder)
        open_or_restore(self.settings)
        this_site()
        with writing():
            Site.update(time_zone="America/Merida").execute()
        self.boot("first boot")

    def boot(self, boot_id: str) -> None:
        self.seconds = 100.0
        self.clock = Clock(since_boot=lambda: self.seconds, boot_id=boot_id, synchronised=lambda: False)
        self.sign_ins = SignIns(self.clock)
        leases = Leases(self.settings.leases_file)
        self.acceptance = Acceptance(self.settings.run_folder / "portal.json", leases, self.clock)
        self.acceptance.on_accepted.append(self.sign_ins.happened)
        self.recorder = Recorder(self.settings, self.clock, Library(self.settings.library_root))
        self.recorder.before_flush += [self.acceptance.save, self.sign_ins.save]

    def press(self, *addresses: str) -> None:
        for address in addresses:
            self.acceptance.accept(address)
        self.recorder.flush()

    def roll_up(self, **how: bool) -> None:
        roll_up(self.settings, self.clock, Library(self.settings.library_root), features=FEATURES, **how)

    def sealed(self, place: dt.date | BootPart) -> SiteDay:
        here = Outbox.day == place if isinstance(place, dt.date) else Outbox.boot == place.boot
        key = signing_key(self.settings.keys).public_key()
        return unseal(bytes(Outbox.get(here).sealed), lambda _: key)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    yield Box(tmp_path)
    database.close()


def test_a_day_tells_how_many_phones_signed_in(box: Box) -> None:
    box.clock.learn(NOON, "a test")
    box.press("10.44.0.7", "10.44.0.8")
    box.press("10.44.0.7")
    box.seconds += 24 * HOUR
    box.press("10.44.0.7")
    box.roll_up()
    assert box.sealed(MONDAY).sign_ins == 2, "who presses again within 12 hours signs in once"
    box.seconds += 24 * HOUR
    box.roll_up()
    assert box.sealed(MONDAY + dt.timedelta(days=1)).sign_ins == 1


def test_a_sign_in_that_is_written_late_is_sealed_anew(box: Box) -> None:
    box.clock.learn(NOON, "a test")
    box.press("10.44.0.7")
    box.roll_up(open_days=True)
    first = box.sealed(MONDAY)
    box.press("10.44.0.8")
    box.roll_up(open_days=True)
    assert [first.sign_ins, box.sealed(MONDAY).sign_ins] == [1, 2]
    assert box.sealed(MONDAY).revision == first.revision + 1


def test_before_the_time_is_known_a_sign_in_waits_for_its_date(box: Box) -> None:
    box.press("10.44.0.7")
    assert summary.changed_since(0, MERIDA) == (set(), 0), "read again until then"
    box.seconds += HOUR
    box.clock.learn(NOON, "a test")
    assert summary.changed_since(0, MERIDA) == ({MONDAY}, 1)
    assert summary.changed_since(1, MERIDA) == (set(), 1)
    assert summary.summary(MONDAY, MERIDA).sign_ins == 1
    assert summary.boots_of(MONDAY, MERIDA) == {box.clock.boot}


def test_a_sign_in_of_a_boot_that_never_learned_the_time_is_told_without_a_date(box: Box) -> None:
    box.press("10.44.0.7", "10.44.0.8")
    undated = BootPart(box.clock.boot, 0)
    box.boot("second boot")
    box.clock.learn(NOON, "a test")
    box.press("10.44.0.7")
    assert summary.changed_since(0, MERIDA)[0] == {MONDAY}
    assert summary.parts_since(0) == ({undated}, 3)
    assert summary.summary_of_part(undated).sign_ins == 2
    box.roll_up(undated=True)
    assert box.sealed(undated).sign_ins == 2
    assert box.sealed(undated).day is None


def test_a_sign_in_counts_in_the_epoch_in_which_it_happened(box: Box) -> None:
    box.clock.learn(NOON, "a test")
    box.press("10.44.0.7")
    with writing():
        Site.update(epoch=Site.epoch + 1).execute()
    assert summary.summary(MONDAY, MERIDA).sign_ins == 0
    box.press("10.44.0.8")
    assert summary.summary(MONDAY, MERIDA).sign_ins == 1


def test_the_days_end_at_the_sites_midnight(box: Box) -> None:
    box.clock.learn(dt.datetime(2026, 3, 2, 23, 59, 59, tzinfo=MERIDA), "a test")
    box.press("10.44.0.7")
    box.seconds += 2
    box.press("10.44.0.8")
    assert [summary.summary(MONDAY + dt.timedelta(days=n), MERIDA).sign_ins for n in range(2)] == [1, 1]


def test_moments_go_with_the_other_details_of_their_day(box: Box) -> None:
    box.clock.learn(NOON, "a test")
    box.press("10.44.0.7")
    box.seconds += 24 * HOUR
    box.press("10.44.0.7")
    assert summary.forget() == 0
    with writing():
        database.execute_sql("INSERT INTO forgotten (id, until) VALUES (1, ?)", (f"{MONDAY + dt.timedelta(days=1)}",))
    assert summary.forget() == 1
    assert PortalSignIn.select().count() == 1
    assert MONDAY not in summary.changed_since(0, MERIDA)[0]


def test_those_of_a_boot_without_a_date_go_so_long_after_head_office_has_all_of_it(box: Box) -> None:
    box.press("10.44.0.7")
    boot = box.clock.boot
    box.boot("second boot")
    box.clock.learn(NOON, "a test")
    box.press("10.44.0.7")
    now = box.clock.now()
    assert now is not None
    assert summary.forget_boots({boot: now}, 35, now + dt.timedelta(days=34)) == 0
    assert summary.forget_boots({boot: now}, 35, None) == 0
    assert summary.forget_boots({boot: now}, 35, now + dt.timedelta(days=35)) == 1
    assert [row.boot for row in PortalSignIn.select()] == [box.clock.boot]


def test_a_full_disk_loses_no_sign_in(
    box: Box, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(keep, "writing", full)
        box.press("10.44.0.7")
        box.press("10.44.0.8")
    assert caplog.text.count("could not be written") == 1
    assert PortalSignIn.select().count() == 0
    box.press("10.44.0.9")
    assert PortalSignIn.select().count() == 3


def test_the_database_and_the_log_know_moments_and_nobody(
    box: Box, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mac, address = SECRETS
    box.settings.leases_file.parent.mkdir(parents=True)
    box.settings.leases_file.write_text(f"1764329999 {mac} {address} Her-Phone *\n")
    box.press(address)
    assert box.acceptance.left(address)
    (row,) = PortalSignIn.select().dicts()
    assert set(row) == {"number", "epoch", "boot", "seconds"}
    database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    held = b"".join(path.read_bytes() for path in box.settings.data.glob("hub.sqlite3*"))
    for secret in (*SECRETS, mac.replace(":", ""), "Her-Phone"):
        assert secret.encode() not in held
        assert secret not in caplog.text


def test_the_daily_sweep_takes_them_along(box: Box) -> None:
    box.clock.learn(NOON, "a test")
    box.press("10.44.0.7")
    box.seconds += 60
    box.recorder.flush()
    box.seconds += 24 * HOUR
    box.roll_up()
    Outbox.update(acknowledged=True, at_boot=box.clock.boot, at_seconds=box.seconds).execute()
    work = Work(box.settings, box.clock, Library(box.settings.library_root), threading.Event())
    sweep(work)
    assert PortalSignIn.select().count() == 1
    box.seconds += 40 * 24 * HOUR
    box.recorder.flush()
    sweep(work)
    assert PortalSignIn.select().count() == 0
