"""The documents know every setting, command and exit code, and what they point to is there."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

import collector
import content_cache
import hub
import wire
from collector.cli import collector as collector_command
from collector.errors import CollectorError
from collector.settings import Settings as CollectorSettings
from content_cache.cli import content_cache as content_cache_command
from content_cache.errors import ContentError
from hub.cli import COMMANDS
from hub.cli import hub as hub_command
from hub.errors import HubError
from hub.settings import Settings as HubSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PROGRAMS = {"hub": hub_command, "content-cache": content_cache_command, "collector": collector_command}
OF_ALL = {"help", "version", "as_json"}
USED_BY_ALL = {0, 1, 2}
PAPERS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
MENTION = re.compile(r"\bdocs/[a-z0-9/_-]+\.md\b")


def read(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def rows(name: str) -> list[list[str]]:
    """The cells of every row of every table of a document."""
    lines = [line.strip() for line in read(name).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]


@pytest.mark.parametrize(
    ("prefix", "table", "paper"),
    [("HUB", HubSettings, "operating/settings.md"), ("COLLECTOR", CollectorSettings, "operating/collector.md")],
)
def test_every_setting_is_documented_with_default_unit_and_explanation(prefix: str, table: type, paper: str) -> None:
    words = {True: "yes", False: "no"}
    expected = []
    for row in dataclasses.fields(table):
        default = words[row.default] if isinstance(row.default, bool) else str(row.default)
        expected.append([f"{prefix}_{row.name.upper()}", default, row.metadata["unit"], row.metadata["explanation"]])
    assert [row for row in rows(paper) if row[0].startswith(f"{prefix}_")] == expected


def commands(command: click.Command, words: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that can be run, with the words that run it."""
    if not isinstance(command, click.Group):
        yield words, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from commands(inner, f"{words} {name}")


ALL = [found for name, command in PROGRAMS.items() for found in commands(command, name)]


@pytest.mark.parametrize(("words", "command"), ALL, ids=[words for words, _ in ALL])
def test_every_command_is_documented_and_explains_itself(words: str, command: click.Command) -> None:
    text = read("operating/commands.md")
    assert re.search(rf"^\| `{words}[ `]", text, re.MULTILINE), f"`{words}` is not in docs/operating/commands.md"
    assert command.get_short_help_str()
    for option in command.params:
        if option.name not in OF_ALL:
            word = next((name for name in option.opts if name.startswith("--")), str(option.name).upper())
            assert word in text, f"{word} of `{words}` is not in docs/operating/commands.md"
        assert isinstance(option, click.Argument) or getattr(option, "help", None), f"{option.name} of `{words}`"


def test_no_command_is_documented_that_is_not_there() -> None:
    documented = {row[0].strip("`") for row in rows("operating/commands.md") if row[0].startswith("`")}
    known = {words for words, _ in ALL}
    strays = {line for line in documented if line.split()[0] in PROGRAMS and not _runs(line, known)}
    assert not strays


def _runs(line: str, known: set[str]) -> bool:
    return any(line == words or line.startswith(f"{words} ") for words in known)


def test_the_list_of_commands_that_help_prints_is_the_list_of_files() -> None:
    folder = ROOT / "hub" / "commands"
    assert set(COMMANDS) == {path.stem.replace("_", "-") for path in folder.glob("*.py")} - {"--init--"}


def exit_codes() -> set[int]:
    """Those of all error classes of ours."""
    for package in (wire, content_cache, hub, collector):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__") and ".migrations" not in found.name:
                importlib.import_module(found.name)
    waiting: list[type] = [HubError, ContentError, CollectorError]
    codes = set()
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        codes.add(kind.exit_code)  # type: ignore[attr-defined]
    return codes


def test_every_exit_code_is_documented_and_no_other() -> None:
    documented = {int(row[0]) for row in rows("operating/exit-codes.md") if row[0].isdigit()}
    assert documented == exit_codes() | USED_BY_ALL


@pytest.mark.parametrize("paper", PAPERS, ids=[str(paper.relative_to(ROOT)) for paper in PAPERS])
def test_what_a_document_links_to_is_there(paper: Path) -> None:
    missing = [link for link in LINK.findall(paper.read_text("utf-8")) if not (paper.parent / link).exists()]
    assert not missing


def test_documents_that_the_code_names_are_there() -> None:
    sources = [
        path for package in ("wire", "content_cache", "hub", "collector") for path in (ROOT / package).rglob("*.py")
    ]
    named = {(name, path.name) for path in sources for name in MENTION.findall(path.read_text("utf-8"))}
    assert len(named) > 3
    assert not [pair for pair in named if not (ROOT / pair[0]).exists()]
