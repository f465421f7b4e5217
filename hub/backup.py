"""Snapshots of the database, and the way back when the database is damaged.

    snapshot(settings)          # var/hub/snapshots/000012.sqlite3; raises NoSpace
    open_or_restore(settings)   # what web and worker start with, in place of open_database

A database that SQLite finds damaged is set aside as hub.sqlite3.damaged-<n> (nothing is deleted), the newest snapshot
that is whole takes its place, and the hub begins a new epoch: what it counts from then on is never mixed with what it
counted and perhaps sent after that snapshot. So it does if it was copied, or its database was put back by hand (see
whereabouts.py). A row of `restored` says so for the technician's page.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import secrets
import shutil
import sqlite3
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

from peewee import AutoField, FloatField, IntegerField, PeeweeException, TextField

from content_cache.durable import make_folder, sweep, sync_file, sync_folder
from hub.clock import Clock, Moment, dated
from hub.db import Table, open_database, writing
from hub.errors import HubError, NoSpace
from hub.locks import InUse, held
from hub.site import begin_epoch, this_site
from hub.whereabouts import COPIED, PUT_BACK, Whereabouts, find_out, judge, settle_in, steps_outside, write_steps

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from hub.settings import Settings

KEPT = 3
NAME = re.compile(r"(\d{6,})\.sqlite3")
CHECK_AT_START = 0.5  # seconds; a large database is not read through at each start, its snapshots are
DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}  # primary codes, https://sqlite.org/rescode.html
DAMAGE_EXTENDED = {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
SUSPECT = "suspect"  # a file beside the database: the next start reads it through
DAMAGED, BEHIND = "damaged", "behind"
REASONS = {
    DAMAGED: "The database was damaged.",  # the row says more
    COPIED: "This hub was copied from another box, or moved to another card; it counts for itself from now on.",
    PUT_BACK: "An older database was put in the place of the hub's; it counts anew from now on.",
    BEHIND: "Head office knows a later state of this hub than this box; it counts anew from now on.",
}
log = logging.getLogger("hub.backup")
_in_use: dict[str, int] = {}


class Restored(Table):
    """Why `epoch` began: a word of REASONS; the moment is the one at which that was noted."""

    id = AutoField()
    epoch = IntegerField()
    sentence = TextField()
    reason = TextField(default=DAMAGED)
    boot = IntegerField(null=True)
    seconds = FloatField(null=True)


class Damaged(HubError):
    """The database is damaged and cannot be put right just now; the operator does what the sentence says."""

    exit_code = 74


def epoch_began(epoch: int) -> datetime | None:
    """When `epoch` began, in UTC; None for the first of a hub, or while the time of that boot is not known."""
    row = Restored.select().where((Restored.epoch == epoch) & Restored.boot.is_null(False)).first()
    return None if row is None else dated(Moment(row.boot, row.seconds))


def snapshots(settings: Settings) -> list[Path]:
    """The snapshots, newest first."""
    folder = settings.snapshots
    found = [path for path in folder.iterdir() if NAME.fullmatch(path.name)] if folder.is_dir() else []
    return sorted(found, key=_number, reverse=True)


def snapshot(settings: Settings) -> Path:
    """A durable copy of the database as it is now, read through; the newest KEPT stay. Raises NoSpace or Damaged."""
    needed = settings.database.stat().st_size
    if shutil.disk_usage(settings.data).free - needed < settings.reserve_bytes:
        raise NoSpace("No snapshot was made, since the disk is nearly full; free some space on the hub's disk.")
    make_folder(settings.snapshots)
    with held(settings.data / "snapshot.lock"):
        return _take(settings)


def _take(settings: Settings) -> Path:
    known = snapshots(settings)
    path = settings.snapshots / f"{_number(known[0]) + 1 if known else 1:06d}.sqlite3"
    temporary = path.with_name("new")
    temporary.unlink(missing_ok=True)
    try:
        _copy(settings.database, temporary)
        trouble = damage(temporary)
        if trouble:
            (settings.data / SUSPECT).touch()
            raise Damaged(f"The database is damaged ({trouble}); restart the hub, and it takes the newest snapshot.")
        sync_file(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    for old in snapshots(settings)[KEPT:]:
        old.unlink()
    return path


def _copy(source: Path, target: Path) -> None:
    """Copy a database in use, in one step of SQLite's backup API: writers do not wait, and one state is copied."""
    with (
        contextlib.closing(_connect(source)) as old,
        contextlib.closing(sqlite3.connect(target, isolation_level=None)) as new,
    ):
        try:
            old.backup(new, pages=-1)
            new.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                (source.parent / SUSPECT).touch()
                raise Damaged(
                    f"The database is damaged ({error}); restart the hub, and it takes the newest snapshot."
                ) from None
            raise


def damage(path: Path, seconds: float | None = None) -> str | None:
    """What SQLite finds wrong with the database in `path`, if anything, reading on for at most `seconds`."""
    try:
        # Read-only, or closing would move a journal into a file that is to be kept as it was found.
        with contextlib.closing(_connect(path, "ro")) as connection:
            if seconds is not None:
                ends = time.monotonic() + seconds
                connection.set_progress_handler(lambda: time.monotonic() > ends, 1000)
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error) if is_damage(error) else None
    return None if found == "ok" else str(found).splitlines()[-1]


def is_damage(error: BaseException) -> bool:
    """Whether `error` of SQLite, or its cause, says that bytes of the file are wrong or cannot be read."""
    if not isinstance(error, sqlite3.Error):
        cause = error.__cause__ or error.__context__
        return cause is not None and is_damage(cause)
    code: int = getattr(error, "sqlite_errorcode", 0) or 0
    return code & 0xFF in DAMAGE or code in DAMAGE_EXTENDED


def open_or_restore(settings: Settings, clock: Clock | None = None) -> str | None:
    """Open the database, after putting a snapshot in its place if it is damaged; gives the sentence that says so.

    Raises InUse if it is damaged while another process of the hub has it open, and Damaged if it cannot be opened.
    """
    make_folder(settings.data)
    sentence = _restore_if_damaged(settings)
    try:
        open_database(settings.database)
    except PeeweeException as error:
        if not is_damage(error):
            raise Damaged(f"The database cannot be opened ({error}); free some disk space, then start again.") from None
        sentence = _restore_if_damaged(settings, str(error))
        open_database(settings.database)
    try:
        return _settle_in(settings, sentence, clock or Clock())
    except (PeeweeException, OSError) as error:
        if is_damage(error):
            raise
        log.warning("It could not be noted where the hub is (%s); free some disk space.", error)
        return sentence


def _settle_in(settings: Settings, sentence: str | None, clock: Clock) -> str | None:
    """Begin an epoch if the hub is not where it was, and note where it is now; the sentence that says what happened.

    One program at a time, and none that seals, which writes outside as well. What is outside is read first: the
    database is ahead of it, never behind.
    """
    with held(settings.database.with_name("migrating.lock")), held(settings.data / "sealing.lock"):
        sweep(settings.data)
        outside, place = steps_outside(settings.data), find_out(settings.database)
        with writing():
            known = Whereabouts.get_or_none(Whereabouts.id == 1)
            if sentence or Restored.select().where(Restored.boot.is_null()).exists():
                _note(sentence, clock)
            elif reason := judge(known, place, outside):
                sentence = begin(reason, clock)
            settle_in(place, max(known.steps if known else 0, outside or 0) + 1)
        write_steps(settings.data)
    return sentence


def begin(reason: str, clock: Clock, epoch: int | None = None) -> str:
    """Begin an epoch for that reason, within the caller's transaction; gives the sentence that says why."""
    sentence, now = REASONS[reason], clock.moment()
    epoch = begin_epoch(epoch)
    Restored.create(epoch=epoch, sentence=sentence, reason=reason, boot=now.boot, seconds=now.seconds)
    log.error(sentence)
    return sentence


def latest_restored() -> Restored | None:
    """Why the running epoch began; None for the first of a hub."""
    return Restored.get_or_none(Restored.epoch == this_site().epoch)


def _restore_if_damaged(settings: Settings, trouble: str | None = None) -> str | None:
    """Under the lock that migrations take, so that web and worker that start together do this once."""
    path, suspect = settings.database, settings.data / SUSPECT
    with held(path.with_name("migrating.lock")):
        found = trouble or _trouble(settings, None if suspect.exists() else CHECK_AT_START)
        sentence = None
        if found:
            _use(settings, fcntl.LOCK_EX)
            sentence = _restore(settings, found)
        _use(settings, fcntl.LOCK_SH)
        suspect.unlink(missing_ok=True)
    return sentence


def _trouble(settings: Settings, seconds: float | None) -> str | None:
    path = settings.database
    if path.exists() and path.stat().st_size:
        return damage(path, seconds)
    # A file system that was repaired after a power cut may have emptied or lost the file.
    return "the file is gone or empty" if snapshots(settings) else None


def _use(settings: Settings, lock: int) -> None:
    """Hold the mark that this process has the database open: shared, or alone to put another in its place."""
    path = settings.data / "using.lock"
    number = _in_use.get(str(path))
    if number is None:
        number = _in_use[str(path)] = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, lock | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUse(
            "The database is damaged and another process of the hub has it open; stop the hub, then start it again."
        ) from None


def _restore(settings: Settings, trouble: str) -> str:
    aside = _set_aside(settings.database)
    for candidate in snapshots(settings):
        if damage(candidate) is None:
            number = _number(candidate)
            sentence = f"The database was damaged ({trouble}). Snapshot {number} took its place; {aside} is kept."
            _put(candidate, settings.database, secrets.randbits(32), sentence)
            log.error(sentence)
            return sentence
    sentence = f"The database was damaged ({trouble}) and there is no snapshot; set the hub up again. {aside} is kept."
    log.error(sentence)
    return sentence


def _set_aside(path: Path) -> str:
    """Rename the database and what SQLite keeps beside it; the database first, as a start that finds none goes on."""
    number = 1
    while any(path.with_name(f"{path.name}.damaged-{number}{end}").exists() for end in ("", "-wal")):
        number += 1
    name = f"{path.name}.damaged-{number}"
    for end in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + end).rename(path.with_name(name + end))
    sync_folder(path.parent)
    return name


def _put(candidate: Path, path: Path, epoch: int, sentence: str) -> None:
    """Make a copy of the snapshot the database, in a new epoch that says why, in one step."""
    temporary = path.with_name("hub.restoring")
    temporary.unlink(missing_ok=True)
    shutil.copyfile(candidate, temporary)
    with contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("UPDATE site SET epoch = ?", (epoch,))
        connection.execute("INSERT INTO restored (epoch, sentence) VALUES (?, ?)", (epoch, sentence))
        connection.execute("COMMIT")
    sync_file(temporary)
    temporary.replace(path)
    sync_folder(path.parent)


def _note(sentence: str | None, clock: Clock) -> None:
    """Say when the new epoch began; also after a start that was cut between the two."""
    if sentence and not Restored.select().where(Restored.epoch == this_site().epoch).exists():
        Restored.create(epoch=this_site().epoch, sentence=sentence)
    now = clock.moment()
    Restored.update(boot=now.boot, seconds=now.seconds).where(Restored.boot.is_null()).execute()


def _connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None, timeout=5)


def _number(path: Path) -> int:
    found = NAME.fullmatch(path.name)
    return int(found[1]) if found else 0
