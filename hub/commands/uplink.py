"""`hub uplink`: show what waits for head office, or send it now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.uplink.status import UplinkStatus


@click.group("uplink")
def command() -> None:
    """Show what waits for head office, or send it now."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """Show what waits, when head office last answered, and what went wrong since."""
    from hub.clock import Clock, dated
    from hub.db import open_database
    from hub.settings import Settings
    from hub.uplink.status import status as read

    settings = Settings.load()
    open_database(settings.database)
    found = read(settings, Clock())
    when = dated(found.last_reached) if found.last_reached else None
    reached = when.isoformat(timespec="seconds") if when else None
    click.echo(_json(found, reached) if as_json else "\n".join(_lines(found, reached)))


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def send(as_json: bool) -> None:
    """Seal what is due and send all that waits, whatever the hour. Exit code 69 if head office does not answer."""
    from content_cache.library import Library
    from hub.clock import Clock
    from hub.db import open_database
    from hub.errors import HubError
    from hub.settings import Settings
    from hub.site import this_site
    from hub.uplink.deliver import deliver
    from hub.uplink.seal import roll_up

    settings, clock = Settings.load(), Clock()
    open_database(settings.database)
    if not this_site().enrolled:
        raise HubError("This hub is not enrolled with head office; run `hub setup` first.")
    library = Library(settings.library_root)
    sealed = roll_up(settings, clock, library)
    done = deliver(settings, clock, library, urgent=True)
    if as_json:
        click.echo(json.dumps({"sealed": len(sealed), **done._asdict()}))
    else:
        click.echo(f"Sealed {len(sealed)} site-days; head office took {done.acknowledged}, refused {done.refused}.")


def _json(found: UplinkStatus, reached: str | None) -> str:
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return json.dumps(fields | {"oldest": found.oldest and found.oldest.isoformat(), "last_reached": reached})


def _lines(found: UplinkStatus, reached: str | None) -> list[str]:
    if not found.enrolled:
        return ["This hub is not enrolled with head office; run `hub setup`."]
    lines = [f"{found.pending} site-days wait for head office" + (f", since {found.oldest}." if found.oldest else ".")]
    if found.refused:
        lines.append(f"{found.refused} were refused: {found.refusal}")
    lines.append(f"Head office last answered at {reached}." if reached else "Head office has not answered yet.")
    if found.last_error:
        lines.append(found.last_error)
    return [*lines, f"{found.bytes_total} bytes have crossed the uplink."]
