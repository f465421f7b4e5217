"""What a technician sees at one look: every check of this hub, and the state of its features.

for check in all_checks(settings, clock, library): ...      # also what `hub doctor` prints
overview(hub)                                               # for the page
"""

from __future__ import annotations

from contextlib import closing
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from flask_babel import gettext as _
from peewee import PeeweeException

from content_cache.catalogue import Catalogue
from content_cache.errors import ContentError
from hub.backup import damage
from hub.clock import ago, dated
from hub.db import open_database
from hub.health.checks import Check, base_checks, check_database
from hub.runs import JobRun
from hub.site import this_site
from hub.uplink.status import past
from hub.uplink.status import status as uplink_status
from hub.uplink.told import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from content_cache.library import Library
    from hub.app import Hub
    from hub.clock import Clock
    from hub.settings import Settings
    from hub.uplink.status import UplinkStatus

WORKER_SILENT = 2 * 3600  # seconds without any job's run; the longest pause of the quick ones is far below


class Ran(NamedTuple):
    """A job's last run: when if that is known, seconds ago if it was in this boot, seconds it took, what failed."""

    name: str
    at: datetime | None
    ago: float | None
    took: float
    error: str | None


class Playing(NamedTuple):
    """An item that is being played, by how many pages."""

    title: str
    plays: int


class Overview(NamedTuple):
    """All that the page shows beyond the checks."""

    checks: list[Check]
    library_bytes: int
    playing: list[Playing]
    uplink: UplinkStatus
    reached: datetime | None
    reached_ago: float | None
    jobs: list[Ran]


def all_checks(settings: Settings, clock: Clock, library: Library) -> list[Check]:
    """The checks of the box, then those of the site, the uplink and the worker, as far as the database answers."""
    checks = base_checks(settings, clock, library)
    if checks[0].ok:
        checks += [check_site(), _asked("uplink", lambda: check_uplink(settings, clock))]
        checks += [_asked("told", check_told), _asked("jobs", lambda: check_jobs(clock))]
        checks += check_past()
    return checks


def check_file(settings: Settings) -> Check:
    """Whether there is a database here, and it opens; opens it. For a program other than web and worker."""
    if not settings.database.exists():
        sentence = _("There is no hub in %(folder)s; set HUB_DATA or run `hub setup`.", folder=settings.data)
        return Check("database", False, sentence)
    trouble = damage(settings.database)
    if trouble:
        return Check(
            "database", False, _("The database is damaged; restart the hub, and it takes the newest snapshot.")
        )
    try:
        open_database(settings.database)
    except PeeweeException:
        return Check("database", False, _("The database cannot be opened; free some disk space and check who owns it."))
    return check_database()


def _asked(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except PeeweeException as error:
        return Check(name, False, _("The database cannot be read; restart the hub."), {"error": str(error)})


def check_site() -> Check:
    """Whether somebody said which site this is."""
    site = this_site()
    facts = {"name": site.name, "time_zone": site.time_zone, "code": site.code}
    if site.name is None:
        return Check("site", False, _("Nobody has said which site this is; run `hub setup`."), facts)
    return Check("site", True, _("This is %(name)s, %(zone)s.", name=site.name, zone=site.time_zone), facts)


def check_uplink(settings: Settings, clock: Clock) -> Check:
    """Whether what waits for head office can get there. A hub without head office has nothing to fail at."""
    found = uplink_status(settings, clock)
    facts = {"enrolled": found.enrolled, "pending": found.pending, "refused": found.refused}
    if not found.enrolled:
        return Check(
            "uplink",
            True,
            _("This hub works without head office; the visit's first answer enrols it, or `hub setup`."),
            facts,
        )
    if found.refused:
        sentence = _("Head office refused %(count)d site-days; tell head office.", count=found.refused)
        return Check("uplink", False, sentence, facts)
    if found.last_error:
        sentence = _("Head office was not reached the last time; check the cable or the modem. %(count)d wait.")
        return Check("uplink", False, sentence % {"count": found.pending}, facts)
    return Check("uplink", True, _("Site-days that wait for head office: %(count)d.", count=found.pending), facts)


def check_told() -> Check:
    """Whether all that head office decided for this hub could be done."""
    number, trouble = running()
    facts = {"number": number, "trouble": trouble}
    if trouble:
        sentence = _(
            "This hub cannot do all that head office decided for it. Head office is told why, and can change it."
        )
        return Check("told", False, sentence, facts)
    if not number:
        return Check("told", True, _("Head office has decided nothing for this hub alone."), facts)
    return Check("told", True, _("What head office decided holds here (number %(number)d).", number=number), facts)


def check_past() -> list[Check]:
    """That this box was copied, or put back to an older state, for whoever wonders why it counts anew; else nothing."""
    try:
        found = past()
    except PeeweeException:  # said by the check of the database
        return []
    return [Check("past", True, found[1], {"reason": found[0]})] if found else []


def check_jobs(clock: Clock) -> Check:
    """Whether the worker runs, and its last runs went well."""
    runs = list(JobRun.select().order_by(JobRun.name))
    failed = [run.name for run in runs if run.failed]
    newest = max((run.ran for run in runs), default=None)
    facts = {"failed": failed}
    if newest is None or ago(newest, clock) is None or (ago(newest, clock) or 0) > WORKER_SILENT:
        return Check("jobs", False, _("The jobs do not run; restart the hub, or start `hub worker`."), facts)
    if failed:
        return Check("jobs", False, _("Failed at the last run: %(names)s.", names=", ".join(failed)), facts)
    return Check("jobs", True, _("All jobs ran well the last time."), facts)


def overview(hub: Hub) -> Overview:
    """Everything for the page, read now. The size of the library is that of what its release names."""
    uplink = uplink_status(hub.settings, hub.clock)
    return Overview(
        checks=all_checks(hub.settings, hub.clock, hub.library) + hub.more_checks(hub.settings, hub.clock, hub.library),
        library_bytes=library_bytes(hub.library),
        playing=_playing(hub),
        uplink=uplink,
        reached=dated(uplink.last_reached) if uplink.last_reached else None,
        reached_ago=ago(uplink.last_reached, hub.clock) if uplink.last_reached else None,
        jobs=[
            Ran(run.name, dated(run.ran), ago(run.ran, hub.clock), run.took, run.error if run.failed else None)
            for run in JobRun.select().order_by(JobRun.name)
        ],
    )


def library_bytes(library: Library) -> int:
    """Bytes of all that the release names."""
    try:
        release = library.release()
        return 0 if release is None else _bytes_of(library.path(release))
    except (ContentError, OSError):
        return 0


@lru_cache(maxsize=2)
def _bytes_of(path: Path) -> int:
    """Read once, as a release never changes."""
    with closing(Catalogue(path)) as catalogue:
        return sum(blob.size for blob in catalogue.blobs())


def _playing(hub: Hub) -> list[Playing]:
    """Titles of what is played; an item that the release no longer holds keeps its id."""
    now = hub.recorder.playing()
    try:
        catalogue = hub.library.catalogue() if now else None
    except ContentError:
        catalogue = None
    if catalogue is None:
        return [Playing(*playing) for playing in now]
    with closing(catalogue):
        items = [(catalogue.item(playing.item), playing) for playing in now]
    return [Playing(item.title if item else playing.item, playing.plays) for item, playing in items]
