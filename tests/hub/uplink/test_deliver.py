"""What waits is carried up, and leaves the outbox only by head office's own signed word."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading

import pytest

from hub.clock import Boot, dated
from hub.db import writing
from hub.errors import HubError
from hub.locks import InUse, held
from hub.site import Site, this_site
from hub.uplink import line as line_module
from hub.uplink.backoff import AFTER_BOOT
from hub.uplink.batches import fitting
from hub.uplink.budget import CONTENT, KEPT, Rules
from hub.uplink.deliver import Delivered, address, deliver
from hub.uplink.ledger import Tally, room_now, set_rules
from hub.uplink.line import NoAnswer
from hub.uplink.models import Ledger, Outbox, Uplink, note, state
from hub.uplink.status import status
from tests.hub.uplink.conftest import MONDAY, Hub
from tests.simulators.head_office import HeadOffice

LIES = {
    "portal": "hotspot",
    "proxy": "not head office's word",
    "redirect": "redirect",
    "flipped": "not head office's word",
    "truncated": "broke off",
    "cut_short": "not head office's word",
    "stranger": "not head office's word",
    "other_nonce": "not head office's word",
    "error": "503 .The database cannot be reached just now; try again in a minute",
    "broken": "answered 500;",
    "endless": "more than head office ever does",
    "reset_after_commit": "broke off",
    "reset_at_once": "broke off",
}


def a_sealed_week(hub: Hub) -> list[dt.date]:
    for number in range(7):
        hub.counts.play(MONDAY + dt.timedelta(days=number), number + 1)
    hub.machine.pass_time(days=7)
    return hub.seal()


def test_a_week_goes_up_in_one_batch_and_is_done(hub: Hub, office: HeadOffice) -> None:
    days = a_sealed_week(hub)
    assert hub.send() == Delivered(acknowledged=7)
    assert [office.kept[this_site().epoch, day].plays for day in days] == [1, 2, 3, 4, 5, 6, 7]
    assert hub.waiting() == []
    assert hub.send() == Delivered()
    assert office.asked == 1
    batch = office.batches[0]
    assert (batch.oldest_unacknowledged, batch.content_release, batch.software[:11]) == (1, 0, "village-hub")


def test_a_hub_that_is_told_an_address_where_nobody_answers_is_not_lost(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    hub.send()
    with writing():
        Site.update(collector_url="http://127.0.0.1:9").execute()
    hub.machine.pass_time(days=1)
    hub.seal()
    for _ in range(2):
        with pytest.raises(NoAnswer, match="cannot be reached"):
            hub.send(urgent=True)
        assert hub.send(urgent=True).acknowledged == len(hub.waiting()) + 1 == 1
        hub.machine.pass_time(days=1)
        hub.seal()
    assert this_site().collector_url == "http://127.0.0.1:9"


def test_once_head_office_has_answered_at_a_new_address_the_old_one_is_forgotten(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    with writing():
        note(answered="http://127.0.0.1:9")
    hub.send()
    assert state().answered == office.url
    with HeadOffice() as other:
        hub.enrol_with(other)
        with writing():
            note(failures=3)
        assert address(other.url, state()) == office.url
        assert address(other.url, Uplink(failures=2, answered=office.url)) == other.url
        assert address(other.url, Uplink(failures=3)) == other.url


@pytest.mark.parametrize("lie", LIES)
def test_whatever_else_answers_everything_is_kept_and_sent_again_unchanged(
    hub: Hub, office: HeadOffice, lie: str
) -> None:
    a_sealed_week(hub)
    before = [bytes(row.sealed) for row in Outbox.select().order_by(Outbox.sequence)]
    office.play(lie)
    with pytest.raises(NoAnswer, match=LIES[lie]) as raised:
        hub.send()
    assert len(hub.waiting()) == 7
    assert state().reached is None
    found = status(hub.settings, hub.clock)
    assert (found.pending, found.oldest, found.last_error) == (7, MONDAY, str(raised.value))
    assert hub.send(urgent=True) == Delivered(acknowledged=7)
    assert office.arrivals[-7:] == before
    assert office.alarms == []
    assert state().error is None


def test_an_answer_said_again_to_a_later_request_is_not_believed(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    office.play("reset_after_commit", "replayed")
    for _ in range(2):
        with pytest.raises(NoAnswer):
            hub.send(urgent=True)
    assert len(hub.waiting()) == 7


def test_a_slow_answer_is_waited_for(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    office.play("slow")
    assert hub.send() == Delivered(acknowledged=7)


@pytest.mark.parametrize("mode", ["hang", "drip"])
def test_an_answer_that_never_ends_is_given_up(
    hub: Hub, office: HeadOffice, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_module, "DEADLINE", 0.3)
    a_sealed_week(hub)
    office.play(mode)
    with pytest.raises(NoAnswer, match="broke off"):
        hub.send()
    assert len(hub.waiting()) == 7


@pytest.mark.parametrize("mode", ["hang", "drip", "hang_after_commit"])
def test_a_worker_that_is_told_to_stop_hangs_up(hub: Hub, office: HeadOffice, mode: str) -> None:
    a_sealed_week(hub)
    office.play(mode)
    stop = threading.Event()
    errors: list[Exception] = []

    def send() -> None:
        try:
            deliver(hub.settings, hub.clock, hub.library, stop)
        except HubError as error:
            errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    office.wait_until_asked(1)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(errors[0], NoAnswer)
    assert len(hub.waiting()) == 7


def test_nobody_at_the_address_is_a_sentence(hub: Hub, office: HeadOffice, free_port: int) -> None:
    a_sealed_week(hub)
    with writing():
        Site.update(collector_url=f"http://127.0.0.1:{free_port}").execute()
    with pytest.raises(NoAnswer, match=rf"Head office at 127.0.0.1:{free_port} cannot be reached"):
        hub.send()


def test_head_office_down_for_a_week_gets_seven_days_once_when_it_is_back(hub: Hub, office: HeadOffice) -> None:
    office.habit = "reset_at_once"
    failures = 0
    for number in range(7):
        hub.counts.play(MONDAY + dt.timedelta(days=number), 10)
        for _ in range(6):
            hub.machine.pass_time(hours=4)
            hub.seal()
            try:
                hub.send()
            except NoAnswer:
                failures += 1
    assert failures >= 30
    assert len(hub.waiting()) == 7
    office.habit = "honest"
    hub.machine.pass_time(hours=1)
    assert hub.send() == Delivered(acknowledged=7)
    assert [day.plays for day in office.kept.values()] == [10] * 7
    assert len(office.arrivals) == 7
    assert len(office.batches) == 1


def test_a_day_that_changes_while_its_batch_is_under_way_still_waits(hub: Hub, office: HeadOffice) -> None:
    hub.counts.play(MONDAY)
    hub.machine.pass_time(days=1)
    hub.seal()
    office.play("slow")
    thread = threading.Thread(target=hub.send)
    thread.start()
    office.wait_until_asked(1)
    hub.counts.play(MONDAY)
    hub.seal()
    thread.join(20)
    assert hub.row(MONDAY).revision == 2
    # The answer to the first revision came after the second was sealed, so the same run sent that one as well.
    assert office.kept[this_site().epoch, MONDAY].plays == 2
    assert len(office.batches) == 2
    assert hub.waiting() == []


def test_a_refused_day_is_kept_aside_with_its_sentence_until_it_changes(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    office.refuse[MONDAY] = "Ask head office to look at the quarantine."
    assert hub.send() == Delivered(acknowledged=6, refused=1)
    assert hub.send() == Delivered()
    assert office.asked == 1
    found = status(hub.settings, hub.clock)
    assert (found.pending, found.refused, found.refusal) == (0, 1, "Ask head office to look at the quarantine.")
    office.refuse.clear()
    hub.counts.play(MONDAY)
    hub.seal()
    assert hub.send() == Delivered(acknowledged=1)
    assert status(hub.settings, hub.clock).refused == 0


def test_days_that_head_office_lost_are_sent_again_as_they_were_sealed(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    hub.send()
    lost = (this_site().epoch, MONDAY + dt.timedelta(days=2))
    before = bytes(hub.row(lost[1]).sealed)
    del office.kept[lost]
    office.missing = [lost, (this_site().epoch, dt.date(2025, 1, 1))]
    hub.counts.play(MONDAY)
    hub.seal()
    assert hub.send() == Delivered(acknowledged=2)
    assert office.arrivals[-1] == before
    assert lost in office.kept


def test_a_head_office_that_never_finds_a_day_is_not_sent_it_without_end(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    office.forgetful = True
    office.missing = [(this_site().epoch, MONDAY)]
    hub.send()
    assert office.asked == 1


def test_outside_the_allowed_hours_nothing_starts(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    set_rules(Rules(hours="01-05"))
    assert hub.send() == Delivered()
    assert office.asked == 0
    hub.machine.pass_time(hours=13)
    assert hub.send() == Delivered(acknowledged=7)


def test_a_spent_budget_keeps_uploads_until_the_next_day(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    set_rules(Rules(daily=20_000))
    Tally(hub.clock, CONTENT).close(0, 18_000)
    assert hub.send() == Delivered()
    assert office.asked == 0
    hub.machine.pass_time(hours=13)
    assert hub.send() == Delivered(acknowledged=7)


def test_content_that_took_all_it_may_leaves_enough_for_counts(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    set_rules(Rules(daily=5_000_000))
    Tally(hub.clock, CONTENT).close(0, 5_000_000 - KEPT)
    assert room_now(hub.clock, CONTENT).left == 0
    assert hub.send() == Delivered(acknowledged=7)


def test_a_small_rest_of_the_budget_carries_a_small_batch(hub: Hub, office: HeadOffice) -> None:
    hub.machine.pass_time(days=40)
    hub.seal()
    set_rules(Rules(daily=8_500))
    assert 0 < hub.send().acknowledged < 40
    assert len(office.batches[0].records) < 40


def test_in_the_free_hours_nothing_is_counted_against_it(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    set_rules(Rules(daily=1, free="12-13"))
    assert hub.send() == Delivered(acknowledged=7)


def test_an_unsure_clock_asks_for_the_time_with_an_empty_batch_whatever_the_hour(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    set_rules(Rules(hours="01-05"))
    hub.reboot(certain=False)
    assert hub.send() == Delivered()
    assert [batch.records for batch in office.batches] == [[]]
    now = hub.clock.now()
    assert now is not None
    assert abs((now - hub.machine.true).total_seconds()) < 2
    assert Boot.get(Boot.boot_id == hub.machine.boot).source == "head office"
    assert len(hub.waiting()) == 7


def test_half_the_round_trip_is_added_to_the_time_that_was_signed(hub: Hub, office: HeadOffice) -> None:
    hub.reboot(certain=False)
    signed = hub.machine.true.timestamp()

    def ten_seconds_on_the_way() -> float:
        hub.machine.pass_time(seconds=10)
        return signed

    office.now = ten_seconds_on_the_way
    hub.send()
    now = hub.clock.now()
    assert now is not None
    assert now.timestamp() == pytest.approx(signed + 5, abs=0.01)


def test_a_lie_teaches_no_time(hub: Hub, office: HeadOffice) -> None:
    hub.reboot(certain=False)
    office.habit = "stranger"
    with pytest.raises(NoAnswer):
        hub.send()
    assert hub.clock.now() is None


def test_after_a_failure_it_waits_also_across_a_restart_of_the_program(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    office.play(*["broken"] * 9)
    for _ in range(9):
        with pytest.raises(NoAnswer):
            hub.send(urgent=True)
    with writing():
        Outbox.get()._meta.database.execute_sql("UPDATE uplink SET retry_seconds = retry_seconds + 60")
    hub.clock = hub.machine.clock(certain=False)  # the program starts again, within the same boot
    assert hub.send() == Delivered()
    assert office.asked == 9
    found = status(hub.settings, hub.clock)
    assert found.retry_in is not None
    assert 60 <= found.retry_in <= 3660
    hub.machine.pass_time(seconds=found.retry_in + 1)
    assert hub.send() == Delivered(acknowledged=7)
    assert status(hub.settings, hub.clock).retry_in is None


def test_another_boot_waits_as_well_but_only_for_minutes(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    office.play(*["broken"] * 9)
    for _ in range(9):
        with pytest.raises(NoAnswer):
            hub.send(urgent=True)
    hub.reboot()
    waits = status(hub.settings, hub.clock).retry_in
    assert waits is not None
    assert 0 < waits <= AFTER_BOOT
    hub.machine.pass_time(seconds=waits / 2)
    assert hub.send() == Delivered()
    assert office.asked == 9
    hub.machine.pass_time(seconds=waits / 2 + 0.1)
    assert hub.send() == Delivered(acknowledged=7)
    hub.reboot()
    assert status(hub.settings, hub.clock).retry_in is None, "nothing failed since"


@pytest.mark.parametrize("minutes", [1, 3, 20])
def test_a_box_whose_power_flaps_knocks_seldom_but_not_never(hub: Hub, office: HeadOffice, minutes: int) -> None:
    """Its clock begins anew each time, and stands in 2000 until head office says otherwise."""
    a_sealed_week(hub)
    office.habit = "broken"
    tried = []
    for _ in range(40):
        hub.reboot(certain=False)
        for _ in range(2 * minutes):
            with contextlib.suppress(NoAnswer):
                hub.send()
            hub.machine.pass_time(seconds=30)
        tried.append(office.asked - sum(tried))
    assert sum(tried) < 40 * {1: 0.5, 3: 0.75, 20: 3}[minutes]
    assert sum(bool(knocks) for knocks in tried[6:]) >= {1: 0, 3: 1, 20: 34}[minutes]
    office.habit = "honest"
    hub.reboot()
    hub.machine.pass_time(seconds=AFTER_BOOT)
    assert hub.send() == Delivered(acknowledged=7)


def test_a_hub_that_is_not_enrolled_sends_nothing(hub: Hub) -> None:
    a_sealed_week(hub)
    assert hub.send(urgent=True) == Delivered()
    assert not status(hub.settings, hub.clock).enrolled


def test_the_open_day_of_a_snapshot_is_not_sent_before_it_is_over(hub: Hub, office: HeadOffice) -> None:
    hub.counts.play(MONDAY)
    hub.seal(open_days=True)
    assert hub.send() == Delivered()
    assert status(hub.settings, hub.clock).pending == 0
    with writing():  # after a restore it is all that is known of that day in the epoch that ended
        Site.update(epoch=(this_site().epoch + 1) % 2**32).execute()
    assert hub.send() == Delivered(acknowledged=1)


def test_the_ledger_counts_what_crossed_both_ways_also_when_it_failed(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    payload = sum(len(row.sealed) for row in Outbox.select())
    office.play("broken")
    with pytest.raises(NoAnswer):
        hub.send()
    failed = Ledger.get()
    assert payload + 200 < failed.up < payload + 2500
    assert 200 < failed.down < 2500
    hub.send(urgent=True)
    assert Ledger.select().count() == 2
    assert dated_to_today(hub)


def dated_to_today(hub: Hub) -> bool:
    total = sum(row.up + row.down for row in Ledger.select())
    found = status(hub.settings, hub.clock)
    return found.bytes_today == found.bytes_total == total > 0


def test_more_than_a_batch_holds_goes_in_several_over_one_connection(hub: Hub, office: HeadOffice) -> None:
    hub.machine.pass_time(days=130)
    assert len(hub.seal()) == 130
    assert hub.send() == Delivered(acknowledged=130)
    assert [len(batch.records) for batch in office.batches] == [60, 60, 10]
    assert Ledger.select().count() == 1


def test_a_batch_stays_small_but_never_empty() -> None:
    rows = [Outbox(sealed=bytes(size)) for size in (150_000, 60_000, 10)]
    assert fitting(rows) == rows[:1]
    assert fitting(rows[1:]) == rows[1:]
    assert fitting([Outbox(sealed=bytes(300_000))])


def test_two_uploads_at_once_are_one_too_many(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    with held(hub.settings.data / "sending.lock"), pytest.raises(InUse, match="under way"):
        hub.send()


def test_when_head_office_answered_is_remembered(hub: Hub, office: HeadOffice) -> None:
    a_sealed_week(hub)
    office.configuration = 4
    hub.send()
    reached = status(hub.settings, hub.clock).last_reached
    assert reached is not None
    assert dated(reached) == hub.clock.now()
    assert state().configuration == 4
