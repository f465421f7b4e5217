"""Puts what was made where an operator wants it: a file, or - for the output.

file_into(Path("label.pdf"), data)      # raises HubError, with a sentence
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from content_cache.durable import write_file
from hub.errors import HubError, of_the_disk

OUTPUT = Path("-")


def file_into(path: Path, data: bytes) -> None:
    """Write `data` there, for its owner's eyes alone, and say so."""
    if path == OUTPUT:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        write_file(path, data, mode=0o600)
    except OSError as error:
        if of_the_disk(error):
            raise
        raise HubError(
            f"{path} cannot be written ({error.strerror}); name another place, or - for the output."
        ) from None
    click.echo(f"Wrote {path}, {len(data)} bytes.")
