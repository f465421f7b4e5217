"""Has head office know this hub by its one-time code, as soon as there is a line: the web process reaches no network,
so the worker does it.

    look(settings, clock)       # one job of the worker: whether there was something to do
    again()                     # a technician says: try now

The code waits in the database (models.OfficeCode) until it has served or head office says no to it. Nothing is tried
before there is an administrator: accounts that head office made must not come before the one who sets the box up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.db import writing
from hub.technician.claim import has_administrator
from hub.uplink.enrol import NotEnrolled, enrol
from hub.uplink.line import NoAnswer
from hub.visit.models import DONE, REFUSED, WAITING, WANTED, OfficeCode, office_code

if TYPE_CHECKING:
    from hub.clock import Clock
    from hub.settings import Settings

FIRST_PAUSE, LONGEST_PAUSE = 15.0, 300.0  # seconds


def look(settings: Settings, clock: Clock) -> bool:
    """Ask head office if it is time to; whether it was."""
    row = office_code()
    if row is None or row.code is None or not is_due(row, clock) or not has_administrator():
        return False
    try:
        enrol(row.url, row.code, settings, clock)
    except NotEnrolled as error:
        _note(row.code, clock, state=REFUSED, sentence=str(error))
    except NoAnswer as error:
        state = REFUSED if error.refused else WAITING
        _note(row.code, clock, state=state, sentence=str(error), failures=row.failures + 1)
    else:
        _note(row.code, clock, state=DONE, sentence=None, failures=0)
    return True


def is_due(row: OfficeCode, clock: Clock) -> bool:
    """At once when it was given, then with pauses that double.

    What was refused is tried too, seldom: nobody signed the refusal, and a hotspot's sign-in page says no as well.
    """
    now = clock.moment()
    if row.state == WANTED or row.boot != now.boot or row.seconds is None:
        return True
    pause = LONGEST_PAUSE if row.state == REFUSED else FIRST_PAUSE * 2 ** min(max(row.failures, 1) - 1, 10)
    return bool(now.seconds - row.seconds >= min(pause, LONGEST_PAUSE))


def again() -> None:
    """Try at the worker's next look."""
    with writing():
        OfficeCode.update(state=WANTED, failures=0).where(OfficeCode.state != DONE).execute()


def _note(code: str, clock: Clock, **fields: object) -> None:
    """Write down how it went, unless the technician gave another code meanwhile."""
    now = clock.moment()
    with writing():
        OfficeCode.update(boot=now.boot, seconds=now.seconds, **fields).where(OfficeCode.code == code).execute()
        OfficeCode.update(code=None).where((OfficeCode.code == code) & (OfficeCode.state == DONE)).execute()
