"""The real program, in real time, killed while a crowd is at it. What a power cut may cost is declared, and held here:

- Of passive counts (pages of phones that report nothing, bytes, downloads) at most the last 5 seconds.
- Of plays nothing, as long as their phones stay: they repeat what they were not told is kept.
- Nothing counts twice, and nothing counts that was not asked for.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import random
import secrets
import shutil
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from content_cache.library import Library
from hub.clock import Clock
from hub.db import database, open_database
from hub.settings import Settings
from hub.site import signing_key
from hub.uplink.models import Outbox
from hub.uplink.seal import roll_up
from tests.town import Phone, Town, until
from wire.summary import unseal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_LOST = 5  # seconds
PHONES = 6
SUMS = [
    "visitors", "visitors_new_month", "visits", "plays", "seconds_played", "person_seconds", "group_plays",
    "local_bytes", "downloads",
]  # fmt: skip
ITEMS = ["precio-justo/cuanto-te-cuesta", "precio-justo/de-costo-a-precio", "celular-seguro/ponle-candado"]


class Asked(NamedTuple):
    """A request without a report: when it was sent and when all of its answer was here, if it ever was."""

    sent: float
    answered: float | None
    bytes: int = 0
    downloads: int = 0


class Crowd:
    """Threads that go on whatever becomes of the hub. `film` is a path and the bytes that lie behind it."""

    def __init__(self, town: Town, film: tuple[str, int]) -> None:
        self.town, self.film = town, film
        self.phones = [Phone(town) for _ in range(PHONES)]
        self.pages: list[Asked] = []
        self.media: list[Asked] = []
        self._over = threading.Event()

    @contextlib.contextmanager
    def at_it(self) -> Iterator[None]:
        with ThreadPoolExecutor(PHONES) as pool:
            acting = [pool.submit(self._act, phone, seed) for seed, phone in enumerate(self.phones)]
            try:
                yield
            finally:
                self._over.set()
            for each in acting:
                each.result(30)

    def _act(self, phone: Phone, seed: int) -> None:
        dice = random.Random(seed)
        while not self._over.wait(dice.random() / 20):
            dice.choice([self._look, self._look, self._take, lambda: self._play(phone, dice)])()

    def _play(self, phone: Phone, dice: random.Random) -> None:
        if len(phone.reported) < 40:
            phone.play(dice.choice(ITEMS), [[dice.randint(0, 9), dice.randint(15, 60)]], dice.choice([1, 1, 20]))
        phone.repeat()

    def _look(self) -> None:
        """Somebody passes by, and opens one page."""
        self.pages.append(self._ask("/", Cookie=f"visitor={secrets.token_hex(16)}"))

    def _take(self) -> None:
        path, size = self.film
        asked = self._ask(f"{path}?download=1")
        self.media.append(asked._replace(bytes=size, downloads=1))

    def _ask(self, path: str, **headers: str) -> Asked:
        sent = time.monotonic()
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, _ = self.town.ask("GET", path, **headers)
            assert status == 200
            return Asked(sent, time.monotonic())
        return Asked(sent, None)


def surely(asked: list[Asked], cut: float) -> list[Asked]:
    """What was answered, but for the last seconds before the power was `cut`."""
    return [one for one in asked if one.answered and not cut - MOST_LOST < one.answered < cut]


def told(settings: Settings) -> Counter[str]:
    """The sums of what is sealed: midnight may pass."""
    open_database(settings.database)
    roll_up(settings, Clock(), Library(settings.library_root), open_days=True)
    key = signing_key(settings.keys).public_key()
    days = [unseal(bytes(row.sealed), lambda _hub: key) for row in Outbox.select()]
    database.close()
    return Counter({name: sum(getattr(day, name) for day in days) for name in SUMS})


def played(phones: list[Phone]) -> dict[str, int]:
    """What the phones' reports come to: one play for each phone and item, of all that was told of it."""
    plays: dict[tuple[Phone, str], list[dict[str, Any]]] = defaultdict(list)
    for phone in phones:
        for play in phone.reported.values():
            plays[phone, play["item"]].append(play)
    seconds = {of: len({n for play in told for n in range(*play["intervals"][0])}) for of, told in plays.items()}
    heads = {of: max(play["group"] for play in told) for of, told in plays.items()}
    return {
        "plays": len(plays),
        "seconds_played": sum(seconds.values()),
        "person_seconds": sum(seconds[of] * heads[of] for of in plays),
        "group_plays": sum(most > 1 for most in heads.values()),
    }


@pytest.fixture
def town(tmp_path: Path, samples: Path) -> Iterator[Town]:
    """A hub with the sample courses that knows what time it is."""
    settings = Settings(data=tmp_path / "hub")
    shutil.copytree(samples, settings.library_root, symlinks=True)
    open_database(settings.database)
    Clock().learn(dt.datetime.now(dt.UTC), "a test")
    database.close()
    with Town(tmp_path, {"HUB_FLUSH_EVERY": "2"}) as town:
        town.start("web")
        yield town


def film_of(settings: Settings) -> tuple[str, int]:
    """A film's path on the hub, and its size."""
    catalogue = Library(settings.library_root).catalogue()
    assert catalogue is not None
    with contextlib.closing(catalogue):
        item = catalogue.item(ITEMS[0])
    assert item is not None
    return f"/media/{item.files[0].sha256}/{item.files[0].name}", item.files[0].size


def test_a_hub_that_is_killed_in_mid_crowd_loses_five_seconds_of_passive_counts_at_most(
    town: Town, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path / "hub")
    crowd = Crowd(town, film_of(settings))
    with crowd.at_it():
        assert until(lambda: surely(crowd.pages, time.monotonic()) and surely(crowd.media, time.monotonic()))
        town.kill("web")
        cut = time.monotonic()
        town.start("web")
        assert until(lambda: any(one.sent > cut and one.answered for one in crowd.media))
    for phone in crowd.phones:
        phone.insist()
    assert town.stop("web") == 0
    counted = told(settings)
    expected = played(crowd.phones)
    assert {name: counted[name] for name in expected} == expected
    assert expected["plays"] > PHONES
    passers_by = counted["visitors"] - len(crowd.phones)
    assert counted["visits"] == counted["visitors"] == counted["visitors_new_month"]
    assert 0 < len(surely(crowd.pages, cut)) <= passers_by <= len(crowd.pages)
    for figure, name in (("local_bytes", "bytes"), ("downloads", "downloads")):
        least, most = (sum(getattr(one, name) for one in some) for some in (surely(crowd.media, cut), crowd.media))
        assert 0 < least <= counted[figure] <= most
