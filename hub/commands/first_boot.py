"""`hub first-boot`: what a box does at each start before anything else. Safe to repeat."""

from __future__ import annotations

import click


@click.command("first-boot")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """Make the box's keys, Wi-Fi name and passwords, and take in the answers on its card. hub-first-boot starts it."""
    import json

    from hub.backup import open_or_restore
    from hub.clock import Clock
    from hub.settings import Settings
    from hub.visit.boot import first_boot

    settings, clock = Settings.load(), Clock()
    open_or_restore(settings, clock)
    note = first_boot(settings, clock)
    if as_json:
        click.echo(json.dumps({"result": note.result, "taken": note.taken is not None}))
        return
    # The journal keeps what is printed here, so no password is.
    click.echo("The box has its keys, its Wi-Fi and its passwords; the screen says how to come in.")
    if note.result:
        click.echo(note.result.strip())
