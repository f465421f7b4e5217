"""Ends a trial of the village's Wi-Fi as soon as it has shown what it was for.

    look(settings, clock)       # one job of the worker: whether there was something to do

Where one radio holds one network, the technician's own is gone while her phone tries the village's (stage `trial`), and
comes back after ten minutes by itself. Nobody wants to wait that long: once a phone pressed the portal's button, and
had some seconds to hear that all is well, the setup network is ordered back. Her phone knows it and joins it unasked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from hub.box.orders import ordered
from hub.db import writing
from hub.network.record import BadNetwork, decode
from hub.portal.acceptance import evidence
from hub.visit.models import note_visit, visit
from hub.visit.send import KIND, send

if TYPE_CHECKING:
    from hub.clock import Clock
    from hub.settings import Settings

PATIENCE = 15.0  # seconds; phones ask again at once, and once more a little later


def look(settings: Settings, clock: Clock) -> bool:
    """Order the setup network back if a phone was let in since the trial began, some seconds ago."""
    row, now = visit(), clock.moment()
    if row.stage != "trial":
        return False
    if row.boot != now.boot or row.seconds is None:  # a restart ended it
        with writing():
            note_visit(stage="setup")
        return True
    accepted = [evidence(settings, clock, since).accepted for since in (row.seconds, now.seconds - PATIENCE)]
    if accepted[0] <= accepted[1]:
        return False
    try:
        network = decode(ordered(settings, KIND) or b"")
    except BadNetwork:  # then it ends by itself
        return False
    send(settings, replace(network, stage="setup"), clock)
    return True
