"""`content-cache diff`: what a site would download, told before anybody pays for it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from content_cache.cli import content_cache
from content_cache.delta.difference import CourseDifference, difference
from content_cache.delta.publishing import edges_in
from content_cache.errors import NoSuchCourse
from content_cache.publisher.publish import publish, remove_course
from content_cache.publisher.staging import stage
from tests.content_cache.making import course

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Release 1 has a course, 2 edits a text of it, 3 adds a document that no delta carries, and a course."""
    folder, root = tmp_path / "courses", tmp_path / "repository"
    first = course(folder / "precio")
    publish(folder, root)
    (first / "uno.md").write_text("# Costos\n\nLo que gastas cada semana.\n", encoding="utf-8")
    publish(folder, root)
    course(folder / "ahorro", slug="ahorro", title="Ahorro")
    (first / "hoja.pdf").write_bytes(b"%PDF-1.4\n" + random.Random(1).randbytes(200_000) + b"%%EOF\n")
    publish(folder, root)
    return root


def test_an_edit_costs_its_delta(repository: Path) -> None:
    (edge,) = (one for one in edges_in(repository) if one.path in difference(repository, 1, 2).deltas)
    found = difference(repository, 1, 2)
    assert (found.bytes, found.objects) == (edge.bytes, 0)
    assert [(one.slug, one.what, one.files) for one in found.courses] == [("precio-justo", "changed", 1)]
    assert found.courses[0].bytes < found.bytes < found.without


def test_what_no_delta_carries_is_an_object(repository: Path) -> None:
    found = difference(repository, 1)
    assert (found.new, found.objects, len(found.deltas)) == (3, 1, 1)
    assert found.bytes == found.delta_bytes + found.object_bytes
    assert [one.what for one in found.courses] == ["added", "changed"]
    assert found.courses[1].objects == 1


def test_a_course_that_goes_brings_nothing(repository: Path) -> None:
    remove_course("ahorro", repository)
    (gone,) = difference(repository, 3).courses
    assert gone == CourseDifference(slug="ahorro", what="removed", files=0, delta=0, objects=0, bytes=0)


def test_without_deltas_the_files_are_counted(repository: Path) -> None:
    for path in (repository / "d").glob("*-*"):
        path.unlink()
    found = difference(repository, 1)
    assert (found.deltas, found.delta_bytes, found.bytes) == ((), 0, found.without)


def test_several_deltas_lead_where_none_leads_alone(repository: Path) -> None:
    (direct,) = difference(repository, 1).deltas
    (repository / direct).unlink()
    found = difference(repository, 1)
    assert (len(found.deltas), found.objects) == (2, 1)


def test_what_the_site_has_costs_nothing(repository: Path) -> None:
    assert (difference(repository, 3).bytes, difference(repository, 3).courses) == (0, ())


def test_a_group_is_told_what_it_gets(repository: Path) -> None:
    stage(repository, "norte", ["ahorro"])
    with pytest.raises(NoSuchCourse, match="name one from 4 to 4"):
        difference(repository, 3, group="norte")
    assert difference(repository, 4, group="norte").bytes == 0


@pytest.mark.parametrize(("old", "new"), [(4, None), (1, 9)])
def test_a_release_that_is_not_there_is_refused(repository: Path, old: int, new: int | None) -> None:
    with pytest.raises(NoSuchCourse, match="no such release"):
        difference(repository, old, new)


def test_the_command_says_it_in_sentences(repository: Path) -> None:
    ended = CliRunner().invoke(content_cache, ["diff", str(repository), "1"])
    assert ended.exit_code == 0
    first, second, last = ended.output.splitlines()
    assert first.startswith("added    ahorro: ")
    assert second.startswith("changed  precio-justo: 2 files, 1 of them as objects, ")
    assert last.startswith("From release 1 to 3 a site of group all downloads ")
    again = CliRunner().invoke(content_cache, ["diff", str(repository), "3"])
    assert again.output == "Release 3 is what the site has; nothing to bring.\n"
