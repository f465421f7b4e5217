"""`collector hubs`: list hubs, and decide what holds on one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from collector.db import database, open_database
from collector.errors import NotPossible
from collector.figures.query import iso
from collector.office import load
from collector.settings import Settings
from collector.state.change import set_settings
from collector.state.fields import EXAMPLES, UNKNOWN
from collector.state.look import all_hubs, one_hub

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collector.state.look import HubFigures

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
NO_PAIR = "{0!r} is no change; write one such as daily-mb=20, or daily-mb= to leave it to the hub."


@click.group("hubs")
def command() -> None:
    """List hubs, and decide what holds on one."""
    open_database(Settings.load().database_url)
    click.get_current_context().call_on_close(database.close)


@command.command("list")
@AS_JSON
def list_(as_json: bool) -> None:
    """List the hubs, when each was last heard, and whether it runs what was decided."""
    hubs = all_hubs()
    if as_json:
        click.echo(json.dumps([hub.as_json() for hub in hubs], indent=1, ensure_ascii=False))
        return
    for hub in hubs:
        click.echo(f"{hub.id}  {hub.site:<24} {iso(hub.heard) or 'never heard':<21} {_standing(hub)}")
    click.echo(f"{len(hubs)} {'hub' if len(hubs) == 1 else 'hubs'}.")


@command.command("show")
@click.argument("hub")
@AS_JSON
def show(hub: str, as_json: bool) -> None:
    """Show what HUB is told and what it runs."""
    _show(one_hub(hub), as_json=as_json)


@command.command("set")
@click.argument("hub")
@click.argument("changes", nargs=-1, required=True, metavar="KEY=VALUE...")
@AS_JSON
def set_(hub: str, changes: tuple[str, ...], as_json: bool) -> None:
    """Decide settings of HUB, as in daily-mb=20; KEY= leaves one to the hub again. The others stay."""
    known = one_hub(hub)
    set_settings(hub, known.number, known.settings | dict(_pairs(changes)), load())
    _show(one_hub(hub), as_json=as_json)


def _pairs(changes: Iterable[str]) -> Iterable[tuple[str, str]]:
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise NotPossible(NO_PAIR.format(change[:40]))
        if name not in EXAMPLES:
            raise NotPossible(UNKNOWN.format(name[:40], ", ".join(EXAMPLES)))
        yield name, value


def _standing(hub: HubFigures) -> str:
    trouble = " (something could not be done)" if hub.trouble else ""
    if hub.is_ahead:
        return f"runs state {hub.running}, newer than {hub.number} here{trouble}"
    if hub.is_behind:
        return f"runs state {hub.running}, not yet {hub.number}{trouble}"
    return f"runs state {hub.number}{trouble}" if hub.number else "nothing decided"


def _show(hub: HubFigures, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(hub.as_json(), indent=1, ensure_ascii=False))
        return
    click.echo(f"Hub {hub.id} of {hub.site_name}, {_standing(hub)}.")
    for name in EXAMPLES:
        if name in hub.settings:
            click.echo(f"{name}={hub.settings[name]}")
    if hub.accounts:
        click.echo(f"Accounts: {', '.join(hub.accounts)}.")
    if hub.trouble:
        click.echo(f"The hub could not do this: {hub.trouble}")
