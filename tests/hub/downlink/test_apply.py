"""A state comes to hold in one piece: what changed is set, what a technician set stays, what won't do is said."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.app import database
from hub.backup import open_or_restore, snapshot
from hub.content.models import state as content
from hub.db import open_database, writing
from hub.downlink import apply as module
from hub.downlink.models import ToldSetting
from hub.downlink.settings import SETTINGS
from hub.site import this_site
from hub.technician.place import describe
from hub.uplink.budget import Rules
from hub.uplink.ledger import rules, set_rules
from hub.uplink.models import Told as ToldRow
from hub.uplink.models import state as uplink
from hub.uplink.told import running, to_tell
from tests.simulators.head_office import HeadOffice

if TYPE_CHECKING:
    from tests.hub.downlink.conftest import Told

ALL = {
    "name": "Dzemul Centro", "time-zone": "America/Cancun", "daily-mb": "20", "monthly-mb": "400.5", "hours": "06-22",
    "free-hours": "00-05", "content-url": "https://content.example/repository/", "content-group": "norte",
    "collector-url": "https://office.example/",
}  # fmt: skip


def test_every_setting_that_a_technician_has_can_be_told(told: Told) -> None:
    assert told.hold(1, settings=ALL) == ""
    site, rule, source = this_site(), rules(), content()
    assert (site.name, site.time_zone, site.collector_url) == (
        "Dzemul Centro", "America/Cancun", "https://office.example",
    )  # fmt: skip
    assert rule == Rules(20_000_000, 400_500_000, "06-22", "00-05")
    assert (source.url, source.group, source.wanted) == ("https://content.example/repository", "norte", True)
    assert ALL.keys() == SETTINGS.keys()


def test_what_head_office_did_not_change_is_left_to_the_technician(told: Told) -> None:
    told.hold(1, settings={"daily-mb": "20", "name": "Dzemul"})
    describe("Dzemul, by the well", None)
    told.hold(2, settings={"daily-mb": "30", "name": "Dzemul"})
    assert (rules().daily, this_site().name) == (30_000_000, "Dzemul, by the well")
    told.hold(3, settings={"daily-mb": "30", "name": "Dzemul Norte"})
    assert this_site().name == "Dzemul Norte"


def test_a_setting_that_is_not_told_any_more_stays_as_it_is(told: Told) -> None:
    told.hold(1, settings={"daily-mb": "20"})
    told.hold(2)
    assert rules().daily == 20_000_000
    set_rules(Rules(daily=1))
    told.hold(3, settings={"daily-mb": "20"})
    assert rules().daily == 20_000_000, "told anew, it holds anew"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("daily-mb", "much", "is no budget"),
        ("monthly-mb", "-1", "is no budget"),
        ("hours", "6-22", "are no hours"),
        ("free-hours", "00-25", "are no hours"),
        ("time-zone", "America/Mérida", "There is no time zone"),
        ("name", " ", "it has no value"),
        ("name", "x" * 81, "A site's name has 1 to 80 letters"),
        ("content-url", "ftp://content.example", "is no place of content"),
        ("content-group", "Norte!", "is no group of sites"),
        ("collector-url", "office.example", "is no address of head office"),
        ("daily-mb", "0", "leaves no room for head office to be heard again"),
        ("monthly-mb", "0.05", "leaves no room for head office"),
        ("wifi-name", "Aldea", "this hub has no such setting"),
        ("content-url", "https://[", "is no place of content"),
    ],
)
def test_a_value_that_will_not_do_is_said_back_and_the_rest_holds(
    told: Told, name: str, value: str, sentence: str
) -> None:
    before = this_site(), rules(), content()
    trouble = told.hold(1, settings={"content-group": "sur", "monthly-mb": "7"} | {name: value})
    assert trouble.startswith(f"{name}: ")
    assert sentence in trouble
    assert trouble[-1] in ".?"
    after = this_site(), rules(), content()
    assert (after[0].name, after[0].time_zone, after[0].collector_url) == (
        before[0].name, before[0].time_zone, before[0].collector_url,
    )  # fmt: skip
    assert after[1] == Rules(monthly=None if name == "monthly-mb" else 7_000_000)
    assert (after[2].url, after[2].group) == (None, "all" if name == "content-group" else "sur")
    assert to_tell(told.hub.settings)["trouble"] == trouble


def test_what_could_not_be_done_is_tried_again_with_the_next_state_and_after_an_update(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    told.hold(1, settings={"lamp": "on"})
    assert not told.apply(), "nothing changed"
    monkeypatch.setitem(SETTINGS, "lamp", lines.append)
    monkeypatch.setattr(module, "SOFTWARE", "the next version")
    monkeypatch.setattr("hub.uplink.told.SOFTWARE", "the next version")
    assert told.apply()
    assert (lines, running()) == (["on"], (1, ""))
    assert not told.apply()


def test_news_of_content_wakes_the_content_job_and_never_goes_back(told: Told) -> None:
    told.hold(1, content=12)
    assert uplink().content == 12
    told.hold(2, content=7)
    assert uplink().content == 12


def test_a_state_is_applied_once(told: Told) -> None:
    told.hold(1, settings={"daily-mb": "20"})
    set_rules(Rules(daily=1))
    told.keep(1, settings={"daily-mb": "20"})
    assert not told.apply()
    assert rules().daily == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=12))
def test_any_order_and_repetition_of_states_ends_in_the_highest(told: Told, order: list[tuple[int, bool]]) -> None:
    with writing():
        ToldRow.delete().execute()
        ToldSetting.delete().execute()
    set_rules(Rules())
    for number, at_once in order:
        told.keep(number, settings={"daily-mb": str(number)})
        if at_once:
            told.apply()
    told.apply()
    highest = max(number for number, _ in order)
    assert (running(), rules().daily) == ((highest, ""), highest * 1_000_000)


@pytest.mark.parametrize("step", ["set_all", "accounts", "follow", "revoke", "note_applied"])
def test_what_breaks_in_the_middle_leaves_everything_as_it_was(
    told: Told, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    told.keep(1, settings={"daily-mb": "20"}, revoked=[b"a"])
    with monkeypatch.context() as broken:
        broken.setattr(
            module.accounts if step == "accounts" else module, "carry_out" if step == "accounts" else step, fail
        )
        with pytest.raises(OSError, match="the disk is gone"):
            told.apply()
    assert (running(), rules()) == ((0, ""), Rules())
    assert told.apply()
    assert (running(), rules().daily) == ((1, ""), 20_000_000)


KILLED = """
import os, signal, sys
from pathlib import Path
from hub.clock import Clock
from hub.db import open_database
from hub.downlink import apply as module
from hub.settings import Settings
settings = Settings(data=Path(sys.argv[1]), reserve_mb=0)
open_database(settings.database)
real = module.note_applied
def cut(*told):
    real(*told)
    os.kill(os.getpid(), signal.SIGKILL)
module.note_applied = cut
module.apply(settings, Clock())
"""


def test_a_hub_that_is_killed_before_the_end_of_the_transaction_begins_anew(told: Told) -> None:
    told.keep(1, settings={"daily-mb": "20"})
    database.close()
    folder = told.hub.settings.data
    killed = subprocess.run([sys.executable, "-c", KILLED, folder], check=False, timeout=60, cwd=Path.cwd())
    assert killed.returncode == -signal.SIGKILL
    open_database(told.hub.settings.database)
    assert (running(), rules()) == ((0, ""), Rules())
    assert told.apply()
    assert rules().daily == 20_000_000


def test_after_a_restore_the_hub_reports_an_older_state_and_gets_the_current_one(told: Told) -> None:
    told.hold(1, settings={"daily-mb": "10"})
    snapshot(told.hub.settings)
    told.hold(2, settings={"daily-mb": "20"})
    database.close()
    path = told.hub.settings.database
    path.write_bytes(b"no database at all" * 1000)
    for name in ("-wal", "-shm"):
        Path(f"{path}{name}").unlink(missing_ok=True)
    open_or_restore(told.hub.settings)
    assert to_tell(told.hub.settings)["state"] == 1
    told.keep(1, settings={"daily-mb": "10"})
    assert not told.apply(), "a replay of the older one"
    told.hold(2, settings={"daily-mb": "20"})
    assert rules().daily == 20_000_000


def test_a_hub_that_lost_its_key_tells_the_new_one_and_gets_the_state_again(told: Told) -> None:
    told.keep(5, settings={"daily-mb": "20"})
    (told.hub.settings.keys / "sealing.key").unlink()
    assert told.apply()
    assert running()[0] == 0
    assert "sealing_key" in to_tell(told.hub.settings)
    assert told.hold(5, settings={"daily-mb": "20"}) == ""
    assert rules().daily == 20_000_000


def test_a_state_of_a_version_that_this_hub_does_not_read_is_said_back(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.keep(5, settings={"daily-mb": "20"})
    monkeypatch.setattr("wire.messages.VERSION", 0)
    monkeypatch.setattr("wire.messages.OLDEST", 0)
    assert told.apply()
    assert running()[0] == 5
    assert "Nothing of state 5 could be read" in running()[1]
    assert not told.apply(), "it is not asked for again and again"


def test_what_a_head_office_decided_that_was_left_goes_but_settings_stay(told: Told) -> None:
    told.hold(1, settings={"daily-mb": "20"}, revoked=[b"a"])
    with HeadOffice() as other:
        told.hub.enrol_with(other)
        assert told.apply()
        assert not told.apply()
        assert (running(), rules().daily) == ((0, ""), 20_000_000)
        assert not ToldSetting.select().exists()
