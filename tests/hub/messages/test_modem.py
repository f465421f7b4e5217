"""`hub messages modem`: a real serial line's settings, and a modem on a pseudo-terminal that behaves badly."""

import os
import resource
import subprocess
import sys
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.messages import modem as module
from hub.messages.command import NotHandedOver
from hub.messages.modem import Modem, NoModem
from hub.messages.pdu import submit
from tests.simulators.modem import FakeModem, Sms, decode

NUMBER = "+529991234567"
DATA = bytes(range(140))


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch):
    monkeypatch.setattr(module, "ANSWER", 1.0)
    monkeypatch.setattr(module, "PROMPT", 1.0)
    monkeypatch.setattr(module, "NETWORK", 1.0)
    monkeypatch.setattr(module, "QUIET", 0.05)


def send(fake: FakeModem, number: str = NUMBER, data: bytes = DATA) -> None:
    with Modem(fake.device) as line:
        line.send(number, data)


@given(st.from_regex(r"\+?[0-9]{3,20}", fullmatch=True), st.binary(min_size=1, max_size=140))
def test_any_number_and_any_bytes_arrive_as_they_were(number, data):
    pdu, length = submit(number, data)
    assert decode(bytes.fromhex(pdu), length) == Sms(number, data)


@pytest.mark.parametrize("number", ["", "12", "+", "+52 999", "0" * 21, "+52999123456x", "+52\n999", "٣٤٥٦"])
def test_what_is_no_telephone_number_is_said_so(number):
    with pytest.raises(NotHandedOver, match="no telephone number"):
        submit(number, DATA)


@pytest.mark.parametrize("data", [b"", bytes(141), bytes(340)], ids=len)
def test_what_does_not_fit_one_sms_is_said_so(data):
    with pytest.raises(NotHandedOver, match="takes 140 bytes"):
        submit(NUMBER, data)


def test_a_program_that_has_many_files_open_sends_as_well():
    """select(2) knows none beyond the 1,024th."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, allowed[1]))
    many = [os.dup(0) for _ in range(1030)]
    try:
        with FakeModem() as fake:
            send(fake)
        assert fake.sent == [Sms(NUMBER, DATA)]
    finally:
        for one in many:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, allowed)


@pytest.mark.parametrize(
    "manners",
    [{}, {"echo": False}, {"chatter": True}, {"slow": True}, {"slow": True, "chatter": True}, {"deaf_at_first": 1},
     {"answers": {"ATE0": "ERROR"}}, {"answers": {"AT+CMEE=1": "ERROR", "AT+CREG?": "ERROR"}},
     {"answers": {"AT+CREG?": '+CREG: 2,5,"00C3","0001"\r\n\r\nOK'}}],
    ids=str,
)  # fmt: skip
def test_a_message_is_sent_once_whatever_the_manners_of_the_modem(manners):
    with FakeModem(**manners) as fake:
        send(fake)
        assert fake.sent == [Sms(NUMBER, DATA)]
        assert fake.taken_back == 1  # before it began


TROUBLES = {
    "asks for its PIN": ({"answers": {"AT+CPIN?": "+CPIN: SIM PIN\r\n\r\nOK"}}, "asks for its PIN; switch that off"),
    "asks for its PUK": ({"answers": {"AT+CPIN?": "+CPIN: SIM PUK\r\n\r\nOK"}}, "locked"),
    "has no card": ({"answers": {"AT+CPIN?": "+CME ERROR: 10"}}, "no SIM card in the modem; put one in"),
    "has no card and says so in words": ({"answers": {"AT+CPIN?": "+CME ERROR: SIM not inserted"}}, "no SIM card"),
    "has a broken card": ({"answers": {"AT+CPIN?": "+CME ERROR: 13"}}, "does not work"),
    "fails without a reason": ({"answers": {"AT+CPIN?": "ERROR"}}, "take it out and put it in again"),
    "finds no network": ({"answers": {"AT+CREG?": "+CREG: 0,2\r\n\r\nOK"}}, "move its aerial"),
    "has no binary messages": ({"answers": {"AT+CMGF=0": "ERROR"}}, "take another one"),
    "refuses the message": ({"answers": {"AT+CMGS": "+CMS ERROR: 330"}}, "message centre"),
    "is refused by the network": ({"answers": {"sent": "+CMS ERROR: 50"}}, "bars this SIM card from sending"),
    "is refused in a way nobody knows": ({"answers": {"sent": "+CMS ERROR: 500"}}, r"\+CMS ERROR: 500"),
    "says OK and sent nothing": ({"answers": {"sent": "OK"}}, "did not say that the message was sent"),
    "never answers": ({"deaf": True}, "Nothing answers at"),
    "loses the prompt": ({"no_prompt": True}, "did not ask for the message"),
    "loses the last answer": ({"loses_answer": True}, "did not take the message within"),
    "is unplugged in mid-message": ({"hangs_up": True}, "went away; plug it in again"),
}


@pytest.mark.parametrize(("manners", "sentence"), TROUBLES.values(), ids=TROUBLES)
def test_what_to_do_is_said_where_the_modem(manners, sentence):
    with FakeModem(**manners) as fake, pytest.raises(NoModem, match=sentence) as error:
        send(fake)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize("manners", [{"no_prompt": True}, {"loses_answer": True}], ids=str)
def test_a_message_that_was_begun_is_taken_back(manners):
    with FakeModem(**manners) as fake:
        with pytest.raises(NoModem):
            send(fake)
        assert fake.until(lambda: fake.taken_back == 2)


def test_a_modem_that_talks_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr(module, "MOST_CHATTER", 1000)
    with FakeModem(answers={"AT": "x" * 3000}) as fake, pytest.raises(NoModem, match="Nothing answers"):
        send(fake)


def test_the_line_is_set_to_8_bits_raw_and_its_speed_and_is_ours_alone():
    with FakeModem() as fake, Modem(fake.device, 9600):
        line = os.open(fake.device, os.O_RDWR | os.O_NOCTTY)
        settings = termios.tcgetattr(line)
        os.close(line)
        assert settings[2] & termios.CSIZE == termios.CS8
        assert settings[2] & termios.CLOCAL
        assert not settings[2] & (termios.PARENB | termios.CSTOPB)
        assert not settings[3] & (termios.ICANON | termios.ECHO)
        assert not settings[0] & (termios.ICRNL | termios.IXON)
        assert not settings[1] & termios.OPOST
        assert settings[4] == settings[5] == termios.B9600
        with pytest.raises(NoModem, match="Another program uses the modem"), Modem(fake.device):
            pass


def test_what_is_no_modem_is_said_so(tmp_path):
    with pytest.raises(NoModem, match="cannot be opened"), Modem(tmp_path / "ttyUSB9"):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(NoModem, match="no serial line"), Modem(tmp_path / "file"):
        pass


def test_the_command_sends_what_it_reads_and_tells_what_is_wrong():
    command = [sys.executable, "-m", "hub", "messages", "modem"]
    with FakeModem() as fake:
        done = subprocess.run([*command, fake.device, NUMBER], input=b"totals", capture_output=True, check=True)
        assert fake.sent == [Sms(NUMBER, b"totals")]
        assert done.stdout.decode() == f"6 bytes were sent to {NUMBER}.\n"
    with FakeModem(answers={"AT+CPIN?": "+CME ERROR: 10"}) as fake:
        done = subprocess.run([*command, fake.device, NUMBER], input=b"totals", capture_output=True, check=False)
        assert (done.returncode, done.stderr.decode()) == (69, "hub: There is no SIM card in the modem; put one in.\n")
