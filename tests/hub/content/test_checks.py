"""What the probes and the technician's page tell of content and of the uplink's budget."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from hub.content.checks import check_budget, check_content
from hub.content.models import note
from hub.content.news import confirmed_on, trust_of, trusted
from hub.content.origin import configure
from hub.db import writing
from hub.uplink.budget import CONTENT, COUNTS, Rules
from hub.uplink.ledger import Tally, set_rules
from hub.uplink.models import note as note_uplink
from tests.simulators.office import Office

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.content.conftest import Box


def test_a_hub_that_was_told_of_no_place_is_well(box: Box) -> None:
    assert check_content(box.library).ok


def test_a_place_without_head_offices_keys_is_to_be_mended(box: Box) -> None:
    configure("https://content.example", None)
    found = check_content(box.library)
    assert not found.ok
    assert "hub setup --content-root" in found.sentence


def test_what_failed_is_told_until_a_look_goes_through(box: Box) -> None:
    with writing():
        note(error="content.example cannot be reached, or broke off; it is tried again later.")
    found = check_content(box.library)
    assert not found.ok
    assert "hub content status" in found.sentence
    assert found.facts["error"].startswith("content.example")


def believing(box: Box, folder: Path) -> Office:
    office = Office(folder)
    office.sign("one")
    trust_of(box.library.root).pin(office.root)
    trust_of(box.library.root).refresh(office.source, now=office.now)
    return office


def test_content_is_confirmed_by_its_signature_and_by_head_offices_word_on_an_upload(
    box: Box, tmp_path: Path, quick_keys: None
) -> None:
    office = believing(box, tmp_path / "office")
    assert check_content(box.library).sentence == "Content was last confirmed on 2026-10-01."
    box.clock.learn(office.now, "head office")
    box.boot("later")
    box.clock.learn(office.later(days=40), "head office")
    now = box.clock.moment()
    with writing():
        note_uplink(content=1, reached_boot=now.boot, reached_seconds=now.seconds)
    assert confirmed_on(trusted(box.library)) == dt.date(2026, 11, 10)
    with writing():
        note_uplink(content=2)
    assert confirmed_on(trusted(box.library)) == dt.date(2026, 10, 1), "there is newer content: nothing confirms this"


def test_the_budget_is_told_and_no_fault(box: Box) -> None:
    Tally(box.clock, CONTENT).close(0, 3_000_000)
    Tally(box.clock, COUNTS).close(0, 20_000)
    assert check_budget(box.clock).sentence == "The uplink has no budget; today 4 MB crossed it."
    set_rules(Rules(monthly=50_000_000))
    assert check_budget(box.clock).sentence == "This month 4 MB of 50 MB crossed the uplink."
    set_rules(Rules(daily=1_000_000))
    found = check_budget(box.clock)
    assert found.ok
    assert found.sentence == "Today 4 MB of 1 MB crossed the uplink."
    assert found.facts["today"] == {"counts": 20_000, "content": 3_000_000}
