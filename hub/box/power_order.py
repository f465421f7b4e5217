"""Root's part of the buttons that restart the box or switch it off (hub-power.service).

    order(settings, "power", b"restart")    # the technician's page
    carry_out(settings)                     # root: "The box restarts now."

The order is gone, durably, before anything is done: whenever the power fails, no order is carried out twice, and none
that was given before this start of the machine is carried out at all (see hub-power.path). Where it cannot be removed,
nothing is done.
"""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from hub.box.orders import answer, ordered, removed
from hub.errors import DiskFails, HubError

if TYPE_CHECKING:
    from hub.settings import Settings

KIND = "power"
PATIENCE = 20  # seconds


class BadOrder(HubError):
    """What was ordered is nothing that this box does; nothing was done."""

    exit_code = 65


class Way(NamedTuple):
    """What systemctl is asked, and what to say meanwhile."""

    verb: str
    sentence: str


WAYS = {
    b"restart": Way("reboot", "The box restarts now."),
    b"shutdown": Way("poweroff", "The box switches itself off now; wait until its light rests before you unplug it."),
}


def carry_out(settings: Settings) -> str | None:
    """Do what was ordered; the sentence that says so, None if nothing was. Raises BadOrder, DiskFails or HubError."""
    wanted = ordered(settings, KIND)
    if wanted is None:
        return None
    try:
        _remove(settings)
        return _do(settings, wanted)
    except HubError as error:
        _answer(settings, str(error), ok=False)
        raise


def _remove(settings: Settings) -> None:
    try:
        removed(settings, KIND)
    except OSError as error:
        raise DiskFails(
            f"The order could not be removed ({error}), so nothing was done; unplug the box, wait, plug it in again."
        ) from None


def _do(settings: Settings, wanted: bytes) -> str:
    way = WAYS.get(wanted)
    if way is None:
        raise BadOrder("That is neither to restart nor to switch off, so nothing was done; use the technician's page.")
    _answer(settings, way.sentence, ok=True)  # before it is done: afterwards nobody is there to say it
    command = ["systemctl", "--no-ask-password", way.verb]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HubError(f"systemd did not take the order ({error}); unplug the box, wait, plug it in again.") from None
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
        raise HubError(f"systemd did not take the order ({reason}); unplug the box, wait, plug it in again.")
    return way.sentence


def _answer(settings: Settings, sentence: str, *, ok: bool) -> None:
    """Say it where the page looks; that it cannot be said there keeps nobody from doing it."""
    with contextlib.suppress(OSError):
        answer(settings, KIND, ok, sentence)
