"""`content-cache diff`: what a site downloads to get from one release to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from content_cache.commands.options import FOLDER, as_json_option

if TYPE_CHECKING:
    from pathlib import Path

    from content_cache.delta.difference import CourseDifference, Difference


@click.command("diff")
@click.argument("repository", type=FOLDER)
@click.argument("a", type=click.IntRange(min=1))
@click.argument("b", type=click.IntRange(min=1), required=False)
@click.option("--group", default="all", show_default=True, metavar="NAME", help="The group of the site.")
@as_json_option
def command(repository: Path, a: int, b: int | None, group: str, as_json: bool) -> None:
    """Say what a site with release A of REPOSITORY downloads to get release B, or the newest, course by course."""
    from content_cache.delta.difference import difference
    from content_cache.showing import tell

    found = difference(repository, a, b, group)
    tell(found, [*map(_of_course, found.courses), *_of_all(found)], as_json=as_json)


def _of_course(one: CourseDifference) -> str:
    from content_cache.showing import count

    if not one.files:
        return f"{one.what:<8} {one.slug}: no files to bring"
    how = f", {one.objects} of them as objects" if one.objects else ""
    return f"{one.what:<8} {one.slug}: {count(one.files, 'file')}{how}, {one.bytes:,} bytes"


def _of_all(found: Difference) -> list[str]:
    from content_cache.showing import count

    if found.old == found.new:
        return [f"Release {found.old} is what the site has; nothing to bring."]
    deltas = f"{found.delta_bytes:,} of {count(len(found.deltas), 'delta')}, " if found.deltas else ""
    how = f"{deltas}{found.object_bytes:,} of {count(found.objects, 'object')}"
    last = (
        f"From release {found.old} to {found.new} a site of group {found.group} downloads {found.bytes:,} bytes: {how}"
    )
    return [f"{last}; without deltas {found.without:,}." if found.deltas else f"{last}, and the records."]
