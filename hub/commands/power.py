"""`hub power`: carry out, as root, what the technician's page ordered. Started by hub-power.path."""

from __future__ import annotations

import click


@click.command("power")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """Restart the box or switch it off, if the technician's page ordered it. For root; hub-power.path starts it."""
    import json

    from hub.box.power_order import carry_out
    from hub.settings import Settings

    sentence = carry_out(Settings.load())
    click.echo(json.dumps({"done": sentence}) if as_json else sentence or "Nothing was ordered.")
