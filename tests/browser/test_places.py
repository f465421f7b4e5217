"""Every place of the list, in both languages, judged: nobody is kept out, nothing leaves the hub, nothing is broken."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.browser.places import PLACES

if TYPE_CHECKING:
    from tests.browser.visits import Visit, Visits

pytestmark = pytest.mark.timeout(300)
NAMED = {
    "heading",
    "link",
    "button",
    "textbox",
    "searchbox",
    "Video",
    "Audio",
    "image",
    "navigation",
    "region",
    "radio",
}
EACH = [(place, language) for place in PLACES for language in ("es", "en")]


@pytest.fixture(params=EACH, ids=lambda it: f"{it[0].name}-{it[1]}")
def visit(visits: Visits, request: pytest.FixtureRequest) -> Visit:
    place, language = request.param
    return visits.at(place, language)


def test_a_place_is_the_one_that_was_meant(visit: Visit) -> None:
    assert visit.status == visit.place.status
    assert visit.said_language == visit.language
    assert visit.is_there, f"nothing like {visit.place.sees} is seen"


def test_a_screen_reader_is_given_landmarks_headings_and_names(visit: Visit) -> None:
    roles = [node.role for node in visit.tree]
    assert [roles.count(role) for role in ("main", "banner", "contentinfo")] == [1, 1, 1]
    levels = [node.level for node in visit.tree if node.role == "heading"]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise([0, *levels])), levels
    assert [node for node in visit.tree if node.role in NAMED and not node.name] == []


def test_axe_finds_nothing_in_light_and_dark(visit: Visit) -> None:
    assert "light" in visit.axe
    assert not any(visit.axe.values()), visit.axe


def test_nothing_is_lost_on_a_small_screen_or_at_twice_the_text(visit: Visit) -> None:
    assert not any(visit.lost.values()), visit.lost


def test_what_is_tapped_is_large_enough_for_a_thumb(visit: Visit) -> None:
    assert visit.small == []


def test_who_asked_for_less_motion_gets_none(visit: Visit) -> None:
    assert visit.moving == []


def test_no_request_leaves_the_hub(visit: Visit) -> None:
    ours = re.compile(r"http://localhost:\d+/")
    assert visit.asked
    assert [url for url in visit.asked if not ours.match(url)] == []


def test_the_browser_has_nothing_to_complain_about(visit: Visit) -> None:
    assert visit.complaints == []
