"""The settings that head office can tell a hub: their names, and what may stand in them.

    checked({"daily-mb": " 20 ", "hours": ""})      # {"daily-mb": "20"}; NotPossible for what no hub would take
    wrong_in({"hours": "6-22"})                     # {"hours": "06-22"}: an example for each that will not do

The names are those of the flags of `hub setup` and `hub uplink budget`, and so are the rules: the hub has the last word
(hub/downlink/settings.py). What is left empty is left to the hub and its technician.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from collector.errors import NotPossible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_NAME = 80  # characters
MOST_MB, LEAST_MB = 10_000_000, 0.1
MEGABYTES = re.compile(r"[0-9]{1,8}(\.[0-9]{1,6})?")
HOURS = re.compile(r"([01][0-9]|2[0-3])-([01][0-9]|2[0-4])")
GROUP = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")
NONE = "none"
ALSO_NONE = {"none", "ninguno", "ninguna", "-"}
UNKNOWN = "There is no setting {0!r}; those that a hub takes are {1}."
BAD = "{0} is {1!r}, which no hub would take; write it as in {2}, or leave it empty."


class Field(NamedTuple):
    """A setting, an example of it, and whether a value will do."""

    name: str
    example: str
    will_do: Callable[[str], bool]


def _is_name(value: str) -> bool:
    return len(value) <= LONGEST_NAME and value.isprintable()


def _is_budget(value: str) -> bool:
    """With less a hub could not call any more, and so not be told anything else."""
    return value == NONE or bool(MEGABYTES.fullmatch(value) and LEAST_MB <= float(value) <= MOST_MB)


def _are_hours(value: str) -> bool:
    return value == NONE or bool(HOURS.fullmatch(value))


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return good and not parts.query and not parts.fragment and value.isprintable() and " " not in value


def _is_place(value: str) -> bool:
    return _is_address(value) or (value.startswith("/") and value.isprintable())


FIELDS = (
    Field("name", "Dzemul", _is_name),
    Field("time-zone", "America/Merida", lambda value: value in available_timezones()),
    Field("daily-mb", "25", _is_budget),
    Field("monthly-mb", "500", _is_budget),
    Field("hours", "06-22", _are_hours),
    Field("free-hours", "00-05", _are_hours),
    Field("content-url", "https://content.example/repository", _is_place),
    Field("content-group", "norte", lambda value: bool(GROUP.fullmatch(value))),
    Field("collector-url", "https://office.example", _is_address),
)
EXAMPLES = {field.name: field.example for field in FIELDS}


def typed(given: Mapping[str, str]) -> dict[str, str]:
    """What was typed, in one line each, without what is empty; "none" as it is said in Spanish, too."""
    plain = {name: " ".join(value.split()) for name, value in given.items()}
    return {name: NONE if value.lower() in ALSO_NONE else value for name, value in plain.items() if value}


def wrong_in(settings: Mapping[str, str]) -> dict[str, str]:
    """By name of a setting whose value no hub would take, an example of one that it would."""
    return {
        field.name: field.example
        for field in FIELDS
        if field.name in settings and not field.will_do(settings[field.name])
    }


def checked(given: Mapping[str, str]) -> dict[str, str]:
    """The settings as a hub is told them. Raises NotPossible."""
    settings = typed(given)
    for name, value in settings.items():
        if name not in EXAMPLES:
            raise NotPossible(UNKNOWN.format(name[:40], ", ".join(EXAMPLES)))
        if name in wrong_in({name: value}):
            raise NotPossible(BAD.format(name, value[:80], EXAMPLES[name]))
    return settings
