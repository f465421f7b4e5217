"""`content-cache withdraw`: take back a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from content_cache.commands.options import FOLDER, as_json_option, keys_option, passphrase_option, signed_after

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@click.command("withdraw")
@click.argument("repository", type=FOLDER)
@click.argument("release", type=click.IntRange(min=1), required=False)
@keys_option(required=False)
@passphrase_option
@as_json_option
def command(
    repository: Path, release: int | None, keys: Path | None, passphrase_files: Sequence[Path], as_json: bool
) -> None:
    """Take back RELEASE (its number; else the newest) of REPOSITORY and all after it.

    A new release holds what the one before them held. Hubs take it as any other, and none goes back to what was
    withdrawn. The course folders stay as they are: mend them before you publish again.
    """
    from content_cache.publisher.staging import withdraw
    from content_cache.showing import tell

    made = withdraw(repository, release)
    first, last = made.withdrawn[0], made.withdrawn[-1]
    which = f"Release {first} is" if first == last else f"Releases {first} to {last} are"
    said = f"{which} withdrawn; release {made.number} holds what release {made.restored} held."
    tell(made, [said, signed_after(repository, keys, passphrase_files)], as_json=as_json)
