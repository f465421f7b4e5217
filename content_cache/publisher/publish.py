"""Publishes course folders into a repository: a static tree that any folder, stick or web server can hold.

    published = publish(Path("courses"), Path("repository"))
    published.changes, published.bytes_to_send

The courses found replace those of the same slug, the others stay. The same input gives the same bytes, and nothing is
written if nothing changed. content_cache/publisher/publication.py has the steps and their order.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

from content_cache.durable import is_full, locked, make_folder
from content_cache.errors import CourseError, RepositoryError, no_space, unusable
from content_cache.publisher.coursefolder import read_folders
from content_cache.publisher.groups import GROUPS
from content_cache.publisher.publication import Change, Publication, Published
from content_cache.publisher.seen import Seen
from content_cache.publisher.shelf import Shelf
from content_cache.repository import HEAD, NUMBERS, Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from content_cache.publisher.coursefolder import CourseFolder

__all__ = ["Change", "Published", "publish", "remove_course"]

OWN = ".publisher"  # what is nobody else's business: which files of which machine were seen
OURS = {HEAD, NUMBERS, GROUPS, OWN, "metadata", "b", "c", "d", "m", "o", "incoming"}


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def publish(folder: Path, repository: Path, *, progress: Callable[[int, int], None] = _silent) -> Published:
    """Publish the course folder, or folder of course folders, `folder`; makes `repository` if it is not there.

    Raises CourseError with every problem of every course, and other ContentErrors; the repository then holds the
    release that it held. `progress` is told steps done and steps to do.
    """
    seen = Seen(repository / OWN / "seen")
    with _disk_errors(repository):
        courses = _read(folder, repository, seen, progress)
        with opened(repository, seen) as publication:
            steps = itertools.count()
            total = sum(len(course.items) for course in courses)
            for course in courses:
                publication.add(course, lambda: progress(next(steps), total))
            progress(total, total)
            seen.save(folder)
            return publication.release()


def _read(folder: Path, repository: Path, seen: Seen, progress: Callable[[int, int], None]) -> list[CourseFolder]:
    """The courses; what was right beside a mistake is remembered until the editor comes back."""
    try:
        return read_folders(folder, progress, seen)
    except CourseError:
        if (repository / HEAD).exists():
            seen.save(folder)
        raise


def remove_course(slug: str, repository: Path) -> Published:
    """Make a release without the course; its objects stay, and so do its numbers, should it come back."""
    Repository(repository).head()
    with opened(repository) as publication:
        publication.remove(slug)
        return publication.release()


@contextlib.contextmanager
def opened(root: Path, seen: Seen | None = None) -> Iterator[Publication]:
    """The repository in `root`, made if it is not there, for one publication; raises Busy beside another."""
    with _disk_errors(root):
        if root.is_dir() and not (root / HEAD).exists() and {path.name for path in root.iterdir()} - OURS:
            raise RepositoryError(f"{root} holds other things; name an empty folder, or one that is a repository.")
        make_folder(root)
        with locked(root), Shelf(root) as shelf:
            yield Publication(root, shelf, seen or Seen())


@contextlib.contextmanager
def _disk_errors(root: Path) -> Iterator[None]:
    """Turn what the system says of a file or disk into a sentence."""
    try:
        yield
    except OSError as error:
        raise (no_space(root, 10**6) if is_full(error) else unusable(error)) from None
