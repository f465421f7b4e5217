"""`hub backup`: make or list snapshots of the database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path


@click.group("backup")
def command() -> None:
    """Make or list snapshots of the database; a damaged one is replaced by the newest at the next start."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def now(as_json: bool) -> None:
    """Make a snapshot, beside the ones that are kept."""
    from content_cache.library import Library
    from hub.backup import snapshot
    from hub.clock import Clock
    from hub.db import open_database
    from hub.settings import Settings
    from hub.uplink.seal import roll_up

    settings = Settings.load()
    open_database(settings.database)
    roll_up(settings, Clock(), Library(settings.library_root), open_days=True, undated=True)
    made = snapshot(settings)
    click.echo(json.dumps(_row(made)) if as_json else f"Wrote {made}, {made.stat().st_size} bytes.")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the snapshots, newest first."""
    from hub.backup import snapshots
    from hub.settings import Settings

    rows = [_row(path) for path in snapshots(Settings.load())]
    lines = [f"{row['path']}  {row['bytes']} bytes" for row in rows] or ["No snapshot yet; `hub backup now` makes one."]
    click.echo(json.dumps(rows) if as_json else "\n".join(lines))


def _row(path: Path) -> dict[str, object]:
    return {"path": str(path), "bytes": path.stat().st_size}
