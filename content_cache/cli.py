"""The command `content-cache`: what a course editor runs to make, check and trim a repository.

    content-cache publish courses/ --to repository/
    content-cache verify repository/
    content-cache remove precio-justo --from repository/

Each command imports what it needs when it runs, so that `--help` answers at once. Exit codes are listed in
docs/operating/exit-codes.md.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from content_cache.commands import diff, gc, keys, push, renew, sign, stage, withdraw
from content_cache.commands.options import ANY, FOLDER, as_json_option, keys_option, passphrase_option, signed_after

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from content_cache.publisher.publish import Published


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="village-hub")
def content_cache() -> None:
    """Publish courses into a repository that hubs take their content from."""


for one in (keys, sign, renew, stage, withdraw, diff, gc, push):
    content_cache.add_command(one.command)


@content_cache.command("publish")
@click.argument("folder", type=FOLDER)
@click.option("--to", "repository", type=ANY, required=True, metavar="REPOSITORY", help="Folder of the repository.")
@keys_option(required=False)
@passphrase_option
@as_json_option
def publish_command(
    folder: Path, repository: Path, keys: Path | None, passphrase_files: Sequence[Path], as_json: bool
) -> None:
    """Publish FOLDER, a course folder or a folder of them, into a repository, and print what changed.

    Courses that are not in FOLDER stay as they are; `remove` takes one out.
    """
    from content_cache.publisher.publish import publish
    from content_cache.showing import bar

    with bar("Publishing", quiet=as_json) as progress:
        published = publish(folder, repository, progress=progress)
    _tell(published, signed_after(repository, keys, passphrase_files), as_json)


@content_cache.command("remove")
@click.argument("course")
@click.option("--from", "repository", type=ANY, required=True, metavar="REPOSITORY", help="Folder of the repository.")
@keys_option(required=False)
@passphrase_option
@as_json_option
def remove_command(
    course: str, repository: Path, keys: Path | None, passphrase_files: Sequence[Path], as_json: bool
) -> None:
    """Make a release of a repository without COURSE (its slug)."""
    from content_cache.publisher.publish import remove_course

    removed = remove_course(course, repository)
    _tell(removed, signed_after(repository, keys, passphrase_files), as_json)


@content_cache.command("verify")
@click.argument("repository", type=ANY)
@as_json_option
def verify_command(repository: Path, as_json: bool) -> None:
    """Read all of REPOSITORY again, check its signatures, and say what is damaged, missing or not signed."""
    from content_cache.errors import RepositoryError, mb
    from content_cache.publisher.verify import verify_repository
    from content_cache.showing import bar, count, tell
    from content_cache.trust.checking import signatures

    with bar("Verifying", quiet=as_json) as progress:
        found = verify_repository(repository, progress=progress)
    found, signed = signatures(repository, found)
    size = f"{count(found.courses, 'course')}, {count(found.items, 'item')}, {mb(found.bytes)}"
    if found.problems:
        last = f"Release {found.release} is not whole: {count(len(found.problems), 'problem')}."
        tell(found, [*found.problems, last], as_json=as_json)
        sys.exit(RepositoryError.exit_code)
    tell(found, [f"Release {found.release} is whole: {size}.", signed], as_json=as_json)


def _tell(published: Published, signed: str, as_json: bool) -> None:
    from content_cache.errors import mb
    from content_cache.showing import count, tell

    sentences = [f"{change.what:<8} {change.id}: {change.title}" for change in published.changes]
    if published.changed:
        size = f"{count(published.courses, 'course')}, {count(published.items, 'item')}"
        sentences.append(f"Release {published.number} holds {size}; {mb(published.bytes_to_send)} to send to a hub.")
    else:
        sentences.append(f"Nothing changed; release {published.number} stays.")
    sentences += [*(f"Note: {note}" for note in published.notes), signed]
    tell(published, sentences, as_json=as_json)


def main() -> None:
    """Run the command line; an error that a person can act on is printed as it is, with its exit code."""
    from content_cache.errors import ContentError, CourseError

    try:
        content_cache()
    except CourseError as error:
        click.echo(f"{error}\nNothing was published; mend this and publish again.", err=True)
        sys.exit(error.exit_code)
    except ContentError as error:
        click.echo(f"content-cache: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
