"""What head office sees of its hubs: which state each runs, what of it it could not do, and how it is otherwise.

for hub in all_hubs(): ...          # those of all sites
one_hub("0102030405060708").as_json()
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import JOIN

from collector.errors import NotPossible
from collector.figures.query import iso
from collector.sites.models import Hub, Site
from collector.state.models import State
from collector.state.store import NO_HUB, read


@dataclass(frozen=True)
class HubFigures:
    """A hub; moments in Unix milliseconds. `number` is that of its state here, `running` of the one it says it runs.

    `sealable`: it has told the key that its state is sealed for.
    """

    id: str
    site: str
    site_name: str
    enrolled: int
    last_heard: int | None
    last_carried: int | None
    software: str
    content_release: int
    number: int
    saved: int | None
    running: int
    running_since: int | None
    trouble: str
    sealable: bool
    settings: dict[str, str]
    accounts: list[str]

    @property
    def heard(self) -> int | None:
        """When it was last heard, by whatever way."""
        return max((at for at in (self.last_heard, self.last_carried) if at is not None), default=None)

    @property
    def is_behind(self) -> bool:
        """Whether it does not run what head office decided yet."""
        return self.running < self.number

    @property
    def is_ahead(self) -> bool:
        """Whether it runs what nobody here knows of: head office's database was put back."""
        return self.running > self.number

    def as_json(self) -> dict[str, Any]:
        """The hub as the API has it."""
        return {
            "id": self.id,
            "site": self.site,
            "last_heard": iso(self.last_heard),
            "last_carried": iso(self.last_carried),
            "software": self.software,
            "content_release": self.content_release,
            "number": self.number,
            "saved": iso(self.saved),
            "running": self.running,
            "running_since": iso(self.running_since),
            "trouble": self.trouble,
            "settings": self.settings,
            "accounts": self.accounts,
        }


def all_hubs(site: str | None = None) -> list[HubFigures]:
    """Every hub, or those of a site, by site and by when they came."""
    query = _query().order_by(Site.name, Site.id, Hub.enrolled, Hub.id)
    return [_figures(row) for row in (query if site is None else query.where(Hub.site == site))]


def one_hub(hub: str) -> HubFigures:
    """The hub of that id. Raises NotPossible."""
    row = next(iter(_query().where(Hub.id == hub)), None)
    if row is None:
        raise NotPossible(NO_HUB.format(hub[:40]))
    return _figures(row)


def _query() -> Any:
    return Hub.select(Hub, Site, State).join(Site).switch(Hub).join(State, JOIN.LEFT_OUTER, attr="told")


def _figures(row: Any) -> HubFigures:
    told = getattr(row, "told", None)
    draft = read(told)
    return HubFigures(
        id=row.id,
        site=row.site.id,
        site_name=row.site.name,
        enrolled=row.enrolled,
        last_heard=row.last_heard,
        last_carried=row.last_carried,
        software=row.software,
        content_release=row.content_release,
        number=row.configuration,
        saved=told and told.saved,
        running=row.running,
        running_since=row.running_since,
        trouble=row.trouble,
        sealable=row.sealing_key is not None,
        settings=draft.settings,
        accounts=[account.name for account in draft.accounts],
    )
