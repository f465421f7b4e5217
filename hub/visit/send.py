"""An order for the network on its way to root: numbered, written down, and sent.

    send(settings, network, clock)      # the same record with the next number
    send_again(settings, network)       # after a power cut, with the number it has

The worker imports this: it knows no forms and no languages, which would cost it 8 MB of memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from hub.box.orders import order, outcome
from hub.db import writing
from hub.network.record import encode
from hub.visit.models import note_visit, visit

if TYPE_CHECKING:
    from hub.clock import Clock
    from hub.network.record import Network
    from hub.settings import Settings

KIND = "network"


def send(settings: Settings, network: Network, clock: Clock) -> Network:
    """Order it, with a number above all before."""
    known, now = outcome(settings, KIND) or {}, clock.moment()
    with writing():
        number = max(visit().number, whole(known.get("number"))) + 1
        network = replace(network, number=number)
        note_visit(number=number, stage=network.stage, boot=now.boot, seconds=now.seconds)
    send_again(settings, network)
    return network


def send_again(settings: Settings, network: Network) -> None:
    """Order it as it is."""
    order(settings, KIND, encode(network))
    with writing():
        note_visit(sent=network.number)


def whole(value: object) -> int:
    """`value` if it is a whole number, else 0."""
    return value if isinstance(value, int) else 0
