"""`hub carry`: write the file that a person carries to head office, and take in the one that comes back."""

from __future__ import annotations

import json
from pathlib import Path

import click

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("carry")
def command() -> None:
    """Write the file that a person carries to head office, and take in the one that comes back."""


@command.command("export")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--stick", is_flag=True, help="Write to the sticks that are plugged in, and take in what lies on them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export(path: Path | None, stick: bool, as_json: bool) -> None:
    """Write all that waits for head office to PATH, a file or a folder, or to a --stick."""
    from content_cache.library import Library
    from hub.backup import open_or_restore
    from hub.carry.sticks import write_to_all
    from hub.carry.up import seal_all, write_out
    from hub.clock import Clock
    from hub.settings import Settings

    if stick == (path is not None):
        raise click.UsageError("Give a PATH, or --stick; see `hub carry export --help`.")
    settings, clock = Settings.load(), Clock()
    open_or_restore(settings, clock)
    library = Library(settings.library_root)
    seal_all(settings, clock, library)
    if path is None:
        places = write_to_all(settings, clock, library)
        told = [{"file": str(place), "days": done.days, "acknowledged": done.taken} for place, done in places]
    else:
        up = write_out(path, settings, clock, library)
        told = [{"file": str(up.path), "days": up.holds.days, "undated": up.holds.parts}]
    if as_json:
        click.echo(json.dumps(told))
        return
    for row in told:
        click.echo(
            f"{row['file']} holds {row['days']} site-days for head office; nothing leaves until its reply comes."
        )


@command.command("import")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_(file: Path, as_json: bool) -> None:
    """Take in the reply FILE that head office made. Exit code 65 if it is none for this hub."""
    from hub.backup import open_or_restore
    from hub.carry.back import read, take_back
    from hub.clock import Clock
    from hub.downlink.apply import apply
    from hub.settings import Settings

    settings, clock = Settings.load(), Clock()
    open_or_restore(settings, clock)
    back = take_back(read(file), settings, clock)
    apply(settings, clock)
    if as_json:
        click.echo(json.dumps({"acknowledged": back.acknowledged, "refused": back.refused, "news": back.news}))
        return
    click.echo(f"Head office took {back.acknowledged} records more, and refused {back.refused}.")
