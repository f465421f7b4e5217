"""`hub card`: root's part of the first boot, between the card and the hub (hub-first-boot.service)."""

from __future__ import annotations

import json

import click


@click.group("card")
def command() -> None:
    """Carry answers from the card's FAT partition to the hub, and its word back. For root, at each boot."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def take(as_json: bool) -> None:
    """Hand hub-setup.toml and hub-setup.kit to the hub, if they are there."""
    from hub.settings import Settings
    from hub.visit.card import take as carry

    _say(carry(Settings.load()), "Brought from the card", as_json)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def tell(as_json: bool) -> None:
    """Write what the hub says to the card and the screen, and remove the answers that were taken."""
    from hub.settings import Settings
    from hub.visit.card import tell as carry

    _say(carry(Settings.load()), "Written", as_json)


def _say(names: list[str], did: str, as_json: bool) -> None:
    click.echo(json.dumps(names) if as_json else f"{did}: {', '.join(names) or 'nothing'}.")
