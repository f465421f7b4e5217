"""What several commands share: kinds of folders, `--json`, and where keys and passphrases are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
ANY = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
UNSIGNED = "It is not signed, and no hub takes unsigned content; give --keys, or sign it with `content-cache sign`."
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of sentences.")
passphrase_option = click.option(
    "--passphrase-file",
    "passphrase_files",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="A file whose first line is a passphrase; else CONTENT_CACHE_PASSPHRASE, else you are asked.",
)
root_places_option = click.option(
    "--root-in", "places", type=ANY, multiple=True, metavar="FOLDER", help="Where root keys lie: once for each folder."
)


def keys_option(*, required: bool) -> Callable[[Any], Any]:
    """The folder of the keys."""
    return click.option(
        "--keys",
        type=FOLDER,
        required=required,
        envvar="CONTENT_CACHE_KEYS",
        metavar="KEYS",
        help="Folder of the keys that sign; else CONTENT_CACHE_KEYS.",
    )


def signed_after(repository: Path, keys: Path | None, passphrase_files: Sequence[Path]) -> str:
    """Sign what `repository` holds now, if there are keys; what to say of it."""
    if keys is None:
        return f"Note: {UNSIGNED}"
    from content_cache.trust.passphrases import Passphrases
    from content_cache.trust.publishing import sign_repository

    return told(sign_repository(repository, keys, Passphrases.found(passphrase_files)))


def told(signed: Any) -> str:
    """A signing as a sentence."""
    if not signed.changed:
        return f"It is signed already, as number {signed.snapshot}."
    return f"Signed as number {signed.snapshot}, on {signed.issued:%Y-%m-%d %H:%M} UTC."
