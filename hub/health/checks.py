"""What can be wrong with a box, each as a check: passed or not, and a sentence that says what to do.

    for check in base_checks(settings, clock, library):
        print(check.ok, check.sentence)

These know of no feature; hub/technician/look.py adds what the features have to say. All are quick enough to be asked
every few seconds by a probe. Sentences are in the language of the request, in English outside of one.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from peewee import PeeweeException

from content_cache.errors import ContentError, OlderLayout, mb
from hub.clock import Boot
from hub.site import Site

if TYPE_CHECKING:
    from content_cache.library import Library
    from hub.clock import Clock
    from hub.settings import Settings


SLACK = timedelta(days=1)  # by which two clocks that are right may differ, a signed day being a day


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `facts` are for programs: plain values that JSON can carry."""

    name: str
    ok: bool
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)


def base_checks(settings: Settings, clock: Clock, library: Library) -> list[Check]:
    """All checks of this module, in the order in which a technician would mend."""
    return [check_database(), check_disk(settings), check_library(library), check_damaged(library), check_clock(clock)]


def check_database() -> Check:
    """Whether the database answers a question about what it holds."""
    try:
        found = Site.select(Site.epoch).where(Site.id == 1).exists()
    except PeeweeException as error:
        return Check("database", False, _("The database cannot be read; restart the hub."), {"error": str(error)})
    if not found:
        return Check("database", False, _("The database is empty; run `hub setup`."))
    return Check("database", True, _("The database can be read."))


def check_disk(settings: Settings) -> Check:
    """Whether more is free than the reserve that is kept for people's answers. `free`, `total`, `reserve` in bytes."""
    try:
        usage = shutil.disk_usage(settings.data)
    except OSError as error:
        sentence = _("The disk cannot be read; check the card, then restart the hub.")
        return Check("disk", False, sentence, {"error": str(error)})
    facts = {"free": usage.free, "total": usage.total, "used": usage.used, "reserve": settings.reserve_bytes}
    if usage.free < settings.reserve_bytes:
        missing = mb(settings.reserve_bytes - usage.free)
        sentence = _("The disk is nearly full; free at least %(size)s, for instance with a larger card.", size=missing)
        return Check("disk", False, sentence, facts)
    return Check("disk", True, _("%(free)s of %(total)s are free.", free=mb(usage.free), total=mb(usage.total)), facts)


def check_library(library: Library) -> Check:
    """Whether a release of the course library is here and its catalogue can be opened."""
    release = library.release()
    if release is None:
        return Check(
            "library",
            False,
            _("There are no courses; plug in a stick with some, or run `hub content sync`."),
            {"release": None},
        )
    try:
        catalogue = library.catalogue()
    except OlderLayout as error:
        sentence = _("An older version of the hub made the catalogue; start `hub worker`, which builds it again.")
        return Check("library", False, sentence, {"release": release, "error": str(error)})
    except (ContentError, OSError) as error:
        sentence = _("The catalogue cannot be read; run `hub content sync`.")
        return Check("library", False, sentence, {"release": release, "error": str(error)})
    if catalogue is not None:
        catalogue.close()
    return Check("library", True, _("Release %(release)s is served.", release=release), {"release": release})


def check_damaged(library: Library) -> Check:
    """Which files of the library were found damaged, and the items that lack them. They are not served."""
    try:
        damaged = library.store.damaged()
        blobs = [{"sha256": sha256, "items": items} for sha256, items in _items_of(damaged, library).items()]
    except (ContentError, OSError) as error:
        sentence = _("The library cannot be read; check the card, then run `hub content verify`.")
        return Check("damaged", False, sentence, {"blobs": [], "error": str(error)})
    if not blobs:
        return Check("damaged", True, _("No damaged file is known."), {"blobs": []})
    names = sorted({item for blob in blobs for item in blob["items"]})
    sentence = _(
        "Damaged files, no longer served: %(count)d (%(names)s). They come again first of all; a stick is quicker.",
        count=len(blobs),
        names=", ".join(names[:5]) or _("of no lesson"),
    )
    return Check("damaged", False, sentence, {"blobs": blobs})


def _items_of(hashes: list[str], library: Library) -> dict[str, list[str]]:
    """The items of the release that is served that need each of the blobs."""
    found: dict[str, list[str]] = {sha256: [] for sha256 in hashes}
    catalogue = library.catalogue() if hashes else None
    if catalogue is None:
        return found
    try:
        for sha256 in hashes:
            found[sha256] = catalogue.items_with(sha256)
    finally:
        catalogue.close()
    return found


def check_clock(clock: Clock) -> Check:
    """Whether the time is certain, who said so and since when; counting goes on without, undated.

    `at_least` is a time that has surely come, by what head office signed.
    """
    try:
        now, floor = clock.now(), clock.at_least()
        boot = Boot.get_or_none(Boot.id == clock.boot)
    except PeeweeException:
        now = boot = floor = None
    facts = {"certain": now is not None, "at_least": floor and floor.isoformat(timespec="seconds")}
    if now is None or boot is None or floor is None:
        sentence = _(
            "The time is not known; connect it to head office or network time, or tell it on the technician's page."
        )
        return Check("clock", False, sentence, facts)
    facts |= {"source": boot.source, "now": now.isoformat(timespec="seconds")}
    if floor - now > SLACK:
        sentence = _(
            "The time from %(source)s lies before what head office signed on %(day)s; check what gives the time here.",
            source=_source(boot.source),
            day=floor.date().isoformat(),
        )
        return Check("clock", False, sentence, facts)
    return Check("clock", True, _("The time is certain, from %(source)s.", source=_source(boot.source)), facts)


def _source(name: str | None) -> str:
    names = {"network time": _("network time"), "head office": _("head office"), "technician": _("a technician")}
    return names.get(name or "", name or _("an unknown source"))
