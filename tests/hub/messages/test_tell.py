"""A day is told in short where the line is silent for days: once, the newest first, and at no cost otherwise."""

import dataclasses
import datetime as dt
import shlex
import sys
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.db import writing
from hub.messages import tell as module
from hub.messages.command import NotHandedOver, PerhapsHandedOver, hand_over
from hub.messages.models import Message
from hub.messages.tell import Due, NoSecret, due, tell
from hub.settings import BadSetting, Settings
from hub.site import Site, sealing_key, this_site
from hub.uplink.ledger import bytes_by_kind
from tests.hub.uplink.conftest import MONDAY
from wire.sealing import shared_secret
from wire.short import open_totals
from wire.summary import Level, unseal

OFFICE = X25519PrivateKey.from_private_bytes(bytes(range(96, 128)))
DATES = st.dates(dt.date(2026, 1, 1), dt.date(2026, 4, 1))


class Sender:
    """A command that keeps what it is given; `fails` has it end otherwise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.program = folder / "send.py"
        self.fails("")

    def fails(self, instead: str) -> None:
        keep = "open(f'{sys.argv[1]}/{len(os.listdir(sys.argv[1]))}', 'wb').write(sys.stdin.buffer.read() + sys.argv[-1].encode())"
        self.program.write_text(f"import os, sys, time\n{instead or keep}\n")

    @property
    def command(self) -> str:
        (self.folder / "sent").mkdir(exist_ok=True)
        return shlex.join([sys.executable, str(self.program), str(self.folder / "sent")])

    @property
    def sent(self) -> list[bytes]:
        files = sorted((self.folder / "sent").iterdir(), key=lambda path: int(path.name))
        return [path.read_bytes() for path in files]


@pytest.fixture
def sender(tmp_path) -> Sender:
    return Sender(tmp_path / "sender")


@pytest.fixture
def told(hub, office, sender):
    """Tells what is due, as the worker's job does."""
    with writing():
        Site.update(office_sealing_key=OFFICE.public_key().public_bytes_raw()).execute()
    hub.settings = dataclasses.replace(hub.settings, message_command=sender.command, message_to="+52999")
    return lambda **changes: tell(
        dataclasses.replace(hub.settings, **changes), hub.clock, hub.library, threading.Event()
    )


def read(hub, data: bytes):
    assert data.endswith(b"+52999")
    secret = shared_secret(OFFICE, sealing_key(hub.settings.keys).public_key(), bytes(this_site().hub))
    return open_totals(data.removesuffix(b"+52999"), {bytes(this_site().hub): secret}.get)


def silent(hub, days: int) -> None:
    """A hub whose line worked once and is gone since, with a play on each day."""
    hub.send(urgent=True)
    for _ in range(days):
        hub.counts.play(hub.machine.true.date(), 2)
        hub.machine.pass_time(days=1)
    hub.seal()


@given(st.lists(DATES, unique=True), DATES, st.floats(0, 40), st.integers(0, 5), st.integers(-1, 4))
def test_only_closed_days_of_the_last_weeks_are_due_the_newest_first(days, today, silence, after, left):
    rows = [Due(number, day, 1) for number, day in enumerate(days)]
    found = [row.day for row in due(rows, today, silence, after, left)]
    allowed = [day for day in days if today - dt.timedelta(days=35) <= day < today]
    assert found == (sorted(allowed, reverse=True)[: max(left, 0)] if silence >= after else [])


def test_while_the_line_works_no_command_is_run(hub, told, sender):
    silent(hub, days=2)
    assert told() == 0
    assert sender.sent == []
    assert not Message.select().exists()


def test_after_three_silent_days_the_newest_days_are_told_two_a_day_and_each_once(hub, told, sender):
    silent(hub, days=5)
    assert told() == 2
    assert [read(hub, data).day for data in sender.sent] == [MONDAY + dt.timedelta(days=number) for number in (4, 3)]
    assert [read(hub, data).plays for data in sender.sent] == [2, 2]
    assert told() == 0
    hub.machine.pass_time(days=1)
    hub.seal()
    assert told() == 2
    assert [read(hub, data).day for data in sender.sent[2:]] == [
        MONDAY + dt.timedelta(days=number) for number in (5, 2)
    ]


def test_what_was_told_in_short_waits_for_its_full_record_all_the_same(hub, told, sender):
    silent(hub, days=4)
    before = hub.waiting()
    assert told() == 2
    assert hub.waiting() == before
    assert len(before) == 4
    assert hub.send(urgent=True).acknowledged == 4


def test_a_day_that_changes_is_told_again_under_its_new_revision(hub, told, sender):
    silent(hub, days=4)
    told()
    hub.counts.play(MONDAY + dt.timedelta(days=3), 5)
    hub.seal()
    hub.machine.pass_time(days=1)
    told(messages_a_day=9)
    newest = [day for data in sender.sent if (day := read(hub, data)).day == MONDAY + dt.timedelta(days=3)]
    assert [(day.revision, day.plays) for day in newest] == [(1, 2), (2, 7)]


def test_once_the_line_is_back_nothing_is_told(hub, told, sender):
    silent(hub, days=4)
    hub.send(urgent=True)
    assert told() == 0
    assert sender.sent == []


def test_a_restart_sends_nothing_twice_also_after_a_power_cut_in_the_middle(hub, told, sender, monkeypatch):
    class PowerCut(BaseException):
        pass

    def cut(*_: object) -> None:
        raise PowerCut

    silent(hub, days=4)
    monkeypatch.setattr(module, "hand_over", cut)
    with pytest.raises(PowerCut):
        told(messages_a_day=1)
    monkeypatch.undo()
    hub.reboot()
    assert told(messages_a_day=1) == 0, "what may have left counts as sent"
    assert told(messages_a_day=2) == 1
    assert read(hub, sender.sent[0]).day == MONDAY + dt.timedelta(days=2)


def test_what_the_command_could_not_send_is_tried_again(hub, told, sender):
    silent(hub, days=4)
    sender.fails("print('hub: There is no SIM card.', file=sys.stderr); sys.exit(69)")
    with pytest.raises(NotHandedOver, match=r"^There is no SIM card\.$"):
        told()
    assert not Message.select().exists()
    sender.fails("")
    assert told() == 2


def test_a_command_that_hangs_is_ended_and_its_message_not_sent_again(hub, told, sender, monkeypatch):
    silent(hub, days=4)
    sender.fails("time.sleep(600)")
    monkeypatch.setattr(module, "hand_over", lambda *args: hand_over(*args, longest=0.5))
    with pytest.raises(PerhapsHandedOver, match="was ended after"):
        told(messages_a_day=1)
    monkeypatch.undo()
    sender.fails("")
    assert told(messages_a_day=1) == 0
    assert [(row.handed, bool(row.sentence)) for row in Message.select()] == [(False, True)]


def test_a_day_that_does_not_fit_is_passed_over_and_not_looked_at_again(hub, told, sender, monkeypatch):
    silent(hub, days=4)
    monkeypatch.setattr("wire.short.LONGEST_TOTALS", 40)
    assert told() == 0
    monkeypatch.undo()
    assert sender.sent == []
    assert {row.bytes for row in Message.select()} == {0}
    assert told() == 2, "the days before, for a day that was passed over is no message"


def test_with_room_for_courses_these_are_told_and_signed(hub, told, sender):
    silent(hub, days=4)
    told(message_bytes=340)
    from hub.site import signing_key

    key = signing_key(hub.settings.keys).public_key()
    day = unseal(sender.sent[0].removesuffix(b"+52999"), lambda _hub: key)
    assert (day.level, day.plays) == (Level.COURSES, 2)
    assert len(sender.sent[0]) <= 340 + len("+52999")


def test_without_a_key_of_head_office_a_sentence_says_what_brings_it(hub, told, sender):
    silent(hub, days=4)
    with writing():
        Site.update(office_sealing_key=None).execute()
    with pytest.raises(NoSecret, match="its next answer brings it"):
        told()
    assert not Message.select().exists()


def test_the_bytes_of_a_message_stand_in_no_ledger_of_the_uplink(hub, told, sender):
    silent(hub, days=4)
    before = bytes_by_kind()
    assert told() == 2
    assert bytes_by_kind() == before


def test_without_the_time_or_a_command_nothing_is_told(hub, told, sender):
    silent(hub, days=4)
    assert told(message_command="") == 0
    hub.reboot(certain=False)
    assert told() == 0
    assert sender.sent == []


@pytest.mark.parametrize(
    ("name", "value"), [("MESSAGE_BYTES", "139"), ("MESSAGE_AFTER", "-1"), ("MESSAGES_A_DAY", "-1")]
)
def test_a_setting_that_cannot_be_used_stops_the_start_with_a_sentence(name, value):
    with pytest.raises(BadSetting, match=rf"HUB_{name} must be .*\.$"):
        Settings.load({f"HUB_{name}": value})


@pytest.mark.parametrize("command", ["", "   ", "'unclosed"])
def test_what_is_no_command_is_said_so(command):
    with pytest.raises(NotHandedOver, match="write a command as a shell would take it"):
        hand_over(command, "1", b"data", threading.Event())


def test_a_command_that_is_not_there_or_says_nothing_is_named():
    with pytest.raises(NotHandedOver, match="'/nowhere/send' cannot be run"):
        hand_over("/nowhere/send", "1", b"data", threading.Event())
    with pytest.raises(NotHandedOver, match=r"'false' ended with exit code 1\."):
        hand_over("false", "", b"data", threading.Event())


def test_no_shell_reads_the_command_or_the_number(tmp_path):
    told = f"; touch {tmp_path}/made"
    hand_over(f"{sys.executable} -c 'pass' ; touch {tmp_path}/also", told, b"data", threading.Event())
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_floods_is_heard_to_its_last_line_and_may_ignore_its_input():
    flood = f"{sys.executable} -c \"import sys; print('x' * 10**7, file=sys.stderr); print('The end.', file=sys.stderr); sys.exit(3)\""
    with pytest.raises(NotHandedOver, match=r"^The end\.$"):
        hand_over(flood, "", b"data", threading.Event())


def test_a_command_is_ended_when_the_hub_stops():
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(PerhapsHandedOver, match="hub was stopped"):
        hand_over("sleep 60", "", b"data", stop)
