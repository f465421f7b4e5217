"""The first half of a sync: which release to work towards, and all its records.

    goal = goal_of(library, target, force=False)
    release = BringingRecords(library, bringing, shortcuts, tell, reserve).bring(goal.catalogue, target)

Records are small and say all else, so they come whole and first: by a delta as far as one gives them, else one by one.
They are kept, and each is read again and checked before it is believed once more; what a worn card changed comes again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from content_cache.errors import DamagedBlob, OlderRelease, Refused, RepositoryError, SourceError
from content_cache.records import MAX_CATALOGUE, Blob
from content_cache.room import refuse_full
from content_cache.serving import readable
from content_cache.sync.fetch import Stopped

if TYPE_CHECKING:
    from content_cache.library import Library
    from content_cache.manifests import Release
    from content_cache.sync.bringing import Bringing
    from content_cache.sync.progress import Telling
    from content_cache.sync.shortcuts import Shortcuts
    from content_cache.trust.targets import Target

MOST_ITEMS = 200_000  # the plan takes about a kilobyte each
MAX_MANIFEST = 64 * 2**20
MAX_RECORDS = 512 * 2**20  # of one release together


class Goal(NamedTuple):
    """The catalogue to work towards, and the number of the release that is not taken because a rollback left it."""

    catalogue: Blob
    held: int | None


def goal_of(library: Library, target: Target, *, force: bool) -> Goal:
    """The target, or what serves if the target is what a rollback left, unless somebody insists."""
    held = library.held()
    if held is not None and (force or target.release > held):
        library.release_hold()
    elif held == target.release and (serving := serving_record(library)):
        return Goal(serving, held)
    return Goal(Blob(target.sha256, target.size, target.packed), None)


def serving_record(library: Library) -> Blob | None:
    """The catalogue, as it was published, of what serves; None if its record is not here."""
    before = readable(library.path(library.release() or ""))
    if before is None:
        return None
    before.close()
    if not before.sha256 or not library.records.has(before.sha256):
        return None
    return Blob(before.sha256, library.records.path(before.sha256).stat().st_size)


class BringingRecords:
    """Brings what is missing of the records of a release."""

    def __init__(self, library: Library, bringing: Bringing, shortcuts: Shortcuts, tell: Telling, reserve: int) -> None:
        self._library, self._bringing, self._shortcuts = library, bringing, shortcuts
        self._tell, self._reserve = tell, reserve
        self._reader = library.records.reader(bringing.name)

    def bring(self, catalogue: Blob, target: Target | None) -> Release:
        """The release of that catalogue, with all its records here; by deltas to `target`, if that is given.

        Raises RepositoryError if they are not what they should be, OlderRelease, NoSpace, and what a fetch raises.
        """
        if catalogue.size > MAX_CATALOGUE:
            raise RepositoryError(f"A catalogue of {catalogue.size} bytes is over the limit; publish fewer courses.")
        self._tell.begin("records", catalogue.size)
        self._library.set_asked(catalogue.sha256)
        if target is not None:
            self._shortcuts.bring_records(target)
        self._bring([("c", catalogue)])
        release = self._reader.release(catalogue.sha256)
        self._refuse(release)
        self._library.set_coming(catalogue.sha256)
        manifests = {entry.manifest: entry for entry in release.head.courses}
        self._bring([("m", Blob(one.manifest, one.size or -1, one.packed)) for one in manifests.values()])
        for entry in manifests.values():
            trees = [item.tree.blob for item in self._reader.course(entry)[1] if item.tree]
            self._bring([("m", blob) for blob in dict.fromkeys(trees)])
        return release

    def _refuse(self, release: Release) -> None:
        """Refuse what is older than what is here, if it is of the same group, and what is too much for a hub."""
        number, here = release.head.release, self._library.number()
        if number < here and release.head.group == self._group_here(release):
            raise OlderRelease(f"Release {number} is older than release {here} here; look for a newer repository.")
        if sum(entry.items for entry in release.head.courses) > MOST_ITEMS:
            raise RepositoryError(
                f"A release of more than {MOST_ITEMS} items is over the limit of a hub; give this group of sites fewer "
                "courses."
            )

    def _group_here(self, release: Release) -> str:
        """The group whose release serves: a hub may be moved to another, whose releases are numbered beside ours."""
        serving = serving_record(self._library)
        return self._reader.release(serving.sha256).head.group if serving else release.head.group

    def _bring(self, wanted: list[tuple[str, Blob]]) -> None:
        """Bring those that are not here; a size below nothing means that nobody said it."""
        store = self._library.records
        lacking = [(folder, blob) for folder, blob in wanted if not store.is_whole(blob.sha256)]
        needed = sum(max(blob.size, 0) for _, blob in lacking)
        if needed > MAX_RECORDS:
            raise RepositoryError(f"A release whose records have {needed} bytes is over the limit; publish less.")
        # Nothing can be let go of before they are here; so they may take what is kept for people, half of it.
        refuse_full(self._library.root, needed, self._reserve // 2 if needed else 0)
        with store.batch() as batch:
            try:
                for folder, blob in lacking:
                    self._bringing.bring(folder, blob, batch, most=MAX_MANIFEST if blob.size < 0 else None)
            except DamagedBlob as error:
                raise RepositoryError(str(error)) from None
            except (SourceError, Refused, Stopped):
                batch.commit()
                raise
