"""What people want of the library, as a sync is told: decided, asked for, used, and begun."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from content_cache.sync.source import FolderSource
from hub.content import orders
from hub.content.models import asked
from hub.content.origin import pin
from hub.content.sync import bring
from hub.content.wishes import granted, wishes
from hub.usage.intervals import union
from hub.usage.record import PlayReport, Recorder

if TYPE_CHECKING:
    from tests.hub.content.conftest import Box, Press

ANA = "a" * 32
BOOK = "precio-justo/libro-1"


def take(box: Box, press: Press) -> None:
    bring(FolderSource(press.repository), box.settings, box.clock, box.library)


def number(box: Box, item: str) -> int:
    catalogue = box.library.catalogue()
    assert catalogue is not None
    with closing(catalogue):
        found = catalogue.item_number(item)
    assert found is not None
    return found


def opens(box: Box, item: str) -> None:
    """Ana has the item open for a minute."""
    recorder = Recorder(box.settings, box.clock, box.library)
    recorder.report(ANA, [PlayReport(bytes(16), item, number(box, item), union([(0, 60_000)]), 1)])
    recorder.flush()


def items(box: Box) -> set[str]:
    catalogue = box.library.catalogue()
    assert catalogue is not None
    with closing(catalogue):
        return {item.id for course in catalogue.courses() for item in catalogue.items(course.slug)}


@pytest.fixture
def hub(box: Box, press: Press) -> Box:
    press.course("precio-justo", 2000)
    press.publish()
    pin(press.root, box.library.root)
    take(box, press)
    return box


def test_a_new_hub_has_wishes_already(box: Box) -> None:
    orders.pin("precio-justo")
    orders.ask("ahorro/libro-1", box.clock)
    found = wishes(box.library, box.clock)
    assert (found.pinned, found.asked, found.use) == ({"precio-justo"}, {"ahorro/libro-1": 1}, {})


def test_what_is_used_and_what_somebody_began_is_told_by_name(hub: Box) -> None:
    opens(hub, BOOK)
    found = wishes(hub.library, hub.clock)
    assert found.use == {BOOK: 1}
    assert found.keep == {BOOK}


def test_what_somebody_is_halfway_through_stays_for_thirty_days_when_a_new_release_drops_it(
    hub: Box, press: Press
) -> None:
    opens(hub, BOOK)
    press.course("precio-justo")
    press.publish()
    take(hub, press)
    assert hub.library.number() == 2
    assert BOOK in items(hub)
    hub.seconds += 31 * 86_400
    take(hub, press)
    assert BOOK not in items(hub)


def test_what_nobody_is_halfway_through_goes_with_the_release_that_drops_it(hub: Box, press: Press) -> None:
    press.course("precio-justo")
    press.publish()
    take(hub, press)
    assert items(hub) == {"precio-justo/costos"}


def test_who_asked_is_served_once_it_is_here_or_gone_for_good(hub: Box) -> None:
    orders.ask(BOOK, hub.clock)
    orders.ask("no-more/of-this", hub.clock)
    granted(hub.library)
    assert asked() == {}
