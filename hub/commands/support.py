"""`hub support`: a file for whoever helps from afar, without anything that is secret or somebody's."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("support")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    default=None,
    help="The file to write, - for the output; else hub-support.tar.gz here.",
)
def command(into: Path | None) -> None:
    """Write how this hub fares into a file: no passwords, keys, addresses or names are in it."""
    from content_cache.library import Library
    from hub.acceptance.bundle import FILE, bundle
    from hub.acceptance.filing import file_into
    from hub.clock import Clock
    from hub.errors import HubError
    from hub.settings import Settings
    from hub.technician.look import check_file

    settings, into = Settings.load(), into or Path(FILE)
    opened = check_file(settings)
    if not opened.ok and not settings.database.exists():
        raise HubError(opened.sentence)
    file_into(into, bundle(settings, Clock(), Library(settings.library_root)))
