"""Repositories that lie, are damaged or were never one: a sentence, and the library as it was."""

import json
import os
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content_cache.errors import ContentError, DamagedBlob, NoSpace, RepositoryError
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.verify import verify_repository
from content_cache.records import MAX_LINE
from tests.simulators.repository import course_entry, entry_of, file_of, item_line, keep, make_repository, write_head


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A library that serves release 1 of something good."""
    made = Library(tmp_path / "library")
    import_repository(make_repository(tmp_path / "good"), made)
    return made


def refused(root: Path, library: Library, match: str, kind: type[ContentError] = RepositoryError) -> None:
    before, blobs = library.release(), list(library.store)
    with pytest.raises(kind, match=match) as caught:
        import_repository(root, library)
    assert re.search(r"[;,:] \w.*\.$", str(caught.value)), "a sentence that ends with what to do"
    assert (library.release(), list(library.store)) == (before, blobs)
    assert len(list(library.catalogues.iterdir())) == 2
    assert not any((library.store.folder / "incoming").iterdir())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "bad"


def write(root: Path, *lines: dict[str, object], **head: object) -> None:
    write_head(root, [course_entry(root, "curso", 1, list(lines))], **({"release": 2} | head))


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"null", b"\xff", b'{"format":1}', b"[" * 100_000, b'{"a":' * 50_000]
)
def test_a_head_that_is_none(root, library, text):
    root.mkdir()
    (root / "catalogue.json").write_bytes(text)
    refused(root, library, "is not a catalogue")


def test_a_folder_that_is_no_repository(root, library):
    root.mkdir()
    refused(root, library, r"is no repository, it has no catalogue\.json; name the folder that has one")


def test_a_repository_of_the_future(root, library):
    write_head(root, [], format=4, release="a new form")
    refused(root, library, "update this program first")


def test_a_head_that_is_too_large(root, library):
    root.mkdir()
    with (root / "catalogue.json").open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    refused(root, library, "has more than 67108864 bytes")


@pytest.mark.parametrize(
    ("other", "match"),
    [
        ({"slug": "otro"}, "a slug or a number twice"),
        ({"number": 9}, "a slug or a number twice"),
        ({"slug": "otro", "number": 60}, "not under its next_number, 50"),
        ({"slug": "../../x", "number": 3}, "is not a catalogue"),
        ({"slug": "otro", "number": 3, "manifest": "../../etc/passwd"}, "is not a catalogue"),
        ({"slug": "otro", "number": 3, "items": 500_000}, "more than 500000 items"),
    ],
)
def test_courses_that_clash(root, library, other, match):
    one = course_entry(root, "curso", 1, [item_line(root, "a", 2, b"x")])
    write_head(root, [one, one | other], release=2, next_number=50)
    refused(root, library, match)


@pytest.mark.parametrize(
    ("other", "match"),
    [
        ({"name": "../../etc/passwd"}, "line 2, cannot be read"),
        ({"name": "a/b.md"}, "cannot be read"),
        ({"name": ".md"}, "cannot be read"),
        ({"name": 'a"; x=".md'}, "cannot be read"),
        ({"name": "a.md\r\nX: y"}, "cannot be read"),
        ({"name": "a.md\n"}, "cannot be read"),
        ({"name": "..md"}, "cannot be read"),
        ({"name": "UNO.md"}, "cannot be read"),
        ({"name": "a.html"}, "line 2, has a.html as main of a reading"),
        ({"name": "a.pdf"}, "has a.pdf as main of a reading"),
        ({"mime": "text/html"}, "calls a.md text/html instead of text/markdown"),
        ({"role": "poster"}, "must have one main file"),
        ({"sha256": "../../../../etc/passwd"}, "cannot be read"),
        ({"sha256": "A" * 64}, "cannot be read"),
        ({"size": -1}, "cannot be read"),
        ({"size": 2**60}, "cannot be read"),
    ],
)
def test_files_that_are_tricks(root, library, other, match):
    write(root, item_line(root, "a", 2, b"x", **other))
    refused(root, library, match)


MP4 = "video/mp4"


@pytest.mark.parametrize(
    ("kind", "files", "match"),
    [
        (
            "video",
            [("rendition", "a.240p.mp4", MP4, "240p"), ("rendition", "a.b.mp4", MP4, "240p")],
            "has a rendition twice",
        ),
        ("video", [("rendition", "a.240p.mp4", MP4, None)], "does not say which rendition a.240p.mp4 is"),
        ("video", [("poster", "a.png", "image/png", "240p")], "does not say which rendition a.png is"),
        ("video", [("rendition", "a.audio.mp4", MP4, "audio")], "has a.audio.mp4 as rendition of a video"),
        ("video", [("rendition", "a.240p.m4a", "audio/mp4", "240p")], "has a.240p.m4a as rendition of a video"),
        ("video", [("rendition", "a.240p.mp4", MP4, "240p<script>")], "cannot be read"),
        ("video", [("rendition", "a.240p.mp4", MP4, "../x")], "cannot be read"),
        ("audio", [("rendition", "a.audio.m4a", "audio/mp4", "audio")], "has renditions of audio"),
        ("quiz", [], "has a.mp4 as main of a quiz"),
    ],
)
def test_renditions_that_are_tricks(root, library, kind, files, match):
    name, mime = ("a.m4a", "audio/mp4") if kind == "audio" else ("a.mp4", MP4)
    more = [
        file_of(root, role, name, mime, b"y", **({"rendition": it} if it else {})) for role, name, mime, it in files
    ]
    line = {
        "item": "a",
        "number": 2,
        "kind": kind,
        "title": "A",
        "files": [file_of(root, "main", name, mime, b"x"), *more],
    }
    write(root, line)
    refused(root, library, match)


@pytest.mark.parametrize(
    ("cover", "match"),
    [
        ("<script>alert(1)</script>", "line 1, has a cover that holds <script>"),
        ("<svg viewBox='0 0 9 9'><rect onclick='x'/></svg>", "has a cover that holds onclick='x', which acts"),
        ("<img src=x onerror=alert(1)>", "has a cover that is not an SVG drawing"),
        ("x" * 6145, "line 1, cannot be read"),
        (7, "line 1, cannot be read"),
    ],
)
def test_a_cover_that_acts_refuses_the_release(root, library, cover, match):
    first = {
        "course": "curso",
        "number": 1,
        "title": "x",
        "summary": "",
        "language": "es",
        "topic": "t",
        "cover": cover,
    }
    write_head(root, [entry_of(root, "curso", 1, [first, item_line(root, "a", 2, b"x")])], release=2)
    refused(root, library, match)
    assert any(match in problem for problem in verify_repository(root).problems)


def test_a_cover_is_cleaned_again_when_it_is_taken_in(root, library):
    cover = (
        "<svg viewBox='0 0 9 9' class='menu' style='position:fixed'><title>x</title><rect id='main' width='9'/></svg>"
    )
    first = {
        "course": "curso",
        "number": 1,
        "title": "x",
        "summary": "",
        "language": "es",
        "topic": "t",
        "cover": cover,
    }
    write_head(root, [entry_of(root, "curso", 1, [first])], release=2)
    import_repository(root, library)
    (found,) = library.catalogue().courses()
    assert found.cover == '<svg viewBox="0 0 9 9" aria-hidden="true" focusable="false"><rect width="9"/></svg>'


@pytest.mark.parametrize("size", [0, 1, 3])
def test_lies_about_size(root, library, size):
    write(root, item_line(root, "a", 2, b"uno dos", size=size))
    refused(root, library, f"has more than the {size} bytes it should", DamagedBlob)


def test_two_sizes_of_one_object(root, library):
    write(root, item_line(root, "a", 2, b"uno dos"), item_line(root, "b", 3, b"uno dos", size=6))
    refused(root, library, "is said to have 7 and 6 bytes")


@pytest.mark.parametrize(("slug", "number"), [("a", 3), ("b", 2)])
def test_items_that_clash(root, library, slug, number):
    write(root, item_line(root, "a", 2, b"x"), item_line(root, slug, number, b"y"))
    refused(root, library, "has a slug or number that is taken")


def test_a_manifest_of_another_course(root, library):
    entry = course_entry(root, "curso", 1, [item_line(root, "a", 2, b"x")])
    write_head(root, [entry | {"slug": "otro"}], release=2)
    refused(root, library, "is not the manifest of otro")


@pytest.mark.parametrize("items", [0, 1, 3])
def test_a_manifest_of_another_length(root, library, items):
    entry = course_entry(root, "curso", 1, [item_line(root, "a", 2, b"x"), item_line(root, "b", 3, b"y")])
    write_head(root, [entry | {"items": items}], release=2)
    refused(root, library, "items where the catalogue says|is damaged")


def test_a_manifest_with_other_bytes(root, library):
    entry = course_entry(root, "curso", 1, [item_line(root, "a", 2, b"x")])
    path = root / "m" / str(entry["manifest"])
    path.write_bytes(path.read_bytes().replace("Lección".encode(), b"Leccion!"))
    write_head(root, [entry], release=2)
    refused(root, library, "is damaged: its bytes have another hash")


def test_a_manifest_of_one_endless_line(root, library):
    first = {"course": "curso", "number": 1, "title": "x" * (MAX_LINE + 10)}
    write_head(root, [entry_of(root, "curso", 1, [first, {}])], release=2)
    refused(root, library, f"line 1, has more than {MAX_LINE} bytes")


@pytest.mark.parametrize("folder", ["m", "o"])
def test_a_missing_file(root, library, folder):
    write(root, item_line(root, "a", 2, b"x"))
    next((root / folder).iterdir()).unlink()
    refused(root, library, "is missing; publish it again, or copy the repository again")


@pytest.mark.parametrize("name", ["catalogue.json", "m", "o"])
@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_what_is_no_plain_file_is_not_opened(root, library, name, kind):
    write(root, item_line(root, "a", 2, b"x"))
    path = root / name if "." in name else next((root / name).iterdir())
    path.rename(root / "moved")
    {"fifo": os.mkfifo, "link": lambda it: it.symlink_to(root / "moved"), "folder": Path.mkdir}[kind](path)
    refused(root, library, "plain file")


def test_a_reading_that_is_too_large(root, library):
    write(root, item_line(root, "a", 2, b"x" * (2**20 + 1)))
    with pytest.raises(RepositoryError, match="publish it in parts"):
        import_repository(root, library)
    assert library.number() == 1


def test_verify_says_the_same_of_a_bad_repository_without_stopping(root):
    entry = course_entry(root, "curso", 1, [item_line(root, "a", 2, b"x"), item_line(root, "b", 3, b"y")])
    write_head(root, [entry, entry_of(root, "otro", 9, [{"course": "x"}])])
    for path in (root / "o").iterdir():
        path.write_bytes(b"z")
    problems = verify_repository(root).problems
    assert sum("is damaged" in problem for problem in problems) == 2
    assert any("line 1, cannot be read" in problem for problem in problems)
    assert any("numbers.jsonl is missing" in problem for problem in problems)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2**70)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["a" * 64, "main", "a.md"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_record_breaks_the_import(tmp_path, library, data):
    """A good repository of which one field, anywhere, became something else, or one byte did."""
    root = tmp_path / "fuzzed"
    line = item_line(root, "a", 2, b"x")
    first = {"course": "curso", "number": 1, "title": "x", "summary": "", "language": "es", "topic": "t"}
    target = data.draw(st.sampled_from([line, line["files"][0], first]))
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(JSON)
    lines = [first, line]
    entry = entry_of(root, "curso", 1, lines)
    if data.draw(st.booleans()):
        entry[data.draw(st.sampled_from(sorted(entry)))] = data.draw(JSON)
    write_head(root, [entry], release=2)
    if data.draw(st.booleans()):
        text = bytearray((root / "catalogue.json").read_bytes())
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
        (root / "catalogue.json").write_bytes(text)
    before = library.release()
    try:
        import_repository(root, library)
        before = library.release()
    except ContentError as error:
        sentence = str(error)
        assert sentence.endswith(".")
    assert library.release() == before
    library.catalogue().courses()


def test_bytes_that_are_no_json_in_a_manifest(root, library):
    for text in (b"\xff\n", b"[" * 100_000 + b"\n", b'{"course":"\\ud800"}\n', b"\n\n"):
        entry = {"slug": "curso", "number": 1, "manifest": keep(root / "m", text), "items": 0, "bytes": 0}
        write_head(root, [entry], release=2)
        refused(root, library, "cannot be read")


def test_records_survive_fields_that_a_later_version_adds(root, library):
    line = item_line(root, "a", 2, b"x", later=[1]) | {"later": {}}
    write(root, line, signature="x")
    assert json.loads(msgspec.json.encode(import_repository(root, library)))["number"] == 2


def test_no_space_is_an_error_of_its_own():
    assert len({kind.exit_code for kind in (NoSpace, DamagedBlob, RepositoryError, ContentError)}) == 4
