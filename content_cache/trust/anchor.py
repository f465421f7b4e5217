"""What a hub believes: python-tuf's client over any Source, with the state of trust kept in one durable file.

    anchor = Anchor(library.root / "trust")
    anchor.pin(Path("1.root.json").read_bytes())        # once, by the technician
    anchor.refresh(source, now=clock.at_least())        # Confirmed, or TrustError, SourceError, Refused
    anchor.target("all").sha256                         # the catalogue that head office signed for this group

python-tuf decides what is genuine; this adds where it reads from, where it keeps what it saw, and whose clock it goes
by: `now` is a time that is certain, or the least that it can be, and never what a box without a clock believes.
Whatever goes wrong, what was trusted before still is.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from tuf.api.exceptions import DownloadError, ExpiredMetadataError, RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata
from tuf.ngclient.updater import Updater

from content_cache.durable import PREFIX, is_full, locked, make_folder
from content_cache.errors import no_space, unusable
from content_cache.trust import kept
from content_cache.trust.errors import NoSuchGroup, NotPinned, OtherKeys, TrustError
from content_cache.trust.explain import explained
from content_cache.trust.fetching import CONFIG, FOLDER, SourceFetcher, signed_part
from content_cache.trust.targets import read_names, read_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuf.ngclient.config import UpdaterConfig

    from content_cache.records import Blob
    from content_cache.sync.source import Source
    from content_cache.trust.kept import Kept
    from content_cache.trust.targets import Target

WORK = "work-"
ROOM = 100_000  # bytes that a refresh may need
ROLES = ("timestamp", "snapshot", "targets")
UTC = dt.UTC


class Confirmed(NamedTuple):
    """What is trusted: when head office last signed it as its newest, its number, and until when it may be taken."""

    issued: dt.datetime
    snapshot: int
    expires: dt.datetime


class Anchor:
    """The trust kept in `folder`; makes nothing there until a root is pinned."""

    def __init__(self, folder: Path, config: UpdaterConfig = CONFIG) -> None:
        self.folder, self._config = folder, config

    def pin(self, root: bytes, *, replace: bool = False) -> None:
        """Trust the keys in `root`, a root.json; nothing if they are trusted already.

        Raises TrustError if it is none, and OtherKeys if other keys are pinned, unless the operator means to `replace`
        them: then all that was trusted by them is forgotten.
        """
        _check_root(root, self._config.root_max_length)
        known = kept.load(self.folder)
        if known and root in known.roots:
            return
        if known and not replace:
            raise OtherKeys(
                "This hub trusts other keys already; if head office really began anew with new keys, replace them "
                "explicitly, and otherwise do not use this file."
            )
        make_folder(self.folder)
        with locked(self.folder, wait=True):
            kept.pin(self.folder, root)

    def refresh(self, source: Source, *, now: dt.datetime) -> Confirmed:
        """Look at `source` for what head office signed last, and trust that.

        Raises TrustError, SourceError or Refused, and NoSpace or ContentError if it cannot be written down; what
        was trusted as a whole before is then trusted still.
        """
        fetcher = SourceFetcher(source, hinted=self._is_hinted(), config=self._config)
        try:
            self._refresh(fetcher, now)
        except (UnsignedMetadataError, ExpiredMetadataError) as error:
            # Perhaps the keys changed and the hint did not tell.
            if not fetcher.spared:
                raise explained(error, source.name) from None
            self._refresh_plainly(fetcher, source, now)
        except (RepositoryError, DownloadError) as error:
            raise explained(error, source.name) from None
        confirmed = self.confirmed
        if confirmed is None:
            raise NotPinned("The record of what this hub trusts was removed meanwhile; look for content again.")
        return confirmed

    def _refresh_plainly(self, fetcher: SourceFetcher, source: Source, now: dt.datetime) -> None:
        try:
            self._refresh(fetcher.again(), now)
        except (RepositoryError, DownloadError) as error:
            raise explained(error, source.name) from None

    def _refresh(self, fetcher: SourceFetcher, now: dt.datetime) -> None:
        try:
            with self.updating(fetcher, now) as updater:
                updater.refresh()
        except OSError as error:
            raise (no_space(self.folder, ROOM) if is_full(error) else unusable(error)) from None

    @contextlib.contextmanager
    def updating(self, fetcher: SourceFetcher, now: dt.datetime) -> Iterator[Updater]:
        """python-tuf's client at the time `now`; what it accepts is kept at the end, also if it raises."""
        with self._alone(), tempfile.TemporaryDirectory(dir=self.folder, prefix=WORK) as name:
            before, work = self._kept(), Path(name)
            _lay_out(before, work)
            updater = Updater(
                str(work), FOLDER, str(work), "targets/", fetcher, self._config, bootstrap=before.roots[-1]
            )
            # python-tuf goes by the machine's clock and has no say in it; test_anchor.py holds this.
            updater._trusted_set.reference_time = now  # noqa: SLF001
            try:
                yield updater
            except BaseException:
                self._keep(before, work, whole=False)
                raise
            self._keep(before, work, whole=True)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder, rid of what a killed refresh left."""
        self._kept()
        with locked(self.folder, wait=True):
            for left in self.folder.glob(f"{WORK}*"):
                shutil.rmtree(left, ignore_errors=True)
            for left in self.folder.glob(f"{PREFIX}*"):
                left.unlink(missing_ok=True)
            yield

    def _keep(self, before: Kept, work: Path, *, whole: bool) -> None:
        seen = {path.stem: path.read_bytes() for path in sorted(work.glob("*.json")) if path.stem != "root"}
        roots = (*before.roots, *_later_roots(before, work))
        if whole and not _is_timely(seen, roots[-1]):
            kept.save(self.folder, msgspec.structs.replace(before, roots=roots))
            raise ExpiredMetadataError("it was issued after it expired")
        after = kept.Kept(roots=roots, seen=seen, whole=seen if whole else before.whole)
        if after != before:
            kept.save(self.folder, after)

    def _kept(self) -> Kept:
        known = kept.load(self.folder)
        if known is None:
            raise NotPinned(
                "This hub knows no keys of head office yet; give it the root file (1.root.json) with "
                "`hub setup --content-root FILE`."
            )
        return known

    def _is_hinted(self) -> bool:
        return "root" in signed_part(self._kept().seen.get("timestamp", b""))

    @property
    def pinned(self) -> bool:
        """Whether keys are known."""
        return kept.load(self.folder) is not None

    @property
    def confirmed(self) -> Confirmed | None:
        """What is trusted now; None before the first refresh that went through."""
        known = kept.load(self.folder)
        return _confirmed(known.whole) if known and known.whole else None

    def target(self, group: str) -> Target:
        """The catalogue signed for the site group `group`. Raises NotPinned or NoSuchGroup."""
        targets = self.targets()
        if group not in targets:
            named = ", ".join(sorted(targets)) or "none"
            raise NoSuchGroup(f"Head office signed no content for the group {group!r}; take one it did: {named}.")
        return targets[group]

    def targets(self) -> dict[str, Target]:
        """The catalogues signed, by group; empty before the first refresh."""
        signed = signed_part(self._kept().whole.get("targets", b""))
        return read_targets(signed)

    def names(self) -> Blob | None:
        """The record of names that head office signed for itself; no hub fetches it."""
        return read_names(signed_part(self._kept().whole.get("targets", b"")))

    def metadata(self) -> dict[str, bytes]:
        """What a reader elsewhere needs for the same trust, by path in a repository, in the order to write it."""
        known = self._kept()
        files = {f"{FOLDER}{signed_part(root)['version']}.root.json": root for root in known.roots}
        for role in reversed(ROLES) if known.whole else ():
            number = "" if role == "timestamp" else f"{signed_part(known.whole[role])['version']}."
            files[f"{FOLDER}{number}{role}.json"] = known.whole[role]
        return files


def _lay_out(before: Kept, work: Path) -> None:
    """The files that python-tuf looks for."""
    for role, data in before.seen.items():
        (work / f"{role}.json").write_bytes(data)


def _later_roots(before: Kept, work: Path) -> Iterator[bytes]:
    """The roots that python-tuf followed since the last one kept, in order."""
    number = signed_part(before.roots[-1])["version"] + 1
    while (path := work / "root_history" / f"{number}.root.json").exists():
        yield path.read_bytes()
        number += 1


def _check_root(root: bytes, longest: int) -> None:
    """Refuse what is no root, or none that enough of its own keys signed."""
    try:
        known: Metadata[Any] = Metadata.from_bytes(root[: longest + 1])
        known.signed.verify_delegate("root", known.signed_bytes, known.signatures)
    except (RepositoryError, ValueError, AttributeError):
        raise TrustError(
            "This is no root file of head office, or it was changed; take 1.root.json from the repository's folder "
            "`metadata` again."
        ) from None


def _time(text: Any) -> dt.datetime:
    """A time as TUF writes it, 2027-10-01T12:00:00Z. Raises ValueError."""
    return dt.datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _confirmed(whole: dict[str, bytes]) -> Confirmed:
    signed = {role: signed_part(whole[role]) for role in ROLES}
    expires = min(_time(one["expires"]) for one in signed.values())
    timestamp = signed["timestamp"]
    issued = timestamp.get("issued")
    # Other makers' timestamps do not tell; theirs is at least valid no longer than it says.
    return Confirmed(_time(issued) if issued else expires, timestamp["meta"]["snapshot.json"]["version"], expires)


def _is_timely(seen: dict[str, bytes], root: bytes) -> bool:
    """Whether the timestamp was issued before the other keys' word ends.

    The clock's floor rises to that time, and the key that says it lies on a host in the network: so no further than
    the keys that lie offline allow.
    """
    issued = signed_part(seen["timestamp"]).get("issued")
    try:
        ends = min(_time(signed_part(data)["expires"]) for data in (root, *(seen[role] for role in ROLES)))
        return issued is None or _time(issued) <= ends
    except ValueError:
        return False
