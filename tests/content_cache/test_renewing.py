"""A library that an older version of the program filled is served again without its repository."""

import shutil
import sqlite3

import pytest

from content_cache.catalogue import LAYOUT, Catalogue
from content_cache.errors import Busy, NoSpace, OlderLayout, RepositoryError
from content_cache.importer import alone, import_repository
from content_cache.library import Library
from content_cache.publisher.publish import publish
from content_cache.renewing import renew
from tests.content_cache.making import FIRST_LAYOUT, course


@pytest.fixture
def library(tmp_path):
    """One whose catalogue has the tables of the first layout, and whose repository is gone."""
    publish(course(tmp_path / "course"), tmp_path / "r")
    library = Library(tmp_path / "library")
    import_repository(tmp_path / "r", library)
    shutil.rmtree(tmp_path / "r")
    with sqlite3.connect(library.path(library.release())) as made:
        made.executescript(FIRST_LAYOUT)
    return library


def test_courses_are_there_as_before_and_can_be_searched(library):
    release = library.release()
    with pytest.raises(OlderLayout):
        library.catalogue()
    assert renew(library)
    catalogue = library.catalogue()
    assert (library.release(), catalogue.release, catalogue.news(9)) == (release, release, [])
    assert [topic.title for topic in catalogue.topics()] == ["Costos y precios"]
    assert [one.href_id for one in catalogue.search("gastas", limit=5)] == ["precio-justo/costos"]
    assert "Lo que gastas" in catalogue.item("precio-justo/costos").html
    assert len(catalogue.items("precio-justo")) == 3
    assert sorted(path.name for path in library.catalogues.iterdir()) == [f"{release}.sqlite", "current"]


def test_a_catalogue_of_this_layout_is_left_alone(library):
    renew(library)
    before = library.path(library.release()).stat()
    assert not renew(library)
    assert library.path(library.release()).stat().st_ino == before.st_ino


def test_an_empty_library_needs_nothing(tmp_path):
    assert not renew(Library(tmp_path / "nothing"))
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("layout", [0, LAYOUT + 1])
def test_a_file_of_a_newer_layout_or_none_is_not_touched(library, layout):
    with sqlite3.connect(library.path(library.release())) as made:
        made.execute(f"PRAGMA user_version = {layout}")
    assert not renew(library)
    with pytest.raises(RepositoryError, match="another version"):
        library.catalogue()


def test_a_full_disk_or_another_import_leaves_all_as_it_was(library):
    with pytest.raises(NoSpace):
        renew(library, reserve=10**18)
    with alone(library), pytest.raises(Busy):
        renew(library)
    assert len(list(library.catalogues.iterdir())) == 2
    assert renew(library)


@pytest.mark.parametrize(
    "harm", ["UPDATE items SET kind = 'film'", "DROP TABLE files", "UPDATE courses SET slug = '../x'"]
)
def test_rows_that_make_no_sense_are_a_sentence(library, harm):
    with sqlite3.connect(library.path(library.release())) as made:
        made.execute(harm)
    with pytest.raises(RepositoryError, match="damaged; sync again"):
        renew(library)
    with pytest.raises(OlderLayout):
        Catalogue(library.path(library.release()))


def test_the_repository_itself_mends_it_as_well(tmp_path):
    publish(course(tmp_path / "course"), tmp_path / "r")
    library = Library(tmp_path / "library")
    import_repository(tmp_path / "r", library)
    with sqlite3.connect(library.path(library.release())) as made:
        made.executescript(FIRST_LAYOUT)
    assert import_repository(tmp_path / "r", library).changed
    assert library.catalogue().search("gastas", limit=5)


def test_records_say_more_than_rows_and_are_taken_where_they_are(tmp_path, monkeypatch):
    publish(course(tmp_path / "course"), tmp_path / "r")
    library = Library(tmp_path / "library")
    release = import_repository(tmp_path / "r", library).release
    gone = library.catalogue().item("precio-justo/hoja").file("main").sha256
    library.store.path(gone).unlink()
    for place in ("catalogue", "building", "renewing"):
        monkeypatch.setattr(f"content_cache.{place}.LAYOUT", LAYOUT + 1)
    assert renew(library)
    catalogue = library.catalogue()
    assert (catalogue.number, library.release()) == (1, f"{release}.1")
    assert catalogue.item("precio-justo/hoja").coming > 0
    assert "Lo que gastas" in catalogue.item("precio-justo/costos").html
    assert catalogue.sha256
