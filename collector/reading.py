"""Reads files of the repository of content, a folder or an address, and waits for none of them for long.

    b"".join(pieces("https://content.example/repository", "metadata/timestamp.json", seconds=10))

Whoever reads says how long the whole file may take, since a server that drips would otherwise hold us for hours, and
counts what comes. Raises Unread for everything that can go wrong; it tells if the file is simply not there.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUTS = (3.05, 5)  # seconds to connect, and between two pieces
PIECE = 64 << 10
PLAIN = {"Accept-Encoding": "identity"}  # the hashes that are signed are those of the bytes as they lie


class Unread(Exception):
    """A file that cannot be read; `absent` if it is not there."""

    def __init__(self, reason: str, *, absent: bool = False) -> None:
        super().__init__(reason)
        self.absent = absent


def is_address(place: str) -> bool:
    """Whether it is one of the web; else it is a folder."""
    return place.startswith(("http://", "https://"))


def pieces(place: str, path: str, *, seconds: float) -> Iterator[bytes]:
    """The bytes of the file `path` of the repository at `place`, all of them within so many seconds."""
    until = time.monotonic() + seconds
    try:
        for piece in _from_server(f"{place.rstrip('/')}/{path}") if is_address(place) else _from_folder(place, path):
            yield piece
            if time.monotonic() > until:
                raise Unread(f"it took longer than {seconds:.0f} seconds")
    except (OSError, requests.RequestException, HTTPError) as error:
        raise Unread(str(error), absent=isinstance(error, FileNotFoundError)) from None


def _from_folder(place: str, path: str) -> Iterator[bytes]:
    with os.fdopen(os.open(Path(place) / path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # a pipe would never end
            raise Unread(f"{path} is no file")
        while piece := file.read(PIECE):
            yield piece


def _from_server(address: str) -> Iterator[bytes]:
    with requests.get(address, timeout=TIMEOUTS, stream=True, allow_redirects=False, headers=PLAIN) as response:
        if response.status_code != 200:
            raise Unread(f"{address} answers {response.status_code}", absent=response.status_code in {403, 404, 410})
        while piece := response.raw.read1(PIECE, decode_content=False):
            yield piece
