"""From a hub without a line, through a modem and a gateway, to head office's figures; then the full record by a line."""

import dataclasses
import datetime as dt
import shlex
import sys
import threading

import requests

from hub.messages.tell import short_of, tell
from hub.site import this_site
from hub.uplink.enrol import enrol
from hub.uplink.models import Outbox
from tests.collector.running import RunningOffice
from tests.simulators.modem import FakeModem


def test_an_sms_shows_the_totals_and_the_full_record_takes_their_place_later(tmp_path, hub):
    with RunningOffice(tmp_path / "office") as office, FakeModem(chatter=True, slow=True) as modem:

        def shown() -> tuple[int, int]:
            totals = office.get("/api/v1/sites").json()[0]["totals"]
            return totals["plays"], totals["minutes"]

        def arrives(data: bytes) -> str:
            answer = requests.post(f"{office.address}/v1/messages", data=data.hex(), timeout=10)
            return answer.json().get("sentence") or answer.json()["error"]

        enrol(office.address, office.add_site("Dzemul"), hub.settings, hub.clock)
        yesterday = hub.clock.now().date() - dt.timedelta(days=1)
        hub.counts.play(yesterday, 6)
        hub.seal()
        command = shlex.join([sys.executable, "-m", "hub", "messages", "modem", modem.device])
        settings = dataclasses.replace(
            hub.settings, message_command=command, message_to="+529991234567", message_after=0, messages_a_day=1
        )
        assert tell(settings, hub.clock, hub.library, threading.Event()) == 1
        assert [sms.number for sms in modem.sent] == ["+529991234567"]
        data = modem.sent[0].data
        assert shown() == (0, 0)
        assert arrives(data) == f"The totals of {yesterday} are kept."
        assert shown() == (6, 6)
        assert not Outbox.get(Outbox.day == yesterday).acknowledged

        assert hub.send(urgent=True).acknowledged >= 1
        assert Outbox.get(Outbox.day == yesterday).acknowledged
        assert shown() == (6, 6), "in its place, never added"
        assert arrives(data) == f"The totals of {yesterday} were here already."
        assert "altered on the way" in arrives(data[:-1] + bytes([data[-1] ^ 1]))
        assert shown() == (6, 6)

        hub.counts.play(yesterday, 2)
        hub.seal()
        assert hub.send(urgent=True).acknowledged == 1
        assert shown() == (8, 8)
        assert arrives(data) == f"The totals of {yesterday} were here already."
        assert shown() == (8, 8), "an old message brings nothing back"


def test_what_somebody_brings_in_a_file_is_taken_in_by_a_command(tmp_path, hub):
    with RunningOffice(tmp_path / "office") as office:
        enrol(office.address, office.add_site("Dzemul"), hub.settings, hub.clock)
        yesterday = hub.clock.now().date() - dt.timedelta(days=1)
        hub.counts.play(yesterday, 3)
        hub.seal()
        assert this_site().office_sealing_key
        data = short_of(bytes(Outbox.get(Outbox.day == yesterday).sealed), hub.settings, hub.library)
    (tmp_path / "good.txt").write_text(data.hex())
    (tmp_path / "bad.txt").write_text("hello")
    done = office.command("messages", "import", str(tmp_path / "good.txt"), str(tmp_path / "bad.txt"))
    assert done.returncode == 65, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].endswith(f"The totals of {yesterday} are kept.")
    assert lines[1].endswith(
        "This is no message of a hub; send the bytes that the gateway got, as they are, in hexadecimal or in base64."
    )
