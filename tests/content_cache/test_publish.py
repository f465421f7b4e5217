"""What a publication writes, says and keeps for life."""

import json
import shutil
import wave
from pathlib import Path

import pytest

from content_cache.durable import locked
from content_cache.errors import Busy, CourseError, NoSuchCourse, RepositoryError
from content_cache.publisher.groups import read_groups
from content_cache.publisher.publish import publish, remove_course
from content_cache.publisher.verify import verify_repository
from content_cache.records import LIGHT_POSTER
from content_cache.repository import Repository
from tests.content_cache.making import ITEMS, course, png

DOS = """\
  - item: puesto
    kind: image
    title: Un puesto
    file: foto.png
"""


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in published_files(root)}


def published_files(root: Path) -> list[Path]:
    """All but what the publisher saw of this machine's files."""
    return [path for path in sorted(root.rglob("*")) if path.is_file() and ".publisher" not in path.parts]


def numbers(root: Path) -> dict[str, int]:
    return {row.slug: row.number for row in Repository(root).numbers()}


def test_a_first_publication_says_what_it_added(tmp_path):
    published = publish(course(tmp_path / "c"), tmp_path / "r")
    assert [(change.what, change.id) for change in published.changes] == [
        ("added", "precio-justo"),
        ("added", "precio-justo/costos"),
        ("added", "precio-justo/hoja"),
        ("added", "precio-justo/puesto"),
    ]
    assert (published.number, published.courses, published.items) == (1, 1, 3)
    sent = sum(len(data) for name, data in tree(tmp_path / "r").items() if name[:2] in ("c/", "m/", "o/"))
    names = read_groups(tmp_path / "r").names  # for head office alone
    assert published.bytes_to_send == sent - (names.packed or names.size)
    assert verify_repository(tmp_path / "r").problems == ()


def test_publishing_again_unchanged_writes_nothing(tmp_path):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    before = {path: path.stat().st_mtime_ns for path in published_files(tmp_path / "r")}
    again = publish(folder, tmp_path / "r")
    assert (again.changed, again.number, again.bytes_to_send) == (False, 1, 0)
    assert {path: path.stat().st_mtime_ns for path in published_files(tmp_path / "r")} == before


def test_the_same_input_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        course(tmp_path / "in" / "z", slug="ahorro")
        course(tmp_path / "in" / "y", slug="ventas", items=DOS)
        publish(tmp_path / "in", tmp_path / name)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


@pytest.mark.parametrize(("more", "notes"), [(0, 0), (1, 1)])
def test_a_poster_too_heavy_to_be_shown_is_noted(tmp_path, more, notes):
    items = "  - item: voz\n    kind: audio\n    title: Una voz\n    file: voz.wav\n    poster: foto.png\n"
    folder = course(tmp_path / "c", items=items)
    with wave.open(str(folder / "voz.wav"), "wb") as sound:
        sound.setparams((1, 1, 8000, 8000, "NONE", ""))
        sound.writeframes(bytes(8000))
    (folder / "foto.png").write_bytes(png().ljust(LIGHT_POSTER + more, b"\0"))
    published = publish(folder, tmp_path / "r")
    assert len(published.notes) == notes
    assert published.changed
    assert all("precio-justo/voz" in note and "save it as WebP" in note for note in published.notes)


def test_one_edited_file_is_one_changed_item_and_its_bytes(tmp_path):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    (folder / "uno.md").write_text("# Costos\n\nLo que gastas, y tu tiempo.\n")
    published = publish(folder, tmp_path / "r")
    assert [(change.what, change.id) for change in published.changes] == [
        ("changed", "precio-justo"),
        ("changed", "precio-justo/costos"),
    ]
    assert published.number == 2
    (delta,) = (tmp_path / "r" / "d").glob("*-*")
    assert published.bytes_to_send == delta.stat().st_size


def test_numbers_are_for_life_and_never_given_again(tmp_path):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    first = numbers(tmp_path / "r")
    assert first == {"precio-justo": 1, "precio-justo/costos": 2, "precio-justo/hoja": 3, "precio-justo/puesto": 4}
    course(folder, items=DOS)
    publish(folder, tmp_path / "r")
    course(folder, items=ITEMS + DOS.replace("item: puesto", "item: otro"))
    publish(folder, tmp_path / "r")
    assert numbers(tmp_path / "r") == first | {"precio-justo/otro": 5}


def test_a_course_that_leaves_and_returns_gets_its_old_numbers(tmp_path):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    first = numbers(tmp_path / "r")
    removed = remove_course("precio-justo", tmp_path / "r")
    assert {change.what for change in removed.changes} == {"removed"}
    assert (removed.number, removed.courses) == (2, 0)
    publish(course(tmp_path / "d", slug="ahorro"), tmp_path / "r")
    publish(folder, tmp_path / "r")
    found = numbers(tmp_path / "r")
    assert {slug: found[slug] for slug in first} == first
    assert sorted(found.values()) == list(range(1, 9))
    assert verify_repository(tmp_path / "r").problems == ()


def test_publishing_another_folder_keeps_the_courses_that_are_there(tmp_path):
    publish(course(tmp_path / "c"), tmp_path / "r")
    published = publish(course(tmp_path / "d", slug="ahorro"), tmp_path / "r")
    assert published.courses == 2
    assert [entry.slug for entry in Repository(tmp_path / "r").head()[0].courses] == ["precio-justo", "ahorro"]


def test_removing_a_course_that_is_not_there_names_those_that_are(tmp_path):
    publish(course(tmp_path / "c"), tmp_path / "r")
    before = tree(tmp_path / "r")
    with pytest.raises(NoSuchCourse, match="precio-justo"):
        remove_course("ahorros", tmp_path / "r")
    assert tree(tmp_path / "r") == before


def test_a_bad_course_leaves_the_repository_as_it_was(tmp_path):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    before = tree(tmp_path / "r")
    (folder / "hoja.pdf").write_bytes(b"no")
    with pytest.raises(CourseError):
        publish(folder, tmp_path / "r")
    assert tree(tmp_path / "r") == before


def test_a_repository_that_lost_its_numbers_is_not_published_to(tmp_path):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    (tmp_path / "r" / "numbers.jsonl").write_text("")
    with pytest.raises(RepositoryError, match="bring it back from a copy"):
        publish(folder, tmp_path / "r")
    (tmp_path / "r" / "numbers.jsonl").unlink()
    with pytest.raises(RepositoryError, match=r"numbers\.jsonl is missing"):
        publish(folder, tmp_path / "r")


def test_a_publication_that_broke_before_its_end_is_taken_up_with_the_same_numbers(tmp_path):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    (tmp_path / "r" / "catalogue.json").unlink()
    assert publish(folder, tmp_path / "r").number == 1
    assert verify_repository(tmp_path / "r").problems == ()


def test_a_lost_or_cut_object_is_written_again(tmp_path):
    folder = course(tmp_path / "c")
    publish(folder, tmp_path / "r")
    lost, cut = sorted((tmp_path / "r" / "o").iterdir())[:2]
    lost.unlink()
    cut.write_bytes(cut.read_bytes()[:-1])
    for path in (tmp_path / "r" / "m").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    assert verify_repository(tmp_path / "r").problems
    publish(folder, tmp_path / "r")
    assert verify_repository(tmp_path / "r").problems == ()


def test_a_folder_of_other_things_does_not_become_a_repository(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "thesis.doc").touch()
    with pytest.raises(RepositoryError, match="holds other things"):
        publish(course(tmp_path / "c"), tmp_path / "r")


def test_two_publications_at_once_are_one_too_many(tmp_path):
    (tmp_path / "r").mkdir()
    with locked(tmp_path / "r"), pytest.raises(Busy):
        publish(course(tmp_path / "c"), tmp_path / "r")


def test_a_repository_can_be_carried_elsewhere(tmp_path):
    publish(course(tmp_path / "c"), tmp_path / "r")
    shutil.copytree(tmp_path / "r", tmp_path / "stick")
    assert verify_repository(tmp_path / "stick").problems == ()


def test_verify_names_what_is_damaged(tmp_path):
    publish(course(tmp_path / "c"), tmp_path / "r")
    damaged = next((tmp_path / "r" / "o").iterdir())
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    rows = (tmp_path / "r" / "numbers.jsonl").read_text().splitlines()
    changed = json.loads(rows[1]) | {"number": 99}
    (tmp_path / "r" / "numbers.jsonl").write_text("\n".join([rows[0], json.dumps(changed), *rows[2:]]))
    problems = verify_repository(tmp_path / "r").problems
    assert [damaged.name in problem or "costos the number 2" in problem for problem in problems] == [True, True]
