"""Packages as trees: what a library takes in of them, and what it refuses."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from content_cache.errors import DamagedBlob, RepositoryError
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.ordering import blobs_in_order
from content_cache.records import TreePath, TreeRef
from content_cache.repository import Repository
from tests.content_cache.making import unpacked_file
from tests.simulators.repository import course_entry, item_line, keep, package_line, write_head

PAGE = b"<h1>Hola</h1>" * 60
FILES = {"index.html": PAGE, "js/a.js": b"var a = 1;", "js/b.js": b"var a = 1;", "\u00e1rea/x.html": PAGE}


@pytest.fixture
def library(tmp_path):
    return Library(tmp_path / "library")


def repository(tmp_path, *lines):
    root = tmp_path / "r"
    return write_head(root, [course_entry(root, "costos", 1, list(lines))])


def test_a_package_comes_in_with_all_its_files_and_each_blob_once(tmp_path, library):
    root = repository(tmp_path, package_line(tmp_path / "r", "juego", 2, FILES))
    assert import_repository(root, library).blobs == 2
    catalogue = library.catalogue()
    item = catalogue.item("costos/juego")
    assert (item.kind, item.files, item.tree.files, item.tree.start) == ("package", (), 4, "index.html")
    assert catalogue.tree_file(item.tree.sha256, "js/b.js").sha256 == hashlib.sha256(b"var a = 1;").hexdigest()
    assert catalogue.tree_file(item.tree.sha256, "js/c.js") is None
    page = hashlib.sha256(PAGE).hexdigest()
    assert library.store.open(page).read() == PAGE
    assert catalogue.names_blob(page)
    assert catalogue.items_with(page) == ["costos/juego"]
    assert len(list(catalogue.blobs())) == 2


def test_two_items_that_open_one_package_keep_one_tree(tmp_path, library):
    lines = [package_line(tmp_path / "r", f"juego-{number}", number, FILES) for number in (2, 3)]
    import_repository(repository(tmp_path, *lines), library)
    catalogue = library.catalogue()
    assert catalogue.item("costos/juego-2").tree == catalogue.item("costos/juego-3").tree


def test_what_is_packed_may_lie_as_it_is_on_a_copy(tmp_path, library):
    root = repository(tmp_path, package_line(tmp_path / "r", "juego", 2, FILES))
    packed = root / "o" / (hashlib.sha256(PAGE).hexdigest() + ".zst")
    packed.with_suffix("").write_bytes(PAGE)
    packed.unlink()
    assert import_repository(root, library).blobs == 2


def test_a_packed_object_of_another_size_is_damaged(tmp_path, library):
    root = repository(tmp_path, package_line(tmp_path / "r", "juego", 2, FILES))
    packed = root / "o" / (hashlib.sha256(PAGE).hexdigest() + ".zst")
    packed.write_bytes(packed.read_bytes() + b"x")
    with pytest.raises(DamagedBlob):
        import_repository(root, library)


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"files": 5}, "has not the 5 files"),
        ({"files": 3}, "has not the 3 files"),
        ({"start": "otra.html"}, "otra.html among them"),
        ({"size": 10}, "damaged"),
        ({"packed": 10}, "damaged"),
        ({"start": "../index.html"}, "cannot be read"),
    ],
)
def test_a_tree_that_is_not_what_its_item_says_is_refused(tmp_path, library, other, sentence):
    root = repository(tmp_path, package_line(tmp_path / "r", "juego", 2, FILES, **other))
    with pytest.raises(RepositoryError, match=sentence):
        import_repository(root, library)
    assert library.release() is None


def test_a_tree_out_of_order_or_with_a_path_twice_is_refused(tmp_path, library):
    line = package_line(tmp_path / "r", "juego", 2, FILES)
    record = unpacked_file(tmp_path / "r", f"m/{line['tree']['sha256']}")
    lines = b"".join(record.splitlines(keepends=True)[::-1])
    line["tree"] |= {"sha256": hashlib.sha256(lines).hexdigest(), "size": len(lines)}
    line["tree"].pop("packed", None)
    (tmp_path / "r/m" / line["tree"]["sha256"]).write_bytes(lines)
    with pytest.raises(RepositoryError, match="order of the paths"):
        import_repository(repository(tmp_path, line), library)


def test_a_package_without_a_tree_and_a_reading_with_one_are_refused(tmp_path, library):
    line = package_line(tmp_path / "r", "juego", 2, FILES)
    for wrong in ({**line, "tree": None}, {**item_line(tmp_path / "r", "uno", 2, b"# Uno\n"), "tree": line["tree"]}):
        with pytest.raises(RepositoryError, match="must have a tree if it is a package"):
            import_repository(repository(tmp_path, wrong), library)


def test_blobs_have_one_order_in_which_each_comes_once(tmp_path):
    first = item_line(tmp_path / "r", "uno", 2, b"# Uno\n")
    root = repository(tmp_path, first, package_line(tmp_path / "r", "juego", 3, FILES))
    reader = Repository(root)
    ordered = [blob.sha256 for blob in blobs_in_order(reader, reader.head()[0])]
    assert ordered == [hashlib.sha256(data).hexdigest() for data in (b"# Uno\n", PAGE, b"var a = 1;")]


@pytest.mark.parametrize("path", ["index.html", "a/b c/.d", "...", "a/..b", "\u00e1rea/\u4e2d.html", "a" * 400])
def test_a_path_of_plain_components_is_taken(path):
    assert msgspec.convert(path, TreePath) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/.",
        "a/../b",
        "../a",
        "./a",
        "a\\b",
        "a\nb",
        "a\0b",
        "a/\n",
        "..\n",
        "a" * 401,
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(path, TreePath)


@given(st.text(alphabet="./\\\n a\u00e1\x85", max_size=12))
def test_no_path_that_is_taken_leads_out_of_its_package(path):
    try:
        msgspec.convert(path, TreePath)
    except msgspec.ValidationError:
        return
    parts = path.split("/")
    assert not {"", ".", ".."} & set(parts)
    assert path.isprintable()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_a_tree_says_its_paths_are_plain_and_in_order_or_it_is_refused(tmp_path_factory, data):
    root = tmp_path_factory.getbasetemp() / "trees"
    ref = package_line(root, "juego", 2, FILES)["tree"]
    record = bytearray(unpacked_file(root, f"m/{ref['sha256']}"))
    for _ in range(data.draw(st.integers(1, 3))):
        record[data.draw(st.integers(0, len(record) - 1))] = data.draw(st.sampled_from(b'\\/."0{}\n.a\xc3\x00,:'))
    changed = TreeRef(**ref | {"sha256": keep(root / "m", bytes(record)), "size": len(record), "packed": None})
    try:
        lines = list(Repository(root).tree(changed))
    except RepositoryError:
        return
    assert [line.path for line in lines] == sorted({line.path for line in lines})
    assert not any({"", ".", ".."} & set(line.path.split("/")) for line in lines)
    assert (len(lines), changed.start in [line.path for line in lines]) == (changed.files, True)


def test_a_packed_record_never_gives_more_than_it_should_hold(tmp_path, library):
    line = package_line(tmp_path / "r", "juego", 2, FILES)
    bomb = zstandard.compress(b'{"path":"' + b"a" * (50 * 2**20))
    (tmp_path / "r/m" / f"{line['tree']['sha256']}.zst").write_bytes(bomb)
    line["tree"]["packed"] = len(bomb)
    with pytest.raises(RepositoryError, match=r"is damaged|another hash"):
        import_repository(repository(tmp_path, line), library)


def test_a_tree_of_more_files_than_any_may_have_is_refused_unread(tmp_path, library):
    line = package_line(tmp_path / "r", "juego", 2, FILES, files=50_001)
    with pytest.raises(RepositoryError, match="cannot be read"):
        import_repository(repository(tmp_path, line), library)
