"""`content-cache renew`: say once more, daily, that what is signed is the newest; or look how long ago that was."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from content_cache.commands.options import as_json_option, keys_option, passphrase_option, told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@click.command("renew")
@click.argument("repository")
@keys_option(required=False)
@passphrase_option
@click.option("--check", is_flag=True, help="Renew nothing; say how old the signatures are. REPOSITORY may be a URL.")
@as_json_option
def command(repository: str, keys: Path | None, passphrase_files: Sequence[Path], check: bool, as_json: bool) -> None:
    """Date the timestamp of REPOSITORY anew, with the timestamp's key alone: a hub then knows that nothing is newer.

    With --check it ends with exit code 78 or 69 if a hub would take nothing, and 1 if something is to be done soon.
    """
    if check:
        _check(repository, as_json=as_json)
        return
    if keys is None:
        raise click.UsageError("Name the folder of the timestamp's key with --keys.")
    from pathlib import Path

    from content_cache.showing import tell
    from content_cache.trust.passphrases import Passphrases
    from content_cache.trust.signing import renew

    signed = renew(Path(repository), keys, Passphrases.found(passphrase_files))
    tell(signed, [told(signed)], as_json=as_json)


def _check(place: str, *, as_json: bool) -> None:
    from content_cache.showing import tell
    from content_cache.trust.checking import look, source_at

    found = look(source_at(place))
    last = f"Number {found.snapshot}, last signed on {found.issued:%Y-%m-%d %H:%M} UTC; {found.source}."
    tell(found, [last, *found.problems], as_json=as_json)
    if found.problems:
        sys.exit(1)
