"""`content-cache gc`: remove what no recent release needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from content_cache.commands.options import FOLDER, as_json_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command("gc")
@click.argument("repository", type=FOLDER)
@click.option(
    "--keep",
    type=click.IntRange(min=1, max=1000),
    default=12,
    show_default=True,
    metavar="NUMBER",
    help="How many releases of each group stay, with all they need.",
)
@as_json_option
def command(repository: Path, keep: int, as_json: bool) -> None:
    """Remove from REPOSITORY what no recent release of any group needs, and what broken-off publications left."""
    from content_cache.errors import mb
    from content_cache.publisher.pruning import prune
    from content_cache.showing import bar, count, tell

    with bar("Reading releases", quiet=as_json) as progress:
        pruned = prune(repository, keep, progress=progress)
    what = f"{count(pruned.count, 'file')}, {mb(pruned.bytes)}" if pruned.count else "nothing"
    tell(pruned, [f"Removed {what}; releases from {pruned.oldest} on are whole."], as_json=as_json)
