"""`collector messages`: take in short messages that came another way than over the web."""

from __future__ import annotations

import json
from pathlib import Path

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("messages")
def command() -> None:
    """Take in short messages that came another way than over the web."""


@command.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_(files: tuple[Path, ...], as_json: bool) -> None:
    """Take in FILES of one short message each, as bytes, in hexadecimal or in base64.

    Exit code 65 if one was not taken in; the others are, all the same.
    """
    from collector.db import database, open_database
    from collector.messages.take import LONGEST, take_message
    from collector.office import load
    from wire.errors import BadRecord

    office = load()
    open_database(office.settings.database_url)
    click.get_current_context().call_on_close(database.close)
    told = []
    for file in files:
        with file.open("rb") as opened:
            data = opened.read(LONGEST + 1)
        try:
            told.append({"file": str(file), "taken": True, "sentence": take_message(data, office)})
        except BadRecord as error:
            told.append({"file": str(file), "taken": False, "sentence": str(error)})
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(f"{row['file']}: {row['sentence']}" for row in told))
    if not all(row["taken"] for row in told):
        raise SystemExit(65)
