"""What the API says of the inbox (OpenAPI 3.1), written by hand and held true by the tests."""

from __future__ import annotations

from typing import Any

COUNT = {"type": "integer", "minimum": 0}
MINUTES = {"type": "number", "minimum": 0, "description": "minutes, to a tenth"}
YES_NO = {"type": "boolean"}
TEXT = {"type": "string"}
DAY = {"type": "string", "format": "date"}
NO_DAY = {"type": ["string", "null"], "format": "date"}
TIME = {"type": "string", "format": "date-time"}
NAME = {"type": "string", "minLength": 1, "maxLength": 60, "description": "who decides"}
NOTE = {"type": "string", "maxLength": 300}


def of(**properties: Any) -> dict[str, Any]:
    """An object with all of these."""
    return {"type": "object", "required": list(properties), "properties": properties}


def listed(schema: dict[str, Any]) -> dict[str, Any]:
    """A list of them."""
    return {"type": "array", "items": schema}


HUB = {"hub": TEXT, "site": TEXT}
VERSION = of(
    place=TEXT | {"description": "a day, or the boot and the part of it"},
    day=NO_DAY,
    revision=COUNT,
    number=COUNT | {"description": "of the sealing, within its epoch"},
    visitors=COUNT,
    visits=COUNT,
    plays=COUNT,
    minutes=MINUTES,
    local_bytes=COUNT,
    minutes_up=COUNT,
)
GAP = of(**HUB, first=DAY, last=DAY, days=COUNT, waits=YES_NO | {"description": "the latest; may be on their way"})
LOST = of(id=COUNT, **HUB, first=DAY, last=DAY, note=TEXT, by=TEXT, at=TIME)
ASIDE = of(
    id=COUNT,
    **HUB,
    digest=TEXT,
    alarm=YES_NO | {"description": "it contradicts what is held"},
    sentence=TEXT,
    arrived=TIME,
    last_arrived=TIME,
    times=COUNT,
    held=listed(VERSION),
    other={"oneOf": [VERSION, {"type": "null"}]},
)
UNDATED = of(
    id=COUNT,
    **HUB,
    boot=TEXT,
    part=COUNT | {"description": "24 hours each, from 0, since the box was switched on"},
    after=NO_DAY,
    before=NO_DAY,
    placed=NO_DAY,
    open=YES_NO,
    visitors=COUNT,
    plays=COUNT,
    minutes=MINUTES,
    minutes_up=COUNT,
    arrived=TIME,
)
DECIDED = of(**HUB, at=TIME, by=TEXT, about=TEXT, word=TEXT, note=TEXT)
INBOX = of(
    gaps=listed(GAP),
    lost=listed(LOST),
    set_aside=listed(ASIDE),
    undated=listed(UNDATED),
    log=listed(DECIDED),
    full=listed(TEXT) | {"description": "hubs that sent more bad records than are kept"},
    shared=listed(listed(TEXT)) | {"description": "site and hub, where two boxes use one identity"},
)
DONE = of(done=YES_NO)
LOSE = of(hub=TEXT, first=DAY, last=DAY, by=NAME, note=NOTE)
UNDO = of(by=NAME)
RESOLVING = of(word={"enum": ["keep", "take", "again", "dismiss"]}, by=NAME)
RESOLVING["properties"]["note"] = NOTE
PLACING = of(by=NAME)
PLACING["properties"] |= {
    "day": NO_DAY | {"description": "null takes the label off"},
    "outside": YES_NO | {"description": "place it though the day lies outside of the bounds"},
    "note": NOTE,
}
