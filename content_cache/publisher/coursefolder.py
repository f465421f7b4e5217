"""A course folder, checked: what `course.yaml` says and the files it names, ready to be published.

Every problem of every folder is collected, so that an editor mends them in one go. A name is compared letter by
letter with what lies on the disk: a folder that works on one computer works on all.
"""

from __future__ import annotations

import collections
import difflib
import functools
import io
import unicodedata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal

import msgspec

from content_cache.drawings import MAX_FILE, BadDrawing, clean_svg
from content_cache.errors import CourseError
from content_cache.publisher.captions import BadCaptions, as_webvtt
from content_cache.publisher.coursefile import MENDS, NAME, PATH_MEND, CourseDraft, ItemDraft, read_course_file
from content_cache.publisher.looks import look
from content_cache.publisher.packages import ENDINGS as PACKAGES
from content_cache.publisher.packages import BadPackage, open_package
from content_cache.publisher.seen import Seen
from content_cache.quizzes import quiz_json
from content_cache.readings import pictures
from content_cache.records import ENDINGS, MAX_COVER, MAX_ITEMS, MAX_READING, MIME
from content_cache.topics import topic_slug
from content_cache.yamlfile import Problems

if TYPE_CHECKING:
    from collections.abc import Callable

SAME = {".jpeg": ".jpg", ".srt": ".vtt", ".markdown": ".md", ".yml": ".yaml"}
# What an editor gives where that is not what is published.
SOURCES = ENDINGS | {"quiz": (".yaml",), "cover": (".svg",), "package": PACKAGES}
EXTRAS: dict[str, tuple[str, ...]] = collections.defaultdict(tuple)
EXTRAS |= {"video": ("renditions", "poster", "captions"), "audio": ("poster", "captions"), "package": ("poster",)}
MAX_PATH = 500
SLACK = 2  # seconds by which renditions of one film differ, since each is cut at a frame of its own
AGAIN = "Export or copy it again, then open it once to see that it works"


class Part(msgspec.Struct, frozen=True):
    """A file to publish: its role, name and path; in the `form` of captions or a quiz, other bytes are made of it."""

    role: str
    name: str
    path: Path
    language: str | None = None
    rendition: str | None = None
    form: Literal["", "captions", "quiz"] = ""

    @property
    def mime(self) -> str:
        return MIME[PurePosixPath(self.name).suffix]

    def open(self) -> BinaryIO:
        """The bytes to publish."""
        if self.form == "captions":
            return io.BytesIO(as_webvtt(self.path))
        if self.form == "quiz":
            return io.BytesIO(quiz_json(self.path, Problems(self.path)) or b"")
        return self.path.open("rb", buffering=0)


class CourseItem(msgspec.Struct, frozen=True):
    """An item whose files were found and looked at; `package` is the file that its tree is in."""

    draft: ItemDraft
    seconds: int | None
    parts: tuple[Part, ...]
    package: Path | None = None


class CourseFolder(msgspec.Struct, frozen=True):
    """A course ready to be published; `cover` is markup, empty if there is none."""

    draft: CourseDraft
    items: tuple[CourseItem, ...]
    cover: str


def _silent(done: int, total: int) -> None:
    """Show nothing."""


def read_folders(
    folder: Path, progress: Callable[[int, int], None] = _silent, seen: Seen | None = None
) -> list[CourseFolder]:
    """The courses in `folder`, which is one course folder or holds several; raises CourseError with all problems.

    What `seen` remembers as right is not looked at again. `progress` is told folders read and folders to read.
    """
    found = _course_folders(folder)
    courses: list[CourseFolder] = []
    wrong: list[str] = []
    places: dict[str, Path] = {}
    for done, one in enumerate(found):
        progress(done, len(found))
        problems = Problems(one / NAME)
        course = _read_folder(one, problems, places, seen or Seen())
        wrong += problems.sentences()
        courses += [course] if course else []
    progress(len(found), len(found))
    if wrong:
        raise CourseError(wrong)
    return sorted(courses, key=lambda course: course.draft.course)


def _course_folders(folder: Path) -> list[Path]:
    if (folder / NAME).is_file():
        return [folder]
    found = sorted(path.parent for path in folder.glob(f"*/{NAME}") if path.is_file()) if folder.is_dir() else []
    if not found:
        raise CourseError([f"{folder} has no {NAME}, nor has a folder in it. Name the folder of a course."])
    return found


def _read_folder(folder: Path, problems: Problems, places: dict[str, Path], seen: Seen) -> CourseFolder | None:
    read = read_course_file(folder / NAME, problems)
    if len(read.items) > MAX_ITEMS:
        problems.add(read.lines["items"], f"there are more than {MAX_ITEMS} items", "Make several courses of them")
    finder = _Finder(folder, problems, seen)
    items = [_item(finder, draft, lines) for draft, lines in read.items]
    if read.course is None:
        return None
    if not (read.items or len(problems)):
        problems.add(read.lines["items"], "the course has no items", "Write one `- item: ...` for each below items")
    if (other := places.setdefault(read.course.course, folder)) is not folder:
        problems.add(
            read.lines["course"], f"{read.course.course} is the course in {other} too", "Give one another slug"
        )
    if not topic_slug(read.course.topic):
        problems.add(read.lines["topic"], "topic has no letter from a to z", MENDS["topic"])
    return CourseFolder(read.course, tuple(items), _cover(finder, read.course.cover, read.lines))


def _cover(finder: _Finder, text: str | None, lines: dict[str, int]) -> str:
    """The cover as markup that is safe in a page; empty if there is none."""
    path = None if text is None else finder.find(text, "cover", lines["cover"])
    if path is None:
        return ""
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    try:
        return clean_svg(data, limit=MAX_COVER)
    except BadDrawing as error:
        finder.problems.add(
            lines["cover"], f"{text} {error}", "Save it as plain SVG of plain shapes and colours, or simplify it"
        )
        return ""


def _item(finder: _Finder, draft: ItemDraft, lines: dict[str, int]) -> CourseItem:
    """Find and look at an item's files; what is wrong goes to the finder's problems."""
    seconds, parts = draft.seconds, []
    main = finder.find(draft.file, draft.kind, lines["file"])
    if main:
        found = _check_main(finder, main, draft, lines["file"])
        parts += _main(main, draft)
        parts += _renditions(finder, draft, lines, found or seconds)
        seconds = seconds or found
    _refuse_extras(draft, lines, finder.problems)
    if "poster" in EXTRAS[draft.kind] and draft.poster is not None:
        parts += _poster(finder, draft, draft.poster, lines["poster"])
    for language, text in sorted(draft.captions.items()):
        parts += _captions(finder, draft, language, text, lines.get(f"captions {language}", lines["captions"]))
    return CourseItem(draft, seconds, tuple(parts), main if draft.kind == "package" else None)


def _main(path: Path, draft: ItemDraft) -> list[Part]:
    if draft.kind == "package":
        return []
    if draft.kind == "quiz":
        return [Part("main", f"{draft.item}.json", path, form="quiz")]
    return [Part("main", draft.item + _ending(path), path)]


def _renditions(finder: _Finder, draft: ItemDraft, lines: dict[str, int], seconds: int | None) -> list[Part]:
    """The other forms of a film, the best picture first; each lasts as long as the film, which has `seconds`."""
    if draft.kind != "video":
        return []
    parts = []
    for name, text in sorted(draft.renditions.items(), key=_rank):
        kind, line = "audio" if name == "audio" else "video", lines[f"renditions {name}"]
        if path := finder.find(text, kind, line):
            found = _check_look(finder, path, kind, text, line)
            if found and seconds and abs(found - seconds) > SLACK:
                what = f"{text} lasts {found} s and {draft.file} {seconds} s"
                finder.problems.add(line, what, "Make both of the same film again")
            parts.append(Part("rendition", f"{draft.item}.{name}{_ending(path)}", path, rendition=name))
    return parts


def _rank(rendition: tuple[str, str]) -> int:
    name = rendition[0]
    return 0 if name == "audio" else -int(name[:-1])


def _poster(finder: _Finder, draft: ItemDraft, text: str, line: int) -> list[Part]:
    poster = finder.find(text, "poster", line)
    if poster is None:
        return []
    _check_look(finder, poster, "image", text, line)
    return [Part("poster", f"{draft.item}-poster{_ending(poster)}", poster)]


def _refuse_extras(draft: ItemDraft, lines: dict[str, int], problems: Problems) -> None:
    for name in ("renditions", "poster", "captions"):
        if name in lines and name not in EXTRAS[draft.kind]:
            problems.add(
                lines[name],
                f"{'an' if draft.kind[0] in 'ai' else 'a'} {draft.kind} has no {name}",
                f"Remove {name} here",
            )


def _captions(finder: _Finder, draft: ItemDraft, language: str, text: str, line: int) -> list[Part]:
    path = finder.find(text, "captions", line)
    if path is None:
        return []
    if "captions" not in (looks := finder.seen.of(path).looks):
        try:
            as_webvtt(path)
        except BadCaptions as error:
            finder.problems.add(line, f"{text} {error}", "Save it as WebVTT or SRT in UTF-8 with your subtitle editor")
            return []
        looks["captions"] = None
    return [Part("captions", f"{draft.item}.{language.lower()}.vtt", path, language, form="captions")]


def _check_main(finder: _Finder, path: Path, draft: ItemDraft, line: int) -> int | None:
    """Check what is not media by its own rules, and media by a look, which gives its seconds."""
    check = CHECKS.get(draft.kind)
    if check is None:
        return _check_look(finder, path, draft.kind, draft.file, line)
    if draft.kind not in (looks := finder.seen.of(path).looks):
        before = len(finder.problems)
        check(path, draft.file, line, finder.problems)
        if len(finder.problems) == before:
            looks[draft.kind] = None
    return None


def _check_look(finder: _Finder, path: Path, kind: str, text: str, line: int) -> int | None:
    looks = finder.seen.of(path).looks
    if kind in looks:
        return looks[kind]
    found = look(path, _ending(path), kind)
    if found.wrong:
        finder.problems.add(line, f"{text} {found.wrong}", AGAIN)
    else:
        looks[kind] = found.seconds
    return found.seconds


def _check_quiz(path: Path, text: str, line: int, problems: Problems) -> None:  # noqa: ARG001 (as the others)
    wrong = Problems(path)
    quiz_json(path, wrong)
    problems.include(line, wrong)


def _check_package(path: Path, text: str, line: int, problems: Problems) -> None:
    try:
        with open_package(path) as package:
            package.check()
    except BadPackage as error:
        problems.add(line, f"{text} {error}", "Export it again with the program that made it")


def _check_reading(path: Path, text: str, line: int, problems: Problems) -> None:
    if path.stat().st_size > MAX_READING:
        problems.add(line, f"{text} has more than {MAX_READING} bytes", "Make several readings of it")
        return
    try:
        shown = pictures(path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        problems.add(line, f"{text} is not UTF-8 (byte {error.start})", "Save it as UTF-8 in your editor")
        return
    if shown:
        what = f"{text} shows a picture in line {shown[0]}, which a reading cannot carry"
        problems.add(line, what, "Remove it there, and give the picture as an item of its own (kind: image)")


CHECKS: dict[str, Callable[[Path, str, int, Problems], None]] = {
    "reading": _check_reading,
    "quiz": _check_quiz,
    "package": _check_package,
}


class _Finder:
    """Finds the files that one course names, inside its folder; `seen` remembers what they were."""

    def __init__(self, folder: Path, problems: Problems, seen: Seen) -> None:
        self._folder, self.problems, self.seen = folder, problems, seen
        self._real = folder.resolve()

    def find(self, text: str, kind: str, line: int) -> Path | None:
        """The file that `text` names, if it is there, is not empty and has an ending of that kind."""
        path = self._walk(text, line)
        if path is None:
            return None
        wrong = _wrong(path, self._real)
        allowed = SOURCES[kind]
        if not wrong and _ending(path) not in allowed:
            endings = ", ".join(one for one in (*allowed, *SAME) if SAME.get(one, one) in allowed)
            self.problems.add(line, f"{text} is no file for {kind}", f"Use one that ends in {endings}")
        elif wrong:
            self.problems.add(line, f"{text} {wrong}", "Copy the file itself into the course folder")
        else:
            return path
        return None

    def _walk(self, text: str, line: int) -> Path | None:
        """Follow `text` part by part, comparing with the names that are really there."""
        parts = PurePosixPath(text).parts
        if not parts or len(text) > MAX_PATH or text.startswith("/") or ".." in parts or "\\" in text or "\0" in text:
            self.problems.add(line, f"{text[:MAX_PATH]!r} is no path inside the course folder", PATH_MEND)
            return None
        path = self._folder
        for part in parts:
            names = _names(path)
            if part not in names:
                self._missing(text, part, names, line)
                return None
            path = path / part
        return path

    def _missing(self, text: str, part: str, names: frozenset[str], line: int) -> None:
        alike = next((name for name in sorted(names) if _folded(name) == _folded(part)), None)
        if alike is not None:
            self.problems.add(line, f"{text} is written {alike!r} on the disk", "Write it the same here")
            return
        near = difflib.get_close_matches(part, names, n=1, cutoff=0.8)
        mend = f"Did you mean {near[0]}" if near else "Copy it into the course folder, or correct the path"
        self.problems.add(line, f"{text} is not there", mend)


@functools.lru_cache(maxsize=64)
def _listing(folder: Path, changed: int) -> frozenset[str]:  # noqa: ARG001 (part of the key)
    return frozenset(path.name for path in folder.iterdir())


def _names(folder: Path) -> frozenset[str]:
    """The names in `folder`, listed once however many files a course names there."""
    return _listing(folder, folder.stat().st_mtime_ns) if folder.is_dir() else frozenset()


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    return SAME.get(ending, ending)


def _wrong(path: Path, folder: Path) -> str:
    """Why a path that exists is no file of the (resolved) folder to publish, as a phrase."""
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(folder):
            return "leads out of the course folder"
        if not real.is_file():
            return "is not a file"
        return "" if real.stat().st_size else "is empty"
    except (OSError, RuntimeError):
        return "cannot be opened"
