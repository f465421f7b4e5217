"""Makes the file that a person carries to head office: all that waits, and she can neither read nor alter it.

    up = current(settings, library)     # Up(path, name, days, ...); raises NoOffice
    waiting_now(settings)               # how much waits, without making anything

The file lies in `carry/` and is made once for each state of the outbox: whoever taps twice, and each stick, gets the
same bytes, and a small machine does not sign and seal for every tap. Giving it away takes nothing out of the outbox:
only head office's answer does, and so nothing is lost with a file that is.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from peewee import fn

from content_cache.durable import is_full, make_folder, sweep, write_file
from hub.carry.models import carrying, note, note_given
from hub.errors import HubError, NoSpace
from hub.locks import held
from hub.site import secret, this_site
from hub.uplink.batches import fitting, make_batch
from hub.uplink.introduce import owed
from hub.uplink.models import Outbox, Sealing, waiting
from hub.uplink.seal import roll_up
from hub.uplink.told import running
from hub.version import SOFTWARE
from wire.parcel import SUFFIX, pack
from wire.sealing import key_of, name_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from peewee import Expression

    from content_cache.library import Library
    from hub.clock import Clock
    from hub.settings import Settings

IN_A_BATCH, BYTES_OF_A_BATCH, MOST_BATCHES = 256, 500_000, 12
ROOM = 2_500_000  # bytes of records
AROUND = 1200  # bytes of a parcel, a batch and its lineage, as people are told beforehand


class NoOffice(HubError):
    """Nothing can be sealed for head office yet; the technician brings a kit, or a line."""

    exit_code = 65


class NotWritten(HubError):
    """The place for the file cannot be written; the operator names another."""

    exit_code = 73


class Waiting(NamedTuple):
    """How much a file would hold: site-days, parts without a date, the days' range, and about how many bytes."""

    days: int
    parts: int
    first: dt.date | None
    last: dt.date | None
    bytes: int


class Up(NamedTuple):
    """A file: where it lies, what it is called by people, what it holds, and which state of the outbox it is of."""

    path: Path
    name: str
    holds: Waiting
    state: str


def seal_all(settings: Settings, clock: Clock, library: Library) -> None:
    """Seal what there is, also of this boot if its time is unsure: no other way may ever tell of it."""
    roll_up(settings, clock, library, undated=True)


def current(settings: Settings, library: Library) -> Up:
    """The file for what waits now, made if it is not there yet. Raises NoOffice or NoSpace."""
    reader = _reader()
    with held(settings.data / "carry.lock"):
        rows = _rows(settings)
        state = _state(rows, library, reader)
        folder = settings.data / "carry"
        path = folder / f"{state}{SUFFIX}"
        if not path.exists():
            _make(path, rows, settings, library, reader)
        _forget_others(folder, path)
    return Up(path, _name(rows), _sum((row.day, len(row.sealed)) for row in rows), state)


def write_out(path: Path, settings: Settings, clock: Clock, library: Library) -> Up:
    """Write the file to `path`, or into that folder under its own name. Raises NoOffice, NoSpace or NotWritten."""
    up = current(settings, library)
    target = path / up.name if path.is_dir() else path
    try:
        write_file(target, up.path.read_bytes())
    except OSError as error:
        raise NotWritten(f"{target} cannot be written ({error.strerror}); name another place.") from None
    note_given(clock)
    return up._replace(path=target)


def waiting_now(settings: Settings) -> Waiting:
    """What the file would hold, from the outbox as it is; no record is read for that."""
    rows: Any = Outbox.select(Outbox.day, fn.LENGTH(Outbox.sealed)).where(_wanted(settings)).tuples()
    return _sum(rows)


def can_seal() -> bool:
    """Whether head office's keys are known."""
    try:
        _reader()
    except NoOffice:
        return False
    return True


def is_ours(nonce: bytes, settings: Settings) -> bool:
    """Whether this hub made `nonce` for a batch that is carried, however long ago."""
    return hmac.compare_digest(_nonce(nonce[:8], settings), nonce)


def _reader() -> X25519PublicKey:
    """Head office's key for sealing, or the last that was known: who cannot ask for a new one still delivers."""
    site, row = this_site(), carrying()
    raw = site.office_sealing_key
    if raw is None and site.enrolled and bytes(row.office or b"") == bytes(site.collector_key or b""):
        raw = row.reader
    if raw is None or not site.enrolled:
        raise NoOffice("This hub knows no keys of head office yet; set it up with a kit: `hub setup --kit FILE`.")
    if (row.office, row.reader) != (site.collector_key, raw):
        note(office=site.collector_key, reader=raw)
    return key_of(bytes(raw))


def _wanted(settings: Settings) -> Expression:
    """What waits; of what is not over only parts that have no day, which no line would tell."""
    epoch = this_site().epoch
    if settings.seal_open_days:
        return waiting(epoch, open_days=True)
    over = (Outbox.open == False) | (Outbox.epoch != epoch) | Outbox.day.is_null()  # noqa: E712
    return waiting(epoch, open_days=True) & over


def _rows(settings: Settings) -> list[Outbox]:
    """What goes into the file: the oldest first, as much as one holds."""
    rows = Outbox.select().where(_wanted(settings)).order_by(Outbox.epoch != this_site().epoch, Outbox.sequence)
    return fitting(list(rows.limit(MOST_BATCHES * IN_A_BATCH)), ROOM)


def _sum(rows: Iterable[tuple[dt.date | None, int]]) -> Waiting:
    known = list(rows)
    days = {day for day, _ in known if day is not None}
    size = sum(length + 3 for _, length in known) + AROUND
    return Waiting(len(days), len([1 for day, _ in known if day is None]), *_range(days), size)


def _range(days: set[dt.date]) -> tuple[dt.date | None, dt.date | None]:
    return min(days, default=None), max(days, default=None)


def _state(rows: list[Outbox], library: Library, reader: X25519PublicKey) -> str:
    """A name for all that the file is made of: the same for the same, another for anything else."""
    site = this_site()
    newest = Sealing.select(Sealing.sequence, Sealing.mark).where(Sealing.epoch == site.epoch)
    top = newest.order_by(Sealing.sequence.desc()).first()
    acknowledged = Sealing.select().where((Sealing.epoch == site.epoch) & (Sealing.acknowledged == True)).count()  # noqa: E712
    parts = [
        bytes(site.hub), bytes(site.collector_key or b""), reader.public_bytes_raw(), site.epoch, owed() or b"",
        *(bytes(row.digest) for row in rows), top and (top.sequence, bytes(top.mark)), acknowledged,
        running(), site.office_sealing_key is None, library.number(), SOFTWARE,
    ]  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _name(rows: list[Outbox]) -> str:
    """What the file is called on a phone: the site, and the last day in it, or the number of the last sealing."""
    site = this_site()
    days = [row.day for row in rows if row.day is not None]
    what = max(days).isoformat() if days else str(max((row.sequence for row in rows), default=0))
    return f"village-hub-{site.code or bytes(site.hub).hex()}-{what}{SUFFIX}"


def _make(path: Path, rows: list[Outbox], settings: Settings, library: Library, reader: X25519PublicKey) -> None:
    messages = [enrolment] if (enrolment := owed()) else []
    messages += [_batch(some, settings, library) for some in _some(rows)]
    data = pack(messages, to=name_of(bytes(this_site().collector_key or b"")), reader=reader)
    try:
        make_folder(path.parent)
        write_file(path, data, mode=0o640)
    except OSError as error:
        if is_full(error):
            raise NoSpace(f"There is no room for a file of {len(data)} bytes to carry; free some disk space.") from None
        raise


def _some(rows: list[Outbox]) -> list[list[Outbox]]:
    """`rows` as they go into batches; one batch at least, which tells how the hub fares."""
    chunks: list[list[Outbox]] = []
    while rows:
        chunks.append(fitting(rows[:IN_A_BATCH], BYTES_OF_A_BATCH))
        rows = rows[len(chunks[-1]) :]
    return chunks or [[]]


def _batch(rows: list[Outbox], settings: Settings, library: Library) -> bytes:
    return make_batch(settings, library, rows, _nonce(secrets.token_bytes(8), settings))


def _nonce(random: bytes, settings: Settings) -> bytes:
    """A nonce by which this hub knows its own request again, although it keeps none of them."""
    key = secret(settings.keys / "carry.key")
    return random + hmac.digest(key, random, hashlib.sha256)[:8]


def _forget_others(folder: Path, kept: Path) -> None:
    """Older files, but for the last one, which another program may just be about to open; and what a power cut left."""
    sweep(folder)
    others = [path for path in folder.glob(f"*{SUFFIX}") if path != kept]
    for path in sorted(others, key=lambda path: path.stat().st_mtime_ns)[:-1]:
        path.unlink()
