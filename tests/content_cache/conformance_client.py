"""The client that the public suite tuf-conformance tests: our Anchor and fetcher behind the command line it calls.

    pytest tuf_conformance --entrypoint "python …/tests/content_cache/conformance_client.py"

    conformance_client.py --metadata-dir DIR init ROOT
    conformance_client.py --metadata-dir DIR --metadata-url URL refresh
    conformance_client.py --metadata-dir DIR --metadata-url URL --target-name NAME… --target-dir DIR --target-base-url URL download

The suite looks at DIR for what is trusted, as `root.json`, `timestamp.json` and so on; those are copies made after each
command, and the state of trust is the Anchor's own file. Hubs take nothing by TUF's target downloads nor by delegations;
the suite does, so those calls go to the same python-tuf client that the Anchor works with.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tuf.ngclient import UpdaterConfig

from content_cache.errors import ContentError
from content_cache.sync.source import HttpSource
from content_cache.trust import kept
from content_cache.trust.anchor import Anchor
from content_cache.trust.fetching import FOLDER, SourceFetcher

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE = "state"
# The suite's repositories have metadata larger than any of ours.
CONFIG = UpdaterConfig()


class Two:
    """Metadata from one address, targets from another, as one source."""

    def __init__(self, metadata: str, targets: str | None) -> None:
        self.name = metadata
        self._metadata, self._targets = HttpSource(metadata), HttpSource(targets or metadata)

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        folder, _, name = path.partition("/")
        return (self._metadata if f"{folder}/" == FOLDER else self._targets).read(name, start, end)


def refresh(anchor: Anchor, source: Two) -> None:
    anchor.refresh(source, now=dt.datetime.now(dt.UTC))


def download(anchor: Anchor, source: Two, names: list[str], folder: Path) -> None:
    fetcher = SourceFetcher(source, hinted=False, config=CONFIG)
    with anchor.updating(fetcher, dt.datetime.now(dt.UTC)) as updater:
        updater.target_dir = str(folder)
        for name in names:
            info = updater.get_targetinfo(name)
            if info is None:
                raise LookupError(f"{name} is not in the repository")
            if not updater.find_cached_target(info):
                updater.download_target(info)


def show(anchor: Anchor, folder: Path) -> None:
    """Put what is trusted where the suite looks for it."""
    known = kept.load(anchor.folder)
    assert known is not None
    for path in folder.glob("*.json"):
        path.unlink()
    for role, data in {**known.seen, "root": known.roots[-1]}.items():
        (folder / f"{role}.json").write_bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--metadata-url")
    parser.add_argument("--metadata-dir", type=Path, required=True)
    parser.add_argument("--target-name", action="append")
    parser.add_argument("--target-dir", type=Path)
    parser.add_argument("--target-base-url")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init").add_argument("trusted_root", type=Path)
    commands.add_parser("refresh")
    commands.add_parser("download")
    given = parser.parse_args()
    anchor = Anchor(given.metadata_dir / STATE, CONFIG)
    try:
        if given.command == "init":
            anchor.pin(given.trusted_root.read_bytes())
        elif given.command == "refresh":
            refresh(anchor, Two(given.metadata_url, None))
        else:
            download(anchor, Two(given.metadata_url, given.target_base_url), given.target_name, given.target_dir)
    except ContentError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if anchor.pinned:
            show(anchor, given.metadata_dir)
    return 0


if __name__ == "__main__":
    sys.exit(main())
