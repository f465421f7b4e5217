"""What a publisher remembers of files, and when it does not trust that."""

from __future__ import annotations

import os
import time

import pytest

from content_cache.errors import CourseError
from content_cache.publisher import publication
from content_cache.publisher.publish import publish
from content_cache.publisher.seen import Seen
from content_cache.publisher.shelf import Shelf
from tests.content_cache.making import ITEMS, course
from tests.content_cache.test_publish import tree

LONG_AGO = time.time() - 3600


def aged(folder):
    """Let all files be old, as those of an editor are who has lunch before she publishes."""
    for path in folder.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    return folder


@pytest.fixture
def later(monkeypatch):
    """The clock an hour on: a file's own change time cannot be set back, so it is the reading that comes later."""
    now = time.time_ns
    monkeypatch.setattr("content_cache.publisher.seen.time.time_ns", lambda: now() + 3600 * 10**9)


@pytest.fixture
def read(monkeypatch):
    """The sizes of what a publication brought in from files, in order."""
    found = []
    put = Shelf.put
    monkeypatch.setattr(
        Shelf, "put", lambda self, source, folder="o": found.append(folder) or put(self, source, folder)
    )
    return found


@pytest.mark.usefixtures("later")
def test_a_file_that_has_not_changed_is_not_read_again(tmp_path, read):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    assert read.count("o") == 3
    (folder / "hoja.pdf").write_bytes((folder / "hoja.pdf").read_bytes() + b"%\n")
    read.clear()
    assert publish(folder, tmp_path / "r").changed
    assert read.count("o") == 1


def test_a_file_younger_than_two_seconds_is_read_again(tmp_path, read):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    read.clear()
    publish(folder, tmp_path / "r")
    assert read.count("o") == 3


@pytest.mark.usefixtures("later")
def test_another_file_of_the_same_size_and_time_is_told_apart(tmp_path):
    folder = aged(course(tmp_path / "c"))
    publish(folder, tmp_path / "r")
    text = (folder / "uno.md").read_bytes()
    (folder / "nuevo.md").write_bytes(text.replace(b"gastas", b"ganaste"[:6]))
    (folder / "nuevo.md").replace(folder / "uno.md")
    os.utime(folder / "uno.md", (LONG_AGO, LONG_AGO))
    assert [change.id for change in publish(folder, tmp_path / "r").changes][1:] == ["precio-justo/costos"]


@pytest.mark.usefixtures("later")
def test_a_file_written_over_with_its_time_set_back_is_told_apart(tmp_path):
    folder = aged(course(tmp_path / "c"))
    publish(folder, tmp_path / "r")
    with (folder / "uno.md").open("r+b") as file:
        file.write(b"# COSTOS")
    os.utime(folder / "uno.md", (LONG_AGO, LONG_AGO))
    assert publish(folder, tmp_path / "r").changed


@pytest.mark.usefixtures("later")
def test_what_is_remembered_gives_the_same_bytes_as_what_is_read(tmp_path):
    folder = course(tmp_path / "c")
    for name in ("a", "b"):
        publish(folder, tmp_path / name)
        (folder / "uno.md").write_text("# Uno\n")
        if name == "b":
            (tmp_path / "b/.publisher/seen").unlink()
        publish(folder, tmp_path / name)
        (folder / "uno.md").write_text("# Costos\n\nLo que gastas.\n")
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("damage", [b"", b"x", b"\0" * 500, None])
def test_a_damaged_memory_is_none(tmp_path, read, damage):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    kept = tmp_path / "r/.publisher/seen"
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-3] + b"\0\0\0" if damage is None else damage)
    read.clear()
    assert not publish(folder, tmp_path / "r").changed
    assert read.count("o") == 3
    assert kept.read_bytes() == whole


@pytest.mark.usefixtures("later")
def test_an_object_that_is_gone_is_brought_again(tmp_path):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    before = tree(tmp_path / "r")
    for path in (tmp_path / "r/o").iterdir():
        path.unlink()
    publish(folder, tmp_path / "r")
    assert tree(tmp_path / "r") == before


@pytest.mark.usefixtures("later")
def test_an_object_that_was_cut_short_is_brought_again(tmp_path):
    folder = course(tmp_path / "c")
    (folder / "uno.md").write_text("# Costos\n\n" + "Lo que gastas. " * 100)
    publish(folder, tmp_path / "r")
    before = tree(tmp_path / "r")
    for path in (tmp_path / "r/o").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    publish(folder, tmp_path / "r")
    assert tree(tmp_path / "r") == before


@pytest.mark.usefixtures("later")
def test_what_was_right_beside_a_mistake_is_not_looked_at_again(tmp_path):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    (folder / "nuevo.md").write_text("# Nuevo\n")
    items = ITEMS + "  - item: nuevo\n    kind: reading\n    title: N\n    file: nuevo.md\n"
    course(folder, items=items + "  - item: falta\n    kind: reading\n    title: F\n    file: falta.md\n")
    with pytest.raises(CourseError, match=r"falta\.md is not there"):
        publish(folder, tmp_path / "r")
    assert Seen(tmp_path / "r/.publisher/seen").of(folder / "nuevo.md").looks == {"reading": None}


@pytest.mark.usefixtures("later")
def test_a_package_that_has_not_changed_is_not_opened_again(tmp_path, monkeypatch):
    from tests.content_cache.test_packages import package_course

    folder = package_course(tmp_path)
    publish(folder, tmp_path / "r")
    opened = []
    monkeypatch.setattr(publication, "package_tree", lambda path, shelf: opened.append(path))
    assert not publish(folder, tmp_path / "r").changed
    assert opened == []
