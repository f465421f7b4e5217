"""The order for the network that follows from the answers, and what came of it.

    ask(settings, "village", clock)     # an order to root (hub/box/orders.py), with the next number
    standing(settings)                  # Standing(asked=4, state="done", …): what the page shows and waits for

Root judges the order, puts it in force or goes back to what was, and writes what came of it with the order's number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import msgspec

from hub.box.orders import outcome
from hub.network.record import Network, Stage
from hub.visit.answers import network_of
from hub.visit.keep import told
from hub.visit.models import visit
from hub.visit.own import own_wifi
from hub.visit.send import KIND, send, send_again, whole

if TYPE_CHECKING:
    from hub.clock import Clock
    from hub.settings import Settings

State = Literal["none", "asked", "done", "failed"]


class Standing(NamedTuple):
    """`asked` is the number of the last order, 0 for none. `sentence` is root's, in English; `facts` all it wrote.

    `state`: none (nothing was ordered), asked (root is at it), done, failed (the network before runs on).
    """

    asked: int
    stage: Stage
    state: State
    sentence: str = ""
    facts: dict[str, Any] = {}  # noqa: RUF012 (a NamedTuple's default, never changed)


def ask(settings: Settings, stage: Stage, clock: Clock) -> Network:
    """Order the network of the answers at `stage`."""
    return send(settings, _wanted(settings, 0, stage), clock)


def ask_again(settings: Settings) -> None:
    """Order anew what a power cut kept from becoming an order; nothing if nothing was lost."""
    row = visit()
    if row.sent < row.number:
        send_again(settings, _wanted(settings, row.number, _stage(row.stage)))


def _wanted(settings: Settings, number: int, stage: Stage) -> Network:
    return msgspec.structs.replace(network_of(told(), own_wifi(settings), number, stage), api=settings.portal_api)


def standing(settings: Settings) -> Standing:
    """How the last order fares."""
    row, found = visit(), outcome(settings, KIND)
    facts = found or {}
    if row.number == 0 or (found is None and not settings.name):  # on a laptop nobody carries it out
        return Standing(0, "setup", "none", facts=facts)
    if found is None or whole(found.get("number")) < row.number:
        return Standing(row.number, _stage(row.stage), "asked", facts=facts)
    state: State = "done" if found.get("ok") else "failed"
    return Standing(row.number, _stage(row.stage), state, str(found.get("sentence", "")), facts)


def both_at_once(facts: dict[str, Any]) -> bool:
    """Whether the technician's network stays while the village's is there."""
    return bool(facts.get("always_both"))


def _stage(word: str) -> Stage:
    return next((stage for stage in get_args(Stage) if stage == word), "setup")


def likely_uplink(facts: dict[str, Any]) -> str:
    """The way out that is plugged in, to be chosen already on the page; "" if none is."""
    plugged = [port for port in facts.get("ports") or [] if isinstance(port, dict)]
    if any(port.get("modem") for port in plugged):
        return "modem"
    return "cable" if any(port.get("carrier") for port in plugged) else ""
