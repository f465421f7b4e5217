"""`content-cache sign`: sign what a repository holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from content_cache.commands.options import FOLDER, as_json_option, keys_option, passphrase_option, told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@click.command("sign")
@click.argument("repository", type=FOLDER)
@keys_option(required=True)
@passphrase_option
@as_json_option
def command(repository: Path, keys: Path, passphrase_files: Sequence[Path], as_json: bool) -> None:
    """Sign the newest release in REPOSITORY with the publisher's and the timestamp's key."""
    from content_cache.showing import tell
    from content_cache.trust.passphrases import Passphrases
    from content_cache.trust.publishing import sign_repository

    signed = sign_repository(repository, keys, Passphrases.found(passphrase_files))
    tell(signed, [told(signed)], as_json=as_json)
