"""Any mix of line, stick and phone, in any order, any number of times, with files lost and late: the figures are exact."""

from __future__ import annotations

import datetime as dt
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collector.db import database as office_database
from collector.inbox.receive import receive
from collector.sites.enrol import take_in
from hub.carry.kit import take_kit
from hub.clock import from_unix
from hub.db import database
from hub.site import this_site
from hub.uplink.batches import make_batch, pending
from hub.uplink.introduce import known, owed
from hub.uplink.settle import settle
from tests.hub.carry.conftest import Carrier, HeadOffice
from tests.hub.uplink.conftest import MONDAY, Hub, Machine
from wire.errors import BadRecord
from wire.exchange import open_answer

if TYPE_CHECKING:
    from collections.abc import Callable

PLACES = st.integers(0, 30)
STEPS = st.one_of(
    st.tuples(st.just("play"), st.integers(0, 6)),
    st.tuples(st.just("day"), st.just(1)),
    st.tuples(st.just("fetch"), st.just(0)),
    st.tuples(st.just("bring"), PLACES),
    st.tuples(st.just("back"), PLACES),
    st.tuples(st.just("line"), st.booleans()),
    st.tuples(st.just("reboot"), st.booleans()),
)


class Journey:
    """A hub, head office, and all files that were ever made of either: each may turn up again at any time."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine()
        self.hub = Hub(folder / "hub", self.machine)
        self.office = HeadOffice(folder / "office", self.machine)
        take_kit(self.office.kit(), self.hub.settings, self.hub.clock)
        self.carrier = Carrier(self.hub, self.office)
        self.files: list[bytes] = []
        self.replies: list[bytes] = []

    def play(self, back: int) -> None:
        """Today or late, for a day that may be sealed, and acknowledged, already."""
        today = self.machine.true.date()
        self.hub.counts.play(max(today - dt.timedelta(days=back), MONDAY), 1 + back)

    def day(self, days: int) -> None:
        self.machine.pass_time(days=days)
        self.hub.seal()

    def fetch(self, _: int = 0) -> None:
        self.files.append(self.carrier.fetch().path.read_bytes())

    def bring(self, number: int) -> None:
        if self.files:
            reply = self.office.take(self.files[number % len(self.files)]).reply
            assert reply is not None
            self.replies.append(reply)

    def back(self, number: int) -> None:
        if self.replies:
            self.carrier.take_back(self.replies[number % len(self.replies)])

    def line(self, heard: bool) -> None:
        """An upload, of which the answer may be lost."""
        office, nonce = self.office.office, secrets.token_bytes(16)
        body = make_batch(self.hub.settings, self.hub.library, pending(this_site().epoch, open_days=False), nonce)
        with office_database.connection_context():
            if (enrolment := owed()) is not None:
                with suppress(BadRecord):  # a file introduced the hub before
                    take_in(enrolment, office)
            sealed = receive(body, office)
        if heard:
            key = Ed25519PublicKey.from_public_bytes(bytes(this_site().collector_key or b""))
            answer = open_answer(sealed, key, nonce)
            self.hub.clock.learn(from_unix(answer.time / 1000), "head office")
            settle(self.hub.clock, answer, live=True)
            known()

    def reboot(self, certain: bool) -> None:
        """A power cut; a hub whose time is unsure hands out and takes in as before."""
        self.hub.reboot(certain=certain)


def finish(journey: Journey, way: Callable[[], None]) -> None:
    """Somebody comes once more when all days are over, and the time is known."""
    journey.reboot(True)
    journey.day(1)
    for _ in range(3):
        way()
        if not journey.hub.waiting():
            return


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(STEPS, min_size=6, max_size=40), st.booleans())
def test_whatever_goes_which_way_each_day_counts_once(steps: list[tuple[str, int]], by_line: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journey = Journey(Path(folder))
        try:
            for name, number in steps:
                getattr(journey, name)(number)
            # Before the last visit every file that is still about turns up once more.
            for number in range(len(journey.files)):
                journey.bring(number)
            for number in reversed(range(len(journey.replies))):
                journey.back(number)
            finish(journey, lambda: journey.line(True) if by_line else journey.carrier.go_round() and None)
            truth = {day: plays for day, plays in journey.hub.counts.plays.items() if plays}
            assert {day: plays for day, plays in journey.office.plays().items() if plays} == truth
            assert journey.hub.waiting() == []
            days = sorted(journey.office.plays())
            assert days == [days[0] + dt.timedelta(days=n) for n in range(len(days))], "a day without use is one too"
        finally:
            database.close()
            if not office_database.is_closed():
                office_database.close()
