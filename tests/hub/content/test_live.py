"""The technician's page of content: what it tells in both languages, what can be ordered there, and by whom."""

from __future__ import annotations

import datetime as dt
import fcntl
import html
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from content_cache.building import building
from content_cache.durable import locked
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.publish import publish as publish_folder
from content_cache.records import CourseLine, File, ItemLine
from hub.content.holdings import ON_A_PAGE
from hub.content.models import Copy, Stick, asked, note, scrub, state, wished
from hub.content.orders import ask
from hub.db import writing
from hub.uplink.budget import Rules
from hub.uplink.ledger import rules, set_rules
from hub.uplink.models import Ledger
from tests.content_cache.making import course
from tests.hub.content.conftest import ITEM
from tests.hub.content.test_sticks import Port
from tests.hub.technician.conftest import Bench, Browser, publish

if TYPE_CHECKING:
    from pathlib import Path

AT = "/technician/content"
PATHS = [AT, f"{AT}/courses", f"{AT}/courses?show=coming", f"{AT}/courses/precio-justo"]
ORDERS = [f"{AT}/{order}" for order in ("sync", "verify", "rollback", "copy", "budget", "wish")]


@pytest.fixture
def two_editions(bench: Bench, tmp_path: Path) -> Library:
    """The library of the hub, which serves the second of two editions."""
    library = bench.app.extensions["hub"].library
    for title in ("El precio justo", "Otro precio"):
        publish_folder(course(tmp_path / "course", title=title), tmp_path / "repository")
        import_repository(tmp_path / "repository", library)
    return library


def words(text: str) -> str:
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
    return html.unescape(plain).replace("\N{NO-BREAK SPACE}", " ")


def told(bench: Bench, path: str = AT, language: str = "en") -> str:
    answer = bench.signed_in(language).get(path)
    assert answer.status_code == 200
    return words(answer.text)


def order(browser: Browser, path: str, **fields: str) -> int:
    fields.setdefault("form_token", browser.form_token(AT))
    return browser.post(path, **fields).status_code


def many(root: Path, courses: int) -> None:
    library, name = Library(root), "1-0123456789ab"
    library.catalogues.mkdir(parents=True)
    with building(library.path(name), name) as catalogue:
        for number in range(courses):
            course = CourseLine(
                course=f"curso-{number}", number=1 + 21 * number, title=f"Curso {number}", summary="", language="es",
                topic="todo",
            )  # fmt: skip
            items = (
                ItemLine(
                    item=f"leccion-{index}", number=2 + 21 * number + index, kind="document", title="Hoja",
                    files=(File(role="main", sha256=f"{number * 20 + index:064x}", size=1000, mime="application/pdf", name="h.pdf"),),
                )
                for index in range(20)
            )  # fmt: skip
            catalogue.add(course, items, coming=lambda item: (item.number - 2) // 21 % 2 * 500)
        catalogue.finish()
    (library.catalogues / "current").symlink_to(f"{name}.sqlite")


@pytest.mark.parametrize("path", PATHS)
def test_only_a_technician_sees_it(waiting: Bench, path: str) -> None:
    answer = waiting.browser().get(path)
    assert (answer.status_code, answer.location) == (303, "/technician/sign-in")
    page = waiting.signed_in().get(path)
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text
    assert "http-equiv" not in page.text


@pytest.mark.parametrize("path", ORDERS)
def test_only_a_technician_orders_and_only_from_a_form_of_hers(waiting: Bench, path: str) -> None:
    assert waiting.browser().post(path).location == "/technician/sign-in"
    signed_in = waiting.signed_in()
    assert order(signed_in, path, form_token="0" * 64) == 403
    token = signed_in.form_token(AT)
    assert signed_in.post(path, origin="http://evil.example", form_token=token).status_code == 403
    assert signed_in.get(path).status_code == 405
    assert not state().wanted
    assert not scrub().wanted


def test_the_technicians_home_leads_to_it(waiting: Bench) -> None:
    assert f'href="{AT}"' in waiting.signed_in().get("/technician").text


def test_an_empty_hub_says_how_courses_come(bench: Bench) -> None:
    assert "They come by the link, or from a stick" in told(bench)
    assert "No hay" not in told(bench, f"{AT}/courses")
    assert "There are none." in told(bench, f"{AT}/courses")


def test_it_tells_what_is_here_and_what_is_to_come(waiting: Bench) -> None:
    ask(ITEM, waiting.clock)
    page = told(waiting)
    assert "12 MB are still to come." in page
    assert "Tus costos To come: 12 MB 1 asks" in page
    assert "Courses 1 Lessons 1" in page
    assert "Faltan 12 MB por llegar." in told(waiting, language="es")


def test_it_says_when_all_is_here(bench: Bench) -> None:
    publish(bench.settings.library_root)
    assert "All courses are here." in told(bench)


def test_it_tells_of_a_sync_that_runs_and_how_long_it_will_take(waiting: Bench) -> None:
    incoming = waiting.settings.library_root / "incoming"
    incoming.mkdir()
    progress = {"source": "content.example", "step": "files", "done": 3_000_000, "total": 12_000_000}
    (incoming / "progress.json").write_text(json.dumps(progress | {"bytes_a_second": 2500.0}))
    held = os.open(incoming, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        page = told(waiting)
    finally:
        os.close(held)
    assert "Courses are coming in. 3 MB of 12 MB" in page
    assert "25 %" in page
    assert "about 1 h 0 min left" in page
    assert "Courses are coming in" not in told(waiting), "the one that told of it is gone"


def test_it_tells_what_failed_why_and_when(waiting: Bench) -> None:
    now = waiting.clock.moment()
    with writing():
        note(url="https://content.example", error="The line is cut.", why="offline", error_boot=now.boot,
             error_seconds=now.seconds, retry_boot=now.boot, retry_seconds=now.seconds + 1860)  # fmt: skip
    waiting.seconds += 600
    page = told(waiting)
    assert "The last look for new courses failed." in page
    assert "Check the cable or the modem" in page
    assert "Failed 10 min ago The line is cut." in page
    assert "Tries again in 21 min" in page
    assert "No se pudo conectar." in told(waiting, language="es")


def test_it_tells_what_became_of_a_stick(waiting: Bench) -> None:
    now = waiting.clock.moment()
    stick = {"boot": now.boot, "seconds": now.seconds, "stamp": "x"}
    with writing():
        Stick.create(
            place="/media/AZUL/village-hub", name="AZUL", state="foreign", sentence="It is not signed.", **stick
        )
    assert "AZUL It is not used: it does not come from head office" in told(waiting)


def test_a_technician_copies_the_courses_to_a_stick(waiting: Bench, tmp_path: Path, monkeypatch) -> None:
    port = Port(tmp_path, monkeypatch)
    object.__setattr__(waiting.settings, "sticks", port.folder)
    browser, stick = waiting.signed_in(), str(port.plug_in("AZUL", "x"))
    assert "AZUL Copy the courses to this stick" in words(browser.get(AT).text)
    assert order(browser, f"{AT}/copy", place=stick) == 303
    assert "The hub begins to copy within a minute." in words(browser.get(AT).text)
    assert order(browser, f"{AT}/copy", place="/etc") == 404
    assert order(browser, f"{AT}/copy") == 400
    assert [row.place for row in Copy.select()] == [stick]


def test_it_says_when_the_budget_is_used_up(waiting: Bench) -> None:
    set_rules(Rules(daily=5_000_000, monthly=100_000_000))
    now = waiting.clock.moment()
    with writing():
        Ledger.create(boot=now.boot, seconds=now.seconds, up=0, down=5_000_000, kind="content")
    page = told(waiting)
    assert "What the link may carry today is used up." in page
    assert "Today : 5 MB of 5 MB" in page
    assert "This month : 5 MB of 100 MB" in page
    assert re.search(r"about \d days, as the link's budget allows", page)


@pytest.mark.parametrize(
    ("clock", "sentence"),
    [
        (
            dt.datetime(2026, 3, 2, 23, tzinfo=dt.UTC),
            "The link is not used at this hour. It goes on from 2026-03-02 22:00.",
        ),
        (None, "The hub does not know the time, so it cannot tell in which hours the link may be used."),
    ],
)
def test_it_says_when_the_hours_forbid_it(waiting: Bench, clock: dt.datetime | None, sentence: str) -> None:
    set_rules(Rules(hours="22-04"))
    if clock:
        waiting.clock.learn(clock, "technician")
    assert sentence in told(waiting)


def test_a_technician_pins_removes_and_brings_back(waiting: Bench) -> None:
    browser, at = waiting.signed_in(), f"{AT}/wish"
    assert order(browser, at, subject="precio-justo", wish="pin") == 303
    assert wished("pinned") == {"precio-justo"}
    assert "Pinned Decided for the whole course." in words(browser.get(f"{AT}/courses/precio-justo").text)
    assert order(browser, at, subject="precio-justo", wish="unpin") == 303
    assert order(browser, at, subject=ITEM, wish="remove") == 303
    assert (wished("pinned"), wished("removed")) == (set(), {ITEM})
    assert "Bring it back" in words(browser.get(f"{AT}/courses/precio-justo").text)
    assert "Removed" in words(browser.get(f"{AT}/courses?show=removed").text)
    assert order(browser, at, subject=ITEM, wish="bring-back") == 303
    assert wished("removed") == set()


def test_a_wish_leads_back_to_where_it_was_made(waiting: Bench) -> None:
    browser = waiting.signed_in()
    answer = browser.post(f"{AT}/wish?page=1", form_token=browser.form_token(AT), subject=ITEM, wish="pin")
    assert answer.location == f"{AT}/courses/precio-justo?page=1#item-costos"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 400),
        ({"subject": ITEM}, 400),
        ({"subject": ITEM, "wish": "sell"}, 400),
        ({"subject": "", "wish": "pin"}, 400),
        ({"subject": "x" * 200, "wish": "pin"}, 400),
        ({"subject": "precio-justo/nada", "wish": "pin"}, 404),
        ({"subject": "../../etc/passwd", "wish": "remove"}, 404),
        ({"subject": "\x00'); DROP TABLE wish; --", "wish": "remove"}, 404),
    ],
)
def test_a_wish_that_makes_no_sense_changes_nothing(waiting: Bench, fields: dict[str, str], code: int) -> None:
    assert order(waiting.signed_in(), f"{AT}/wish", **fields) == code
    assert wished("pinned") | wished("removed") == set()


def test_many_wishes_at_once_are_all_kept(waiting: Bench) -> None:
    browser = waiting.signed_in()
    token, cookie = browser.form_token(AT), f"staff={browser.token}"
    subjects = ["precio-justo", ITEM, "precio-justo/precio"] * 4

    def pin(subject: str) -> int:
        client = waiting.app.test_client(use_cookies=False)
        form = {"form_token": token, "subject": subject, "wish": "pin"}
        return client.post(
            f"{AT}/wish", data=form, headers={"Origin": "http://localhost", "Cookie": cookie}
        ).status_code

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(pin, subjects)) == {303}
    assert wished("pinned") == set(subjects)


def test_a_technician_has_the_hub_look_for_news_and_check_its_files(waiting: Bench) -> None:
    with writing():
        note(url="https://content.example")
    browser = waiting.signed_in()
    assert "Look for new courses now" in browser.get(AT).text
    assert order(browser, f"{AT}/sync") == 303
    assert order(browser, f"{AT}/verify") == 303
    assert state().wanted
    assert scrub().wanted
    page = words(browser.get(AT).text)
    assert "The hub looks for new courses within a minute." in page
    assert "The hub reads all files again." in page


def test_a_technician_sets_the_limits(waiting: Bench) -> None:
    browser = waiting.signed_in()
    form = {"daily": "20", "monthly": "300.5", "first": "06", "last": "22", "free_first": "01", "free_last": "05"}
    assert order(browser, f"{AT}/budget", **form) == 303
    assert rules() == Rules(20_000_000, 300_500_000, "06-22", "01-05")
    page = browser.get(AT).text
    assert 'value="300.5"' in page
    assert page.count("selected") == 4
    assert order(browser, f"{AT}/budget") == 303
    assert rules() == Rules()


@pytest.mark.parametrize(
    "form", [{"daily": "mucho"}, {"monthly": "-1"}, {"first": "06"}, {"free_last": "99"}, {"first": "6;", "last": "22"}]
)
def test_limits_that_make_no_sense_are_refused(waiting: Bench, form: dict[str, str]) -> None:
    set_rules(Rules(daily=1_000_000))
    assert order(waiting.signed_in(), f"{AT}/budget", **form) == 422
    assert rules() == Rules(daily=1_000_000)


def test_there_is_no_way_back_before_a_second_edition(waiting: Bench) -> None:
    browser = waiting.signed_in()
    assert "Go back" not in browser.get(AT).text
    assert order(browser, f"{AT}/rollback") == 409


def test_a_technician_goes_back_to_the_edition_before(bench: Bench, two_editions: Library) -> None:
    browser = bench.signed_in()
    page = browser.get(AT).text
    assert "The one before 1" in words(page)
    assert "sees the courses of edition 1 again at once" in words(page)
    assert "Otro precio" in bench.browser().get("/").text
    assert order(browser, f"{AT}/rollback") == 303
    assert "El precio justo" in bench.browser().get("/").text
    page = words(browser.get(AT).text)
    assert "Edition 1 Gone back from 2" in page
    assert "Yes, go back" not in page
    assert order(browser, f"{AT}/rollback") == 409


def test_nobody_goes_back_while_courses_are_being_brought(bench: Bench, two_editions: Library) -> None:
    browser = bench.signed_in()
    with locked(two_editions.catalogues):
        assert order(browser, f"{AT}/rollback") == 409
    assert two_editions.number() == 2


@pytest.mark.parametrize("path", [f"{AT}/courses/nada", f"{AT}/courses?show=x", f"{AT}/courses/..", f"{AT}/x"])
def test_what_is_not_there_is_not_found(waiting: Bench, path: str) -> None:
    assert waiting.signed_in().get(path).status_code == 404


@pytest.mark.parametrize("page", ["0", "-1", "99999999999999999999", "x", "1%00"])
def test_a_page_that_is_not_there_is_the_nearest(waiting: Bench, page: str) -> None:
    assert "Precio" in told(waiting, f"{AT}/courses?page={page}")


def test_a_large_library_is_leafed_through_and_stays_light(bench: Bench) -> None:
    many(bench.settings.library_root, 300)
    browser = bench.signed_in()
    first = browser.get(f"{AT}/courses")
    assert first.text.count('class="row"') == ON_A_PAGE
    assert 'rel="next"' in first.text
    assert len(first.data) < 30_000
    last = words(browser.get(f"{AT}/courses?page=13").text)
    assert "Curso 299 20 lessons · 10 kB" in last
    assert "Page 7 of 7" in words(browser.get(f"{AT}/courses?show=coming&page=9").text)
    page = browser.get(AT)
    assert "All 3000 lessons to come" in words(page.text)
    assert len(page.data) < 30_000
    assert asked() == {}


def test_courses_tell_how_they_are_used(waiting: Bench) -> None:
    assert "no plays in four weeks" in told(waiting, f"{AT}/courses")


@pytest.mark.parametrize("broken", ["junk", "gone"])
def test_a_catalogue_that_cannot_be_read_does_not_hide_the_rest(waiting: Bench, broken: str) -> None:
    for catalogue in waiting.settings.library_root.rglob("*-*.sqlite"):
        catalogue.write_bytes(b"junk" * 1000) if broken == "junk" else catalogue.unlink()
    assert "Use of the link" in told(waiting)
    assert "There are none." in told(waiting, f"{AT}/courses")
