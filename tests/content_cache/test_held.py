"""What a catalogue says of what is here, what is coming and what is not listed, in courses, items and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from content_cache.building import building
from content_cache.catalogue import Catalogue
from content_cache.records import CourseLine, File, ItemLine, TreeLine, TreeRef

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TREE = TreeRef(sha256="f" * 64, size=10, files=1, bytes=7000, start="index.html")


def item(slug: str, number: int, *sizes: int) -> ItemLine:
    files = tuple(
        File(role="main" if not index else "rendition", sha256=f"{number * 10 + index:064x}", size=size,
             mime="application/pdf", name="h.pdf", rendition=f"{240 + index}p" if index else None)
        for index, size in enumerate(sizes)
    )  # fmt: skip
    return ItemLine(item=slug, number=number, kind="document", title=slug.title(), files=files, seconds=60)


def course(slug: str, number: int) -> CourseLine:
    return CourseLine(course=slug, number=number, title=slug.title(), summary="", language="es", topic="todo")


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """Three courses: one half here, one of a lesson and a package, one that has not come at all."""
    path, name = tmp_path / "1-0123456789ab.sqlite", "1-0123456789ab"
    coming = {3: 500, 8: 900}
    package = ItemLine(item="juego", number=6, kind="package", title="Juego", tree=TREE)
    lines = [TreeLine(path="index.html", sha256="e" * 64, size=7000)]
    with building(path, name) as made:
        for number, slug, items in (
            (1, "costos", [item("hoja", 2, 1000, 200), item("foto", 3, 600)]),
            (4, "juegos", [item("guia", 5, 50), package]),
            (7, "ventas", [item("puesto", 8, 900)]),
        ):
            made.add(course(slug, number), items, lambda _ref: lines, lambda line: coming.get(line.number, 0))
        made.set_new_from(4)
        made.index(lambda _sha256: [])
        made.finish()
    found = Catalogue(path)
    yield found
    found.close()


def test_a_course_counts_what_is_listed_what_is_here_and_what_is_coming(catalogue: Catalogue) -> None:
    counts = {one.slug: (one.items, one.here, one.coming, one.seconds) for one in catalogue.courses()}
    assert counts == {"costos": (2, 1, 500, 120), "juegos": (1, 1, 0, 60), "ventas": (1, 0, 900, 60)}


def test_packages_are_not_found_nor_news(catalogue: Catalogue) -> None:
    assert catalogue.search("juego", limit=9) != []
    assert [found.href_id for found in catalogue.search("juego", limit=9)] == ["juegos"]
    assert "juegos/juego" not in {found.href_id for found in catalogue.news(9)}


def test_what_cannot_be_opened_yet_is_no_news(catalogue: Catalogue) -> None:
    assert [found.href_id for found in catalogue.news(9)] == ["juegos"]


def test_a_search_says_what_is_coming(catalogue: Catalogue) -> None:
    assert {found.href_id: found.coming for found in catalogue.search("foto", limit=9)} == {"costos/foto": 500}
    assert {found.href_id: found.coming for found in catalogue.search("ventas", limit=9)} == {"ventas": 900}
    assert {found.href_id: found.coming for found in catalogue.search("costos", limit=9)} == {"costos": 0}


def test_bytes_are_those_of_files_and_packages(catalogue: Catalogue) -> None:
    held = {one.id: (one.items, one.bytes, one.coming) for one in catalogue.held_courses(9)}
    assert held == {"costos": (2, 1800, 500), "juegos": (2, 7050, 0), "ventas": (1, 900, 900)}
    assert [(one.id, one.kind, one.bytes) for one in catalogue.held_items("juegos", 9)] == [
        ("juegos/guia", "document", 50),
        ("juegos/juego", "package", 7000),
    ]
    sums = catalogue.totals()
    assert (sums.courses, sums.items, sums.bytes, sums.items_coming, sums.coming) == (3, 5, 9750, 2, 1400)


def test_a_page_of_courses_can_be_of_some_alone(catalogue: Catalogue) -> None:
    assert [one.id for one in catalogue.held_courses(1, 1)] == ["juegos"]
    assert [one.id for one in catalogue.held_courses(9, only=["ventas", "nada"])] == ["ventas"]
    assert catalogue.held_courses(9, only=[]) == []
    assert catalogue.courses_coming() == {"costos", "ventas"}


def test_what_is_coming_is_listed_with_the_smallest_first(catalogue: Catalogue) -> None:
    assert [(one.id, one.coming) for one in catalogue.coming(9)] == [("costos/foto", 500), ("ventas/puesto", 900)]
    assert [one.id for one in catalogue.coming(9, only=["ventas/puesto", "costos/hoja"])] == ["ventas/puesto"]
    assert len(catalogue.coming(1)) == 1
