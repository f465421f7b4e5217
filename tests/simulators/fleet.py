"""Villages to which everything happens, and the truth about what people did there.

Each box is the hub's own code on a folder of its own, each upload goes over a real socket through a link that lies (see
head_office.py), and behind it stands the collector's own inbox. Only time is made up:

    with TrueOffice(folder / "office") as office:
        village = Village("dzemul", folder, office, random.Random(7), "America/Merida")
        village.live(days=100)          # use, power cuts, restores, copies, clocks, carried files
        village.settle_down()           # the link heals, and all that waits is delivered
        wrong_days(office, [village])   # what head office shows against what people did; empty

The truth is a set of plays, each made once by a person. It is lost only with a card that was put back to an older state
before anything that counts it reached head office, or if it was not sealed by the time a card was copied: what is
sealed is resent as it is, and everything new belongs to the new epoch.
"""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
import threading
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unittest import mock
from zoneinfo import ZoneInfo

from peewee import OperationalError

import hub.db
from collector.db import database as office_database
from collector.figures.query import days as days_shown
from content_cache.library import Library
from hub.backup import open_or_restore
from hub.clock import Clock
from hub.errors import HubError
from hub.settings import Settings
from hub.site import Site, signing_key, this_site
from hub.uplink.batches import make_batch, pending
from hub.uplink.deliver import deliver
from hub.uplink.models import Outbox
from hub.uplink.seal import roll_up
from hub.uplink.settle import settle
from hub.usage.keep import PlayDraft, Stretch, VisitDraft, keep
from hub.usage.models import sql
from hub.usage.visitors import VisitorKeys
from hub.whereabouts import Place, find_out
from tests.simulators.true_office import LINKS, START, Play
from wire.exchange import open_answer

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from tests.simulators.true_office import TrueOffice

DAY = 86_400


class PowerCut(BaseException):
    """The box is off between two writes; nothing of the program runs on."""


@dataclass(eq=False)
class Card:
    """What a box's storage holds: its folder, and the plays that are in it."""

    folder: Path
    plays: list[Play] = field(default_factory=list)
    sealed: set[Play] = field(default_factory=set)

    def copy(self, to: Path) -> Card:
        shutil.copytree(self.folder, to)
        return Card(to, list(self.plays), set(self.sealed))


class Box:
    """One computer with a card in it. Its hub is the one that the process has open while `on()`."""

    opened: Box | None = None

    def __init__(self, village: Village, card: Card) -> None:
        self.village, self.card = village, card
        self.chance = village.chance
        self.boots = 0
        self.alive = True
        self.switch_on()

    def switch_on(self) -> None:
        """Another boot, with a wall clock that tells anything."""
        self.boot, self.began = secrets.token_hex(8), self.village.now
        wall = self.chance.uniform(-1e6, 2.6e9)
        self.clock = Clock(
            since_boot=lambda: (self.village.now - self.began).total_seconds() + 5,
            wall=lambda: wall,
            boot_id=self.boot,
            synchronised=lambda: False,
        )
        Box.opened = None
        with self.on():
            pass

    @contextmanager
    def on(self) -> Iterator[None]:
        """Have this box's hub open in this process."""
        if Box.opened is not self:
            self.settings = Settings(data=self.card.folder, reserve_mb=0)
            epoch = self._start()
            self.library = Library(self.settings.library_root)
            if this_site().epoch != epoch and epoch is not None:
                self._keep_only_what_is_sealed()
            Box.opened = self
        yield

    def _start(self) -> int | None:
        known = None
        if self.settings.database.exists():
            hub.db.open_database(self.settings.database)
            known = this_site().epoch
            hub.db.database.close()
        # What a card looks like from outside: each of its own, or all the same, as those written from an image are.
        look = (lambda _: Place("machine", "card", "file")) if self.village.is_imaged else find_out
        with mock.patch("hub.backup.find_out", look):
            open_or_restore(self.settings, self.clock)
        return known

    def _keep_only_what_is_sealed(self) -> None:
        self.card.plays = [play for play in self.card.plays if play in self.card.sealed]

    def use(self, times: int) -> None:
        """People come, play something and go."""
        with self.on():
            keys = VisitorKeys(self.settings.keys)
            for _ in range(times):
                self.village.pass_time(minutes=self.chance.randint(1, 9))
                now = self.clock.moment()
                keys.settle(self.clock.now(), now.seconds, this_site().zone)
                seconds = self.chance.randint(6, 600)
                play = Play(secrets.token_bytes(16), self.village.now, seconds, self.boot, int(now.seconds // DAY))
                draft = PlayDraft(play.id, self.chance.randint(1, 9), now.seconds, ((0, seconds * 1000),), 1)
                visit = VisitDraft(secrets.token_hex(8), now.seconds, now.seconds + 1, "es", None, [draft])
                keep(now.boot, keys, [Stretch(now.seconds - 3, now.seconds, 1000, 0)], [visit])
                self.card.plays.append(play)

    def seal(self, **how: bool) -> None:
        with self.on():
            roll_up(self.settings, self.clock, self.library, **how)
            self._look()

    def upload(self, *modes: str) -> None:
        office = self.village.office
        office.true_now = self.village.now
        office.script.clear()
        office.play(*modes)
        with self.on():
            self._look()
            try:
                deliver(self.settings, self.clock, self.library, urgent=True)
            except HubError:
                pass
            finally:
                self._look()

    def carry(self) -> bytes | None:
        """A file that somebody takes along: all that waits, parts without a date included."""
        self.seal(undated=True)
        with self.on():
            records = pending(this_site().epoch, open_days=False)
            return make_batch(self.settings, self.library, records, secrets.token_bytes(16)) if records else None

    def take_back(self, answer: bytes) -> None:
        """An answer that was carried here."""
        with self.on():
            settle(self.clock, open_answer(answer, self.village.office.key.public_key(), None), live=False)
            self._look()

    def learn(self) -> None:
        """A technician says what time it is."""
        with self.on():
            self.clock.learn(self.village.now, "technician")

    def _look(self) -> None:
        """Note which plays each record of the outbox counts: those of its epoch, on its day or in its part."""
        rows = sql(
            "SELECT p.id, v.epoch, v.boot, b.began IS NOT NULL FROM play p JOIN visit v ON v.id = p.visit"
            " JOIN boot b ON b.id = v.boot"
        )
        known = {play.id: play for play in self.card.plays}
        by_place: dict[tuple[int, object], set[Play]] = defaultdict(set)
        for id_, epoch, boot, is_dated in rows:
            play = known.get(bytes(id_))
            if play is not None:
                place = play.at.astimezone(self.village.zone).date() if is_dated else (boot, play.part)
                by_place[epoch, place].add(play)
        for row in Outbox.select():
            place = row.day or (row.boot, row.part)
            name = bytes(row.digest)
            if name not in self.village.office.plays_of:
                self.village.office.plays_of[name] = frozenset(by_place[row.epoch, place])
            self.card.sealed |= self.village.office.plays_of[name]


class Village:
    """A site and what happens to it. `boxes` are those that count now; `bag` holds files on their way.

    With `is_imaged` a box cannot see that its card was put back: only head office is ahead of it.
    """

    def __init__(
        self, name: str, folder: Path, office: TrueOffice, chance: random.Random, zone: str, *, is_imaged: bool = False
    ) -> None:
        self.is_imaged = is_imaged
        self.name, self.folder, self.office, self.chance = name, folder, office, chance
        self.zone = ZoneInfo(zone)
        self.now = self.began = START
        self.images: list[Card] = []
        self.bag: list[tuple[Box, bytes]] = []
        self.mail: list[tuple[Box, bytes]] = []
        self.copies = 0
        self.lost: set[Play] = set()
        self.happened: list[str] = []
        self.boxes = [Box(self, Card(self._folder()))]
        with self.boxes[0].on():
            Site.update(
                time_zone=zone, collector_url=office.url, collector_key=office.public_key, code=name, name=name
            ).execute()
            key = signing_key(self.boxes[0].settings.keys).public_key().public_bytes_raw()
            office.add(name, zone, bytes(this_site().hub), key)
        self.boxes[0].learn()

    def _folder(self) -> Path:
        self.copies += 1
        return self.folder / f"{self.name}-{self.copies}"

    def pass_time(self, **duration: float) -> None:
        self.now += dt.timedelta(**duration)

    def live(self, days: int, without: frozenset[str] = frozenset()) -> None:
        """Let so many days pass, in which the steps `without` never happen."""
        until = self.now + dt.timedelta(days=days)
        steps = (
            (self.use, 30), (self.seal, 12), (self.upload, 12), (self.wait, 18), (self.cut_power, 9), (self.learn, 3),
            (self.carry, 5), (self.deliver_carried, 5), (self.take_back, 3), (self.take_image, 2), (self.put_back, 1),
            (self.copy, 0.3), (self.retire, 0.5), (self.cut_while_sealing, 4), (self.cut_while_uploading, 4),
        )  # fmt: skip
        names, weights = zip(*(row for row in steps if row[0].__name__ not in without), strict=True)
        while self.now < until:
            step = self.chance.choices(names, weights)[0]
            self.happened.append(step.__name__)
            step(self.chance.choice(self.boxes))

    def use(self, box: Box) -> None:
        box.use(self.chance.randint(1, 4))

    def seal(self, box: Box) -> None:
        box.seal(**({"open_days": True} if self.chance.random() < 0.2 else {}))

    def upload(self, box: Box) -> None:
        box.upload(*self.chance.choices(("honest", *LINKS), (12, *[1] * len(LINKS)), k=2))

    def wait(self, box: Box) -> None:
        self.pass_time(hours=self.chance.choice((1, 5, 9, 26)))

    def cut_power(self, box: Box) -> None:
        self.pass_time(hours=self.chance.choice((0.1, 3, 20, 60)))
        box.switch_on()

    def learn(self, box: Box) -> None:
        box.learn()

    def carry(self, box: Box) -> None:
        data = box.carry()
        self.bag += [(box, data)] if data else []

    def deliver_carried(self, box: Box) -> None:
        """Any of what is on its way, which may stay in the bag and come again."""
        if self.bag:
            self.office.true_now = self.now
            number = self.chance.randrange(len(self.bag))
            sender, data = self.bag[number]
            answer = self.office.again(data, carried=True)
            self.mail += [(sender, answer)] if answer else []
            if self.chance.random() < 0.5:
                del self.bag[number]

    def take_back(self, box: Box) -> None:
        if self.mail:
            sender, answer = self.mail[self.chance.randrange(len(self.mail))]
            if sender in self.boxes:
                sender.take_back(answer)

    def take_image(self, box: Box) -> None:
        """Somebody keeps a copy of the card, of a box that is off."""
        self._off(box)
        self.images.append(box.card.copy(self._folder()))
        box.switch_on()

    def put_back(self, box: Box) -> None:
        """The card is as it was when an image was taken; what it counted since and nobody had is gone."""
        if self.images:
            self._off(box)
            image = self.chance.choice(self.images)
            shutil.rmtree(box.card.folder)
            self.lost |= set(box.card.plays)
            box.card = image.copy(box.card.folder)
            box.switch_on()

    def copy(self, box: Box) -> None:
        """A second box runs from a copy, at the same time."""
        if len(self.boxes) < 3:
            self._off(box)
            card = box.card.copy(self._folder())
            box.switch_on()
            self.boxes.append(Box(self, card))

    def retire(self, box: Box) -> None:
        if len(self.boxes) > 1:
            self._off(box)
            self.lost |= set(box.card.plays)
            self.boxes.remove(box)

    def cut_while_sealing(self, box: Box) -> None:
        self._cut(box, box.seal)

    def cut_while_uploading(self, box: Box) -> None:
        self._cut(box, lambda: box.upload("honest", "honest"))

    def _cut(self, box: Box, work: object) -> None:
        """The power fails before or after one of the next writes is on the disk."""
        box.seal()
        left, late = self.chance.randint(0, 6), self.chance.random() < 0.5
        true_commit = hub.db.database.commit

        def commit() -> object:
            nonlocal left
            left -= 1
            if left < 0 and not late:
                hub.db.database.rollback()
                return self._is_off()
            done = true_commit()
            return self._is_off() if left < 0 else done

        try:
            with mock.patch.object(hub.db.database, "commit", commit):
                work()
        except PowerCut:
            pass
        self._off(box)
        box.switch_on()
        with box.on():
            box._look()

    def _is_off(self) -> None:
        if threading.current_thread() is threading.main_thread():
            raise PowerCut
        raise OperationalError("the box is off")

    def _off(self, box: Box) -> None:
        if not hub.db.database.is_closed():
            hub.db.database.close()
        Box.opened = None

    def settle_down(self) -> None:
        """The link heals, days end, everything that waits arrives, also what was carried for long.

        A box that learns only then that head office is ahead of it tells the rest with its next upload.
        """
        self.pass_time(days=3)
        self._report()
        for _, data in self.bag:
            self.office.again(data, carried=True)
        self._report()

    def _report(self) -> None:
        for box in self.boxes * 3:
            box.learn()
            box.seal()
            box.upload()

    def truth(self) -> set[Play]:
        """What people did, but for what was lost with a card before head office had it."""
        there = {play for box in self.boxes for play in box.card.plays}
        return there | {play for play in self.lost if play in self.office.places}


def wrong_days(office: TrueOffice, villages: list[Village]) -> list[str]:
    """Each day of each site on which head office shows other plays or seconds than there were; parts without a date
    together are one more.
    """
    wrong = list(office.troubles)
    with office_database.connection_context():
        for village in villages:
            expected: dict[dt.date | None, list[int]] = defaultdict(lambda: [0, 0])
            for play in village.truth():
                dated = [place for place in office.places.get(play, ()) if place is not None]
                day = dated[0] if dated else None
                expected[day][0] += 1
                expected[day][1] += play.seconds
            shown = {row.day: (row.plays, row.minutes) for row in days_shown(village.name)}
            made = {day: (plays, round(seconds / 60, 1)) for day, (plays, seconds) in expected.items()}
            wrong += [
                f"{village.name} {day}: {shown.get(day)} shown, {made.get(day)} made"
                for day in shown.keys() | made.keys()
                if shown.get(day, (0, 0.0)) != made.get(day, (0, 0.0))
            ]
    return wrong
