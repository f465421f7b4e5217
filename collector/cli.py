"""The command `collector`. Each subcommand is a file in collector/commands, imported only when it is asked for."""

from __future__ import annotations

import importlib
import sys

import click

COMMANDS = {
    "serve": "Take in what hubs report and show it.",
    "hubs": "List hubs, and decide what holds on one.",
    "messages": "Take in short messages that came another way than over the web.",
    "sites": "Add and list sites; make codes and kits for their hubs.",
    "import": "Take in files that people carried from hubs.",
}

MODULES = {"import": "import_"}  # a word that no module may be called


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(
            f"collector.commands.{MODULES.get(cmd_name, cmd_name)}"
        ).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="village-hub")
def collector() -> None:
    """Head office: takes in what hubs report and shows which sites live."""


def main() -> None:
    """Run the command line; an error that a person can act on is one sentence and its exit code."""
    from collector.errors import CollectorError

    try:
        collector(prog_name="collector")
    except CollectorError as error:
        click.echo(f"collector: {error}", err=True)
        sys.exit(error.exit_code)
    except PermissionError as error:
        click.echo(f"collector: {error.filename} may not be written; mend its owner or COLLECTOR_DATA.", err=True)
        sys.exit(74)
