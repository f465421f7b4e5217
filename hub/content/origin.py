"""Where content comes from, and by whose keys it is believed: what a technician says once, or a session is told.

configure("https://content.example/repository", "norte")       # BadPlace with a sentence
pin(Path("1.root.json"), library.root)                         # TrustError with a sentence
with opened(place, clock, stop) as source: ...                 # a folder, or a server over the counted line
"""

from __future__ import annotations

import re
import socket
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from content_cache.sync.source import FolderSource, HttpSource
from hub.content.models import note
from hub.content.news import trust_of
from hub.db import writing
from hub.errors import HubError
from hub.uplink.budget import CONTENT
from hub.uplink.ledger import room_now
from hub.uplink.line import Line
from hub.uplink.meter import Meter, open_session

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from content_cache.sync.source import Source
    from hub.clock import Clock

GROUP = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")


class BadPlace(HubError):
    """An address, folder or group that cannot be one; the technician writes it as the sentence says."""

    exit_code = 64


def configure(place: str | None, group: str | None) -> None:
    """Say where content comes from and which group of sites this is; None leaves that as it is. Raises BadPlace."""
    told = {"url": place and check_place(place), "group": group and check_group(group)}
    fields: dict[str, object] = {name: text for name, text in told.items() if text}
    if fields:
        with writing():
            note(**fields, wanted=True, failures=0, retry_boot=None, retry_seconds=None)


def pin(root: Path, library: Path, *, replace: bool = False) -> None:
    """Trust the keys in the file `root` from now on. Raises BadPlace, or TrustError."""
    try:
        data = root.read_bytes()
    except OSError as error:
        raise BadPlace(f"{root} cannot be read ({error.strerror}); give head office's 1.root.json.") from None
    trust_of(library).pin(data, replace=replace)


def check_place(text: str) -> str:
    """`text` as an address without a slash at its end, or as a folder from the root on; raises BadPlace."""
    plain = text.strip()
    if "://" not in plain:
        return str(Path(plain).absolute())
    try:
        parts = urlsplit(plain)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or not plain.isprintable() or " " in plain:
        raise BadPlace(
            f"{plain[:80]!r} is no place of content; write one such as https://content.example/repository, or a folder."
        )
    return plain.rstrip("/")


def check_group(text: str) -> str:
    """`text` if it may be the name of a group of sites; raises BadPlace."""
    if not GROUP.fullmatch(text):
        raise BadPlace(f"{text[:80]!r} is no group of sites; write small letters, digits and dashes, as in norte.")
    return text


class Opened(NamedTuple):
    """A source, and how many bytes of it the budget allows now: None for any number.

    A twentieth goes for headers of IP and TCP (3.6 % at 1,500 bytes a packet) and TLS. Who plans by it ends by himself
    before he is refused, and loses none of what the kernel holds by then.
    """

    source: Source
    budget: int | None


@contextmanager
def opened(place: str, clock: Clock, stop: threading.Event | None = None, *, by_hand: bool = False) -> Iterator[Opened]:
    """What lies at `place`. Bytes from an address are asked of the budget, and counted.

    A technician who names a place `by_hand` may mean a neighbour, whose bytes cross no uplink: so it is for whatever
    has nothing but private addresses (RFC 1918, RFC 4193, link-local and loopback).
    """
    if "://" not in place:
        yield Opened(FolderSource(Path(place)), None)
    elif by_hand and is_near(place):
        with open_session(Meter()) as session:
            yield Opened(HttpSource(place, session), None)
    else:
        with Line(clock, stop, kind=CONTENT) as line:
            left = room_now(clock, CONTENT).left
            yield Opened(HttpSource(place, line.session, line), None if left is None else left * 20 // 21)


def is_near(url: str) -> bool:
    """Whether the host of `url` has private addresses and no other."""
    parts = urlsplit(url)
    try:
        found = {row[4][0] for row in socket.getaddrinfo(parts.hostname, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(ip_address(str(address).partition("%")[0]).is_private for address in found)
