"""A repository becomes the library in one step, or the library stays as it was."""

import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from content_cache.catalogue import Catalogue
from content_cache.errors import Busy, DamagedBlob, NoSpace, OlderRelease, RepositoryError
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.publish import publish, remove_course
from tests.content_cache.making import PDF, course
from tests.simulators.repository import course_entry, item_line, make_repository, write_head


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


@pytest.fixture
def published(tmp_path: Path) -> Path:
    publish(course(tmp_path / "c"), tmp_path / "r")
    return tmp_path / "r"


def test_an_empty_library_serves_nothing(library):
    assert (library.release(), library.catalogue(), library.number()) == (None, None, 0)
    assert not library.root.exists()
    assert library.sweep().count == 0


def test_a_published_course_is_served_as_it_was_written(library, published):
    imported = import_repository(published, library)
    assert (imported.number, imported.courses, imported.items, imported.blobs, imported.changed) == (1, 1, 3, 3, True)
    assert library.release() == imported.release
    catalogue = library.catalogue()
    found = catalogue.courses()
    assert [(one.slug, one.title, one.language, one.items, one.licence) for one in found] == [
        ("precio-justo", "El precio justo", "es-MX", 3, "CC-BY-4.0")
    ]
    assert catalogue.course("precio-justo") == found[0]
    assert [(item.id, item.kind, item.number) for item in catalogue.items("precio-justo")] == [
        ("precio-justo/costos", "reading", 2),
        ("precio-justo/hoja", "document", 3),
        ("precio-justo/puesto", "image", 4),
    ]
    document = catalogue.item("precio-justo/hoja").file("main")
    assert (document.mime, document.name, document.size) == ("application/pdf", "hoja.pdf", len(PDF))
    assert library.store.path(document.sha256).read_bytes() == PDF
    assert catalogue.item("precio-justo/costos").html == "<h2>Costos</h2>\n<p>Lo que gastas.</p>\n"
    assert catalogue.item("precio-justo/hoja").html is None


def test_a_catalogue_answers_numbers_titles_and_blobs(library, published):
    import_repository(published, library)
    catalogue = library.catalogue()
    assert catalogue.item_number("precio-justo/hoja") == 3
    assert catalogue.item_number("precio-justo/none") is None
    found = catalogue.brief(3)
    assert found
    assert (found.id, found.title, found.language) == ("precio-justo/hoja", "Hoja de costos", "es-MX")
    assert catalogue.brief(99) is None
    blobs = list(catalogue.blobs())
    assert blobs == list(library.store)
    assert all(catalogue.names_blob(blob.sha256) for blob in blobs)
    assert not catalogue.names_blob("0" * 64)
    assert not catalogue.names_blob("zz")
    assert (catalogue.item("x"), catalogue.course("x"), catalogue.items("x")) == (None, None, [])


def test_many_threads_ask_one_catalogue(library, tmp_path):
    import_repository(make_repository(tmp_path / "r", items=200), library)
    catalogue = library.catalogue()
    wrong = []

    def ask(start):
        for index in range(start, 200, 8):
            item = catalogue.item(f"curso-0/leccion-{index}")
            if item is None or f"Lección {index + 2}" not in item.html or len(catalogue.items("curso-0")) != 200:
                wrong.append(index)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_importing_the_same_release_again_brings_nothing(library, published):
    first = import_repository(published, library)
    again = import_repository(published, library)
    assert (again.changed, again.blobs, again.release) == (False, 0, first.release)


def test_importing_the_same_release_again_mends_what_was_damaged_or_lost(library, published):
    import_repository(published, library)
    damaged, lost, cut = [blob.sha256 for blob in library.store]
    library.store.path(damaged).write_bytes(b"x" * library.store.size(damaged))
    assert not library.store.verify(damaged)
    library.store.path(lost).unlink()
    library.store.path(cut).write_bytes(b"")
    assert import_repository(published, library).blobs == 3
    assert all(library.store.verify(sha256) for sha256 in (damaged, lost, cut))
    assert library.store.damaged() == []


def test_only_what_is_missing_is_brought(library, published, tmp_path):
    import_repository(published, library)
    (tmp_path / "c" / "uno.md").write_text("# Otra\n")
    publish(tmp_path / "c", published)
    told = []
    imported = import_repository(published, library, progress=lambda done, total: told.append((done, total)))
    assert (imported.blobs, imported.bytes) == (1, 7)
    assert told[0] == (0, 7)
    assert told[-1] == (7, 7)


def test_the_release_before_is_kept_and_the_one_before_that_is_not(library, published):
    names = []
    for title in ("Uno", "Dos", "Tres"):
        publish(course(published.parent / "c", title=title), published)
        names.append(import_repository(published, library).release)
    found = {path.name for path in library.catalogues.iterdir()}
    assert found == {"current", f"{names[1]}.sqlite", f"{names[2]}.sqlite"}
    assert Catalogue(library.path(names[1])).courses()[0].title == "Dos"


def test_a_reader_of_the_old_release_reads_on_while_the_new_one_is_switched_to(library, published):
    import_repository(published, library)
    old = library.catalogue()
    for title in ("Dos", "Tres", "Cuatro"):
        publish(course(published.parent / "c", title=title), published)
        import_repository(published, library)
    assert old.courses()[0].title == "El precio justo"
    assert library.catalogue().courses()[0].title == "Cuatro"


def test_a_sweep_keeps_what_this_release_and_the_one_before_name(library, published):
    import_repository(published, library)
    remove_course("precio-justo", published)
    import_repository(published, library)
    assert library.sweep().count == 0
    publish(
        course(published.parent / "d", slug="otro", items="  - {item: a, kind: document, title: A, file: hoja.pdf}\n"),
        published,
    )
    import_repository(published, library)
    assert library.sweep().count == 2
    assert [blob.size for blob in library.store] == [len(PDF)]


def test_an_older_release_is_refused(library, published, tmp_path):
    shutil.copytree(published, tmp_path / "old stick")
    publish(course(published.parent / "c", title="Dos"), published)
    here = import_repository(published, library).release
    with pytest.raises(OlderRelease, match="Release 1 is older than release 2 here; look for a newer repository"):
        import_repository(tmp_path / "old stick", library)
    assert library.release() == here


def test_another_release_of_the_same_number_is_refused(library, published, tmp_path):
    here = import_repository(published, library).release
    publish(course(tmp_path / "d", slug="otro"), tmp_path / "other")
    with pytest.raises(OlderRelease, match="another release 1"):
        import_repository(tmp_path / "other", library)
    assert library.release() == here


def test_a_reserve_is_left_free_and_the_sentence_says_how_much_to_free(library, published):
    free = shutil.disk_usage(published).free
    with pytest.raises(NoSpace, match=r"free at least \d+(\.\d)? [MG]B there, then start again"):
        import_repository(published, library, reserve=free + 10**9)
    assert library.release() is None
    assert list(library.store) == []


def test_an_item_of_a_terabyte_is_refused_before_anything_is_brought(library, tmp_path):
    line = item_line(tmp_path / "r", "uno", 2, b"x", size=2**45)
    write_head(tmp_path / "r", [course_entry(tmp_path / "r", "curso", 1, [line])])
    with pytest.raises(NoSpace, match="free at least"):
        import_repository(tmp_path / "r", library)


def test_two_imports_at_once_are_one_too_many(library, published):
    def again(_done, _total):
        with pytest.raises(Busy, match="try again"):
            import_repository(published, library)
        with pytest.raises(Busy):
            library.sweep()

    assert import_repository(published, library, progress=again).changed


def test_a_damaged_object_stops_the_import_and_is_named(library, published, tmp_path):
    import_repository(published, library)
    here = library.release()
    (tmp_path / "c" / "uno.md").write_text("# Otra\n")
    publish(tmp_path / "c", published)
    for path in (published / "o").iterdir():
        if path.read_bytes() == b"# Otra\n":
            path.write_bytes(b"# 0tra\n")
            name = path.name
    with pytest.raises(DamagedBlob, match=name):
        import_repository(published, library)
    assert library.release() == here
    assert not library.store.has(name)
    assert library.sweep().count == 0
    assert len(list(library.catalogues.iterdir())) == 2


def test_a_catalogue_of_another_version_is_built_again(library, published, monkeypatch):
    import_repository(published, library)
    monkeypatch.setattr("content_cache.catalogue.LAYOUT", 99)
    monkeypatch.setattr("content_cache.building.LAYOUT", 99)
    with pytest.raises(RepositoryError, match="sync again"):
        library.catalogue()
    assert import_repository(published, library).changed
    assert library.catalogue().courses()[0].slug == "precio-justo"


def test_a_hub_that_was_updated_says_so_and_heals_by_the_next_import(library, published):
    release = import_repository(published, library).release
    library.path(release).unlink()
    connection = sqlite3.connect(library.path(release))
    connection.executescript(f"CREATE TABLE meta (release, number); INSERT INTO meta VALUES ('{release}', 1);")
    connection.executescript("PRAGMA user_version = 1;")
    connection.close()
    with pytest.raises(RepositoryError, match="was made by another version; sync again"):
        library.catalogue()
    imported = import_repository(published, library)
    assert (imported.changed, imported.blobs) == (True, 0)
    assert library.catalogue().search("costos", limit=5)


@pytest.mark.parametrize("data", [b"", b"x" * 5000, b"SQLite format 3\0" + bytes(4000)])
def test_a_damaged_catalogue_says_so_and_is_built_again(library, published, data):
    import_repository(published, library)
    library.path(library.release()).write_bytes(data)
    with pytest.raises(RepositoryError, match="sync again"):
        library.catalogue()
    assert import_repository(published, library).changed
    assert library.catalogue().courses()[0].slug == "precio-justo"


def test_a_link_that_names_no_release_is_as_none(library):
    library.catalogues.mkdir(parents=True)
    (library.catalogues / "current").symlink_to("../../etc/passwd")
    assert library.release() is None
    (library.catalogues / "current").unlink()
    (library.catalogues / "current").symlink_to("1-0123456789ab.sqlite")
    with pytest.raises(RepositoryError, match="is gone"):
        library.catalogue()
