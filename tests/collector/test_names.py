"""Head office learns what integers mean from what its own keys signed, and shows that; nothing else gets in the way."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import zstandard

from collector.app import create_app
from collector.db import database
from collector.errors import BadSetting
from collector.figures.names import title_in
from collector.names import store
from collector.names.models import Course, Item
from collector.names.trouble import Trouble, sentence
from collector.names.watch import PATIENCE, Names
from collector.settings import Settings
from content_cache.publisher.groups import read_groups
from content_cache.publisher.publish import remove_course
from content_cache.trust import protect
from tests.collector.library import Library
from tests.collector.running import RunningOffice
from tests.collector.sender import NOW, FakeHub, Socket
from tests.collector.test_pages import Cells
from tests.content_cache.making import ITEMS
from tests.simulators.link import ContentServer
from wire.names import Name
from wire.summary import ItemUse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = b'{"format":1}\n'
SOURCE = store.From("root", 1, "file")


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protect, "ROUNDS", 1000)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Four numbers: the course El precio justo, and Tus costos, Hoja de costos, Un puesto."""
    library = Library(tmp_path / "library")
    library.publish()
    return library


@pytest.fixture
def small(tmp_path: Path) -> Iterator[None]:
    """An office on SQLite, for what does not depend on the database."""
    yield create_app(Settings(data=tmp_path / "small"), clock=lambda: NOW / 1000)
    if not database.is_closed():
        database.close()


@contextlib.contextmanager
def connected() -> Iterator[None]:
    with database.connection_context() if database.is_closed() else contextlib.nullcontext():
        yield


def names_of(app, library: Library, place: str | None = None, **how) -> Names:
    """The office's own, from now on those of the library."""
    folder = app.extensions["office"].settings.data / "names"
    names = Names(place or str(library.repository), library.root.read_bytes(), folder, **how)
    app.extensions["office"] = replace(app.extensions["office"], names=names)
    return names


def follow(names: Names, number: int | None) -> Trouble | None:
    with connected():
        names.follow(number)
    return names.trouble


def titles() -> dict[int, str]:
    with connected():
        rows = [*Course.select(), *Item.select()]
        return {row.number: next(iter(json.loads(row.titles).values()), row.slug) for row in sorted(rows, key=_number)}


def _number(row) -> int:
    return int(row.number)


CALLED = {1: "El precio justo", 2: "Tus costos", 3: "Hoja de costos", 4: "Un puesto"}


def test_items_are_called_by_their_titles_and_what_has_none_by_its_number(office, client, hub, library):
    hub.send(hub.sealed())
    before = Cells(client.get("/sites/dzemul?lang=en").text).rows
    assert ["item 4", "1", "1"] in before
    assert ["Items whose course is not known yet", "3", "5"] in before
    assert follow(names_of(office, library), library.sign()) is None
    page = client.get("/sites/dzemul?lang=en").text
    assert ["Un puesto El precio justo", "1", "1"] in Cells(page).rows
    assert ["item 12", "2", "4"] in Cells(page).rows
    assert ["El precio justo", "1", "1"] in Cells(page).rows
    assert ["Items whose course is not known yet", "2", "4"] in Cells(page).rows
    assert '<bdi lang="es-MX">Un puesto</bdi>' in page


def test_the_home_page_adds_courses_up_over_all_sites_and_the_last_days(office, client, library):
    library.publish("ahorro", title="El ahorro")
    follow(names_of(office, library), library.sign())
    for name, number in (("Dzemul", 4), ("Chemax", 4), ("Tizimín", 6)):
        hub = FakeHub.enrolled(client, name)
        use = (ItemUse(number, 5, 2, 7),)
        hub.send(hub.sealed(items=use), hub.sealed(items=use, day=dt.date(2025, 2, 1)))
    rows = Cells(client.get("/?lang=en").text).rows
    first = rows.index(["El precio justo", "10", "14"])
    assert rows[first + 1] == ["El ahorro", "5", "7"]
    assert [row["plays"] for row in client.get("/api/v1/courses").json] == [20, 10]


def test_two_hubs_with_different_releases_count_under_the_same_names(office, client, library):
    library.publish("ahorro", title="El ahorro")
    remove_course("precio-justo", library.repository)
    follow(names_of(office, library), library.sign())
    hub, other = FakeHub.enrolled(client), FakeHub.enrolled(client, "Chemax")
    hub.send(hub.sealed(release=1, items=(ItemUse(2, 3, 1, 4),)))
    other.send(other.sealed(release=9, items=(ItemUse(2, 4, 1, 5), ItemUse(6, 1, 1, 1))))
    assert [(row["title"], row["plays"]) for row in client.get("/api/v1/courses").json] == [
        ("El precio justo", 7),
        ("El ahorro", 1),
    ]


def test_items_and_courses_come_as_json_and_csv(office, client, hub, library):
    follow(names_of(office, library), library.sign())
    hub.send(hub.sealed())
    rows = client.get("/api/v1/sites/dzemul/items").json
    assert rows[1] == {
        "number": 4,
        "slug": "precio-justo/puesto",
        "title": "Un puesto",
        "language": "es-MX",
        "kind": "image",
        "course": 1,
        "course_title": "El precio justo",
        "course_language": "es-MX",
        "plays": 1,
        "minutes": 1,
    }
    assert (rows[0]["number"], rows[0]["title"], rows[0]["course"]) == (12, "", None)
    for path in ("items", "courses"):
        rows = client.get(f"/api/v1/sites/dzemul/{path}").json
        table = list(csv.DictReader(io.StringIO(client.get(f"/api/v1/sites/dzemul/{path}?format=csv").text)))
        assert table == [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows]
        assert client.get(f"/api/v1/sites/none/{path}").status_code == 404
        assert client.get(f"/api/v1/sites/dzemul/{path}?format=xml").status_code == 400


def some(numbers: range, *, title: str = "Lección") -> list[Name]:
    course = Name(number=1, slug="a", titles={"es": "Curso"})
    return [course, *(Name(number=n, slug=f"a/i{n}", titles={"es": f"{title} {n}"}, course=1) for n in numbers)]


def test_names_that_changed_are_written_and_the_others_left_alone(office):
    with connected():
        assert store.keep(some(range(2, 1502)), SOURCE, 1) == 1501
        assert store.keep(some(range(2, 1502)), SOURCE, 2) == 0
        changed = [replace_title(name) if name.number in {7, 1100} else name for name in some(range(2, 1502))]
        assert store.keep(changed, SOURCE, 3) == 2
    assert [titles()[number] for number in (6, 7, 1100, 1501)] == ["Lección 6", "Otra", "Otra", "Lección 1501"]


def replace_title(name: Name) -> Name:
    return Name(number=name.number, slug=name.slug, titles={"es": "Otra"}, course=1)


def test_what_a_file_does_not_name_goes_and_a_number_may_turn_from_item_to_course(office):
    with connected():
        store.keep(some(range(2, 2002)), SOURCE, 1)
        store.keep([Name(number=2, slug="b"), Name(number=900, slug="b/c", course=2)], SOURCE, 2)
        assert store.taken() == SOURCE
    assert titles() == {2: "b", 900: "b/c"}


@pytest.mark.parametrize(
    ("known", "language", "shown"),
    [
        ({"es-MX": "Metas", "en": "Goals"}, "es", ("Metas", "es-MX")),
        ({"es-MX": "Metas", "en": "Goals"}, "en", ("Goals", "en")),
        ({"es-MX": "Metas"}, "en", ("Metas", "es-MX")),
        ({"en": "Goals", "yua": "x"}, "es", ("Goals", "en")),
        ({"yua": "x", "nah": "y"}, "es", ("y", "nah")),
        ({"est": "Eesmärgid"}, "es", ("Eesmärgid", "est")),
        ({}, "es", ("", "")),
    ],
)
def test_a_title_is_in_the_readers_language_or_spanish_or_english_or_any(known, language, shown):
    assert title_in(known, language) == shown


def test_what_was_removed_is_still_called_what_it_was(small, library):
    names = names_of(small, library)
    follow(names, library.sign())
    library.publish(items=ITEMS.partition("  - item: puesto")[0], title="Precio justo")
    assert follow(names, library.sign()) is None
    assert titles() == CALLED | {1: "Precio justo"}
    with connected():
        assert [item.published for item in Item.select().order_by(Item.number)] == [True, True, False]


def damaged(library: Library) -> int:
    """The file is not what was signed."""
    library.publish(title="Otro")
    number = library.sign()
    blob = read_groups(library.repository).names
    path = next((library.repository / "m").glob(f"{blob.sha256}*"))
    path.write_bytes(path.read_bytes()[::-1])
    return number


def lacking(library: Library) -> int:
    library.publish(title="Otro")
    number = library.sign()
    next((library.repository / "m").glob(f"{read_groups(library.repository).names.sha256}*")).unlink()
    return number


def unsigned(library: Library) -> int:
    shutil.rmtree(library.repository / "metadata")
    return 2


def without_signatures(library: Library) -> int:
    library.publish(title="Otro")
    library.sign()
    path = library.repository / "metadata" / "timestamp.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"signatures": []}))
    return 2


def by_others(library: Library) -> int:
    """All is right, but for whose keys these are."""
    other = Library(library.keys.parent / "other")
    other.publish(title="Falso")
    other.sign()
    other.publish(title="Falso también")
    shutil.rmtree(library.repository)
    shutil.copytree(other.repository, library.repository)
    return other.sign()


def bomb(library: Library) -> int:
    """A megabyte in a few bytes, where a hundred are signed."""
    return library.sign_names(HEAD + bytes(100), packed=zstandard.compress(bytes(2**20)))


def huge(library: Library) -> int:
    return library.sign_names(HEAD, size=2**40)


def endless_window(library: Library) -> int:
    frame = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27, write_content_size=0)
    )
    return library.sign_names(HEAD, packed=b"".join([(made := frame.compressobj()).compress(HEAD), made.flush()]))


ROW = b'{"number":%d,"slug":"a%d"}\n'
ATTACKS = {
    "damaged": (damaged, Trouble.DAMAGED),
    "lacking": (lacking, Trouble.UNREADABLE),
    "unsigned": (unsigned, Trouble.UNREADABLE),
    "without signatures": (without_signatures, Trouble.NOT_OURS),
    "signed by others": (by_others, Trouble.NOT_OURS),
    "a bomb": (bomb, Trouble.DAMAGED),
    "a window of 128 MiB": (endless_window, Trouble.DAMAGED),
    "a terabyte": (huge, Trouble.DAMAGED),
    "a number twice": (lambda one: one.sign_names(HEAD + ROW % (1, 1) + ROW % (1, 2)), Trouble.DAMAGED),
    "a number of 13 digits": (lambda one: one.sign_names(HEAD + ROW % (10**12, 1)), Trouble.DAMAGED),
    "right for a thousand lines": (
        lambda one: one.sign_names(HEAD + b"".join(ROW % (n, n) for n in range(1, 1000)) + b"{"),
        Trouble.DAMAGED,
    ),
    "nothing": (lambda one: one.sign_names(b""), Trouble.DAMAGED),
}


@pytest.mark.parametrize(("attack", "trouble"), ATTACKS.values(), ids=ATTACKS)
def test_whatever_comes_the_names_that_were_there_stay_and_the_page_says_why(small, library, attack, trouble):
    names = names_of(small, library)
    assert follow(names, library.sign()) is None
    assert follow(names, attack(library)) is trouble
    assert titles() == CALLED
    client = small.test_client()
    hub = FakeHub.enrolled(client)
    hub.send(hub.sealed())
    for page in ("/?lang=en", "/sites/dzemul?lang=en"):
        with small.test_request_context("/?lang=en"):
            assert sentence(trouble) in client.get(page).text


def test_content_that_is_older_is_not_gone_back_to_even_if_what_was_verified_is_lost(small, library, tmp_path):
    shutil.copytree(library.repository, tmp_path / "old")
    library.sign()
    shutil.copytree(library.repository / "metadata", tmp_path / "old" / "metadata")
    names = names_of(small, library)
    library.publish(title="Otro")
    assert follow(names, library.sign()) is None
    shutil.rmtree(library.repository)
    shutil.copytree(tmp_path / "old", library.repository)
    assert follow(names, 1) is Trouble.OLDER
    shutil.rmtree(small.extensions["office"].settings.data / "names")
    assert follow(names_of(small, library), 1) is Trouble.OLDER
    assert titles()[1] == "Otro"


def test_content_signed_too_long_ago_brings_no_names(small, tmp_path):
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=500)
    library = Library(tmp_path / "library", long_ago)
    library.publish()
    assert follow(names_of(small, library), library.sign(long_ago)) is Trouble.EXPIRED
    assert titles() == {}


def test_content_of_an_older_version_tells_no_names(small, library):
    from content_cache.trust.publishing import signable
    from content_cache.trust.signing import sign
    from tests.collector.library import WORDS

    sign(library.repository, library.keys, signable(library.repository), WORDS)
    assert follow(names_of(small, library), 1) is Trouble.NONE_YET


def test_new_keys_are_followed_from_root_to_root(small, library):
    from content_cache.trust import keys
    from tests.collector.library import WORDS

    names = names_of(small, library)
    follow(names, library.sign())
    for name in ("publisher", "root-1"):
        keys.rotate(library.keys, name, WORDS)
    library.publish(title="Con llaves nuevas")
    assert follow(names, library.sign()) is None
    assert titles()[1] == "Con llaves nuevas"


def test_who_pins_another_root_begins_anew(small, library, tmp_path):
    library.publish("ahorro", title="Ahorro")
    library.publish(title="Otro")
    library.sign()
    library.publish(title="Y otro")
    assert follow(names_of(small, library), library.sign()) is None
    other = Library(tmp_path / "other")
    other.publish(title="De otra oficina")
    assert follow(names_of(small, other), other.sign()) is None
    assert titles() == CALLED | {1: "De otra oficina"}


def test_markup_in_a_title_is_text_and_what_cannot_be_shown_a_blank(small, library):
    title = "<script>alert(1)</script>\\u0000\\u202e\\n&amp;'\\\""
    rows = f'{{"number":1,"slug":"a"}}\n{{"number":4,"slug":"a/b","titles":{{"es":"{title}"}},"course":1}}\n'
    number = library.sign_names(HEAD + rows.encode())
    assert follow(names_of(small, library), number) is None
    client = small.test_client()
    hub = FakeHub.enrolled(client)
    hub.send(hub.sealed())
    page = client.get("/sites/dzemul").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp;&#39;&#34;</bdi>" in page
    assert "<script" not in page
    assert "\x00" not in page


def test_a_folder_or_a_server_a_whole_copy_or_one_of_plain_files(small, library, tmp_path):
    number = library.sign()
    blob = read_groups(library.repository).names
    path = library.repository / "m" / f"{blob.sha256}.zst"
    path.with_suffix("").write_bytes(zstandard.decompress(path.read_bytes()))
    path.unlink()
    with ContentServer(library.repository) as server:
        assert follow(names_of(small, library, server.url), number) is None
    assert titles() == CALLED


def test_it_is_looked_for_only_when_the_content_is_new(small, library):
    number = library.sign()
    with ContentServer(library.repository) as server:
        names = names_of(small, library, server.url)
        follow(names, number)
        asked = server.paths()
        assert len(asked) == 5
        follow(names, number)
        follow(names_of(small, library, server.url), number)  # as after a restart
        assert server.paths() == asked
        (library.courses / "precio-justo" / "uno.md").write_text("# Otra página\n")
        library.publish("ahorro")
        remove_course("ahorro", library.repository)
        follow(names, library.sign())
        assert len(server.paths()) > len(asked)


@pytest.mark.parametrize(
    "habit", ["hang", "html", "broken", "gone", "endless", "cut_short", "flipped", "gzipped", "redirect"]
)
def test_a_host_that_lies_or_breaks_is_tried_again_some_minutes_later(small, library, habit, monkeypatch):
    monkeypatch.setattr("collector.reading.TIMEOUTS", (0.2, 0.2))
    number, now = library.sign(), [0.0]
    with ContentServer(library.repository) as server:
        server.habit = habit
        names = names_of(small, library, server.url, clock=lambda: now[0])
        assert follow(names, number) in {Trouble.UNREADABLE, Trouble.DAMAGED, Trouble.NOT_OURS}
        server.habit, asked = "honest", len(server.paths())
        assert follow(names, number) is not None
        assert len(server.paths()) == asked
        now[0] = PATIENCE
        assert follow(names, number) is None
    assert titles() == CALLED


def test_a_host_that_drips_is_given_up(small, library, monkeypatch):
    monkeypatch.setattr("collector.names.trust.SECONDS", 0.3)
    with ContentServer(library.repository) as server:
        server.habit = "drip"
        assert follow(names_of(small, library, server.url), library.sign()) is Trouble.UNREADABLE


def test_a_host_that_is_stuck_holds_up_no_upload_and_no_page(tmp_path, library):
    library.sign()
    with ContentServer(library.repository) as server:
        server.habit = "hang"
        settings = {"content": server.url, "content_root": str(library.root)}
        with RunningOffice(tmp_path, **settings) as office:
            hub = FakeHub(Socket(office.address))
            hub.enrol(office.add_site("Dzemul"))
            while not server.asked:
                office.get("/healthz")
            assert hub.send(hub.sealed()).content is None
            assert office.get("/").status_code == 200


@pytest.mark.parametrize("settings", [{}, {"content": "/nowhere"}])
def test_without_content_or_root_the_page_says_what_to_set(settings, tmp_path):
    app = create_app(Settings(data=tmp_path / "office", **settings), clock=lambda: NOW / 1000)
    client = app.test_client()
    hub = FakeHub.enrolled(client)
    hub.send(hub.sealed())
    assert "set COLLECTOR_CONTENT" in client.get("/?lang=en").text
    assert follow(app.extensions["office"].names, 7) in {Trouble.NO_CONTENT, Trouble.NO_ROOT}
    database.close()


def test_a_root_that_is_not_there_stops_start_up_with_a_sentence(tmp_path):
    with pytest.raises(BadSetting, match=r"^COLLECTOR_CONTENT_ROOT cannot be read .* 1\.root\.json"):
        create_app(Settings(data=tmp_path, content="x", content_root=str(tmp_path / "none")))


def test_a_root_that_is_none_is_nobodys(small, library):
    number = library.sign()
    library.root.write_bytes(b"{}")
    assert follow(names_of(small, library), number) is Trouble.DAMAGED
