"""What the worker does for a check: it ends, stops, and is not begun anew by a box that went off under its load."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from content_cache.errors import Busy
from content_cache.library import Library
from content_cache.room import alone
from hub.acceptance import work
from hub.acceptance.models import ALL, CARD, errand, note
from hub.box import card
from hub.box.power import power
from hub.content.models import state as content
from hub.locks import InUse
from tests.faults.disks import disk_image
from tests.hub.box.machine import UNDER_VOLTAGE

if TYPE_CHECKING:
    from hub.box.card import Findings
    from tests.hub.acceptance.conftest import Box


def test_nothing_is_done_that_nobody_ordered(box: Box) -> None:
    assert box.work() is False
    assert errand().card is None


def test_all_of_it_is_done_once_and_kept_with_its_moment(box: Box) -> None:
    work.order(ALL)
    assert box.work() is True
    known = errand()
    assert (known.wanted, known.step, known.card_word) == ("", "", "tested")
    found = json.loads(known.card or "")
    assert (found["wrong"], found["real"]) == (0, None)
    assert 16 * 2**20 <= found["spanned"] <= 48_000_000
    assert (known.files, known.damaged) == (2, 0)
    assert known.bytes == len(b"first" * 1000 + b"second" * 1000)
    assert known.card_tested == known.files_read == known.called == box.clock.moment()
    assert box.work() is False


def test_the_card_alone_is_tested_any_day(box: Box) -> None:
    work.order(CARD)
    box.work()
    known = errand()
    assert known.card_word == "tested"
    assert (known.files_read, known.called) == (None, None)


def test_head_office_that_is_not_there_is_noted_and_the_rest_goes_on(box: Box) -> None:
    box.enrol()
    work.order(ALL)
    box.work()
    known = errand()
    assert known.call_error is not None
    assert known.card_word == "tested"
    assert known.files == 2


def test_an_upload_that_is_under_way_is_waited_for(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def deliver(*_args: Any, **_more: Any) -> None:
        calls.append("called")
        if len(calls) < 3:
            raise InUse("Another upload of this hub is under way; wait for it to end.")

    monkeypatch.setattr(work, "deliver", deliver)
    monkeypatch.setattr(work, "LOOK_EVERY", 0.01)
    box.enrol()
    work.order(ALL)
    box.work()
    assert calls == ["called"] * 3
    assert errand().call_error is None


def test_a_file_that_changed_is_set_aside_and_wanted_again(box: Box) -> None:
    path = next((box.settings.library_root / "blobs").glob("??/*"))
    path.write_bytes(b"x" * path.stat().st_size)
    work.order(ALL)
    box.work()
    assert errand().damaged == 1
    assert content().wanted
    assert not path.exists()


def test_an_order_is_taken_off_before_it_is_carried_out(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A supply that gives in under the load takes the box down, and the box does not do it again by itself."""

    def lights_out(*_args: Any, **_more: Any) -> Findings:
        assert errand().wanted == ""
        raise KeyboardInterrupt

    monkeypatch.setattr(work, "run", lights_out)
    monkeypatch.setattr(work._Errand, "_note_card", lambda *_args: None)
    work.order(CARD)
    with pytest.raises(KeyboardInterrupt):
        box.work()
    note(step=CARD)  # what the power cut leaves
    box.boot("after the power cut", 20.0)
    assert box.work() is True
    assert (errand().card_word, errand().step) == ("interrupted", "")
    assert box.work() is False


def slow(monkeypatch: pytest.MonkeyPatch, started: threading.Event) -> None:
    """A card so slow that there is time to stop it: each look at whether to go on takes as long as the test wants."""
    real = card.run

    def run(space: Any, go_on: Any) -> Findings:
        def tell(done: int, total: int) -> None:
            started.set()
            for _ in range(2000):
                time.sleep(0.005)
                go_on(done, total)

        return real(space, tell)

    monkeypatch.setattr(work, "run", run)


@pytest.mark.parametrize("by_page", [True, False])
def test_it_stops_at_once_on_request_or_with_the_program(
    box: Box, monkeypatch: pytest.MonkeyPatch, by_page: bool
) -> None:
    started, stopping = threading.Event(), threading.Event()
    slow(monkeypatch, started)
    work.order(ALL)
    thread = threading.Thread(target=box.work, args=(stopping,))
    thread.start()
    assert started.wait(30)
    assert errand().step == CARD
    if by_page:
        work.stop()
    else:
        stopping.set()
    thread.join(10)
    assert not thread.is_alive()
    known = errand()
    assert (known.card_word, known.step, known.wanted, known.stop) == ("stopped", "", "", False)
    assert known.files_read is None, "what comes after is left out as well"
    assert not list(box.settings.data.glob(".card-test*"))


def test_low_voltage_under_the_load_is_seen_and_remembered(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_space: Any, go_on: Any) -> Findings:
        box.ills(**UNDER_VOLTAGE)
        monkeypatch.setattr(work, "LOOK_EVERY", 0.0)
        go_on(1, 2)
        box.ills()
        raise OSError("enough")

    monkeypatch.setattr(work, "run", run)
    work.order(CARD)
    box.work()
    found = power(box.settings.machine, box.settings.run_folder)
    assert found is not None
    assert (found.low, found.was_low) == (False, True)
    assert errand().card_word == "broken"


def test_a_full_disk_is_said_and_left_as_it_is(box: Box) -> None:
    with disk_image(box.folder / "disk", 30) as disk:
        box.settings = dataclasses.replace(box.settings, data=disk.mount / "hub", reserve_mb=25)
        box.boot("a boot on a small disk")
        work.order(CARD)
        box.work()
        assert errand().card_word == "full"


def test_content_that_comes_in_goes_first(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "WAIT_FOR", 0.0)
    library = Library(box.settings.library_root)
    with alone(library):
        work.order(CARD)
        box.work()
    assert errand().card_word == "busy"
    work.order(CARD)
    box.work()
    assert errand().card_word == "tested"


def test_content_waits_while_the_card_is_tested(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_space: Any, _go_on: Any) -> Findings:
        with pytest.raises(Busy), alone(Library(box.settings.library_root)):
            pytest.fail("a sync began, and would find the disk full")
        raise OSError("enough")

    monkeypatch.setattr(work, "run", run)
    work.order(CARD)
    box.work()
    assert errand().card_word == "broken"


def test_progress_is_told_while_it_runs(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(work, "TELL_EVERY", 0.0)
    real = work.note

    def note_it(**fields: Any) -> None:
        if fields.get("total"):
            told.append((fields["done"], fields["total"]))
        real(**fields)

    monkeypatch.setattr(work, "note", note_it)
    work.order(ALL)
    box.work()
    assert len(told) > 10
    assert all(0 < done <= total for done, total in told)
