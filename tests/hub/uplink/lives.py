"""The life of a hub as the months may bring it, and beside it what is true.

    life = Life(folder, random.Random(7))
    life.use()                  # somebody plays for ten seconds: an event
    life.cut_power()            # and what else is in `Life.DEEDS`
    life.come_to_an_end()       # everything that can still arrive does
    life.counted()              # how often head office counts each event

An event is a play of one visitor who never comes again, and 4 ** n bytes, n being its number. So head office's sum of
bytes, written in fours, tells how often each event counts, whatever days, parts and epochs it was told under. Programs,
database, sealing and settling are the real ones; between hub and head office go the real bytes.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
import shutil
from typing import TYPE_CHECKING, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from content_cache.library import Library
from hub.backup import open_or_restore
from hub.clock import Clock
from hub.db import database, writing
from hub.settings import Settings
from hub.site import Site, signing_key, this_site
from hub.uplink.batches import lineage, make_batch, pending
from hub.uplink.models import Outbox, note
from hub.uplink.seal import roll_up
from hub.uplink.settle import settle
from hub.usage.models import sql
from hub.usage.record import PlayReport, Recorder
from tests.simulators.books import Books
from wire.exchange import Acknowledged, Answer, Refused, open_batch

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MERIDA = ZoneInfo("America/Merida")
MOST_EVENTS = 24  # 4 ** 24 bytes are what a record can still tell
DATABASE = "hub.sqlite3"


class PowerCut(BaseException):
    """Nobody catches it."""


class Image(NamedTuple):
    """A copy of a data folder, the events that were in nobody's outbox when it was made, and the deeds done by then."""

    folder: Path
    unsealed: frozenset[int]
    deeds: int


class File(NamedTuple):
    """A batch on a stick or a phone, and the deeds done when it was made."""

    body: bytes
    deeds: int


class Life:
    """`at_risk` are events that nobody can say for sure whether another box will still tell; they count at most once."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self.folder, self.dice = folder, dice
        self.data = folder / "hub"
        self.true = dt.datetime(2026, 3, 2, 8, tzinfo=MERIDA)
        self.began, self.boots, self.events, self.copies = self.true, 0, 0, 0
        self.office_key = Ed25519PrivateKey.generate()
        self.keys: dict[bytes, Ed25519PublicKey] = {}
        self.books = Books(self.keys.get)
        self.at_risk: set[int] = set()
        self.sealed: set[int] = set()  # events that are in an outbox
        self.files: list[File] = []  # on sticks and phones
        self.arrived: set[bytes] = set()
        self.answers: list[Answer] = []  # the answers to them, on the same
        self.images: list[Image] = []
        self.deeds: list[str] = []
        self.fuse: int | None = None  # commits until the power goes
        self.unseen = False  # the card was put back, and nobody has noticed yet
        self.data.mkdir(parents=True)
        self._boot()
        with writing():
            this_site()
            Site.update(
                time_zone="America/Merida", collector_key=self.office_key.public_key().public_bytes_raw()
            ).execute()
            note(speaks=2)
        self.keys[bytes(this_site().hub)] = signing_key(self.settings.keys).public_key()

    # What may happen.

    def use(self) -> None:
        """Somebody plays, and the recorder writes it down, or the power goes first."""
        if self.events >= MOST_EVENTS:
            return
        number = self.events
        self.events += 1
        self.recorder.report(
            secrets.token_hex(8), [PlayReport(secrets.token_bytes(16), "course/item", 2, ((0, 10_000),))]
        )
        self.recorder.delivered(4**number)
        self.recorder.flush()

    def pass_hours(self) -> None:
        self._pass(self.dice.choice([0.2, 1, 5, 26, 50]))

    def cut_power(self) -> None:
        """The box is off for a while; its wall clock tells anything after that."""
        database.close()
        self._pass(self.dice.choice([0.01, 0.3, 9, 40]))
        self._boot()

    def restart(self) -> None:
        """The programs alone."""
        database.close()
        self._start()

    def learn(self) -> None:
        self.clock.learn(self.true, "technician")

    def roll_up(self) -> None:
        roll_up(self.settings, self.clock, self.library)

    def seal_all(self) -> None:
        """As before a snapshot, or before somebody carries the outbox away."""
        roll_up(self.settings, self.clock, self.library, open_days=True, undated=True)
        self.sealed |= self.recorded()

    def upload(self) -> None:
        """Over a line that may lose the batch, or the answer; the first batch learns the time."""
        self.roll_up()
        for is_first in (True, False):
            records = [] if is_first else pending(this_site().epoch, open_days=False)
            nonce = secrets.token_bytes(16)
            body = make_batch(self.settings, self.library, records, nonce)
            if self.dice.random() < 0.2:
                return
            answer = self._answer(body)
            if self.dice.random() < 0.2:
                return
            self.clock.learn(self.true, "head office")
            self.unseen = self.unseen and lineage(this_site().epoch) is None
            settle(self.clock, answer, live=True)

    def export(self) -> None:
        """All that waits, on a stick; the day that is not over as well."""
        self.seal_all()
        rows = pending(this_site().epoch, open_days=self.dice.random() < 0.5)
        body = make_batch(self.settings, self.library, rows, secrets.token_bytes(16))
        self.files.append(File(body, len(self.deeds)))

    def hand_in(self) -> None:
        """Any file that was ever made comes to head office, again or for the first time."""
        if self.files:
            file = self.dice.choice(self.files)
            self.answers.append(self._answer(file.body))
            self.arrived.add(file.body)

    def bring_back(self) -> None:
        """Any answer to a file comes to the hub."""
        if self.answers:
            settle(self.clock, self.dice.choice(self.answers), live=False)

    def copy(self) -> None:
        """Somebody makes an image of the card, or a copy of the folder.

        Not while the card was put back and head office could not say so yet: what was sealed since would be sent under
        an epoch that has ended, where no lineage shows it, and contradict what is held. People are told of that.
        """
        if self.unseen:
            return
        database.close()  # so that all is in one file, as on a box that was shut down
        self.copies += 1
        folder = self.folder / f"copy-{self.copies}"
        shutil.copytree(self.data, folder)
        self._start()
        self.images.append(Image(folder, frozenset(self.recorded() - self.sealed), len(self.deeds)))

    def restore_files(self) -> None:
        """The folder is put back by copying: other files, which the hub sees at its next start."""
        if image := self._chosen():
            self.unseen = False
            database.close()
            shutil.rmtree(self.data)
            shutil.copytree(image.folder, self.data)
            self._later(image)

    def restore_card(self) -> None:
        """The image is written to the same card: nothing on the box tells.

        What the card had told to a stick that is still on its way does not arrive: it would be told twice, as decision
        14 says.
        """
        if image := self._chosen():
            self.unseen = True
            self.files = [file for file in self.files if file.deeds < image.deeds or file.body in self.arrived]
            database.close()
            for path in image.folder.rglob("*"):
                if path.is_file() and path.suffix != ".lock":
                    shutil.copyfile(path, self.data / path.relative_to(image.folder))
            self._forget_journal()
            self._later(image)

    def restore_database(self) -> None:
        """The database alone is put back, over the file that is there."""
        if image := self._chosen():
            self.unseen = False
            database.close()
            shutil.copyfile(image.folder / DATABASE, self.data / DATABASE)
            self._forget_journal()
            self._later(image)

    def light_fuse(self) -> None:
        """The power will go between two writes."""
        self.fuse = self.dice.randrange(1, 12)

    DEEDS: ClassVar = {
        "use": 24, "pass_hours": 8, "cut_power": 6, "restart": 2, "learn": 4, "roll_up": 5, "seal_all": 2, "upload": 9,
        "export": 3, "hand_in": 4, "bring_back": 3, "copy": 2, "restore_files": 1, "restore_card": 1,
        "restore_database": 1, "light_fuse": 3,
    }  # fmt: skip

    def live(self, steps: int) -> None:
        """So many deeds, by the dice."""
        for _ in range(steps):
            self.do(self.dice.choices(list(self.DEEDS), list(self.DEEDS.values()))[0])

    def do(self, deed: str) -> None:
        """One deed; should the power go meanwhile, the box starts again."""
        self.deeds.append(deed)
        try:
            getattr(self, deed)()
        except PowerCut:
            self.deeds.append("(power cut)")
            self.fuse = None
            database.close()
            self._pass(0.1)
            self._boot()
        self.check()

    def come_to_an_end(self) -> None:
        """The time is known, the days are over, every file arrives and the line works until nothing waits."""
        self.fuse = None
        self.cut_power()
        self.learn()
        self._pass(50)
        for file in self.files:
            settle(self.clock, self._answer(file.body), live=False)
        for _ in range(6):
            self.roll_up()
            for _ in range(4):
                body = make_batch(
                    self.settings, self.library, pending(this_site().epoch, open_days=False), secrets.token_bytes(16)
                )
                settle(self.clock, self._answer(body), live=True)
        assert not Outbox.select().where(~Outbox.acknowledged & ~Outbox.emptied & Outbox.refused.is_null()).exists()

    # What is so.

    def check(self) -> None:
        """At any time: nothing counts twice, and nothing that never was."""
        counted = self.counted()
        assert all(times <= 1 for times in counted.values()), (counted, self.deeds)
        assert len(counted) <= self.events, self.deeds

    def counted(self) -> dict[int, int]:
        """How often head office counts each event that it knows of."""
        total, times = self.books.total("local_bytes"), {}
        for number in range(MOST_EVENTS + 4):
            if digit := total // 4**number % 4:
                times[number] = digit
        return times

    def recorded(self) -> set[int]:
        """The events that the hub's database holds, whatever their epoch."""
        sizes = sql("SELECT bytes FROM batch WHERE bytes > 0").fetchall()
        return {number for (size,) in sizes for number in range(MOST_EVENTS) if size // 4**number % 4}

    # How it is done.

    def _pass(self, hours: float) -> None:
        self.true += dt.timedelta(hours=hours)

    def _boot(self) -> None:
        self.boots += 1
        self.began = self.true
        self._start()

    def _start(self) -> None:
        self.settings = Settings(data=self.data, reserve_mb=0)
        self.clock = Clock(
            since_boot=lambda: (self.true - self.began).total_seconds() + 5.0,
            wall=lambda: 946_684_800.0 + self.dice.choice([-1, 1]) * 26 * 365.25 * 86_400,
            boot_id=f"boot {self.boots}",
            synchronised=lambda: False,
        )
        open_or_restore(self.settings, self.clock)
        self.library = Library(self.settings.library_root)
        self.recorder = Recorder(self.settings, self.clock, self.library)

    def _answer(self, body: bytes) -> Answer:
        """Head office's, whose signature is another test's matter."""
        batch = open_batch(body, self.keys.get)
        ahead, results = self.books.take(batch)
        assert not any(isinstance(one, Refused) for one in results), self.deeds
        return Answer(
            nonce=batch.nonce,
            time=int(self.true.timestamp() * 1000),
            acknowledged=[one for one in results if isinstance(one, Acknowledged)],
            refused=[],
            speaks=2,
            ahead=ahead,
        )

    def _chosen(self) -> Image | None:
        return self.dice.choice(self.images) if self.images else None

    def _forget_journal(self) -> None:
        for end in ("-wal", "-shm"):
            self.data.joinpath(DATABASE + end).unlink(missing_ok=True)

    def _later(self, image: Image) -> None:
        """What the box counted since the image is gone with the card, unless it had been told; then it starts."""
        self.at_risk |= image.unsealed
        self._pass(2)
        self._boot()

    def is_cut(self) -> bool:
        """Whether the power goes now."""
        if self.fuse is not None:
            self.fuse -= 1
        return self.fuse == 0


@contextlib.contextmanager
def cuts(life: Life) -> Iterator[None]:
    """Let the power go before or after any commit, once the fuse has burnt down."""
    commit = database.commit

    def cut() -> None:
        if life.is_cut():
            if life.dice.random() < 0.5:
                commit()
            raise PowerCut
        commit()

    database.commit = cut
    try:
        yield
    finally:
        del database.commit
