"""What the API says of itself (OpenAPI 3.1), written by hand and held true by the tests."""

from __future__ import annotations

from typing import Any

from collector.api import inbox_description as inbox
from wire.exchange import LONGEST_BODY
from wire.parcel import LONGEST_PARCEL, MEDIA_TYPE


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _refusal(when: str) -> dict[str, Any]:
    return {"description": when, "content": _json({"$ref": "#/components/schemas/Refusal"})}


COUNT = {"type": "integer", "minimum": 0}
MINUTES = {"type": "number", "minimum": 0, "description": "minutes, to a tenth"}
YES_NO = {"type": "boolean"}
SEALED = {"application/cose": {"schema": {"type": "string", "format": "binary", "maxLength": LONGEST_BODY}}}
MESSAGE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
PARCEL = {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary", "maxLength": LONGEST_PARCEL}}}
TOTALS = _object(plays=COUNT, visitors=COUNT, visitors_at_most=YES_NO, minutes=MINUTES)
SITE = _object(
    id={"type": "string"},
    name={"type": "string"},
    time_zone={"type": "string"},
    last_heard={"type": ["string", "null"], "format": "date-time"},
    last_carried={"type": ["string", "null"], "format": "date-time"},
    totals=TOTALS,
)
DAY = _object(
    day={"type": ["string", "null"], "format": "date", "description": "null for all that has no date"},
    open=YES_NO | {"description": "the day may still grow"},
    off=YES_NO | {"description": "no box ran on that day"},
    items_older=YES_NO | {"description": "the totals are of a later state than the items"},
    visitors=COUNT,
    visitors_new_week=COUNT,
    visitors_new_month=COUNT,
    visitors_at_most=YES_NO | {"description": "several epochs or hubs were added, so a visitor may count twice"},
    visits=COUNT,
    plays=COUNT,
    minutes=MINUTES,
    person_minutes=MINUTES,
    group_plays=COUNT,
    downloads=COUNT,
    local_bytes=COUNT,
    uplink_bytes=COUNT,
    minutes_up=COUNT,
    most_phones=COUNT,
)
TITLE = {"type": "string", "description": "in the reader's language if there is one (lang=es or en); empty if unknown"}
TAG = {"type": "string", "description": "the language tag of the title"}
KNOWN = {"type": ["integer", "null"], "description": "the course's integer in the catalogue, null if not known"}
WHOLE = {"type": "integer", "minimum": 0, "description": "minutes, as days have them: rounded so that they add up"}
SLUG = {"type": "string", "description": "empty if the number has no name yet"}
ITEM = _object(
    number=COUNT | {"description": "the item's integer in the catalogue"},
    slug=SLUG,
    title=TITLE,
    language=TAG,
    kind={"type": "string"},
    course=KNOWN,
    course_title=TITLE,
    course_language=TAG,
    plays=COUNT,
    minutes=WHOLE,
)
COURSE = _object(number=KNOWN, slug=SLUG, title=TITLE, language=TAG, plays=COUNT, minutes=WHOLE)
MOMENT = {"type": ["string", "null"], "format": "date-time"}
TEXT = {"type": "string"}
SETTINGS = {
    "type": "object",
    "maxProperties": 64,
    "additionalProperties": {"type": "string", "maxLength": 300},
    "description": "by name, as the flags of `hub setup` and `hub uplink budget`; what is not named is left to the hub",
}
ACCOUNTS = {"type": "array", "maxItems": 64, "items": {"type": "string", "maxLength": 40}, "description": "names"}
HUB = _object(
    id=TEXT,
    site=TEXT,
    last_heard=MOMENT,
    last_carried=MOMENT,
    software=TEXT,
    content_release=COUNT,
    number=COUNT | {"description": "of its state here, which is the ETag as well; 0 before the first"},
    saved=MOMENT,
    running=COUNT | {"description": "number of the state that it says it runs"},
    running_since=MOMENT,
    trouble=TEXT | {"description": "what of it the hub could not do"},
    settings=SETTINGS,
    accounts=ACCOUNTS,
)
HUB["properties"]["passwords"] = {
    "type": "object",
    "additionalProperties": TEXT,
    "description": "of the accounts that this change made, by name; told this once",
}
CHANGE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"settings": SETTINGS, "accounts": ACCOUNTS, "number": COUNT},
    "description": "what is left out stays as it is; an account that was not there is made",
}
PULSE = _object(status={"const": "ok"})
HEALTH = _object(status={"const": "ok"})
HEALTH["properties"]["content"] = _object(number=COUNT, issued={"type": "string", "format": "date-time"}) | {
    "description": "the content that is signed as the newest, and when it was last said to be"
}
SITE_ID = {"name": "site_id", "in": "path", "required": True, "schema": {"type": "string"}}
FORMAT = {"name": "format", "in": "query", "schema": {"enum": ["json", "csv"], "default": "json"}}
UNAUTHORISED = _refusal("No token, or a wrong one")
BUSY = _refusal("Too many wrong guesses; wait")
DOWN = _refusal("The database cannot be reached; try again")


def _upload(summary: str, conflict: dict[str, Any]) -> dict[str, Any]:
    answers = {"200": {"description": "Sealed answer", "content": SEALED}, "400": _refusal("Not valid; a sentence")}
    return {
        "post": {
            "summary": summary,
            "security": [],
            "requestBody": {"required": True, "content": SEALED},
            "responses": answers | conflict | {"413": _refusal("Too long"), "503": DOWN},
        }
    }


def _read(summary: str, schema: dict[str, Any], more: dict[str, Any], **rest: Any) -> dict[str, Any]:
    answers = {"200": {"description": summary, "content": _json(schema)}, "401": UNAUTHORISED, "429": BUSY, "503": DOWN}
    return {"get": {"summary": summary, "responses": answers | more, **rest}}


def _table(summary: str, schema: str, *, of_site: bool = True) -> dict[str, Any]:
    """Rows as JSON or CSV, of one site or of all."""
    found = _read(
        summary,
        {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}},
        {"400": _refusal("No such format")} | ({"404": _refusal("No such site")} if of_site else {}),
        parameters=[SITE_ID, FORMAT] if of_site else [FORMAT],
    )
    found["get"]["responses"]["200"]["content"]["text/csv"] = {"schema": {"type": "string"}}
    return found


SITE_WISH = {"name": "site", "in": "query", "schema": {"type": "string"}, "description": "of this site alone"}
INBOX = _read("What waits for a decision", inbox.INBOX, {"404": _refusal("No such site")}, parameters=[SITE_WISH])


def _write(summary: str, schema: dict[str, Any], *numbers: str) -> dict[str, Any]:
    """With a token, where one is set, in the header; a cookie is not enough."""
    answers = {"200": {"description": "Done", "content": _json(inbox.DONE)}, "400": _refusal("Not valid; a sentence")}
    answers |= {"401": UNAUTHORISED, "403": _refusal("From a page of another site"), "404": _refusal("No such address")}
    answers |= {"409": _refusal("Not possible; nothing was changed"), "415": _refusal("No JSON"), "429": BUSY}
    return {
        "post": {
            "summary": summary,
            "parameters": [{"name": name, "in": "path", "required": True, "schema": COUNT} for name in numbers],
            "requestBody": {"required": True, "content": _json(schema)},
            "responses": answers | {"413": _refusal("Too long"), "503": DOWN},
        }
    }


DECIDING = {
    "/api/v1/inbox": INBOX,
    "/api/v1/inbox/gaps": _write("Accept days as lost", inbox.LOSE),
    "/api/v1/inbox/gaps/{lost}/undo": _write("Wait for them again", inbox.UNDO, "lost"),
    "/api/v1/inbox/records/{record}": _write("Decide about a record that was set aside", inbox.RESOLVING, "record"),
    "/api/v1/inbox/undated/{summary}": _write("Place a part on a day, or on none", inbox.PLACING, "summary"),
}

HUB_ID = {"name": "hub_id", "in": "path", "required": True, "schema": {"type": "string"}}
IF_MATCH = {"name": "If-Match", "in": "header", "schema": {"type": "string"}}
STATE = _read(
    "What a hub is told, and what it runs",
    {"$ref": "#/components/schemas/Hub"},
    {"404": _refusal("No such hub")},
    parameters=[HUB_ID],
)
STATE["put"] = {
    "summary": "Tell a hub something else, from the state on that its ETag or `number` names",
    "parameters": [HUB_ID, IF_MATCH],
    "requestBody": {"required": True, "content": _json({"$ref": "#/components/schemas/Change"})},
    "responses": STATE["get"]["responses"]
    | {
        "400": _refusal("No such change"),
        "403": _refusal("A page elsewhere sent it"),
        "409": _refusal("Somebody else was faster, or no hub would take it"),
        "412": _refusal("Somebody else was faster"),
        "413": _refusal("Too long"),
        "428": _refusal("It does not say from which state on"),
    },
}

DESCRIPTION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Village Hub head office", "version": "1", "license": {"name": "Apache-2.0"}},
    "security": [{}, {"token": []}],
    "paths": {
        "/v1/enrol": _upload("A hub asks to be taken in", {"409": _refusal("The code is used"), "429": BUSY}),
        "/v1/summaries": _upload("A hub's signed batch of site-days (docs/formats/summary.md)", {}),
        "/v1/messages": {
            "post": {
                "summary": "The totals of a day from a short message, as bytes or in base 64 (docs/formats/summary.md)",
                "security": [],
                "requestBody": {"required": True, "content": MESSAGE},
                "responses": {
                    "200": {"description": "What became of it", "content": _json(_object(sentence={"type": "string"}))},
                    "400": _refusal("Not valid; a sentence"),
                    "413": _refusal("Too long"),
                    "429": BUSY,
                    "503": DOWN,
                },
            }
        },
        "/v1/parcels": {
            "post": {
                "summary": "A file that somebody carried from a hub; the answer is the file to take back to it",
                "security": [],
                "requestBody": {"required": True, "content": PARCEL},
                "responses": {
                    "200": {"description": "The file to take back", "content": PARCEL},
                    "204": {"description": "Taken in; nothing can be sealed for the hub yet"},
                    "400": _refusal("No file of a hub, or not for us; a sentence"),
                    "429": BUSY,
                    "503": DOWN,
                },
            }
        },
        "/api/v1/sites": _read(
            "All sites with their totals", {"type": "array", "items": {"$ref": "#/components/schemas/Site"}}, {}
        ),
        "/api/v1/sites/{site_id}/days": _table("The days of one site, newest first", "Day"),
        "/api/v1/sites/{site_id}/items": _table("The items of one site, the most played first", "Item"),
        "/api/v1/sites/{site_id}/courses": _table("The courses of one site, the most played first", "Course"),
        "/api/v1/courses": _table("The courses of all sites, the most played first", "Course", of_site=False),
        **DECIDING,
        "/api/v1/hubs": _read(
            "All hubs, what each is told and runs", {"type": "array", "items": {"$ref": "#/components/schemas/Hub"}}, {}
        ),
        "/api/v1/hubs/{hub_id}/state": STATE,
        "/healthz": {
            "get": {
                "summary": "Whether head office works",
                "security": [],
                "responses": {
                    "200": {"description": "It does", "content": _json(HEALTH)},
                    "503": DOWN,
                },
            }
        },
        "/healthz/pulse": {
            "get": {
                "summary": "Whether a request comes through to the database",
                "security": [],
                "responses": {
                    "200": {"description": "It does", "content": _json(PULSE)},
                    "503": DOWN,
                },
            }
        },
    },
    "components": {
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "Site": SITE,
            "Day": DAY,
            "Item": ITEM,
            "Course": COURSE,
            "Hub": HUB,
            "Change": CHANGE,
            "Refusal": _object(error={"type": "string"}),
        },
    },
}
