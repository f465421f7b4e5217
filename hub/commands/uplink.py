"""`hub uplink`: show what waits for head office, send it now, or budget the uplink."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from hub.uplink.budget import Room, Rules
    from hub.uplink.status import BudgetStatus, UplinkStatus


@click.group("uplink")
def command() -> None:
    """Show what waits for head office, send it now, or budget the uplink."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Show what waits, when head office last answered, and what went wrong since."""
    from hub.backup import open_or_restore
    from hub.clock import Clock, dated
    from hub.settings import Settings
    from hub.uplink.status import past
    from hub.uplink.status import status as read

    settings, clock = Settings.load(), Clock()
    open_or_restore(settings, clock)
    found, anew = read(settings, clock), past()
    when = dated(found.last_reached) if found.last_reached else None
    reached = when.isoformat(timespec="seconds") if when else None
    if as_json:
        click.echo(_json(found, reached, anew and anew[0]))
    else:
        click.echo("\n".join([*_lines(found, reached), *([anew[1]] if anew else [])]))


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def send(as_json: bool) -> None:
    """Seal what is due and send all that waits, whatever the hour. Exit code 69 if head office does not answer."""
    from content_cache.library import Library
    from hub.backup import open_or_restore
    from hub.clock import Clock
    from hub.downlink.apply import apply
    from hub.errors import HubError
    from hub.settings import Settings
    from hub.site import this_site
    from hub.uplink.deliver import deliver
    from hub.uplink.seal import roll_up

    settings, clock = Settings.load(), Clock()
    open_or_restore(settings, clock)
    if not this_site().enrolled:
        raise HubError("This hub is not enrolled with head office; run `hub setup` first.")
    if not this_site().has_line:
        raise HubError(
            "This hub has no address of head office; `hub carry export` writes what somebody can carry there."
        )
    library = Library(settings.library_root)
    sealed = roll_up(settings, clock, library)
    done = deliver(settings, clock, library, urgent=True)
    apply(settings, clock)
    if as_json:
        click.echo(json.dumps({"sealed": len(sealed), **done._asdict()}))
    else:
        click.echo(f"Sealed {len(sealed)} site-days; head office took {done.acknowledged}, refused {done.refused}.")


@command.command()
@click.option("--daily-mb", metavar="MB", help="MB a day, both ways; none for no limit.")
@click.option("--monthly-mb", metavar="MB", help="MB a month, both ways; none for no limit.")
@click.option("--hours", metavar="HH-HH", help="Hours in which the uplink may be used, as in 06-22; none for all.")
@click.option("--free-hours", metavar="HH-HH", help="Hours that count against no budget, as in 00-05; none for none.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def budget(
    daily_mb: str | None, monthly_mb: str | None, hours: str | None, free_hours: str | None, as_json: bool
) -> None:
    """Show or set how many bytes may cross the uplink, and when. Days and hours are the site's."""
    from hub.backup import open_or_restore
    from hub.clock import Clock
    from hub.settings import Settings
    from hub.site import this_site
    from hub.uplink.budget import changed
    from hub.uplink.ledger import rules, set_rules
    from hub.uplink.status import budget_status

    clock = Clock()
    open_or_restore(Settings.load(), clock)
    if daily_mb or monthly_mb or hours or free_hours:
        set_rules(changed(rules(), daily=daily_mb, monthly=monthly_mb, hours=hours, free=free_hours))
    found = budget_status(clock)
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(found).decode())
    else:
        click.echo("\n".join(_budget_lines(found, this_site().zone)))


def _budget_lines(found: BudgetStatus, zone: ZoneInfo) -> list[str]:
    from content_cache.errors import mb

    spent = [f"{name} {mb(used.counts)} for counts and {mb(used.content)} for content"
             for name, used in (("Today", found.spent.day), ("this month", found.spent.month))]  # fmt: skip
    return [
        _rules_line(found.rules),
        f"{', '.join(spent)}.",
        f"Counts: {_room(found.counts, zone)} Content: {_room(found.content, zone)}",
    ]


def _rules_line(rules: Rules) -> str:
    from content_cache.errors import mb

    parts = [
        f"{mb(limit)} a {of}" for limit, of in ((rules.daily, "day"), (rules.monthly, "month")) if limit is not None
    ]
    parts.append(f"in the hours {rules.hours}")
    free = f"; the hours {rules.free} are free" if rules.free else ""
    return f"The uplink may carry {', '.join(parts) if rules.limited else 'anything at any time'}{free}."


def _room(room: Room, zone: ZoneInfo) -> str:
    from content_cache.errors import mb
    from hub.uplink.budget import sentence

    if room.left == 0:
        return sentence(room, zone)
    return "no limit now." if room.left is None else f"{mb(room.left)} left now."


def _json(found: UplinkStatus, reached: str | None, anew: str | None) -> str:
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return json.dumps(
        fields | {"anew": anew} | {"oldest": found.oldest and found.oldest.isoformat(), "last_reached": reached}
    )


def _lines(found: UplinkStatus, reached: str | None) -> list[str]:
    if not found.enrolled:
        return ["This hub is not enrolled with head office; run `hub setup`."]
    lines = [f"{found.pending} site-days wait for head office" + (f", since {found.oldest}." if found.oldest else ".")]
    if found.refused:
        lines.append(f"{found.refused} were refused: {found.refusal}")
    lines.append(f"Head office last answered at {reached}." if reached else "Head office has not answered yet.")
    if found.last_error:
        lines.append(found.last_error)
    if found.told:
        lines.append(f"State {found.told} of head office holds here.")
    if found.trouble:
        lines.append(f"Head office is told what of it could not be done: {found.trouble}")
    return [*lines, f"{found.bytes_total} bytes have crossed the uplink."]
