"""How python-tuf reads from a Source, in as few requests as an honest repository allows.

python-tuf asks for the next root, the timestamp, then snapshot and targets: two requests to learn that nothing changed,
four for a change. Our timestamp tells the newest root's number (`root`) and that there is a bundle, so that a check is
one request and a change two. Both are hints, and a lie in them only delays: a hub that is told of no newer root would
not get it from that source anyway, and a bundle is used only if its parts have the hashes that were signed.

The hint on roots is taken only once a timestamp with such a hint is trusted; before, and for repositories of other
makers, the order is python-tuf's own.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import msgspec
from tuf.api.exceptions import DownloadHTTPError, DownloadLengthMismatchError
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from content_cache.errors import Absent
from content_cache.trust import bundle
from content_cache.trust.errors import NotSigned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from content_cache.sync.source import Source

FOLDER = "metadata/"
TIMESTAMP = FOLDER + "timestamp.json"
ROOT = re.compile(re.escape(FOLDER) + r"([0-9]+)\.root\.json")
SNAPSHOT = re.compile(re.escape(FOLDER) + r"([0-9]+)\.snapshot\.json")
# What a stranger may make us read: a root of ten keys has 6 KB, a timestamp 700 B.
CONFIG = UpdaterConfig(
    root_max_length=128 * 2**10,
    timestamp_max_length=16 * 2**10,
    snapshot_max_length=512 * 2**10,
    targets_max_length=4 * 2**20,
    prefix_targets_with_hash=True,
)
BAD = (msgspec.MsgspecError, RecursionError, UnicodeError, KeyError, TypeError, IndexError)


class SourceFetcher(FetcherInterface):
    """Reads the metadata of one refresh from `source`; `hinted` takes its word on whether there is a newer root."""

    def __init__(self, source: Source, *, hinted: bool, config: UpdaterConfig = CONFIG) -> None:
        self._source, self._config = source, config
        self._timestamp: bytes | None = None
        self._from_bundle: dict[str, bytes] = {}
        self.hinted = hinted
        self.spared = False

    def again(self) -> SourceFetcher:
        """One that asks for the next root whatever the hint says, and does not fetch the timestamp twice."""
        other = SourceFetcher(self._source, hinted=False, config=self._config)
        other._timestamp = self._timestamp
        return other

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """The metadata at `url`; raises what python-tuf expects, NotSigned, and what the source raises."""
        if url == TIMESTAMP:
            return self._read_timestamp()
        if (root := ROOT.fullmatch(url)) and self._spares(int(root[1])):
            self.spared = True
            raise DownloadHTTPError(f"no root {root[1]} by the timestamp's hint", 404)
        if snapshot := SNAPSHOT.fullmatch(url):
            self._look_into_bundle(url, snapshot[1])
        return self._from_bundle.pop(url, None) or self._read(url, max_length)

    def _fetch(self, url: str) -> Iterator[bytes]:
        return self._pieces(url)

    def _pieces(self, url: str) -> Iterator[bytes]:
        try:
            yield from self._source.read(url)
        except Absent as error:
            raise DownloadHTTPError(str(error), 404) from None

    def _read(self, url: str, longest: int) -> bytes:
        pieces, size = [], 0
        for piece in self._pieces(url):
            pieces.append(piece)
            size += len(piece)
            if size > longest:
                raise DownloadLengthMismatchError(f"{url} has more than {longest} bytes")
        return b"".join(pieces)

    def _read_timestamp(self) -> bytes:
        if self._timestamp is None:
            try:
                self._timestamp = self._read(TIMESTAMP, self._config.timestamp_max_length)
            except DownloadHTTPError:
                raise NotSigned(
                    f"{self._source.name} holds no signed content; sign it with `content-cache sign`, then try again."
                ) from None
        return self._timestamp

    def _spares(self, root: int) -> bool:
        """Whether the timestamp says that there is no such root yet."""
        if not self.hinted:
            return False
        hint = signed_part(self._read_timestamp()).get("root")
        return isinstance(hint, int) and hint < root

    def _look_into_bundle(self, url: str, number: str) -> None:
        """Take snapshot and targets from the bundle, if there is one and its parts are those that were signed."""
        timestamp = signed_part(self._read_timestamp())
        if timestamp.get("bundle") is not True:
            return
        try:
            parts = bundle.unpack(self._read(f"{FOLDER}{number}.bundle", bundle.LONGEST))
        except (DownloadHTTPError, DownloadLengthMismatchError):
            return
        if parts and _is_named(parts[0], timestamp, "snapshot.json"):
            self._from_bundle[url] = parts[0]
            snapshot = signed_part(parts[0])
            if _is_named(parts[1], snapshot, "targets.json"):
                version = snapshot["meta"]["targets.json"]["version"]
                self._from_bundle[f"{FOLDER}{version}.targets.json"] = parts[1]


def signed_part(data: bytes) -> dict[str, Any]:
    """The signed part of metadata as it stands there, whoever signed it; empty if it is none."""
    try:
        signed = msgspec.json.decode(data)["signed"]
    except BAD:
        return {}
    return signed if isinstance(signed, dict) else {}


def _is_named(data: bytes, by: dict[str, Any], name: str) -> bool:
    """Whether the metadata `by` names `data` by its hash."""
    try:
        return bool(by["meta"][name]["hashes"]["sha256"] == hashlib.sha256(data).hexdigest())
    except BAD:
        return False
