"""`hub setup`: make this box a site. Asks what it is not told by flags, and prints the technician's one-time link."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.clock import Clock
    from hub.settings import Settings
    from hub.site import Site


@click.command("setup")
@click.option("--name", help="What people call this site; head office's own name for it comes first.")
@click.option("--time-zone", help="Where the box stands, as in America/Merida.")
@click.option("--collector-url", help="Head office's address, as in https://office.example.")
@click.option("--code", help="The one-time code that head office gave for this site.")
@click.option("--without-head-office", is_flag=True, help="Do not enrol now.")
@click.option("--address", help="How phones reach this hub, for the printed link.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and ask nothing.")
def command(
    name: str | None,
    time_zone: str | None,
    collector_url: str | None,
    code: str | None,
    without_head_office: bool,
    address: str | None,
    as_json: bool,
) -> None:
    """Make this box a site: place, head office, one-time link for the technician."""
    from hub.backup import open_or_restore
    from hub.clock import Clock
    from hub.settings import Settings
    from hub.setup import check_zone, describe, enter_link

    settings, clock = Settings.load(), Clock()
    open_or_restore(settings, clock)
    ask = not as_json
    if ask and not without_head_office and collector_url is None:
        collector_url = click.prompt("Head office's address (empty for none)", default="", show_default=False) or None
    if collector_url and ask and code is None:
        code = click.prompt("One-time code from head office")
    if ask and collector_url is None and time_zone is None:
        time_zone = click.prompt("Time zone", default="America/Mexico_City", value_proc=check_zone)
    site = _enrol(collector_url, code, settings, clock)
    site = describe(name, time_zone) if name or time_zone else site
    link = enter_link(address or f"http://localhost:{settings.port}", clock)
    _tell(site, link, as_json=as_json)


def _enrol(collector_url: str | None, code: str | None, settings: Settings, clock: Clock) -> Site:
    from hub.errors import HubError
    from hub.site import this_site
    from hub.uplink.enrol import enrol

    if collector_url is None:
        return this_site()
    if code is None:
        raise HubError("Enrolling needs the one-time code of head office; give it with --code.")
    return enrol(collector_url, code, settings, clock)


def _tell(site: Site, link: str, *, as_json: bool) -> None:
    if as_json:
        told = {"site": site.code, "name": site.name, "time_zone": site.time_zone, "enrolled": site.enrolled}
        click.echo(json.dumps({**told, "link": link}))
        return
    place = f"{site.name or 'This hub'} in {site.time_zone}"
    office = f"reports to {site.collector_url}" if site.enrolled else "reports to nobody yet"
    click.echo(f"{place} {office}.\nOpen this link once, within 24 hours, to choose your password:\n  {link}")
