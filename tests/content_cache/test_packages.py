"""Packages that editors bring: what comes in, what is refused in one sentence, and what opens first."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content_cache.errors import CourseError
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.packages import BadPackage, open_package
from content_cache.publisher.publish import publish
from content_cache.publisher.startpages import find_start
from content_cache.publisher.verify import verify_repository
from content_cache.repository import Repository
from tests.content_cache.making import course
from tests.content_cache.test_publish import published_files, tree
from tests.content_cache.zips import SITE, entry, overlapping, renamed, zipped

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared data beside the repository")
PACKAGE = "  - item: juego\n    kind: package\n    title: Un juego\n    file: juego.zip\n"
GOOD = {
    "scorm12/RuntimeMinimumCalls_SCORM12.zip": "Playing/Playing.html",
    "scorm12/es_actividad-evaluable_scorm12.zip": "index.html",
    "scorm12/singlesco_scorm12.zip": "shared/launchpage.html",
    "scorm12/singlescobasic_missingorg.zip": "sso/launchpage.html",
    "scorm12/suica_lms-info.zip": "lms-info.html",
    "scorm2004/RuntimeBasicCalls_SCORM20043rdEdition.zip": "shared/launchpage.html",
    "h5p/greeting-card.h5p": "h5p.json",
    "h5p/guess-the-answer.h5p": "h5p.json",
    "epub/minimal.epub": "EPUB/package.opf",
    "epub/ocf-filename-utf8-valid.epub": "EPUB/package.opf",
    "epub/es_debian-edu-bookworm-manual.repacked.epub": "OEBPS/content.opf",
    "imscc/single-page.imscc": "wiki_content/our-purpose.html",
    "imscc/py4e_export.imscc": "imsmanifest.xml",
    "html5zip/default_package.zip": "index.html",
    "html5zip/es_un-contenido-de-ejemplo.elpx": "index.html",
}
BAD = {
    "scorm12/badscorm.zip": "no page that opens first",
    "h5p/corrupt_archive.h5p": "is no zip",
    "h5p/broken-h5p-json.h5p": "no page that opens first",
    "epub/ocf-zip-unreadable-no-end-header-fatal.epub": "is no zip",
    "html5zip/sample.zip": "no page that opens first",
    "imscp-cmi5-tincan/ustad-tincan.zip": "no page that opens first",
    "zip-robustness/passwordis1.zip": "locked with a password",
    "zip-robustness/test_win8_cz.zip": "no page that opens first",
    "mbz/STACK-syntax-quiz.mbz": "is no zip",
}


def opened(path):
    with open_package(path) as package:
        package.check()
        return package.start


def refused(path, phrase):
    with pytest.raises(BadPackage, match=phrase):
        opened(path)


def package_course(tmp_path, **files):
    folder = course(tmp_path / "c", items=PACKAGE)
    zipped(folder / "juego.zip", files or SITE)
    return folder


@needs_data
@pytest.mark.parametrize(("name", "start"), GOOD.items())
def test_a_real_package_comes_in_and_its_start_is_found(name, start):
    assert opened(DATA / name) == start


@needs_data
@pytest.mark.parametrize(("name", "phrase"), BAD.items())
def test_a_real_file_that_is_no_package_is_refused(name, phrase):
    refused(DATA / name, phrase)


@needs_data
def test_real_packages_travel_from_an_editors_folder_to_a_library(tmp_path):
    names = [name for name in GOOD if (DATA / name).stat().st_size < 700_000]
    items = "".join(
        f"  - item: p{n}\n    kind: package\n    title: P\n    file: p{n}{Path(name).suffix}\n"
        for n, name in enumerate(names)
    )
    folder = course(tmp_path / "c", items=items)
    for number, name in enumerate(names):
        (folder / f"p{number}{Path(name).suffix}").write_bytes((DATA / name).read_bytes())
    publish(folder, tmp_path / "r")
    assert verify_repository(tmp_path / "r").problems == ()
    library = Library(tmp_path / "library")
    import_repository(tmp_path / "r", library)
    found = library.catalogue()
    for number, name in enumerate(names):
        tree_of = found.item(f"precio-justo/p{number}").tree
        with zipfile.ZipFile(DATA / name) as archive:
            start = found.tree_file(tree_of.sha256, GOOD[name])
            assert library.store.open(start.sha256).read() == archive.read(GOOD[name])


def test_one_edited_line_in_a_package_is_one_new_object(tmp_path):
    folder = package_course(tmp_path)
    publish(folder, tmp_path / "r")
    before = {path.name for path in (tmp_path / "r/o").iterdir()}
    zipped(folder / "juego.zip", SITE | {"js/app.js": b"let precio = 12;\n" * 50})
    assert publish(folder, tmp_path / "r").changed
    assert len({path.name for path in (tmp_path / "r/o").iterdir()} - before) == 1


def test_a_package_that_is_packed_again_with_the_same_files_changes_nothing(tmp_path):
    folder = package_course(tmp_path)
    publish(folder, tmp_path / "r")
    zipped(folder / "juego.zip", dict(reversed(SITE.items())), zipfile.ZIP_STORED)
    assert not publish(folder, tmp_path / "r").changed


def test_a_bad_package_is_one_sentence_with_its_line_and_changes_nothing(tmp_path):
    folder = package_course(tmp_path)
    publish(folder, tmp_path / "r")
    before = tree(tmp_path / "r")
    zipped(folder / "juego.zip", SITE | {"../fuera.html": b"x"})
    with pytest.raises(CourseError) as caught:
        publish(folder, tmp_path / "r")
    assert len(caught.value.problems) == 1
    assert "line 12: juego.zip holds a file under a name that leads elsewhere" in caught.value.problems[0]
    assert tree(tmp_path / "r") == before
    assert len(published_files(tmp_path / "r")) == len(before)


@pytest.mark.parametrize(
    "name", ["../a", "a/../../b", "/etc/passwd", "a//b", "./a", "a\\b", "a\nb", "C:/a", "a/" * 31 + "b", "c/.."]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    refused(zipped(tmp_path / "z", SITE | {name: b"x"}), "leads elsewhere|on a drive|nested too deeply")


def test_a_name_cut_short_by_a_zero_is_refused(tmp_path):
    path = zipped(tmp_path / "z", SITE | {"aXb.html": b"x"})
    refused(renamed(path, b"aXb.html", b"a\0b.html"), "leads elsewhere|no zip")


def test_links_and_devices_are_refused(tmp_path):
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR):
        refused(
            zipped(tmp_path / "z", SITE | {entry("enlace", kind | 0o777): b"/etc/passwd"}), "a link or no plain file"
        )


def test_a_name_that_is_there_twice_is_refused(tmp_path):
    path = zipped(tmp_path / "z", SITE | {"js/apq.js": b"x"})
    refused(renamed(path, b"js/apq.js", b"js/app.js"), "holds js/app.js twice")


@pytest.mark.parametrize(
    ("one", "other"), [("a.html", "A.html"), ("\u00e1.html", "a\u0301.html"), ("stra\u00dfe", "STRASSE"), ("a", "a/b")]
)
def test_names_that_some_system_takes_for_one_are_refused(tmp_path, one, other):
    refused(zipped(tmp_path / "z", SITE | {one: b"1", other: b"2"}), "one name on many systems|a file and as a folder")


def test_names_in_other_letters_come_in_as_they_were_meant(tmp_path):
    path = zipped(tmp_path / "z", SITE | {"\u00e1rea/\u4e2d\u6587.html": b"1", "aXX.html": b"2"})
    renamed(path, b"aXX.html", "a\u00f1.html".encode())  # UTF-8 that the zip does not call so, as Macs write it
    with open_package(path) as package:
        assert {"\u00e1rea/\u4e2d\u6587.html", "a\u00f1.html"} <= {name for name, _ in package.files()}


def test_what_a_mac_leaves_behind_is_left_out(tmp_path):
    with open_package(zipped(tmp_path / "z", SITE | {"__MACOSX/._index.html": b"x", "js/.DS_Store": b"x"})) as package:
        assert package.count == len(SITE)


def test_a_zip_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path):
    refused(zipped(tmp_path / "z", SITE | {"a.bin": bytes(40 * 2**20)}), "more than 100 times its size")
    refused(overlapping(tmp_path / "y"), "within another file|more than 100 times")
    refused(
        zipped(tmp_path / "x", SITE | {f"{n}.txt": b"" for n in range(50_001)}, zipfile.ZIP_STORED),
        "more than 50000 files",
    )


def test_a_directory_that_claims_to_be_huge_is_not_read(tmp_path):
    path = zipped(tmp_path / "z", SITE)
    data = bytearray(path.read_bytes())
    data[-10:-6] = (2**31).to_bytes(4, "little")  # its size, in the last record
    path.write_bytes(data)
    refused(path, "more than 50000 files")


def test_a_directory_that_claims_to_be_huge_in_the_large_form_is_not_read(tmp_path):
    path = zipped(tmp_path / "z", SITE)
    data = path.read_bytes()
    end = len(data) - 22
    huge = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 2**40, 2**40, 2**40, 0)
    modest = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, 200, 0)
    for first, second in ((huge, modest), (modest, huge), (huge, huge)):
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
        path.write_bytes(data[:end] + first + second + locator + data[end:])
        refused(path, "more than 50000 files")
    path.write_bytes(data[:end] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 2**60, 1) + data[end:])
    refused(path, "is no zip")


def test_damage_anywhere_in_a_file_of_a_zip_is_found(tmp_path):
    path = zipped(tmp_path / "z", {"index.html": bytes(range(256)) * 20}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    refused(path, "index.html in it cannot be unpacked")


def test_a_zip_cut_off_anywhere_is_refused(tmp_path):
    whole = zipped(tmp_path / "z", SITE).read_bytes()
    for cut in range(0, len(whole), 7):
        (tmp_path / "cut").write_bytes(whole[:cut])
        refused(tmp_path / "cut", "is no zip|holds no file")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_whatever_is_changed_in_a_zip_it_opens_whole_or_is_refused(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    whole = bytearray(zipped(folder / "fuzz", SITE).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    (folder / "fuzz").write_bytes(whole)
    try:
        with open_package(folder / "fuzz") as package:
            for name, file in package.files():
                assert not name.startswith("/")
                assert ".." not in name.split("/")
                file.read()
    except BadPackage:
        return
    with zipfile.ZipFile(folder / "fuzz") as archive:
        assert archive.testzip() is None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_anything_but_a_zip_is_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(data)
    refused(path, "is no zip|holds no file")


def start_of(files):
    return find_start(sorted(files), lambda path, limit: files[path][:limit])


def manifest(items, resources, base=""):
    return f'<manifest xmlns="x"{base}><organizations><organization>{items}</organization></organizations><resources>{resources}</resources></manifest>'.encode()


RESOURCES = '<resource identifier="A" href="a.html?x=1"/><resource identifier="B" href="b%20c.html"/>'


def test_the_first_item_with_a_page_opens_first():
    pages = {"a.html": b"", "b c.html": b"", "index.html": b""}
    second = '<item><title>1</title></item><item identifierref="B"/><item identifierref="A"/>'
    assert start_of({"imsmanifest.xml": manifest(second, RESOURCES), **pages}) == "b c.html"
    assert start_of({"imsmanifest.xml": manifest("", RESOURCES), **pages}) == "a.html"


def test_a_manifest_may_say_where_its_addresses_begin():
    text = manifest('<item identifierref="A"/>', RESOURCES, ' xml:base="sco/"')
    assert start_of({"imsmanifest.xml": text, "sco/a.html": b"", "index.html": b""}) == "sco/a.html"


def test_an_address_that_leads_out_of_the_package_is_no_start():
    for href in ("../a.html", "http://example.org/a.html", "//example.org/a.html", "file:///etc/passwd"):
        text = manifest('<item identifierref="A"/>', f'<resource identifier="A" href="{href}"/>')
        assert start_of({"imsmanifest.xml": text, "a.html": b""}) == "imsmanifest.xml"


def test_a_manifest_with_entities_is_not_read():
    bomb = b'<!DOCTYPE m [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>' + manifest('<item identifierref="A"/>', RESOURCES)
    assert start_of({"imsmanifest.xml": bomb, "a.html": b"", "index.html": b""}) == "index.html"
    nested = b"<manifest>" + b"<a>" * 5000
    assert start_of({"imsmanifest.xml": nested, "index.html": b""}) == "index.html"


def test_a_folder_that_was_zipped_as_a_whole_is_looked_into():
    text = manifest('<item identifierref="A"/>', RESOURCES)
    assert start_of({"curso/imsmanifest.xml": text, "curso/a.html": b""}) == "curso/a.html"


def test_a_launch_that_names_a_page_opens_first():
    text = b"<tincan><activities><activity><launch lang='en'>hola/main.html</launch></activity></activities></tincan>"
    assert start_of({"tincan.xml": text, "hola/main.html": b"", "z/index.html": b""}) == "hola/main.html"


def test_the_index_nearest_to_the_top_opens_first():
    assert start_of({"a/b/index.html": b"", "z/index.htm": b"", "otra.html": b""}) == "z/index.htm"
    assert start_of({"a/una.html": b""}) == "a/una.html"
    assert start_of({"una.html": b"", "dos.html": b""}) == ""


def test_a_tree_says_how_many_files_and_bytes_it_has(tmp_path):
    publish(package_course(tmp_path), tmp_path / "r")
    reader = Repository(tmp_path / "r")
    (item,) = reader.course(reader.head()[0].courses[0])[1]
    assert (item.tree.files, item.tree.bytes) == (len(SITE), sum(map(len, SITE.values())))
    assert [line.path for line in reader.tree(item.tree)] == sorted(SITE)
