"""`collector sites`: add and list sites; make codes and kits for their hubs."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from collector.db import database, open_database
from collector.errors import NotWritten
from collector.figures.query import SiteFigures, all_sites, iso
from collector.settings import Settings
from collector.sites.enrol import add_site, another_code

FILE = click.Path(dir_okay=False, path_type=Path)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("sites")
def command() -> None:
    """Add and list sites; make codes and kits for their hubs."""
    open_database(Settings.load().database_url)
    click.get_current_context().call_on_close(database.close)


@command.command("add")
@click.argument("name")
@click.option("--time-zone", required=True, help="Where the site's days begin and end, as in America/Merida.")
@AS_JSON
def add(name: str, time_zone: str, as_json: bool) -> None:
    """Add the site NAME and print the one-time code for its hub."""
    site, code = add_site(name, time_zone, round(time.time() * 1000))
    _show_code(site.id, site.name, code, as_json=as_json)


@command.command("code")
@click.argument("site")
@AS_JSON
def another(site: str, as_json: bool) -> None:
    """Print a one-time code for another hub of SITE, say after its card was lost."""
    row, code = another_code(site, round(time.time() * 1000))
    _show_code(row.id, row.name, code, as_json=as_json)


@command.command("kit")
@click.argument("site")
@click.option("-o", "--output", type=FILE, required=True, help="The file to write.")
@click.option("--address", help="Head office's address, as in https://office.example, for a hub that gets a line.")
@click.option(
    "--content-root",
    type=FILE,
    help="1.root.json of the keys that sign content; else COLLECTOR_CONTENT_ROOT, or the repository's.",
)
@click.option("--group", help="The group of sites whose courses the hub brings.")
@click.option("--only", is_flag=True, help="Codes and kits of the site that no hub has used yet are good no more.")
@AS_JSON
def kit(
    site: str,
    output: Path,
    address: str | None,
    content_root: Path | None,
    group: str | None,
    only: bool,
    as_json: bool,
) -> None:
    """Write the kit of SITE: keys, place and a code, for a hub that has no line."""
    from collector.carry.kits import Kits, check_address, make_kit, read_root
    from collector.durable import write_file
    from collector.office import load

    more = Kits(address and check_address(address), read_root(content_root) if content_root else None, group)
    try:
        write_file(output, make_kit(site, load(), more, voids=only), mode=0o600)
    except OSError as error:
        raise NotWritten(f"{output} cannot be written ({error.strerror}); name another file.") from None
    if as_json:
        click.echo(json.dumps({"site": site, "kit": str(output)}))
        return
    click.echo(f"{output} makes one box the hub of {site}, within a year: `hub setup --kit {output.name}` there.")
    click.echo("Whoever has it can do so; give it to the technician and to nobody else.")


@command.command("list")
@AS_JSON
def list_(as_json: bool) -> None:
    """List the sites and when each was last heard."""
    rows = all_sites()
    if as_json:
        click.echo(json.dumps([row.as_json() for row in rows], indent=1, ensure_ascii=False))
        return
    for row in rows:
        click.echo(_line(row))
    click.echo(f"{len(rows)} {'site' if len(rows) == 1 else 'sites'}.")


def _line(row: SiteFigures) -> str:
    heard = iso(row.last_heard) or "never heard"
    return f"{row.id:<24} {row.name:<32} {heard:<21} {row.plays:>8} plays {row.minutes:>10} min"


def _show_code(site: str, name: str, code: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"site": site, "name": name, "code": code}, ensure_ascii=False))
        return
    click.echo(f"Site {site} ({name}). Type this code at its hub within 30 days; it serves once:")
    click.echo(code)
