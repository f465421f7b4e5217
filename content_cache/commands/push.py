"""`content-cache push`: bring a repository to where hubs fetch it from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from content_cache.commands.options import FOLDER, as_json_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command("push", context_settings={"ignore_unknown_options": True})
@click.argument("repository", type=FOLDER)
@click.argument("command", nargs=-1, required=True, metavar="-- COMMAND...", type=click.UNPROCESSED)
@as_json_option
def push_command(repository: Path, command: tuple[str, ...], as_json: bool) -> None:
    """Send REPOSITORY with an ordinary client, COMMAND, in an order in which hubs always find something whole.

    COMMAND runs three times, each time with a folder in place of {}: what never changes, then what is signed, then the
    timestamp. It must add to what lies there and remove nothing, as in

    \b
      content-cache push repository -- rclone copy {} office:content
      content-cache push repository -- aws s3 cp --recursive {} s3://content
      content-cache push repository -- rsync -a {}/ content.example:/srv/content/
    """  # noqa: D301 (click's own mark)
    from content_cache.errors import mb
    from content_cache.publisher.pushing import push
    from content_cache.showing import count, tell

    pushed = push(repository, command)
    tell(pushed, [f"{count(pushed.files, 'file')}, {mb(pushed.bytes)}, lie there now."], as_json=as_json)


command = push_command
