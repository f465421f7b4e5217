"""Sites are added by head office; a hub becomes a site's hub by a one-time code (see wire/enrol.py).

    site, code = add_site("Dzemul", "America/Merida", now)      # head office reads the code out
    take_in(body, office)                                       # the hub's enrolment; gives the Welcome, sealed

A hub that lost the answer asks again with the same key and gets the same welcome; a code used by one hub is no use to
another, also when both come at once.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from collector.db import writing
from collector.errors import NotPossible
from collector.sites.models import CODE_LIVES, Code, Hub, Site
from wire.enrol import Enrolment, Welcome, code_id, new_code, open_enrolment, seal_welcome

if TYPE_CHECKING:
    from collector.office import Office

LONGEST_NAME = 120


def add_site(name: str, time_zone: str, now: int) -> tuple[Site, str]:
    """A new site and the code for its hub; `now` in Unix milliseconds. Raises NotPossible."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise NotPossible(f"A site's name has 1 to {LONGEST_NAME} printable characters; write it again.")
    if time_zone not in available_timezones():
        raise NotPossible(f"{time_zone!r} is no time zone; write one such as America/Merida or America/Mexico_City.")
    with writing():
        site = Site.create(id=_free_id(name), name=name, time_zone=time_zone, made=now)
        return site, _new_code(site, now)


def another_code(site_id: str, now: int, *, good_for: int = CODE_LIVES, voids: bool = False) -> tuple[Site, str]:
    """A code for another hub of a site that is known, say after its card was lost. Raises NotPossible.

    It is `good_for` so many milliseconds; if it `voids`, codes of the site that no hub has used yet are good no more.
    """
    site = Site.get_or_none(Site.id == site_id)
    if site is None:
        raise NotPossible(f"No site is called {site_id!r}; `collector sites list` shows them.")
    with writing():
        if voids:
            Code.delete().where((Code.site == site) & Code.used_by.is_null()).execute()
        return site, _new_code(site, now, good_for)


def _new_code(site: Site, now: int, good_for: int = CODE_LIVES) -> str:
    Code.delete().where(Code.made < now - Code.good_for).execute()
    code = new_code()
    while Code.get_or_none(Code.id == code_id(code)):
        code = new_code()
    Code.create(id=code_id(code), code=code, site=site, made=now, good_for=good_for)
    return code


def _free_id(name: str) -> str:
    """`name` as it may stand in an address, with a number behind it if another site has that one."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:40] or "site"
    number, wanted = 1, stem
    while Site.get_or_none(Site.id == wanted):
        number += 1
        wanted = f"{stem}-{number}"
    return wanted


def public_key_of(hub: bytes) -> Ed25519PublicKey | None:
    """The key a hub was enrolled with, by its 8 bytes."""
    row = Hub.get_or_none(Hub.id == hub.hex())
    return Ed25519PublicKey.from_public_bytes(bytes(row.public_key)) if row else None


def take_in(body: bytes, office: Office) -> bytes:
    """Enrol the hub that sent `body`; gives the sealed Welcome. Raises BadRecord or NotPossible."""
    codes: dict[str, Code] = {}
    now = office.now()

    def code_for(identity: str) -> str | None:
        row = Code.get_or_none((Code.id == identity) & (Code.made >= now - Code.good_for))
        codes.update({identity: row} if row else {})
        return str(row.code) if row else None

    asked = open_enrolment(body, code_for)
    code = codes[asked.code_id]
    with writing():
        _use(code, asked, now)
    return seal_welcome(_welcome(code.site, asked, office), code.code)


def _use(code: Code, asked: Enrolment, now: int) -> None:
    """Give `code` to the hub that asked, if it is still free or already that hub's; both checked by the database."""
    mine = Code.used_by.is_null() | (Code.used_by == asked.hub.hex())
    if not Code.update(used_by=asked.hub.hex()).where((Code.id == code.id) & mine).execute():
        raise NotPossible("Another hub has used this code already; ask head office for a new one.")
    row = {"id": asked.hub.hex(), "site": code.site, "public_key": asked.public_key, "enrolled": now}
    Hub.insert(row | {"sealing_key": asked.sealing_key}).on_conflict_ignore().execute()
    known = Hub.get_by_id(asked.hub.hex())
    if bytes(known.public_key) != asked.public_key or known.site != code.site:
        raise NotPossible(
            "A hub of this id already reports with another key or for another site; "
            "set the box up afresh, so that it becomes a hub of its own, and enrol it with this code."
        )


def _welcome(site: Site, asked: Enrolment, office: Office) -> Welcome:
    """A hub that sent no key for sealing, or another one than is held, tells it in a batch that it signs."""
    held = Hub.get_by_id(asked.hub.hex()).sealing_key
    knows = held is not None and bytes(held) == asked.sealing_key
    return Welcome(
        site=site.id,
        name=site.name,
        time_zone=site.time_zone,
        collector_key=office.key.public_key().public_bytes_raw(),
        time=office.now(),
        nonce=asked.nonce,
        sealing_key=office.public_sealing_key if knows else None,
    )
