"""A hub's state is saved whole under the next number; of two who edit at once the second is told."""

import threading

import pytest

from collector.db import database, writing
from collector.errors import NotPossible
from collector.sites.models import Hub
from collector.state.change import add_account, remove_account, set_settings
from collector.state.draft import MOST_ANSWERS, Draft
from collector.state.look import one_hub
from collector.state.store import Outdated, answer_record, current, save, sealed_for
from wire.errors import BadRecord
from wire.state import Account, State, open_state


@pytest.fixture
def running(office):
    return office.extensions["office"]


@pytest.fixture
def name(hub) -> str:
    return hub.id.hex()


def told(hub, running) -> State:
    """What the hub reads, once it has asked."""
    return open_state(sealed_for(hub.id, 0, running), hub.office, hub.sealing)


def test_each_change_is_a_whole_new_state_under_the_next_number(hub, running, name):
    assert set_settings(name, 0, {"daily-mb": " 20 ", "hours": "06-22", "name": ""}, running) == 1
    added = add_account(name, 1, "Rosa", running)
    assert answer_record(hub.id, b"d" * 16, "again", "Our reader was at fault.", running) == 3
    state = told(hub, running)
    assert (state.number, state.settings) == (3, {"daily-mb": "20", "hours": "06-22"})
    assert [account.name for account in state.accounts] == [added.name] == ["rosa"]
    assert [(row.subject, row.word) for row in state.answers] == [(b"d" * 16, "again")]
    assert remove_account(name, 3, "rosa", running) == 4
    assert told(hub, running).accounts == []


def test_what_changes_nothing_has_no_new_number(hub, running, name):
    set_settings(name, 0, {"daily-mb": "20"}, running)
    assert set_settings(name, 1, {"daily-mb": "20", "hours": " "}, running) == 1


def test_of_two_who_edit_at_once_the_second_is_told_and_nothing_is_lost(hub, running, name):
    set_settings(name, 0, {"daily-mb": "20"}, running)
    with pytest.raises(Outdated, match="Somebody else saved state 1 of this hub meanwhile"):
        add_account(name, 0, "rosa", running)
    assert one_hub(name).accounts == []


def test_of_many_who_save_at_the_same_instant_one_wins(hub, running, name):
    outcomes: list[object] = []

    def race(number: int) -> None:
        with database.connection_context():
            try:
                outcomes.append(set_settings(name, 0, {"daily-mb": str(number)}, running))
            except Outdated:
                outcomes.append("told")

    threads = [threading.Thread(target=race, args=[number]) for number in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [1, "told", "told", "told", "told"]


def test_a_database_that_was_put_back_gives_numbers_above_those_the_hub_has_had(hub, running, name):
    set_settings(name, 0, {"daily-mb": "20"}, running)
    hub.send(state=9)
    assert one_hub(name).is_ahead
    assert set_settings(name, 1, {"daily-mb": "20"}, running) == 10, "the same once more, so that it holds"
    assert not one_hub(name).is_ahead


def test_a_password_is_told_as_the_hub_keeps_its_own(hub, running, name):
    from hub.downlink.accounts import HASH
    from hub.technician.passwords import matches, weakness

    added = add_account(name, 0, "rosa", running)
    hashed = told(hub, running).accounts[0].password
    assert HASH.fullmatch(hashed)
    assert matches(added.password, hashed)
    assert weakness(added.password, {"rosa", "Dzemul"}) is None
    assert added.password not in str(current(name))


def test_an_account_that_no_hub_would_take_is_refused(hub, running, name):
    for wrong in ("", "admin", "ADMIN ", "a" * 40, "-", "rosa\n\x00", "<b>"):
        with pytest.raises(NotPossible):
            add_account(name, 0, wrong, running)
    assert current(name).number == 0


def test_one_name_is_one_account(hub, running, name):
    add_account(name, 0, "Rosa", running)
    with pytest.raises(NotPossible, match="There is an account called rosa already"):
        add_account(name, 1, " ROSA", running)


def test_answers_that_the_hub_has_heard_make_room_for_new_ones_and_others_do_not(hub, running, name):
    for number in range(MOST_ANSWERS):
        answer_record(hub.id, number.to_bytes(16), "held", "", running)
    with pytest.raises(NotPossible, match="The hub has not heard 128 answers yet"):
        answer_record(hub.id, b"x" * 16, "held", "", running)
    hub.send(state=2)
    answer_record(hub.id, b"x" * 16, "held", "", running)
    subjects = [row.subject for row in told(hub, running).answers]
    assert len(subjects) == MOST_ANSWERS
    assert (subjects[0], subjects[-1]) == ((1).to_bytes(16), b"x" * 16)


def test_the_same_answer_once_more_is_news_to_the_hub(hub, running, name):
    for _ in range(2):
        answer_record(hub.id, b"d" * 16, "again", "Our reader was at fault.", running)
    assert [row.sentence for row in told(hub, running).answers] == ["Our reader was at fault. (2)"]


def test_an_answer_is_kept_with_what_it_answers_or_not_at_all(hub, running, name):
    def break_off() -> None:
        with writing():
            answer_record(hub.id, b"d" * 16, "again", "", running)
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        break_off()
    assert current(name).number == 0


def test_what_no_hub_could_read_is_not_kept(hub, running, name):
    accounts = tuple(Account(f"rosa {number}", "a hash") for number in range(65))
    with pytest.raises(BadRecord):
        save(name, 0, Draft(accounts=accounts), running)
    assert current(name).number == 0


def test_a_hub_that_nobody_knows_is_a_sentence(running, office):
    with pytest.raises(NotPossible, match="No hub is called 'none'"):
        set_settings("none", 0, {}, running)


def test_the_newest_content_rides_along(hub, running, name, tmp_path, monkeypatch):
    monkeypatch.setattr(type(running.content), "newest", lambda _: type("Newest", (), {"number": 12})())
    set_settings(name, 0, {"daily-mb": "20"}, running)
    assert told(hub, running).content == 12


def test_since_when_a_hub_runs_a_state_is_known_and_what_it_could_not_do(office, hub, running, name):
    from dataclasses import replace

    set_settings(name, 0, {"daily-mb": "20"}, running)
    hub.send(state=1, trouble="daily-mb: much is no budget.")
    first = one_hub(name)
    office.extensions["office"] = replace(running, clock=lambda: running.clock() + 3600)
    hub.send(state=1)
    again = one_hub(name)
    assert (first.running, first.running_since, first.trouble) == (1, running.now(), "daily-mb: much is no budget.")
    assert (again.running_since, again.trouble) == (running.now(), "")
    assert Hub.get_by_id(name).last_heard == running.now() + 3_600_000
