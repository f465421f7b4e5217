"""Which network is in force, as far as the pages may know: the last one ordered, if root says that it is done.

    in_force(settings)          # a Network, or None

Root keeps the record that it runs where no other process reads. The order stays beside it in the hub's own folder, and
the outcome says its number; where the two differ, nobody here knows the passwords that hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.box.orders import ordered, outcome
from hub.network.record import BadNetwork, decode

if TYPE_CHECKING:
    from hub.network.record import Network
    from hub.settings import Settings

KIND = "network"


def in_force(settings: Settings) -> Network | None:
    """None where no network was ordered, or root has not put the order in force, or went back to another."""
    data, told = ordered(settings, KIND), outcome(settings, KIND)
    if data is None or told is None or not told.get("ok"):
        return None
    try:
        network = decode(data)
    except BadNetwork:
        return None
    return network if network.number == told.get("number") else None
