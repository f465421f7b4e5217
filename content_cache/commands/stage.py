"""`content-cache stage`: which courses a group of sites gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from content_cache.commands.options import FOLDER, as_json_option, keys_option, passphrase_option, signed_after

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from content_cache.publisher.staging import Staged


@click.command("stage")
@click.argument("repository", type=FOLDER)
@click.argument("course", nargs=-1)
@click.option("--group", metavar="NAME", help="The group of sites that gets these courses, and no others.")
@keys_option(required=False)
@passphrase_option
@as_json_option
def command(
    repository: Path,
    course: tuple[str, ...],
    group: str | None,
    keys: Path | None,
    passphrase_files: Sequence[Path],
    as_json: bool,
) -> None:
    """Let a group of sites get the COURSEs (slugs) in REPOSITORY; without courses, list what each group gets."""
    from content_cache.publisher.staging import stage, staged
    from content_cache.showing import tell

    if not course:
        found = [one for one in staged(repository) if group in (None, one.group)]
        tell(found, [_sentence(one) for one in found] or [f"There is no group {group} yet."], as_json=as_json)
        return
    if group is None:
        raise click.UsageError("Say which group gets these courses: --group NAME.")
    made = stage(repository, group, course)
    said = f"{_sentence(made)}" if made.changed else f"Nothing changed. {_sentence(made)}"
    tell(made, [said, signed_after(repository, keys, passphrase_files)], as_json=as_json)


def _sentence(one: Staged) -> str:
    what = "every course" if one.courses is None else ", ".join(one.courses) or "no course"
    return f"Group {one.group} gets {what}, last changed in release {one.number}."
