"""The command `hub`. Each subcommand is a file in hub/commands, imported only when it is asked for, since a Pi takes
its time to import: `hub --help` answers from the table below.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from content_cache.errors import ContentError
    from hub.errors import HubError

COMMANDS = {
    "serve": "Run web and worker together, for a laptop.",
    "web": "Answer people: pages, media, reports of playing.",
    "worker": "Run the jobs: roll up, upload, sweep, snapshot.",
    "first-boot": "Make the box's own keys and Wi-Fi, and take in the answers on its card.",
    "card": "Carry answers from the card to the hub, and its word back. For root.",
    "setup": "Make this box a site: place, head office, one-time link.",
    "content": "Take in, list and check the course library.",
    "usage": "Show what is counted, day by day.",
    "uplink": "Show what waits for head office, send it now, or budget the uplink.",
    "network": "Show, check or put in force a box's Wi-Fi, names, firewall and uplink.",
    "carry": "Write the file that a person carries to head office; take in its reply.",
    "messages": "Send one SMS through a modem; show what was told in short messages.",
    "power": "Restart the box or switch it off, as its page ordered; for root.",
    "doctor": "Check this hub and say what to mend.",
    "label": "Write the label with the Wi-Fi's name and password, to hang up.",
    "support": "Write a file that tells helpers how this hub fares, without secrets.",
    "backup": "Make or list snapshots of the database.",
}


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"hub.commands.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="village-hub")
def hub() -> None:
    """Serve a course library to a village and report what it is used for."""


def main() -> None:
    """Run the command line; an error that a person can act on is one sentence and its exit code."""
    from content_cache.errors import ContentError
    from hub.errors import HubError, of_the_disk

    try:
        hub()
    except (HubError, ContentError) as error:
        _end(error)
    except Exception as error:
        trouble = of_the_disk(error)
        if trouble is None:
            raise
        _end(trouble)


def _end(error: HubError | ContentError) -> NoReturn:
    click.echo(f"hub: {error}", err=True)
    sys.exit(error.exit_code)
