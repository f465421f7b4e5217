"""Head office is ahead: the box begins an epoch, and what was never told moves to it, exactly."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from click.testing import CliRunner

from hub.backup import BEHIND, COPIED, REASONS, begin, latest_restored, open_or_restore
from hub.cli import hub as program
from hub.clock import Boot, Clock
from hub.db import database, open_database, writing
from hub.site import signing_key, this_site
from hub.technician.look import check_past
from hub.uplink.batches import pending
from hub.uplink.epochs import Counted, Piece, cut, give_way, next_epoch, untold
from hub.uplink.ledger import Tally
from hub.uplink.models import Ledger, Outbox, Sealing
from hub.uplink.press import Press
from hub.uplink.seal import roll_up
from hub.uplink.settle import settle
from hub.uplink.settled import acknowledged_days
from hub.usage.moving import Stretch
from tests.hub.uplink.conftest import MERIDA, MONDAY, Hub
from tests.town import until
from wire.exchange import MOST_RECORDS, Ahead, Answer, Held
from wire.summary import Part, unseal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import pytest

    from hub.uplink.press import Place
    from tests.simulators.head_office import HeadOffice

UTC = ZoneInfo("UTC")
TUESDAY = MONDAY + dt.timedelta(days=1)
X, Y = b"xxxx", b"yyyy"
DAY = 86_400.0
MIDNIGHT = dt.datetime(2026, 3, 2, tzinfo=dt.UTC).timestamp()


def ahead(*counted: tuple[dt.date | Part, list[bytes]], epoch: int = 1, sequence: int = 9) -> Ahead:
    return Ahead(epoch, sequence, b"mark", list(counted))


class TestCut:
    """A boot is cut where a part or a day ends."""

    def test_a_boot_with_a_date_is_cut_at_midnight_and_at_its_own_24_hours(self) -> None:
        began = MIDNIGHT + 20 * 3600.0
        assert cut(Stretch(3, 0.0, 30 * 3600.0), began, UTC) == [
            Piece(0.0, 4 * 3600.0, 0, MONDAY),
            Piece(4 * 3600.0, DAY, 0, TUESDAY),
            Piece(DAY, 28 * 3600.0, 1, TUESDAY),
            Piece(28 * 3600.0, 30 * 3600.0, 1, TUESDAY + dt.timedelta(days=1)),
        ]

    def test_a_boot_without_one_is_cut_into_parts(self) -> None:
        assert cut(Stretch(3, 5.0, DAY + 9), None, UTC) == [Piece(5.0, DAY, 0, None), Piece(DAY, DAY + 9, 1, None)]

    def test_what_is_untold_is_as_long_as_it_can_be(self) -> None:
        boot = Boot(id=3, boot_id="b", began=MIDNIGHT)
        extent = Stretch(3, 0.0, 4 * DAY)
        told = Counted(ahead((TUESDAY, [boot.tag])))
        assert list(untold(extent, boot, told, UTC)) == [Stretch(3, 0.0, DAY), Stretch(3, 2 * DAY, 4 * DAY)]
        assert list(untold(extent, boot, Counted(ahead((TUESDAY, [X]))), UTC)) == [extent]


class TestCounted:
    """What head office counts, it counts under a day or under a part."""

    def test_a_day_counts_the_boots_it_names(self) -> None:
        told = Counted(ahead((MONDAY, [X])))
        assert told.has(X, 0, MONDAY)
        assert not told.has(Y, 0, MONDAY)
        assert not told.has(X, 0, TUESDAY)
        assert told.has_all(MONDAY, [X])
        assert not told.has_all(MONDAY, [X, Y])

    def test_a_boot_that_never_had_a_date_here_may_have_one_there(self) -> None:
        assert Counted(ahead((MONDAY, [X]))).has(X, 3, None)

    def test_a_boot_that_has_a_date_here_may_be_told_without_one_there(self) -> None:
        told = Counted(ahead((Part(X, 1), [X])))
        assert told.has(X, 1, MONDAY)
        assert not told.has(X, 0, MONDAY)
        assert told.has_all(Part(X, 1), [X])

    def test_of_more_places_than_fit_the_older_ones_are_told(self) -> None:
        many = [(MONDAY + dt.timedelta(days=n), [X]) for n in range(MOST_RECORDS)]
        assert Counted(ahead(*many)).has(Y, 0, MONDAY - dt.timedelta(days=1))
        assert not Counted(ahead(*many[:-1])).has(Y, 0, MONDAY - dt.timedelta(days=1))


def use(hub: Hub, size: int, *, at: float | None = None, seconds: float = 60) -> None:
    """Bytes to phones, up to now or to the second `at` of this boot."""
    now = hub.clock.moment()
    with writing():
        database.execute_sql(
            "INSERT INTO batch (epoch, boot, began, ended, bytes, downloads) VALUES (?, ?, ?, ?, ?, 0)",
            (this_site().epoch, now.boot, (at or now.seconds) - seconds, at or now.seconds, size),
        )


def roll(hub: Hub) -> None:
    roll_up(hub.settings, hub.clock, hub.library)


def put_back_unseen(hub: Hub, image: Path) -> None:
    """The image is written over the same card, so that nothing on the box tells; then it starts."""
    database.close()
    for path in image.iterdir():
        if path.is_file() and path.suffix != ".lock":
            shutil.copyfile(path, hub.settings.data / path.name)
    for end in ("-wal", "-shm"):
        (hub.settings.data / f"hub.sqlite3{end}").unlink(missing_ok=True)
    hub.reboot(certain=False)
    open_or_restore(hub.settings, hub.clock)


def image_of(hub: Hub, folder: Path) -> Path:
    database.close()
    shutil.copytree(hub.settings.data, folder)
    open_database(hub.settings.database)
    return folder


def test_a_card_put_back_in_mid_day_ends_with_every_byte_told_once(
    hub: Hub, office: HeadOffice, tmp_path: Path
) -> None:
    use(hub, 1)
    hub.machine.pass_time(days=1)
    use(hub, 10)  # on Tuesday, of which half is on the image
    roll(hub)
    hub.send()
    image = image_of(hub, tmp_path / "image")
    hub.machine.pass_time(hours=1)
    use(hub, 100)
    hub.machine.pass_time(days=1)
    roll(hub)
    hub.send()  # Tuesday with both
    assert office.books.total("local_bytes") == 111
    put_back_unseen(hub, image)
    epoch = this_site().epoch
    use(hub, 1000)
    hub.send()  # nothing but the time is learned, and that head office is ahead
    row = latest_restored()
    assert row is not None
    assert (this_site().epoch == epoch, row.reason) == (False, BEHIND)
    hub.machine.pass_time(days=1)
    roll(hub)
    hub.send()
    assert office.books.total("local_bytes") == 1111
    assert office.alarms == []
    assert {epoch for epoch, _ in office.kept} == {epoch, this_site().epoch}
    again = this_site().epoch
    roll(hub)
    hub.send(urgent=True)
    assert (this_site().epoch, hub.waiting()) == (again, [])


def test_an_image_that_is_put_back_twice_tells_nothing_twice(hub: Hub, office: HeadOffice, tmp_path: Path) -> None:
    use(hub, 1)
    hub.machine.pass_time(days=1)
    roll(hub)
    hub.send()
    use(hub, 10)  # which the image has, and nobody was told
    image = image_of(hub, tmp_path / "image")
    hub.machine.pass_time(days=1)
    for size in (100, 1000, 10_000):
        put_back_unseen(hub, image)
        hub.clock.learn(hub.machine.true, "technician")
        use(hub, size)
        hub.machine.pass_time(days=1)
        for _ in range(4):  # as often as it takes to find an epoch of its own
            roll(hub)
            hub.send(urgent=True)
        assert office.books.total("local_bytes") == 11 + sum(10**n for n in range(2, len(str(size))))
    assert office.alarms == []


def test_days_that_had_never_been_told_are_told_in_the_new_epoch_with_what_crossed_the_line(
    hub: Hub, office: HeadOffice, tmp_path: Path
) -> None:
    roll(hub)
    hub.machine.pass_time(days=1)
    roll(hub)
    hub.send()
    spent = sum(row.up + row.down for row in Ledger.select())
    image = image_of(hub, tmp_path / "image")
    hub.machine.pass_time(days=1)
    roll(hub)
    hub.send()  # head office gets ahead
    put_back_unseen(hub, image)
    hub.clock.learn(hub.machine.true, "technician")
    use(hub, 7)
    Tally(hub.clock, "content").close(400, 600)
    hub.send(urgent=True)
    assert Ledger.get(Ledger.kind == "content").epoch == this_site().epoch
    hub.machine.pass_time(days=2)
    roll(hub)
    hub.send()
    new = [day for (epoch, _), day in office.kept.items() if epoch == this_site().epoch]
    assert sum(day.local_bytes for day in new) == 7
    assert sum(day.uplink_bytes for day in new) > 1000
    assert spent > 0
    assert office.alarms == []


def test_an_old_file_that_somebody_carried_changes_nothing(hub: Hub) -> None:
    hub.machine.pass_time(days=2)
    roll(hub)
    epoch = this_site().epoch
    row = Sealing.get(Sealing.sequence == 2)
    with writing():
        assert not give_way(Ahead(epoch, 2, bytes(row.mark), []), hub.clock)
        assert not give_way(Ahead((epoch + 1) % 2**32, 99, b"mark", []), hub.clock)
    assert this_site().epoch == epoch


def test_a_visit_and_a_stretch_that_go_over_midnight_are_cut_there(hub: Hub) -> None:
    hub.machine.true = dt.datetime(2026, 3, 2, 23, tzinfo=MERIDA)
    hub.reboot()
    boot = Boot.get_by_id(hub.clock.boot)
    epoch, midnight = this_site().epoch, 5.0 + 3600
    use(hub, 10, at=midnight - 10)
    use(hub, 100, at=midnight + 30)
    with writing():
        visit = database.execute_sql(
            "INSERT INTO visit (visitor, epoch, boot, first, last, language, batch) VALUES (1, ?, ?, ?, ?, 'es', 1)",
            (epoch, boot.id, midnight - 600, midnight + 600),
        ).lastrowid
        for at in (midnight - 300, midnight + 300):
            database.execute_sql(
                "INSERT INTO play (id, item, visit, began, intervals, heads) VALUES (?, 2, ?, ?, x'', 1)",
                (os.urandom(16), visit, at),
            )
        Sealing.create(epoch=epoch, sequence=1, mark=b"1234")
    with writing():
        assert give_way(ahead((MONDAY, [boot.tag]), epoch=epoch), hub.clock)
    new = this_site().epoch
    batches = database.execute_sql(
        "SELECT began, ended, bytes FROM batch WHERE epoch = ? ORDER BY began", (new,)
    ).fetchall()
    assert batches == [(midnight, midnight + 30, 100)]
    first, last = database.execute_sql("SELECT first, last FROM visit WHERE epoch = ?", (new,)).fetchone()
    assert (first, last) == (midnight, midnight + 600)
    plays = database.execute_sql(
        "SELECT v.epoch, p.began FROM play p JOIN visit v ON v.id = p.visit ORDER BY p.began"
    ).fetchall()
    assert plays == [(epoch, midnight - 300), (new, midnight + 300)]


def test_of_the_ended_epoch_nothing_more_is_sent(hub: Hub) -> None:
    use(hub, 1)
    hub.machine.pass_time(days=1)
    use(hub, 1)
    hub.machine.pass_time(days=2)
    roll(hub)
    tag, epoch = Boot.get_by_id(hub.clock.boot).tag, this_site().epoch
    with writing():
        give_way(ahead((MONDAY, [tag]), epoch=epoch), hub.clock)
    left = [(row.epoch, row.day, row.acknowledged) for row in Outbox.select().order_by(Outbox.sequence)]
    wednesday = TUESDAY + dt.timedelta(days=1)
    assert left == [(epoch, MONDAY, True), (epoch, wednesday, True)]  # Tuesday is told anew
    roll(hub)
    assert TUESDAY in hub.waiting()
    Sealing.update(acknowledged=True).where(Sealing.epoch == this_site().epoch).execute()
    held = Held(this_site().epoch, 0)  # head office was put back to an older state
    settle(hub.clock, Answer(nonce=bytes(16), time=0, acknowledged=[], refused=[], held=held), live=True)
    assert {row.epoch for row in pending(this_site().epoch, open_days=False)} == {this_site().epoch}


def test_of_an_epoch_that_ended_nothing_keeps_details_from_being_forgotten(hub: Hub) -> None:
    use(hub, 1)
    roll_up(hub.settings, hub.clock, hub.library, open_days=True)
    Outbox.update(acknowledged=True, at_boot=hub.clock.boot, at_seconds=5.0).execute()
    assert acknowledged_days() == {}  # it is not over
    hub.machine.pass_time(days=4)
    with writing():
        begin(COPIED, hub.clock)
    assert sorted(acknowledged_days()) == [MONDAY + dt.timedelta(days=n) for n in range(4)]
    hub.machine.pass_time(days=1)
    roll(hub)
    assert hub.waiting() == [MONDAY + dt.timedelta(days=4)]


def test_what_was_rolled_up_when_the_epoch_ended_is_not_kept(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    use(hub, 1)
    hub.machine.pass_time(days=1)
    epoch = this_site().epoch
    with writing():
        Sealing.create(epoch=epoch, sequence=1, mark=b"1234")
    true_rows = Press.rows

    def meanwhile(press: Press, places: Iterable[Place]) -> object:
        found = true_rows(press, places)
        with writing():
            give_way(ahead(epoch=epoch), hub.clock)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Press, "rows", meanwhile)
        roll(hub)
    assert Outbox.select().count() == 0
    roll(hub)
    assert {row.epoch for row in Outbox.select()} == {this_site().epoch}


def test_two_copies_that_run_at_once_end_with_two_epochs_that_add_up(
    hub: Hub, office: HeadOffice, tmp_path: Path
) -> None:
    """Real programs, on a real copy."""
    clock = Clock()
    clock.learn(dt.datetime.now(dt.UTC), "technician")  # of the real machine, as the workers will see it
    office.now = time.time
    add(hub.settings.data, clock.boot, 1)
    database.close()
    other = tmp_path / "other"
    with worker(hub.settings.data):
        assert until(lambda: office.books.total("local_bytes") == 1, 60)
    subprocess.run(["cp", "-a", hub.settings.data, other], check=True)
    with worker(hub.settings.data), worker(other):
        assert until(lambda: reason(other) == COPIED, 60)
        add(hub.settings.data, clock.boot, 10)
        add(other, clock.boot, 100)
        assert until(lambda: office.books.total("local_bytes") == 111, 60)
    assert reason(hub.settings.data) is None
    assert len({epoch for epoch, _ in office.kept}) == 2
    assert office.alarms == []


@contextlib.contextmanager
def worker(data: Path) -> Iterator[None]:
    """`hub worker` on that folder, until the block ends."""
    quick = {"HUB_UPLOAD_EVERY": "1", "HUB_ROLL_UP_EVERY": "1", "HUB_SEAL_OPEN_DAYS": "yes", "HUB_DATA": str(data)}
    program = subprocess.Popen(
        [sys.executable, "-m", "hub", "worker"], env=os.environ | quick, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        program.terminate()
        program.wait(20)


def add(data: Path, boot: int, size: int) -> None:
    """Bytes to phones, as the web process writes them."""
    with sqlite3.connect(data / "hub.sqlite3", timeout=20) as connection:
        connection.execute(
            "INSERT INTO batch (epoch, boot, began, ended, bytes, downloads) SELECT epoch, ?, ?, ?, ?, 0 FROM site",
            (boot, Clock().since_boot() - 1, Clock().since_boot(), size),
        )


def reason(data: Path) -> str | None:
    with sqlite3.connect(data / "hub.sqlite3", timeout=20) as connection:
        row = connection.execute("SELECT reason FROM restored ORDER BY id DESC LIMIT 1").fetchone()
    return None if row is None else str(row[0])


def test_commands_and_the_technicians_checks_say_what_happened_and_what_to_do(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATA", str(hub.settings.data))
    assert check_past() == []
    assert json.loads(said("uplink", "status", "--json"))["anew"] is None
    for why in REASONS:
        with writing():
            begin(why, hub.clock)
        (check,) = check_past()
        assert (check.ok, check.facts) == (True, {"reason": why})
        assert json.loads(said("uplink", "status", "--json"))["anew"] == why
        assert check.sentence in said("uplink", "status")
        assert check.sentence in said("doctor")


def said(*arguments: str) -> str:
    return CliRunner().invoke(program, arguments).output


def test_answers_that_come_by_all_ways_at_once_end_one_epoch_and_lose_nothing_that_is_counted_meanwhile(
    hub: Hub,
) -> None:
    """The page, the worker and a command settle the same answer, while days are sealed and phones are served."""
    use(hub, 5)
    hub.machine.pass_time(days=1)
    roll(hub)
    old = this_site().epoch
    answer = Answer(nonce=bytes(16), time=0, acknowledged=[], refused=[], ahead=ahead(epoch=old))
    together = threading.Barrier(6)

    def at_once(act: Callable[[], object], times: int = 1) -> None:
        try:
            together.wait()
            for _ in range(times):
                act()
        finally:
            database.close()

    acts = [
        (partial(settle, hub.clock, answer, live=True), 3),
        (partial(settle, hub.clock, answer, live=False), 3),
        (partial(settle, hub.clock, answer, live=False), 3),
        (partial(roll, hub), 5),
        (partial(roll_up, hub.settings, hub.clock, hub.library, open_days=True, undated=True), 5),
        (partial(use, hub, 7), 20),
    ]
    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(at_once, *act) for act in acts]:
            done.result()
    new = this_site().epoch
    assert new == next_epoch(bytes(this_site().hub), old)
    hub.machine.pass_time(days=1)
    roll(hub)
    # An empty day may stay: it is sealed if it is rolled up before anybody came and before the first answer.
    left = Outbox.select().where(Outbox.epoch == old)
    assert all((bytes(row.boots), row.acknowledged) == (b"", True) for row in left)
    key = signing_key(hub.settings.keys).public_key()
    told = [unseal(bytes(row.sealed), lambda _: key) for row in Outbox.select().where(Outbox.epoch == new)]
    assert sum(day.local_bytes for day in told) == 5 + 20 * 7
