"""A box on a bench: a real database, a real catalogue, and a clock that the test turns."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from content_cache.building import building
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.publish import publish as publish_courses
from content_cache.records import CourseLine, ItemLine
from hub.clock import Clock
from hub.db import database, open_database
from hub.settings import Settings
from hub.site import Site, this_site
from hub.usage.intervals import union
from hub.usage.record import PlayReport, Recorder
from hub.usage.summary import summary
from tests.town import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from pathlib import Path

    from hub.usage.rollups import UsageDay

VIDEO = "precio-justo/cuanto-te-cuesta"  # 60 seconds, number 2
SECOND_VIDEO = "precio-justo/tu-precio"  # 120 seconds, number 3
DOCUMENT = "precio-justo/hoja-de-costos"  # number 4


def publish(root: Path) -> None:
    """A catalogue of one course, put in place as an import would."""
    (root / "catalogues").mkdir(parents=True)
    name = "1-0123456789ab"
    course = CourseLine(course="precio-justo", number=1, title="Precio", summary="", language="es", topic="prices")
    kinds = [(VIDEO, 2, "video", 60), (SECOND_VIDEO, 3, "video", 120), (DOCUMENT, 4, "document", None)]
    items = [
        ItemLine(item=id_.split("/")[1], number=number, kind=kind, title=id_, seconds=seconds, files=())
        for id_, number, kind, seconds in kinds
    ]
    with building(root / "catalogues" / f"{name}.sqlite", name) as catalogue:
        catalogue.add(course, iter(items))
        catalogue.finish()
    (root / "catalogues" / "current").symlink_to(f"{name}.sqlite")


class Box:
    """One hub. `seconds` is the time since its boot, which only the test moves."""

    def __init__(self, folder: Path, zone: str = "America/Merida") -> None:
        self.settings = Settings(data=folder / "hub", flush_every=0.05)
        self.seconds = 1000.0
        open_database(self.settings.database)
        this_site()
        Site.update(time_zone=zone).execute()
        self.boot("first boot")

    @property
    def zone(self):
        return this_site().zone

    def boot(self, boot_id: str, seconds: float = 1000.0) -> None:
        """Switch the box on, without a power cut: the recorder that was, if any, is to be stopped or lost before."""
        self.seconds = seconds
        self.clock = Clock(since_boot=lambda: self.seconds, boot_id=boot_id, synchronised=lambda: False)
        self.restart()

    def restart(self) -> None:
        """Start the program anew."""
        self.recorder = Recorder(self.settings, self.clock, Library(self.settings.library_root))

    def learn(self, now: datetime) -> None:
        self.clock.learn(now, "a test")

    def at(self, moment: datetime) -> None:
        """Let time pass until `moment`, which the dated clock tells."""
        now = self.clock.now()
        assert now is not None
        self.seconds += (moment - now).total_seconds()

    def play(self, visitor: str, *intervals: tuple[float, float], item: int = 2, id_: bytes | None = None, heads=1):
        """A page's report, intervals in seconds; returns what is kept."""
        ms = union((round(begin * 1000), round(end * 1000)) for begin, end in intervals or ((0, 10),))
        report = PlayReport(id_ or secrets.token_bytes(16), f"course/{item}", item, ms, heads)
        return self.recorder.report(visitor, [report])

    def flush(self) -> None:
        self.recorder.flush()

    def day(self, day: date) -> UsageDay:
        return summary(day, self.zone)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    yield Box(tmp_path)
    database.close()


@pytest.fixture
def library_root(tmp_path: Path) -> Path:
    publish(tmp_path / "hub" / "library")
    return tmp_path / "hub" / "library"


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of a hub that holds the sample courses; for tests to copy."""
    folder = tmp_path_factory.mktemp("samples")
    publish_courses(SAMPLES, folder / "repository")
    import_repository(folder / "repository", Library(folder / "library"))
    return folder / "library"
