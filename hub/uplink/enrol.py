"""Makes this hub known to head office, and head office to this hub, by a one-time code (see wire/enrol.py).

    site = enrol("https://office.example", "K7QM-3T5X-9D2B-HJ4W-P6RE", settings, clock)

Safe to repeat: the hub asks with the same key each time, and head office gives the same welcome to the hub that used
the code. So an answer that was lost on the way costs nothing but a second try.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from hub.backup import snapshot
from hub.clock import OFFICE, from_unix
from hub.db import writing
from hub.errors import HubError
from hub.site import Site, sealing_key, signing_key, this_site
from hub.uplink.line import Line
from hub.uplink.models import note
from hub.version import SOFTWARE
from wire.enrol import Enrolment, Welcome, code_id, open_welcome, seal_enrolment
from wire.errors import BadRecord

if TYPE_CHECKING:
    from hub.clock import Clock
    from hub.settings import Settings


class NotEnrolled(HubError):
    """The address or the code is no good; the technician types it again or asks for another."""

    exit_code = 65


def enrol(collector_url: str, code: str, settings: Settings, clock: Clock) -> Site:
    """The site, as head office names it. Raises NotEnrolled or NoAnswer, with everything as it was."""
    url = check_address(collector_url)
    try:
        welcome, seconds = _ask(url, code, settings, clock)
        zone = ZoneInfo(welcome.time_zone)
    except (BadRecord, ValueError, OSError) as error:
        raise NotEnrolled(_sentence(error)) from None
    with writing():
        this_site()
        Site.update(
            code=welcome.site,
            name=welcome.name,
            time_zone=zone.key,
            collector_url=url,
            collector_key=welcome.collector_key,
            office_sealing_key=welcome.sealing_key,
        ).where(Site.id == 1).execute()
        now = clock.moment()
        note(
            failures=0,
            retry_boot=None,
            retry_seconds=None,
            reached_boot=now.boot,
            reached_seconds=now.seconds,
            error=None,
            answered=url,
        )
    clock.learn(from_unix(welcome.time / 1000) + dt.timedelta(seconds=seconds / 2), OFFICE)
    # From here on there is something to go back to that still knows who this hub is.
    with contextlib.suppress(HubError):
        snapshot(settings)
    return this_site()


def an_enrolment(code: str, nonce: bytes, settings: Settings) -> bytes:
    """What this hub asks under `code`, sealed. Raises BadRecord for what is no code."""
    asked = Enrolment(
        code_id=code_id(code),
        hub=bytes(this_site().hub),
        public_key=signing_key(settings.keys).public_key().public_bytes_raw(),
        nonce=nonce,
        software=SOFTWARE,
        sealing_key=sealing_key(settings.keys).public_key().public_bytes_raw(),
    )
    return seal_enrolment(asked, code)


def _ask(url: str, code: str, settings: Settings, clock: Clock) -> tuple[Welcome, float]:
    nonce = secrets.token_bytes(16)
    with Line(clock) as line:
        reply = line.post(f"{url}/v1/enrol", an_enrolment(code, nonce, settings))
    return open_welcome(reply.body, code, nonce), reply.seconds


def check_address(text: str) -> str:
    """`text` as an address of head office without a slash at its end; raises NotEnrolled."""
    try:
        parts = urlsplit(text.strip())
        good = parts.scheme in {"http", "https"} and parts.hostname and not parts.query and not parts.fragment
        good = good and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise NotEnrolled(f"{text!r} is no address of head office; write one such as https://office.example.")
    return text.strip().rstrip("/")


def _sentence(error: Exception) -> str:
    if isinstance(error, BadRecord):
        return str(error)
    return "Head office named a time zone that this hub does not know; update the hub's software, then enrol again."
