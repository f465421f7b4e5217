"""`hub setup`: make this box a site. Asks what it is not told by flags, and prints the technician's one-time link.

Run again, it keeps what it is not told to change, and prints a new link that voids the one before.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.clock import Clock
    from hub.settings import Settings
    from hub.site import Site


FILE = click.Path(dir_okay=False, path_type=Path)


class Answers(NamedTuple):
    """What was told; None leaves that as it is. With `code` the hub enrols, and head office names the place."""

    name: str | None
    time_zone: str | None
    collector_url: str | None
    code: str | None


@click.command("setup")
@click.option("--name", help="What people call this site; with --code head office names it.")
@click.option("--time-zone", help="Where the box stands, as in America/Merida; with --code head office says so.")
@click.option("--collector-url", help="Head office's address, as in https://office.example.")
@click.option("--code", help="The one-time code that head office gave for this site.")
@click.option("--kit", type=FILE, metavar="FILE", help="The kit that head office made: site, keys and code in one.")
@click.option("--without-head-office", is_flag=True, help="Work without head office, at least for now.")
@click.option("--daily-mb", metavar="MB", help="MB a day over the uplink, both ways; none for no limit.")
@click.option("--monthly-mb", metavar="MB", help="MB a month over the uplink; none for no limit.")
@click.option("--hours", metavar="HH-HH", help="Hours in which the uplink may be used, as in 06-22; none for all.")
@click.option("--free-hours", metavar="HH-HH", help="Hours that count against no budget, as in 00-05; none for none.")
@click.option("--content-url", metavar="PLACE", help="Where courses come from: an address or a folder.")
@click.option(
    "--content-root", type=FILE, metavar="FILE", help="Head office's 1.root.json, by which content is believed."
)
@click.option("--replace-content-root", is_flag=True, help="Forget the keys believed so far, and all signed by them.")
@click.option("--content-group", metavar="NAME", help="The group of sites whose courses are brought; all at first.")
@click.option("--address", help="How phones reach this hub, for the printed link. [default: http://localhost:<port>]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and ask nothing.")
def command(
    name: str | None,
    time_zone: str | None,
    collector_url: str | None,
    code: str | None,
    kit: Path | None,
    without_head_office: bool,
    daily_mb: str | None,
    monthly_mb: str | None,
    hours: str | None,
    free_hours: str | None,
    content_url: str | None,
    content_root: Path | None,
    replace_content_root: bool,
    content_group: str | None,
    address: str | None,
    as_json: bool,
) -> None:
    """Make this box a site: place, head office, one-time link for the technician."""
    from hub.backup import open_or_restore
    from hub.clock import Clock
    from hub.content.origin import check_group, check_place, configure, pin
    from hub.settings import Settings
    from hub.site import this_site
    from hub.technician.place import check_address, check_name, check_zone, enter_link
    from hub.uplink.budget import Rules, changed

    settings, clock = Settings.load(), Clock()
    # Flags are looked at before anything is asked or written.
    base = check_address(address or f"http://localhost:{settings.port}")
    _refuse_contradictions(collector_url, code, without_head_office)
    _refuse_beside_kit(kit, name, time_zone, collector_url, code)
    given = Answers(name and check_name(name), time_zone and check_zone(time_zone), collector_url, code)
    of_content = (content_url and check_place(content_url), content_group and check_group(content_group))
    of_uplink = {"daily": daily_mb, "monthly": monthly_mb, "hours": hours, "free": free_hours}
    changed(Rules(), **of_uplink)
    open_or_restore(settings, clock)
    if content_root:
        pin(content_root, settings.library_root, replace=replace_content_root)
    if kit:
        from hub.carry.kit import read, take_kit

        take_kit(read(kit), settings, clock)
    quiet = without_head_office or any(of_content) or content_root is not None or kit is not None
    quiet = quiet or any(of_uplink.values())
    site = _apply(_complete(given, this_site(), quiet, ask=not as_json), settings, clock)
    configure(*of_content)
    if any(of_uplink.values()):
        _budget(of_uplink)
    _tell(site, enter_link(base, clock), as_json=as_json)


def _budget(told: dict[str, str | None]) -> None:
    from hub.uplink.budget import changed
    from hub.uplink.ledger import rules, set_rules

    set_rules(changed(rules(), **told))


def _refuse_contradictions(collector_url: str | None, code: str | None, without_head_office: bool) -> None:
    from hub.technician.place import BadAnswer

    if without_head_office and (collector_url or code):
        raise BadAnswer("Head office is both given and left out; leave out --without-head-office or the other two.")


def _refuse_beside_kit(kit: Path | None, *others: str | None) -> None:
    from hub.technician.place import BadAnswer

    if kit and any(others):
        raise BadAnswer("A kit says site, time zone, address and code by itself; leave those flags out.")


def _complete(given: Answers, site: Site, without_head_office: bool, *, ask: bool) -> Answers:
    """Ask for what is missing: everything if nothing was told, else only what the hub cannot do without."""
    from hub.technician.place import check_name, check_zone

    said_nothing = not any(given) and not without_head_office
    url, code = given.collector_url, given.code
    if ask and url is None and code is None and not without_head_office and (said_nothing or site.name is None):
        answer = _ask("Head office's address (- for none)", site.collector_url or "-", str.strip)
        url = None if answer in {"-", ""} or (answer == site.collector_url and site.enrolled) else answer
    url, code = _with_code(url, code, site, ask=ask)
    if code:
        return Answers(None, None, url, code)
    name, zone = given.name, given.time_zone
    if name is None and ask and (said_nothing or site.name is None):
        name = _ask("Name of this site", site.name, check_name)
    if zone is None and ask and said_nothing:
        zone = _ask("Time zone", site.time_zone, check_zone)
    return Answers(name, zone, None, None)


def _with_code(url: str | None, code: str | None, site: Site, *, ask: bool) -> tuple[str | None, str | None]:
    """Address and code belong together; the address may be known from before."""
    from hub.technician.place import BadAnswer

    if code and url is None:
        if site.collector_url is None:
            raise BadAnswer("A code needs head office's address; give it with --collector-url.")
        return site.collector_url, code
    if url and code is None:
        if not ask:
            raise BadAnswer("Head office's address needs the one-time code it gave for this site; give it with --code.")
        return url, _ask("One-time code from head office", None, str.strip)
    return url, code


def _ask(question: str, default: str | None, check: Callable[[str], str]) -> str:
    """Ask until the answer will do; raises BadAnswer where nobody answers."""
    from hub.technician.place import BadAnswer

    while True:
        try:
            answer = str(click.prompt(question, default=default, err=True))
        except click.Abort:
            raise BadAnswer("Nobody answered; give the answers as flags, see `hub setup --help`.") from None
        try:
            return check(answer)
        except BadAnswer as error:
            click.echo(str(error), err=True)


def _apply(answers: Answers, settings: Settings, clock: Clock) -> Site:
    from hub.technician.place import BadAnswer, describe
    from hub.uplink.enrol import enrol

    if answers.code and answers.collector_url:
        return enrol(answers.collector_url, answers.code, settings, clock)
    site = describe(answers.name, answers.time_zone)
    if site.name is None:
        raise BadAnswer("This site has no name yet; give it with --name.")
    return site


def _tell(site: Site, link: str, *, as_json: bool) -> None:
    from hub.content.models import state

    if as_json:
        told = {"site": site.code, "name": site.name, "time_zone": site.time_zone, "enrolled": site.enrolled}
        told |= {"content": state().url, "group": state().group}
        click.echo(json.dumps({**told, "head_office": site.collector_url, "link": link}))
        return
    office = f"reports to {site.collector_url or 'head office by files that people carry'}"
    office = office if site.enrolled else "works without head office"
    click.echo(f"{site.name}, {site.time_zone}, {office}.")
    if state().url:
        click.echo(f"Courses of the group {state().group} come from {state().url}.")
    click.echo(f"Open this link once, before the hub has been up for 24 hours, to choose your password:\n  {link}")
