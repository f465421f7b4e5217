"""Looks at a signed repository as a hub does, and says how long that goes on well.

    found = look(source_at("https://content.example/repository"))
    found.problems          # sentences; () if all is well

It starts from the first root that the place itself shows, so it tells that all fits together, and not whose it is: a
hub, which was given its root by hand, tells that.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from content_cache.errors import Absent, ContentError
from content_cache.publisher.groups import read_groups
from content_cache.records import Blob  # noqa: TC001 (msgspec reads the annotations)
from content_cache.sync.source import FolderSource, HttpSource
from content_cache.trust.anchor import Anchor
from content_cache.trust.errors import NotSigned
from content_cache.trust.fetching import CONFIG, FOLDER, signed_part
from content_cache.trust.publishing import signable
from content_cache.trust.targets import Target  # noqa: TC001 (msgspec reads the annotations)

if TYPE_CHECKING:
    from content_cache.publisher.verify import Verified
    from content_cache.sync.source import Source

STALE = dt.timedelta(days=3)  # the timestamp is renewed daily: two misses are no accident
SOON = dt.timedelta(days=60)  # as long as two people with root keys may need to meet
NOT_NEWEST = "What is signed in {0} is not the newest release there; run `content-cache sign {0}`."
TO_DO = {
    "root": "have two holders of root keys run `content-cache keys rotate`, then sign",
    "targets": "run `content-cache sign`",
    "snapshot": "run `content-cache sign`",
    "timestamp": "run `content-cache renew`",
}


class Look(msgspec.Struct, frozen=True):
    """What a hub would trust there: the snapshot's number, when it was last confirmed, until when each role holds."""

    source: str
    snapshot: int
    issued: dt.datetime
    expires: dict[str, dt.datetime]
    problems: tuple[str, ...]
    targets: dict[str, Target]
    names: Blob | None = None


def source_at(place: str) -> Source:
    """The folder or web address `place`."""
    return HttpSource(place) if place.startswith(("http://", "https://")) else FolderSource(Path(place))


def look(source: Source, *, now: dt.datetime | None = None) -> Look:
    """Check all signatures, from the first root on. Raises TrustError, SourceError or RepositoryError."""
    at = now or dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory() as folder:
        anchor = Anchor(Path(folder))
        anchor.pin(_first_root(source))
        confirmed = anchor.refresh(source, now=at)
        ends = {_role(path): _ends(data) for path, data in anchor.metadata().items()}
        targets, names = anchor.targets(), anchor.names()
    problems = tuple(_problems(confirmed.issued, ends, at))
    return Look(source.name, confirmed.snapshot, confirmed.issued, ends, problems, targets, names)


def signatures(root: Path, verified: Verified) -> tuple[Verified, str]:
    """`verified` with what is wrong with the signatures of the repository `root`, and what to say of them."""
    try:
        found = look(FolderSource(root))
        newest = (found.targets, found.names) == (signable(root), read_groups(root).names)
    except NotSigned as error:
        return verified, str(error)
    except ContentError as error:
        return msgspec.structs.replace(verified, problems=(*verified.problems, str(error))), ""
    problems = (*verified.problems, *found.problems, *(() if newest else (NOT_NEWEST.format(root),)))
    told = f"It is signed as number {found.snapshot}, last on {found.issued:%Y-%m-%d %H:%M} UTC."
    return msgspec.structs.replace(verified, problems=problems, signed=found.snapshot), told


def _first_root(source: Source) -> bytes:
    data = b""
    try:
        for piece in source.read(f"{FOLDER}1.root.json"):
            data += piece
            if len(data) > CONFIG.root_max_length:
                break
    except Absent:
        raise NotSigned(f"{source.name} is not signed; sign it with `content-cache sign`.") from None
    return data


def _role(path: str) -> str:
    return path.removesuffix(".json").rpartition("/")[2].rpartition(".")[2]


def _ends(data: bytes) -> dt.datetime:
    return dt.datetime.fromisoformat(signed_part(data)["expires"])


def _problems(issued: dt.datetime, ends: dict[str, dt.datetime], now: dt.datetime) -> list[str]:
    found = []
    if now - issued > STALE:
        found.append(
            f"Nothing was signed since {issued:%Y-%m-%d}, so hubs cannot tell whether this is the newest; see to the "
            "job that renews it daily (content-renew.timer)."
        )
    for role, end in ends.items():
        if end - now < SOON:
            found.append(f"What signs the {role} ends on {end:%Y-%m-%d}, and hubs refuse it then; {TO_DO[role]}.")
    return found
