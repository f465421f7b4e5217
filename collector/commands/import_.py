"""`collector import`: take in files that people carried from hubs, and lay out the replies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collector.carry.sticks import Outcome


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--replies",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the files to take back; else they lie beside what was brought, on a stick in village-hub/down.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(paths: tuple[Path, ...], replies: Path | None, as_json: bool) -> None:
    """Take in files from hubs: PATHS are files, or sticks and folders with files.

    Exit code 65 if one was not taken in; the others are, all the same.
    """
    from collector.carry.sticks import import_all
    from collector.db import database, open_database
    from collector.office import load

    office = load()
    open_database(office.settings.database_url)
    click.get_current_context().call_on_close(database.close)
    outcomes = list(import_all(paths, replies, office))
    if as_json:
        click.echo(json.dumps([_told(outcome) for outcome in outcomes], ensure_ascii=False, indent=1))
    else:
        for outcome in outcomes:
            click.echo(outcome.sentence)
        click.echo(_sum(outcomes))
    if any(outcome.taken is None for outcome in outcomes):
        raise SystemExit(65)


def _told(outcome: Outcome) -> dict[str, Any]:
    taken = outcome.taken
    told: dict[str, Any] = {"file": str(outcome.file), "taken": taken is not None, "sentence": outcome.sentence}
    if taken:
        told |= {"site": taken.site_id, "days": taken.days, "undated": taken.parts, "missing": taken.missing}
        told |= {"refused": taken.refused, "until": taken.until and taken.until.isoformat()}
    return told | {"reply": outcome.reply and str(outcome.reply)}


def _sum(outcomes: list[Outcome]) -> str:
    taken = sum(outcome.taken is not None for outcome in outcomes)
    left = len(outcomes) - taken
    return f"{taken} {'file' if taken == 1 else 'files'} taken in{f', {left} not' if left else ''}."
