"""One publication: the release before, and what becomes of it. content_cache/publisher/publish.py opens and locks it.

Objects go first, then manifests, trees and bundles, then the catalogues of the groups that changed and the deltas to
them, then the numbers given for life, and groups.json, which makes it count, last but for its repetition in
catalogue.json: whoever reads meanwhile sees the old release or the new one, and so does whoever looks after the power
failed in between.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

import msgspec

from content_cache.delta.difference import difference
from content_cache.delta.frames import Packer
from content_cache.delta.publishing import bundled, write_deltas
from content_cache.durable import write_file
from content_cache.errors import ContentError, NoSuchCourse, RepositoryError
from content_cache.manifests import release_name
from content_cache.ordering import blobs_of_course, trees_of_course
from content_cache.publisher.groups import Group, GroupRelease, Groups, read_groups, write_groups
from content_cache.publisher.names import names_now
from content_cache.publisher.packages import package_tree
from content_cache.records import (
    EVERYTHING,
    FORMAT,
    LIGHT_POSTER,
    MAX_WITHDRAWN,
    Blob,
    CourseEntry,
    CourseLine,
    File,
    Head,
    ItemLine,
    Numbered,
    TreeRef,
)
from content_cache.repository import HEAD, NUMBERS, Repository
from content_cache.topics import topic_slug, topic_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from content_cache.publisher.coursefolder import CourseFolder, CourseItem, Part
    from content_cache.publisher.seen import Seen
    from content_cache.publisher.shelf import Shelf

EMPTY = Head(format=FORMAT, release=1, next_number=1, courses=())


class Change(msgspec.Struct, frozen=True):
    """What happened to a course (`slug`) or an item (`course/slug`)."""

    what: Literal["added", "changed", "removed"]
    id: str
    title: str


class Published(msgspec.Struct, frozen=True):
    """The release that the repository holds now; `bytes_to_send` is what a hub with the last one has to fetch.

    `notes` are sentences on what was published all the same, and would be better otherwise.
    """

    release: str
    number: int
    courses: int
    items: int
    changes: tuple[Change, ...]
    bytes_to_send: int
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.changes)


class Content(msgspec.Struct, frozen=True):
    """What a group gets: the courses it is to get, None for all, and those of them that there are, in order."""

    wanted: tuple[str, ...] | None
    entries: tuple[CourseEntry, ...]


class Publication:
    """The repository in `root`, held alone, on its way from one release to the next."""

    def __init__(self, root: Path, shelf: Shelf, seen: Seen) -> None:
        self.root, self.shelf, self.seen = root, shelf, seen
        self.repository = Repository(root)
        self.groups = self._caught_up(read_groups(root))
        self.is_new = not self.groups.groups
        self.old = {one.group: self.head_of(one.newest) for one in self.groups.groups if one.newest}
        self.all = self.old.get(EVERYTHING, EMPTY)
        self.entries = {entry.slug: entry for entry in self.all.courses}
        self._numbers = _numbers(self.repository, self.all, is_new=self.is_new)
        self._numbered = len(self._numbers)
        self._next = max([self.all.next_number - 1, *self._numbers.values()]) + 1
        self.changes: list[Change] = []
        self._notes: list[str] = []

    def _caught_up(self, groups: Groups) -> Groups:
        """The groups, with catalogue.json saying the same: the power may have failed between the two."""
        newest = groups.group(EVERYTHING).newest
        if newest is None and not self.repository.has(HEAD):
            return groups
        found = self.repository.release() if self.repository.has(HEAD) else None
        if found is None or (newest and found.head.release < newest.release):
            write_file(self.root / HEAD, self._text(groups.group(EVERYTHING).releases[-1]))
            return groups
        blob = self.shelf.put_record("c", (self.root / HEAD).read_bytes())
        self.shelf.commit()
        if newest and newest.sha256 == blob.sha256:
            return groups
        one = GroupRelease(release=found.head.release, sha256=blob.sha256, size=blob.size, packed=blob.packed)
        return groups.with_group(Group(group=EVERYTHING, releases=(*groups.group(EVERYTHING).releases, one)))

    def _text(self, release: GroupRelease) -> bytes:
        with self.repository.open_record("c", release.sha256, release.size, release.packed) as file:
            return file.read()

    def head_of(self, release: GroupRelease) -> Head:
        return self.repository.release(release.sha256, release.size, release.packed).head

    def _number(self, slug: str) -> int:
        """The number of a course or item for life: the one it had, or one that nothing ever had."""
        if slug not in self._numbers:
            self._numbers[slug] = self._next
            self._next += 1
        return self._numbers[slug]

    def add(self, course: CourseFolder, step: Callable[[], None] = lambda: None) -> None:
        """Write a course's objects and manifest, and note what changed; takes a `step` with each item."""
        draft = course.draft
        first = CourseLine(
            course=draft.course,
            number=self._number(draft.course),
            title=draft.title.strip(),
            summary=draft.summary.strip(),
            language=draft.language,
            topic=topic_slug(draft.topic),
            topic_title=_said(draft.topic),
            cover=course.cover,
            licence=draft.licence.strip(),
            credits=draft.credits.strip(),
        )
        items = [self._item(draft.course, item, step) for item in course.items]
        self._note(first, items, self._write_manifest(first, items))

    def _item(self, course: str, item: CourseItem, step: Callable[[], None]) -> ItemLine:
        step()
        files = tuple(self._file(part) for part in item.parts)
        item_id = f"{course}/{item.draft.item}"
        self._notes += [_heavy(item_id, file) for file in files if file.role == "poster" and file.size > LIGHT_POSTER]
        return ItemLine(
            item=item.draft.item,
            number=self._number(item_id),
            kind=item.draft.kind,
            title=item.draft.title.strip(),
            summary=item.draft.summary.strip(),
            seconds=item.seconds,
            files=files,
            tree=None if item.package is None else self._tree(item.package),
        )

    def _file(self, part: Part) -> File:
        blob = self._put(part)
        return File(
            role=part.role,  # type: ignore[arg-type]
            sha256=blob.sha256,
            size=blob.size,
            mime=part.mime,
            name=part.name,
            language=part.language,
            rendition=part.rendition,
            packed=blob.packed,
        )

    def _put(self, part: Part) -> Blob:
        """Bring an object in; a file that was seen and lies here is not read again."""
        memory = self.seen.of(part.path)
        known = memory.blobs.get(part.form)
        if known and self.shelf.find(known) == known:
            return known
        with part.open() as file:
            blob = self.shelf.put(file)
        memory.blobs[part.form] = blob
        return blob

    def _tree(self, path: Path) -> TreeRef:
        """Bring a package in, file by file; one that was seen and lies here whole is not opened again."""
        memory = self.seen.of(path)
        if memory.tree is None or not self._is_whole(memory.tree):
            memory.tree = package_tree(path, self.shelf)
        return memory.tree

    def _is_whole(self, tree: TreeRef) -> bool:
        if self.shelf.find(tree.blob, "m") != tree.blob:
            return False
        self.shelf.commit()  # what waits cannot be read
        try:
            return all(self.shelf.find(line.blob) == line.blob for line in self.repository.tree(tree))
        except RepositoryError:
            return False

    def _write_manifest(self, first: CourseLine, items: list[ItemLine]) -> CourseEntry:
        text = b"".join(msgspec.json.encode(line) + b"\n" for line in (first, *items))
        manifest = self.shelf.put_record("m", text)
        self.shelf.commit()
        entry = CourseEntry(
            slug=first.course,
            number=first.number,
            manifest=manifest.sha256,
            items=len(items),
            bytes=0,
            size=manifest.size,
            packed=manifest.packed,
        )
        blobs = {blob.sha256: blob.size for blob in blobs_of_course(self.repository, entry)}
        entry = msgspec.structs.replace(entry, bytes=sum(blobs.values()))
        entry, notes = bundled(self.repository, entry, self.entries.get(entry.slug))
        self._notes += notes
        return entry

    def _note(self, course: CourseLine, items: list[ItemLine], entry: CourseEntry) -> None:
        before = self.entries.get(entry.slug)
        self.entries[entry.slug] = entry
        if before == entry:
            return
        self.changes.append(Change("changed" if before else "added", entry.slug, course.title))
        old = {item.item: item for item in self.repository.course(before)[1]} if before else {}
        for item in items:
            if (was := old.pop(item.item, None)) != item:
                self._change("changed" if was else "added", entry.slug, item)
        for item in old.values():
            self._change("removed", entry.slug, item)

    def _change(self, what: Literal["added", "changed", "removed"], course: str, item: ItemLine) -> None:
        self.changes.append(Change(what, f"{course}/{item.item}", item.title))

    def remove(self, slug: str) -> None:
        self.refuse_unknown([slug])
        course, items = self.repository.course(self.entries.pop(slug))
        self.changes.append(Change("removed", slug, course.title))
        for item in items:
            self._change("removed", slug, item)

    def refuse_unknown(self, slugs: Iterable[str]) -> None:
        """Raise NoSuchCourse if the repository has not all these courses."""
        for slug in slugs:
            if slug not in self.entries:
                known = ", ".join(sorted(self.entries)) or "none"
                raise NoSuchCourse(f"{self.root} has no course {slug!r}; name one of those it has: {known}.")

    def release(self) -> Published:
        """Write catalogues, numbers and what makes them count, if anything changed."""
        before = self.all.courses
        self.write(
            {one.group: self.content(one) for one in self.groups.with_group(self.groups.group(EVERYTHING)).groups}
        )
        newest = self._newest(EVERYTHING)
        return Published(
            release_name(newest.release, newest.sha256),
            newest.release,
            len(self.all.courses),
            sum(entry.items for entry in self.all.courses),
            tuple(self.changes),
            self._to_send(before, newest) if self.changes else 0,
            tuple(self._notes),
        )

    def content(self, group: Group) -> Content:
        """What a group gets now: the courses that it is to get, as they are now."""
        wanted = group.newest.courses if group.newest else None
        return Content(wanted, in_order(one for one in self.entries.values() if wanted is None or one.slug in wanted))

    def write(self, contents: dict[str, Content], withdrawn: Sequence[int] = ()) -> tuple[str, ...]:
        """Make a release of the groups whose contents changed; returns their names.

        `withdrawn` are numbers of releases that those among them that had them must not go back to.
        """
        number = self.groups.release + 1
        changed = [
            name
            for name, content in contents.items()
            if self._write_catalogue(self.groups.group(name), content, number, withdrawn)
        ]
        if changed:
            self._commit(changed)
        elif self.groups.group(EVERYTHING).newest:
            self._mend_names()
        return tuple(changed)

    def _write_catalogue(self, group: Group, content: Content, number: int, withdrawn: Sequence[int]) -> bool:
        """Write a group's catalogue; False, and nothing done, if it says what the one before said."""
        old = self.old.get(group.group)
        gone = _withdrawn(old, [one for one in withdrawn if group.had(one)])
        if old and group.newest and content == Content(group.newest.courses, old.courses) and gone == old.withdrawn:
            return False
        head = Head(
            format=FORMAT,
            release=number,
            next_number=self._next,
            courses=content.entries,
            group=group.group,
            withdrawn=gone,
        )
        blob = self.shelf.put_record("c", msgspec.json.encode(head) + b"\n")
        made = GroupRelease(
            release=number,
            sha256=blob.sha256,
            size=blob.size,
            packed=blob.packed,
            courses=content.wanted,
            names=self._put_names() if group.group == EVERYTHING else None,
        )
        self.groups = self.groups.with_group(Group(group=group.group, releases=(*group.releases, made)))
        self.old[group.group] = head
        return True

    def _put_names(self) -> Blob:
        """Bring in what all numbers are called now, for head office."""
        text = names_now(self.repository, self.groups, self._numbers, self.all.courses, in_order(self.entries.values()))
        return self.shelf.put_record("m", text)

    def _mend_names(self) -> None:
        """Give the newest release its names, if an older version made it, or a disk lost them."""
        names, group = self._put_names(), self.groups.group(EVERYTHING)
        self.shelf.commit()
        if names != self.groups.names:
            named = msgspec.structs.replace(group.releases[-1], names=names)
            self.groups = self.groups.with_group(Group(group=EVERYTHING, releases=(*group.releases[:-1], named)))
            write_groups(self.root, self.groups)

    def _newest(self, group: str) -> GroupRelease:
        return self.groups.group(group).releases[-1]

    def _commit(self, changed: list[str]) -> None:
        """From here on the release counts."""
        self.shelf.commit()
        packer = Packer()
        for group in changed:
            self._notes += write_deltas(self.repository, self.groups.group(group).releases, packer)
        self._write_numbers()
        write_groups(self.root, self.groups)
        if EVERYTHING in changed:
            write_file(self.root / HEAD, self._text(self._newest(EVERYTHING)))
            self.all = self.old[EVERYTHING]

    def _write_numbers(self) -> None:
        if len(self._numbers) == self._numbered and (self.root / NUMBERS).exists():
            return
        rows = sorted((number, slug) for slug, number in self._numbers.items())
        lines = (msgspec.json.encode(Numbered(slug=slug, number=number)) + b"\n" for number, slug in rows)
        write_file(self.root / NUMBERS, lines)

    def _to_send(self, before: tuple[CourseEntry, ...], newest: GroupRelease) -> int:
        """Bytes that a hub with the last release fetches: by the delta, or without one."""
        releases = self.groups.group(EVERYTHING).releases
        with contextlib.suppress(ContentError):  # a delta that was there before and is damaged
            if len(releases) > 1:
                return difference(self.root, releases[-2].release, newest.release).bytes
        return self._new_bytes(before, newest)

    def _new_bytes(self, before: tuple[CourseEntry, ...], newest: GroupRelease) -> int:
        """Bytes of the catalogue, and of the records and objects that the last release did not name, as they lie."""
        new = [entry for entry in self.all.courses if entry not in before]
        had = {blob.sha256 for entry in before for blob in self._everything(entry)} if new else set()
        wanted = {blob.sha256: blob for entry in new for blob in self._everything(entry)}
        sizes = (blob.packed or blob.size for sha256, blob in wanted.items() if sha256 not in had)
        return (newest.packed or newest.size) + sum(sizes)

    def _everything(self, entry: CourseEntry) -> Iterable[Blob]:
        yield Blob(entry.manifest, entry.size or 0, entry.packed)
        yield from (tree.blob for tree in trees_of_course(self.repository, entry))
        yield from blobs_of_course(self.repository, entry)


def in_order(entries: Iterable[CourseEntry]) -> tuple[CourseEntry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.number))


def _withdrawn(old: Head | None, more: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted({*(old.withdrawn if old else ()), *more})[-MAX_WITHDRAWN:])


def _heavy(item_id: str, poster: File) -> str:
    return (
        f"{item_id}: pages show no poster of over {LIGHT_POSTER // 1000} kB, and this one has "
        f"{round(poster.size / 1000)} kB; save it as WebP, 480 pixels wide, and publish again."
    )


def _said(words: str) -> str:
    """The topic's words, unless its slug says them all."""
    title = topic_title(words)
    return "" if title == topic_title(topic_slug(words)) else title


def _numbers(repository: Repository, head: Head, *, is_new: bool) -> dict[str, int]:
    """Every number ever given. Without that record numbers would be given twice, so its loss stops a publication."""
    if is_new and not (repository.root / NUMBERS).exists():
        return {}
    numbers = {row.slug: row.number for row in repository.numbers()}
    if lost := [entry.slug for entry in head.courses if numbers.get(entry.slug) != entry.number]:
        raise RepositoryError(f"{NUMBERS} of {repository.root} lacks {lost[0]}; bring it back from a copy.")
    return numbers
