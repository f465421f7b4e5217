"""The job that brings content: when it asks, what it brings first, and what it does when that fails. Real sockets."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from content_cache.errors import SourceError
from content_cache.trust.errors import NotPinned, Older
from hub.content import orders
from hub.content.models import Ask, asked, note, state
from hub.content.origin import configure, pin
from hub.content.status import status
from hub.content.sync import bring, by_hand, look
from hub.db import writing
from hub.uplink.budget import Rules
from hub.uplink.ledger import rules, set_rules, spent
from hub.uplink.models import Ledger
from hub.uplink.models import note as note_uplink
from hub.worker.jobs import IDLE, Work, bring_content
from tests.hub.content.conftest import MERIDA, NOON
from tests.simulators.link import ContentServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.hub.content.conftest import Box, Press

BOOK = 200_000
EVERY = 21_600


@pytest.fixture
def server(box: Box, press: Press) -> Iterator[ContentServer]:
    """A repository of one course with two books, at an address that the hub was told, with its keys."""
    press.course("precio-justo", BOOK, BOOK)
    press.publish()
    pin(press.root, box.library.root)
    with ContentServer(press.repository) as server:
        configure(server.url, None)
        yield server


class Unhurried(threading.Event):
    """Notes the longest that it was to be waited for, and waits for nothing."""

    longest = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.longest = max(self.longest, timeout or 0.0)
        return self.is_set()


def run(box: Box, stop: threading.Event | None = None) -> bool:
    return look(box.settings, box.clock, box.library, stop)


def told(box: Box, snapshot: int) -> None:
    """Head office answered an upload."""
    now = box.clock.moment()
    with writing():
        note_uplink(content=snapshot, reached_boot=now.boot, reached_seconds=now.seconds)


def coming(box: Box) -> dict[str, int]:
    catalogue = box.library.catalogue()
    assert catalogue is not None
    with closing(catalogue):
        return {item.slug: item.coming for course in catalogue.courses() for item in catalogue.items(course.slug)}


def test_a_new_hub_brings_everything_and_then_asks_nothing_until_its_time_has_come(
    box: Box, server: ContentServer
) -> None:
    assert run(box)
    assert box.library.number() == 1
    assert coming(box) == {"costos": 0, "libro-1": 0, "libro-2": 0}
    asked_for = len(server.asked)
    box.seconds += EVERY - 1
    assert not run(box)
    assert len(server.asked) == asked_for
    box.seconds += 1
    assert run(box)
    assert server.paths()[asked_for:] == ["metadata/timestamp.json"]


def test_head_offices_word_with_an_upload_spares_the_question(box: Box, server: ContentServer, press: Press) -> None:
    run(box)
    asked_for = len(server.asked)
    for _ in range(10):
        box.seconds += EVERY
        told(box, 1)
        assert not run(box)
    assert len(server.asked) == asked_for
    press.course("ahorro")
    told(box, press.publish())
    assert run(box)
    assert box.library.number() == 2


def test_what_head_office_tells_of_before_its_repository_has_it_is_asked_for_with_growing_pauses(
    box: Box, server: ContentServer, press: Press
) -> None:
    run(box)
    told(box, 2)
    asked_for = len(server.asked)
    for _ in range(240):
        box.seconds += 60
        told(box, 2)
        run(box)
    assert len(server.asked) - asked_for < 60
    assert state().error is None
    press.course("ahorro")
    press.publish()
    box.seconds += 3600
    assert run(box)
    assert box.library.number() == 2
    assert state().failures == 0


def test_a_hub_without_a_place_does_nothing_whatever_was_ordered(box: Box) -> None:
    orders.sync_now()
    assert not run(box)
    assert not state().wanted


def test_a_stick_says_nothing_of_the_place_where_content_comes_from(
    box: Box, server: ContentServer, press: Press
) -> None:
    server.habit = "html"
    with pytest.raises(SourceError):
        run(box)
    by_hand(str(press.repository), box.settings, box.clock, box.library)
    known = state()
    assert (known.failures, known.why, known.checked) == (1, "offline", None)


def test_a_hub_without_keys_says_so(box: Box, press: Press) -> None:
    press.course("precio-justo")
    press.publish()
    configure(str(press.repository), None)
    with pytest.raises(NotPinned, match="hub setup --content-root"):
        run(box)
    assert state().error
    assert box.library.release() is None


def test_the_clocks_floor_rises_to_what_was_signed(box: Box, server: ContentServer) -> None:
    box.boot("unsure")
    run(box)
    assert box.clock.now() is None
    assert box.clock.at_least() >= NOON - dt.timedelta(seconds=1)


def test_what_failed_leaves_a_sentence_and_is_tried_again_after_a_growing_pause(
    box: Box, server: ContentServer
) -> None:
    server.habit = "html"
    pauses = []
    for failures in range(1, 6):
        with pytest.raises(SourceError, match="hotspot"):
            run(box)
        assert state().failures == failures
        assert state().error.startswith("Something between answered")
        assert state().why == "offline"
        assert not run(box) or state().retry_seconds == box.seconds
        pauses.append(state().retry_seconds - box.seconds)
        box.seconds += pauses[-1] + 0.01
    assert all(0 <= pause <= 3600 for pause in pauses)
    server.habit = "honest"
    assert run(box)
    known = state()
    assert (known.failures, known.error, known.why) == (0, None, None)


def test_after_failures_another_boot_waits_as_well_for_minutes(box: Box, server: ContentServer) -> None:
    server.habit = "html"
    for _ in range(9):
        with pytest.raises(SourceError):
            run(box)
        box.seconds += 3601
    asked = len(server.asked)
    box.boot("another", certain=True, seconds=0.0)
    waits = status(box.clock, box.library).retry_in
    assert waits is not None
    assert 0 < waits <= 540
    assert not run(box)
    assert len(server.asked) == asked
    box.seconds = waits
    server.habit = "honest"
    assert run(box)


def test_after_a_boot_the_worker_waits_for_its_slot_unless_somebody_gave_the_order(
    box: Box, server: ContentServer
) -> None:
    work = Work(box.settings, box.clock, box.library, threading.Event())
    assert bring_content(work) is None, "somebody has just said where content comes from"
    box.boot("another", certain=True, seconds=0.0)
    work = Work(box.settings, box.clock, box.library, threading.Event())
    with writing():
        note(failures=1)  # so that it would be tried again
    asked = len(server.asked)
    assert bring_content(work) is IDLE
    assert len(server.asked) == asked
    box.seconds = 540
    assert bring_content(work) is None
    assert len(server.asked) > asked
    box.boot("a third", certain=True, seconds=0.0)
    orders.sync_now()
    assert bring_content(dataclasses.replace(work, clock=box.clock)) is None


def test_somebodys_order_does_not_wait_for_the_pause(box: Box, server: ContentServer) -> None:
    server.habit = "html"
    with pytest.raises(SourceError):
        run(box)
    with writing():
        note(retry_boot=box.clock.boot, retry_seconds=box.seconds + 3000)
    assert not run(box)
    server.habit = "honest"
    orders.sync_now()
    assert run(box)
    assert not state().wanted


class TestBudget:
    """What does not fit today is tomorrow's."""

    def test_a_days_bytes_bring_what_is_small_first_and_the_next_day_goes_on_at_the_byte(
        self, box: Box, server: ContentServer
    ) -> None:
        set_rules(Rules(daily=400_000))
        assert run(box)
        first = coming(box)
        assert first["costos"] == 0
        assert 0 < sum(first.values()) < 2 * BOOK
        used = spent(rules(), box.clock, MERIDA).day.content
        assert 250_000 < used <= 400_000
        assert not run(box)
        box.seconds += 12 * 3600 + 1
        assert run(box)
        assert sum(coming(box).values()) == 0
        assert sum(row.down for row in Ledger.select()) < 2 * BOOK + 60_000, "what came was not asked for again"
        box.seconds += 60
        assert not run(box)

    def test_outside_the_hours_nothing_is_asked_and_it_goes_on_when_they_begin(
        self, box: Box, server: ContentServer
    ) -> None:
        set_rules(Rules(hours="22-04"))
        assert run(box)
        assert server.asked == []
        assert state().error is None, "this is no failure"
        box.seconds += 9 * 3600
        assert not run(box)
        box.seconds += 3600
        assert run(box)
        assert sum(coming(box).values()) == 0

    def test_a_neighbour_that_a_technician_names_costs_nothing(self, box: Box, server: ContentServer) -> None:
        set_rules(Rules(daily=1000, hours="22-04"))
        synced = by_hand(server.url, box.settings, box.clock, box.library)
        assert synced.coming == 0
        assert not Ledger.select().exists()


def test_when_the_hub_stops_the_rest_comes_when_it_runs_again(box: Box, server: ContentServer) -> None:
    stop = threading.Event()

    def stops(done: int, total: int) -> None:
        if done > BOOK // 2:
            stop.set()

    synced = by_hand(None, box.settings, box.clock, box.library, stop=stop, progress=stops)
    assert synced.stopped
    assert state().unfinished
    assert run(box)
    assert sum(coming(box).values()) == 0


def test_a_damaged_blob_is_brought_again_at_once(box: Box, server: ContentServer) -> None:
    run(box)
    catalogue = box.library.catalogue()
    with closing(catalogue):
        book = catalogue.item("precio-justo/libro-1").files[0]
    box.library.store.path(book.sha256).write_bytes(b"rot")
    from hub.content.scrub import scrub

    scrub(box.library.store, box.clock, rate=1e12, stop=threading.Event())
    assert box.library.store.damaged() == [book.sha256]
    asked_for = len(server.asked)
    assert run(box)
    assert box.library.store.verify(book.sha256)
    assert [path for path in server.paths()[asked_for:] if path.startswith("o/")] == [f"o/{book.sha256}"]


def test_what_was_asked_for_comes_first_and_is_forgotten_once_it_is_here(
    box: Box, press: Press, server: ContentServer
) -> None:
    set_rules(Rules(daily=340_000))
    orders.ask("precio-justo/libro-2", box.clock)
    run(box)
    assert coming(box)["libro-2"] == 0
    assert coming(box)["libro-1"] > 0
    assert not Ask.select().exists()
    orders.ask("precio-justo/libro-1", box.clock)
    assert asked() == {"precio-justo/libro-1": 1}


def test_what_is_removed_goes_and_stays_away_until_it_is_brought_back(box: Box, server: ContentServer) -> None:
    run(box)
    orders.remove("precio-justo/libro-1")
    assert run(box)
    assert coming(box)["libro-1"] > BOOK
    assert not run(box)
    orders.bring_back("precio-justo/libro-1")
    assert run(box)
    assert coming(box)["libro-1"] == 0


def test_an_older_repository_is_refused_and_what_serves_serves_on(
    box: Box, press: Press, server: ContentServer, tmp_path: Path
) -> None:
    shutil.copytree(press.repository, tmp_path / "old")
    press.course("ahorro")
    press.publish()
    run(box)
    with pytest.raises(Older):
        by_hand(str(tmp_path / "old"), box.settings, box.clock, box.library)
    assert box.library.number() == 2


def test_a_stick_serves_where_no_line_is(box: Box, press: Press, server: ContentServer) -> None:
    from content_cache.sync.source import FolderSource

    synced = bring(FolderSource(press.repository), box.settings, box.clock, box.library)
    assert (synced.number, synced.coming) == (1, 0)
    assert server.asked == []


def test_the_state_of_it_all_is_told(box: Box, server: ContentServer) -> None:
    set_rules(Rules(daily=340_000))
    orders.pin("precio-justo/costos")
    run(box)
    found = status(box.clock, box.library)
    assert (found.source, found.group, found.previous, found.held) == (server.url, "all", None, None)
    assert found.confirmed == NOON.date()
    assert found.totals.bytes > 2 * BOOK
    assert 0 < found.totals.coming < 2 * BOOK
    assert found.totals.items_coming == sum(left > 0 for left in coming(box).values())
    assert found.budget.content.left < 64 * 2**10
    assert found.retry_in == pytest.approx(12 * 3600, abs=5)


@pytest.mark.parametrize(("kbit", "seconds"), [(0, 0), (80, 20)])
def test_content_comes_as_slowly_as_it_is_told(box: Box, server: ContentServer, kbit: int, seconds: float) -> None:
    """Two books of 200 kB take 40 seconds at 80 kbit/s; what the test itself takes is as good as waited."""
    stop = Unhurried()
    look(dataclasses.replace(box.settings, content_kbit=kbit), box.clock, box.library, stop)
    assert not any(coming(box).values())
    assert stop.longest >= seconds
    assert bool(stop.longest) == bool(kbit)
