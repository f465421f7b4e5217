"""How commands show what they do: a bar while it takes long, then sentences, or one JSON object with `--json`."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def bar(label: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, fed with (done, total); shows nothing when `quiet` or where nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as shown:

        def feed(done: int, total: int) -> None:
            shown.length = max(total, 1)
            shown.update(done - shown.pos if total else 1 - shown.pos)

        yield feed


def tell(record: Any, sentences: list[str], *, as_json: bool) -> None:
    """Print `record` as JSON, or the sentences."""
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(record).decode())
        return
    for sentence in sentences:
        click.echo(sentence)


def count(number: int, word: str) -> str:
    """`1 item`, `12 items`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
