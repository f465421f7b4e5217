import datetime as dt
import random
import signal
import threading
from contextlib import suppress

import requests

from tests.collector.running import RunningOffice
from tests.collector.sender import FakeHub, Socket

KILLS = 6


def test_nothing_acknowledged_is_lost_when_head_office_is_killed_in_mid_stream(tmp_path, free_port):
    """Kill it at random moments, start it again, resend what was not acknowledged; at the end each day counts once."""
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=number) for number in range(240)]
    hub, acknowledged, rng = None, set(), random.Random()
    for _ in range(KILLS):
        with RunningOffice(tmp_path, free_port) as office:
            hub = hub or enrolled_over(office)
            killer = threading.Timer(rng.uniform(0.05, 0.4), office.kill, [signal.SIGKILL])
            killer.start()
            with suppress(requests.RequestException):
                stream(hub, days, acknowledged, rng)
            killer.join()
    with RunningOffice(tmp_path, free_port) as office:
        kept = {row["day"]: row["plays"] for row in office.get("/api/v1/sites/dzemul/days").json()}
        assert acknowledged
        assert {day.isoformat() for day in acknowledged} <= set(kept)
        for start in range(0, len(days), 60):
            hub.send(*(hub.sealed(epoch=1, day=day, plays=3) for day in days[start : start + 60]))
        totals = office.get("/api/v1/sites").json()[0]["totals"]
        assert totals["plays"] == 3 * len(days)


def stream(hub: FakeHub, days: list[dt.date], acknowledged: set[dt.date], rng: random.Random) -> None:
    """Send days, three at a time, until the connection breaks; note what was acknowledged."""
    while True:
        waiting = [day for day in days if day not in acknowledged] or days
        chosen = rng.sample(waiting, min(3, len(waiting)))
        answer = hub.send(*(hub.sealed(epoch=1, day=day, plays=3) for day in chosen))
        acknowledged |= {row.day for row in answer.acknowledged}


def enrolled_over(office: RunningOffice) -> FakeHub:
    hub = FakeHub(Socket(office.address))
    hub.enrol(office.add_site("Dzemul"))
    return hub


def test_head_office_keeps_its_key_over_a_restart(tmp_path, free_port):
    with RunningOffice(tmp_path, free_port) as office:
        hub = enrolled_over(office)
        hub.send(hub.sealed())
    with RunningOffice(tmp_path, free_port) as office:
        assert hub.send(hub.sealed()).acknowledged
    assert (tmp_path / "data" / "office.key").stat().st_mode & 0o777 == 0o600
