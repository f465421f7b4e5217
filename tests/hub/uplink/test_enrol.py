"""A hub and head office come to know each other by a one-time code, over a link that may lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.backup import snapshots
from hub.errors import HubError
from hub.site import signing_key, this_site
from hub.uplink.enrol import NotEnrolled, enrol
from hub.uplink.line import NoAnswer
from hub.uplink.models import Ledger, state
from tests.simulators.head_office import HeadOffice
from wire.enrol import code_id, new_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hub.uplink.conftest import Hub


@pytest.fixture
def stranger(hub: Hub) -> Iterator[HeadOffice]:
    """A head office that does not know this hub yet."""
    with HeadOffice() as office:
        office.now = lambda: hub.machine.true.timestamp()  # noqa: PLW0108 (`true` changes)
        yield office


@pytest.fixture
def code(stranger: HeadOffice) -> str:
    made = new_code()
    stranger.codes[code_id(made)] = made
    return made


def test_enrolment_fills_the_site_and_teaches_the_time(hub: Hub, stranger: HeadOffice, code: str) -> None:
    hub.reboot(certain=False)
    site = enrol(f"{stranger.url}/", code.lower(), hub.settings, hub.clock)
    assert (site.code, site.name, site.time_zone) == ("dzemul", "Dzemul", "America/Merida")
    assert (site.collector_url, site.collector_key) == (stranger.url, stranger.public_key)
    assert this_site().enrolled
    now = hub.clock.now()
    assert now is not None
    assert abs((now - hub.machine.true).total_seconds()) < 2
    assert state().reached is not None
    assert Ledger.get().up > 0
    assert len(snapshots(hub.settings)) == 1, "a hub that loses its database must still know who it is"
    hub.counts.play(hub.machine.true.date())
    hub.machine.pass_time(days=1)
    hub.seal()
    assert hub.send().acknowledged == 1


def test_a_lost_answer_costs_a_second_try_with_the_same_code_and_key(hub: Hub, stranger: HeadOffice, code: str) -> None:
    stranger.play("reset_after_commit")
    with pytest.raises(NoAnswer):
        enrol(stranger.url, code, hub.settings, hub.clock)
    assert not this_site().enrolled
    assert enrol(stranger.url, code, hub.settings, hub.clock).enrolled
    assert len(stranger.keys) == 1
    key = stranger.keys[bytes(this_site().hub)].public_bytes_raw()
    assert key == signing_key(hub.settings.keys).public_key().public_bytes_raw()


@pytest.mark.parametrize(
    "lie", ["portal", "proxy", "redirect", "flipped", "truncated", "cut_short", "broken", "endless"]
)
def test_a_lie_enrols_nobody_and_is_a_sentence(hub: Hub, stranger: HeadOffice, code: str, lie: str) -> None:
    stranger.play(lie)
    with pytest.raises(HubError) as raised:
        enrol(stranger.url, code, hub.settings, hub.clock)
    assert str(raised.value).endswith(".")
    assert not this_site().enrolled


def test_a_code_nobody_gave_is_refused_with_head_offices_reason(hub: Hub, stranger: HeadOffice) -> None:
    with pytest.raises(NoAnswer, match=r"400 .No code beginning with .* waits for a hub"):
        enrol(stranger.url, new_code(), hub.settings, hub.clock)


@pytest.mark.parametrize("words", ["", "K7QM", "K7QM-3T5X-9D2B-HJ4W-P6R!", "ñ" * 20])
def test_what_is_no_code_never_leaves_the_hub(hub: Hub, stranger: HeadOffice, words: str) -> None:
    with pytest.raises(NotEnrolled, match="That is no code"):
        enrol(stranger.url, words, hub.settings, hub.clock)
    assert stranger.asked == 0


@pytest.mark.parametrize("url", ["", "office.example", "ftp://office.example", "http://", "http://[", "http://a/?b"])
def test_what_is_no_address_is_said_so(hub: Hub, code: str, url: str) -> None:
    with pytest.raises(NotEnrolled, match="is no address of head office"):
        enrol(url, code, hub.settings, hub.clock)
