"""The hub in the guest, as tests speak to it: orders like the technician's page, and what came of them.

hub = Hub(box)
hub.up()                                        # waits until it answers
hub.stand(stage="village", channel=11)          # orders that network unless it stands already
hub.change(country="XX")                        # {"number": 4, "ok": False, "sentence": "…"}
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from hub.network.record import Network, decode, encode
from tests.guest.machine import until

if TYPE_CHECKING:
    from tests.guest.machine import Machine

UP = 180  # seconds from a start of the machine to the hub's first answer
PUT_IN_FORCE = 120  # seconds in which root has carried out an order, or gone back
RECORD = "/var/lib/village-hub-net/network.json"
RUN = "/run/village-hub"
# As hub-web does it: its user, its settings, nothing of root's.
ORDER = [
    "systemd-run",
    "--quiet",
    "--collect",
    "--pipe",
    "--wait",
    "--uid=village-hub",
    "--gid=village-hub",
    "--property=UMask=0077",
    "--property=EnvironmentFile=/etc/village-hub/hub.env",
    "python3",
    "-IS",
    "/usr/local/lib/guest/order.py",
]


class Hub:
    def __init__(self, box: Machine) -> None:
        self.box = box

    def up(self) -> None:
        """Wait until the hub answers and systemd has nothing left to start."""
        until(self.answers, UP, "the hub's first answer")
        jobs = "systemctl list-jobs --no-legend --plain"
        until(lambda: not self.box.sh(jobs, check=False), UP, "the last job of the start")

    def answers(self) -> bool:
        asking = "curl --silent --output /dev/null --max-time 5 --write-out '%{http_code}' http://127.0.0.1/healthz"
        return self.box.sh(asking, check=False) == "200"

    def order(self, kind: str, data: bytes) -> None:
        """Write an order as hub-web does (hub/box/orders.py)."""
        self.box.run(*ORDER, kind, stdin=data.decode())

    def outcome(self, kind: str) -> dict[str, Any]:
        """What root wrote of the last order; empty while there is none."""
        said = self.box.run("cat", f"{RUN}/{kind}.json", check=False).out
        return json.loads(said) if said else {}

    @property
    def network(self) -> Network:
        """What is in force, as root keeps it."""
        return decode(self.box.run("cat", RECORD).out.encode())

    @functools.cached_property
    def own(self) -> Network:
        """What was in force when it was first asked for: the network that the box made for itself."""
        return self.network

    def change(self, **wanted: Any) -> dict[str, Any]:
        """Order the box's own network but for `wanted`; what came of it."""
        number = max(self.network.number, self.outcome("network").get("number", 0)) + 1
        self.order("network", encode(replace(self.own, number=number, **wanted)))
        until(lambda: self.outcome("network").get("number", 0) >= number, PUT_IN_FORCE, f"order {number}")
        return self.outcome("network")

    def apply(self) -> None:
        """Have root look at the machine anew and put in force what stands, as at each start."""
        self.box.run("systemctl", "restart", "hub-network.service", within=PUT_IN_FORCE)

    def stand(self, **wanted: Any) -> Network:
        """Have the box's own network in force but for `wanted`; ordered unless it is so."""
        if replace(self.network, number=0) != replace(self.own, number=0, **wanted):
            came = self.change(**wanted)
            assert came["ok"], came["sentence"]
        return self.network
