"""What was answered, kept: each answer in one transaction with all that follows from it.

    told()                              # Answers, as far as they were given
    keep("place", PlaceAnswer(…))       # judged before; the site has its name and zone from here on
    make_administrator(answer)          # the account; raises BadAnswer if somebody else was first
    next_part(told())                   # "wifi", or None when all five are there

A power cut loses nothing that was confirmed. The records are judged before they come here (answers.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from flask_babel import gettext as _

from hub.db import writing
from hub.site import Site, this_site
from hub.technician.claim import has_administrator
from hub.technician.models import StaffSession, Technician
from hub.uplink.ledger import rules, set_rules
from hub.visit.answers import (
    PARTS,
    AdministratorAnswer,
    Answers,
    BadAnswer,
    OfficeAnswer,
    Part,
    PlaceAnswer,
    UplinkAnswer,
    WiFiAnswer,
    rules_of,
    zone_for,
)
from hub.visit.models import DONE, REFUSED, Answer, OfficeCode, office_code

if TYPE_CHECKING:
    from msgspec import Struct

KINDS: dict[str, type[Struct]] = {
    "office": OfficeAnswer,
    "place": PlaceAnswer,
    "wifi": WiFiAnswer,
    "uplink": UplinkAnswer,
}


def told() -> Answers:
    """All that was answered, here or with `hub setup`; the administrator's is not told again."""
    site = this_site()
    given: dict[str, object] = {}
    if site.enrolled:
        given["office"] = OfficeAnswer(address=site.collector_url or "", kit=not site.has_line)
    if site.name:
        given["place"] = PlaceAnswer(name=site.name, time_zone=site.time_zone)
    for row in Answer.select():
        if row.part in KINDS:
            given[row.part] = msgspec.json.decode(row.told, type=KINDS[row.part])
    return Answers(**given)  # type: ignore[arg-type]


def next_part(answers: Answers) -> Part | None:
    """The first that is not answered yet."""
    for part in PARTS:
        if part == "administrator":
            if not has_administrator():
                return part
        elif getattr(answers, part) is None:
            return part
    return None


def keep(part: Part, answer: Struct) -> None:
    """Write it down with what follows from it, or nothing at all."""
    with writing():
        this_site()
        Answer.replace(part=part, told=msgspec.json.encode(answer).decode()).execute()
        if isinstance(answer, OfficeAnswer):
            _introduce(answer)
        elif isinstance(answer, PlaceAnswer):
            _settle(answer)
        elif isinstance(answer, UplinkAnswer):
            set_rules(rules_of(answer, rules()))


def _introduce(answer: OfficeAnswer) -> None:
    """Have the worker ask head office (office.py); the code is kept there alone, and goes when it has served."""
    known = office_code()
    Answer.update(told=msgspec.json.encode(msgspec.structs.replace(answer, code="")).decode()).where(
        Answer.part == "office"
    ).execute()
    if answer.code:
        OfficeCode.replace(id=1, url=answer.address, code=answer.code).execute()
    elif known is not None and known.state != DONE:
        OfficeCode.delete().execute()


def _settle(answer: PlaceAnswer) -> None:
    """A site that head office knows has the name and zone that head office gave it."""
    if not this_site().enrolled:
        Site.update(name=answer.name, time_zone=zone_for(answer)).where(Site.id == 1).execute()


def keep_kit(site: Site) -> None:
    """A kit was taken (hub/carry/kit.py): it answers the first question, and the second as well."""
    with writing():
        keep("office", OfficeAnswer(address=site.collector_url or "", kit=True))
        keep("place", PlaceAnswer(name=site.name or "", time_zone=site.time_zone))


def make_administrator(answer: AdministratorAnswer, hashed: str) -> Technician:
    """The first administrator. Raises BadAnswer if there is one: of two at once one wins."""
    with writing():
        if has_administrator():
            raise BadAnswer(
                "administrator",
                "name",
                lambda: _("Somebody else chose a password meanwhile. Sign in with it, or ask who did."),
            )
        return set_password(answer.name, hashed)


def set_password(name: str, hashed: str) -> Technician:
    """The account `name` with that password, made if it is not there; whoever was signed in to it is not any more.

    It is the box's own from then on: did head office take it away, the box would be open to whoever comes next.
    """
    with writing():
        row, _made = Technician.get_or_create(name=name)
        Technician.update(password=hashed, told=None).where(Technician.id == row.id).execute()
        StaffSession.delete().where(StaffSession.technician == row.id).execute()
        return Technician.get_by_id(row.id)


def is_refused() -> bool:
    """Whether head office said no to the code; then another answer is needed."""
    known = office_code()
    return known is not None and known.state == REFUSED
