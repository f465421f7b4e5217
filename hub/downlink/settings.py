"""The settings that head office may tell: those that a technician can set, under the same names and by the same rules.

troubles = set_all({"daily-mb": "20", "hours": "06-22"}, {"daily-mb": "20"})      # sets the hours alone

A value that will not do is skipped and said back; the others are set all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hub.content.origin import configure
from hub.db import writing
from hub.errors import HubError
from hub.site import Site
from hub.technician.place import describe
from hub.uplink.budget import BadRule, changed
from hub.uplink.enrol import check_address
from hub.uplink.ledger import rules, set_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UNKNOWN = "this hub has no such setting; update its software, or leave it out."
EMPTY = "it has no value; give it one, or leave it out."
LEAST = 100_000  # bytes
TOO_LITTLE = "{!r} leaves no room for head office to be heard again; write 0.1 or more, or none."


class Set(NamedTuple):
    """The settings that hold as told, and a sentence for each that does not."""

    done: dict[str, str]
    troubles: list[str]


def set_all(told: Mapping[str, str], before: Mapping[str, str]) -> Set:
    """Set what is not as it was told `before`, within the caller's transaction."""
    found = Set({}, [])
    for name, value in told.items():
        wrong = None if before.get(name) == value else _set(name, value)
        if wrong:
            found.troubles.append(f"{name}: {wrong}")
        else:
            found.done[name] = value
    return found


def _set(name: str, value: str) -> str | None:
    """What is wrong with the value, if anything; then everything is as it was."""
    if name not in SETTINGS:
        return UNKNOWN
    if not value.strip():
        return EMPTY
    try:
        with writing():
            SETTINGS[name](value)
    except HubError as error:
        return str(error)
    return None


def _set_address(value: str) -> None:
    Site.update(collector_url=check_address(value)).where(Site.id == 1).execute()


def _enough(text: str) -> str:
    """`text`, unless what head office told so it could hardly take back; a technician may. Raises BadRule."""
    size = changed(rules(), daily=text).daily
    if size is not None and size < LEAST:
        raise BadRule(TOO_LITTLE.format(text[:40]))
    return text


SETTINGS: dict[str, Callable[[str], object]] = {
    "name": lambda value: describe(value, None),
    "time-zone": lambda value: describe(None, value),
    "daily-mb": lambda value: set_rules(changed(rules(), daily=_enough(value))),
    "monthly-mb": lambda value: set_rules(changed(rules(), monthly=_enough(value))),
    "hours": lambda value: set_rules(changed(rules(), hours=value)),
    "free-hours": lambda value: set_rules(changed(rules(), free=value)),
    "content-url": lambda value: configure(value, None),
    "content-group": lambda value: configure(None, value),
    "collector-url": _set_address,
}
