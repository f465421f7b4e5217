"""A head office that publishes and signs, and a village that takes it in over a wire: what a benchmark moves between.

    office = Office(folder)
    office.publish(courses)
    with Wire() as wire, wire.serve(office.repository, tls=True) as host:
        village = Village(folder / "village", office)
        village.sync(host)                               # to begin with
        office.publish(newer)
        before = wire.bytes()
        village.sync(host)
        print(wire.bytes() - before)

A village here is what a hub's job does, without its database: the same trust, sync and session.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from typing import TYPE_CHECKING

from content_cache.library import Library
from content_cache.publisher.publish import publish
from content_cache.sync.engine import sync
from content_cache.sync.source import FolderSource, HttpSource
from content_cache.trust.anchor import Anchor
from content_cache.trust.keys import create
from content_cache.trust.passphrases import Passphrases
from content_cache.trust.publishing import sign_repository
from hub.uplink import tls
from hub.uplink.meter import Meter, open_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.wire import Host
    from content_cache.sync.source import Source
    from content_cache.sync.synced import Synced

PASSPHRASE = "solo para medir"
GROUP = "all"


class Office:
    """Keys and a repository in `folder`, as a copy of one has them, or new ones."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        os.environ.setdefault("CONTENT_CACHE_PASSPHRASE", PASSPHRASE)
        self.keys, self.repository = folder / "keys", folder / "repository"
        if not self.keys.exists():
            create(self.keys, Passphrases.found([]))

    @property
    def root(self) -> bytes:
        return (self.keys / "roots" / "1.root.json").read_bytes()

    def publish(self, courses: Path) -> None:
        """Publish a folder of courses, and sign what came of it."""
        publish(courses, self.repository)
        sign_repository(self.repository, self.keys, Passphrases.found([]))


class Village:
    """A library in `folder` that believes `office`."""

    def __init__(self, folder: Path, office: Office) -> None:
        self.library = Library(folder)
        self.anchor = Anchor(folder / "trust")
        self.anchor.pin(office.root)

    def check(self, host: Host, url: str = "") -> None:
        """Ask what is the newest."""
        with _source(host, url) as source:
            self.anchor.refresh(source, now=dt.datetime.now(dt.UTC))

    def sync(self, host: Host, url: str = "", *, resumed: bool = False) -> Synced:
        """Ask, and bring what is new; raises SourceError where the line breaks. A stranger comes unless `resumed`."""
        with _source(host, url, resumed=resumed) as source:
            self.anchor.refresh(source, now=dt.datetime.now(dt.UTC))
            return sync(self.library, source, self.anchor.target(GROUP))

    def trust(self, repository: Path) -> Source:
        """Take in what is signed in a folder; returns it as a source."""
        source = FolderSource(repository)
        self.anchor.refresh(source, now=dt.datetime.now(dt.UTC))
        return source

    def sync_from(self, repository: Path) -> Synced:
        """Bring what is new from a folder."""
        return sync(self.library, self.trust(repository), self.anchor.target(GROUP))


@contextlib.contextmanager
def _source(host: Host, url: str, *, resumed: bool = False) -> Iterator[HttpSource]:
    """The host, or another way to it at `url`, by a hub's own session."""
    if not resumed:
        tls.context_for.cache_clear()
    with open_session(Meter()) as session:
        session.verify = host.authority or True
        yield HttpSource(url or host.url, session)
