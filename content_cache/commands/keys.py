"""`content-cache keys`: make, replace and list the keys that sign content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from content_cache.commands.options import ANY, FOLDER, as_json_option, passphrase_option, root_places_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from content_cache.trust.keys import Keys

SIGN = "Sign your repositories with them now: `content-cache sign REPOSITORY --keys {}`."


@click.group("keys")
def command() -> None:
    """Make, replace and list the keys that sign content."""


@command.command("create")
@click.argument("keys", type=ANY)
@root_places_option
@click.option(
    "--bare-timestamp", is_flag=True, help="Leave the timestamp's key without passphrase, for a host that renews alone."
)
@passphrase_option
@as_json_option
def create_command(
    keys: Path, places: Sequence[Path], bare_timestamp: bool, passphrase_files: Sequence[Path], as_json: bool
) -> None:
    """Make head office's keys in the folder KEYS: three root keys, the publisher's and the timestamp's.

    With --root-in, three times, the root keys go there instead, each to a stick of its own.
    """
    from content_cache.trust.keys import create
    from content_cache.trust.passphrases import Passphrases

    made = create(keys, Passphrases.found(passphrase_files), places=places, bare_timestamp=bare_timestamp)
    advice = [] if places else ["Carry the three root keys apart, each to somebody else, and away from this machine."]
    _tell(made, [*advice, f"Give hubs {keys}/roots/1.root.json with `hub setup --content-root`."], as_json=as_json)


@command.command("rotate")
@click.argument("keys", type=FOLDER)
@click.argument("name", required=False)
@root_places_option
@passphrase_option
@as_json_option
def rotate_command(
    keys: Path, name: str | None, places: Sequence[Path], passphrase_files: Sequence[Path], as_json: bool
) -> None:
    """Put a new key in the place of NAME: root-1, root-2, root-3, publisher or timestamp.

    Without NAME the root only gets a new date. Any two root keys are needed.
    """
    from content_cache.trust.keys import rotate
    from content_cache.trust.passphrases import Passphrases

    made = rotate(keys, name, Passphrases.found(passphrase_files), places=places)
    _tell(made, [SIGN.format(keys)], as_json=as_json)


@command.command("revoke")
@click.argument("keys", type=FOLDER)
@click.argument("name")
@root_places_option
@passphrase_option
@as_json_option
def revoke_command(
    keys: Path, name: str, places: Sequence[Path], passphrase_files: Sequence[Path], as_json: bool
) -> None:
    """Let the key NAME, lost or stolen, count no more, and put a new one in its place.

    Two root keys other than NAME are needed.
    """
    from content_cache.trust.keys import revoke
    from content_cache.trust.passphrases import Passphrases

    made = revoke(keys, name, Passphrases.found(passphrase_files), places=places)
    _tell(made, [SIGN.format(keys)], as_json=as_json)


@command.command("list")
@click.argument("keys", type=FOLDER)
@root_places_option
@as_json_option
def list_command(keys: Path, places: Sequence[Path], as_json: bool) -> None:
    """List the keys of the newest root, and which of them lie in KEYS."""
    from content_cache.trust.keys import listed

    _tell(listed(keys, places), [], as_json=as_json)


def _tell(made: Keys, more: list[str], *, as_json: bool) -> None:
    from content_cache.showing import tell

    sentences = [f"{key.name:<10} {key.id[:12]}  {key.file or 'not here'}" for key in made.keys]
    sentences.append(f"Root {made.root} holds until {made.expires:%Y-%m-%d}; SHA-256 of its file: {made.sha256}")
    tell(made, [*sentences, *more], as_json=as_json)
