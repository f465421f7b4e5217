"""Head office learns what integers mean from what its own keys signed, and shows that; nothing else gets in the way."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import replace

import pytest

from collector.app import create_app
from collector.carry.kits import Kits, make_kit
from collector.db import database
from collector.errors import BadSetting
from collector.figures.names import title_in
from collector.names import store
from collector.names.models import Item
from collector.names.trouble import Trouble
from collector.settings import Settings
from content_cache.publisher.publish import remove_course
from tests.collector.library import CALLED, HEAD, connected, follow, names_of, titles
from tests.collector.sender import NOW, FakeHub, a_code
from tests.collector.test_pages import Cells
from tests.content_cache.making import ITEMS
from wire.kit import open_kit
from wire.names import Name
from wire.summary import ItemUse

SOURCE = store.From("root", 1, "file")


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


def test_a_title_that_a_spreadsheet_would_run_stays_text(client, hub):
    hub.send(hub.sealed())
    wrong = "=HYPERLINK(A1)", "+1", "-1", "@SUM(A1)", "El precio"
    for title in wrong:
        with connected():
            course, item = some(range(4, 5))
            store.keep([course, replace_title(item, title)], SOURCE, 1)
        rows = csv.DictReader(io.StringIO(client.get("/api/v1/sites/dzemul/items?format=csv").text))
        assert {row["number"]: row["title"] for row in rows}["4"] == (title if title == wrong[-1] else f"'{title}")
        assert title in [row["title"] for row in client.get("/api/v1/sites/dzemul/items").json]


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


def replace_title(name: Name, title: str = "Otra") -> Name:
    return Name(number=name.number, slug=name.slug, titles={"es": title}, course=1)


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


def test_a_kit_gives_hubs_the_root_that_names_are_believed_by(small, library):
    office = small.extensions["office"]
    settings = replace(office.settings, content="https://content.example", content_root=str(library.root))
    with connected():
        a_code()
        kit = open_kit(make_kit("dzemul", replace(office, settings=settings), Kits()))
    assert kit.content_root == library.root.read_bytes()
