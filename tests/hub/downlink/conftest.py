"""A hub that head office tells something: no line, the states are handed to it as a carrier would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hub.clock import Clock  # noqa: TC001
from hub.db import writing
from hub.downlink.apply import apply
from hub.site import sealing_key, this_site
from hub.uplink.told import keep, running
from tests.hub.uplink.conftest import hub, machine, office  # noqa: F401 (fixtures)
from wire.state import State, seal_state

if TYPE_CHECKING:
    from tests.hub.uplink.conftest import Hub
    from tests.simulators.head_office import HeadOffice


class Told:
    """Head office's side: seals states for this hub, and lets it take them in."""

    def __init__(self, box: Hub, head_office: HeadOffice) -> None:
        self.hub, self.office = box, head_office

    @property
    def clock(self) -> Clock:
        return self.hub.clock

    def sealed(self, number: int, **told: Any) -> bytes:
        key = sealing_key(self.hub.settings.keys).public_key()
        return seal_state(State(hub=bytes(this_site().hub), number=number, **told), self.office.key, b"office", key)

    def keep(self, number: int, **told: Any) -> None:
        with writing():
            keep(self.sealed(number, **told))

    def apply(self) -> bool:
        return apply(self.hub.settings, self.clock)

    def hold(self, number: int, **told: Any) -> str:
        """Keep and apply; the trouble."""
        self.keep(number, **told)
        self.apply()
        assert running()[0] == number
        return running()[1]


@pytest.fixture
def told(hub: Hub, office: HeadOffice) -> Told:  # noqa: F811
    return Told(hub, office)
