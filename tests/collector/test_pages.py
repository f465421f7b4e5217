import datetime as dt
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from babel.messages.pofile import read_po

from collector.app import create_app
from collector.settings import Settings
from setup import ROOT
from tests.collector.sender import NOW, FakeHub, a_code

TOKEN = "correct-horse-battery"


@pytest.fixture
def guarded(database_url, tmp_path, office):
    settings = Settings(data=tmp_path / "office", database=database_url, token=TOKEN)
    return create_app(settings, clock=lambda: NOW / 1000).test_client()


class Cells(HTMLParser):
    """The texts of a page's table cells, row by row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in {"td", "th"}

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data


def test_a_play_that_arrived_shows_on_the_home_page(client, hub):
    hub.send(hub.sealed(plays=3))
    rows = Cells(client.get("/?lang=en").text).rows
    assert ["Dzemul", "just now", "3", "1", "5"] in rows
    assert ["Feb 28, 2026", "3", "2", "5"] in rows


@pytest.mark.parametrize(("seconds", "words"), [(59, "just now"), (180, "3 minutes ago"), (9 * 86_400, "1 week ago")])
def test_when_a_site_was_last_heard_is_said_in_words(office, hub, seconds, words):
    from dataclasses import replace

    hub.send()
    office.extensions["office"] = replace(office.extensions["office"], clock=lambda: NOW / 1000 + seconds)
    assert ["Dzemul", words, "0", "0", "0"] in Cells(hub.client.get("/?lang=en").text).rows


def test_a_site_never_heard_says_so(client, hub):
    assert ["Dzemul", "nunca", "0", "0", "0"] in Cells(client.get("/").text).rows


def test_the_page_of_a_site_lists_its_days_and_items(client, hub):
    hub.send(hub.sealed(open=True))
    rows = Cells(client.get("/sites/dzemul?lang=en").text).rows
    assert ["Feb 28, 2026 so far", "3", "2", "3", "5", "9", "1", "20", "0"] in rows
    assert ["item 12", "2", "4"] in rows


def test_plots_are_svg_with_a_title_a_description_and_a_bar_per_day(client, hub):
    hub.send(hub.sealed(plays=3), hub.sealed(day=dt.date(2026, 2, 27), plays=4))
    plots = re.findall(r'<svg viewBox="0 0 360 140".*?</svg>', client.get("/?lang=en").text, re.DOTALL)
    assert len(plots) == 3
    drawing = ET.fromstring(plots[0])
    assert drawing.find("title").text == "Plays per day"
    assert drawing.find("desc").text == "From Jan 31 to Mar 1; the table has each day."
    assert [bar.find("title").text for bar in drawing.findall("rect")] == ["Feb 27: 4", "Feb 28: 3"]


def test_a_hub_whose_clock_is_years_ahead_does_not_move_the_plot(client, hub):
    hub.send(hub.sealed(), hub.sealed(day=dt.date(2150, 1, 1)))
    page = client.get("/?lang=en").text
    assert "From Feb 1 to Mar 2;" in page
    assert "<strong>3</strong>" in page


def test_a_name_is_never_taken_for_markup(client):
    FakeHub.enrolled(client, "<script>alert(1)</script>")
    assert "&lt;script&gt;" in client.get("/").text
    assert "<script" not in client.get("/").text


def test_without_a_wish_pages_are_spanish_and_a_choice_is_remembered(client):
    assert '<html lang="es">' in client.get("/").text
    assert '<html lang="en">' in client.get("/", headers={"Accept-Language": "en-GB, de"}).text
    client.get("/?lang=en")
    assert "No site is here yet" in client.get("/").text


def test_every_text_has_its_spanish():
    with (ROOT / "collector/translations/es/LC_MESSAGES/messages.po").open("rb") as lines:
        spanish = {message.id: message for message in read_po(lines) if message.id}
    from babel.messages.extract import extract_from_dir

    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    wanted = {text for _, _, text, _, _ in extract_from_dir(ROOT / "collector", methods)}
    assert wanted == set(spanish)
    assert [text for text, message in spanish.items() if not message.string or message.fuzzy] == []


def test_pages_forbid_scripts_and_frames(client):
    for path in ("/", "/sites/none", "/healthz", "/assets/style.css"):
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")


def test_the_open_demonstration_refreshes_itself(client):
    assert '<meta http-equiv="refresh" content="15">' in client.get("/").text


def test_a_guarded_office_does_not_refresh_itself(guarded):
    guarded.post("/sign-in", data={"token": TOKEN})
    assert "http-equiv" not in guarded.get("/").text


def test_where_a_token_is_set_nobody_reads_without_it(guarded):
    assert guarded.get("/").location == "/sign-in"
    assert guarded.get("/sites/dzemul").location == "/sign-in"
    refusal = guarded.get("/api/v1/sites")
    assert (refusal.status_code, refusal.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert guarded.get("/sign-in").status_code == guarded.get("/assets/style.css").status_code == 200


def test_programs_read_with_the_token_in_a_header(guarded):
    assert guarded.get("/api/v1/sites", headers={"Authorization": f"Bearer {TOKEN}"}).json == []
    for wrong in ("Bearer x", f"Basic {TOKEN}", "Bearer ", "Bearer \xff", TOKEN):
        assert guarded.get("/api/v1/sites", headers={"Authorization": wrong}).status_code == 401


def test_people_sign_in_once(guarded):
    assert guarded.post("/sign-in", data={"token": "wrong"}).status_code == 401
    signed_in = guarded.post("/sign-in", data={"token": TOKEN})
    assert "HttpOnly" in signed_in.headers["Set-Cookie"]
    assert "SameSite=Lax" in signed_in.headers["Set-Cookie"]
    assert TOKEN not in signed_in.headers["Set-Cookie"]
    assert guarded.get("/").status_code == 200


def test_a_new_token_signs_everybody_out(guarded, database_url, tmp_path):
    guarded.post("/sign-in", data={"token": TOKEN})
    settings = Settings(data=tmp_path / "office", database=database_url, token="another-horse-battery")
    other = create_app(settings).test_client()
    other.set_cookie("collector", guarded.get_cookie("collector").value)
    assert other.get("/").location == "/sign-in"


def test_who_guesses_tokens_must_wait(guarded):
    answers = [guarded.post("/sign-in", data={"token": f"guess {number}"}).status_code for number in range(22)]
    assert answers == [401] * 20 + [429] * 2


def test_hubs_need_no_token(guarded):
    hub = FakeHub(guarded)
    hub.enrol(a_code())
    assert hub.send(hub.sealed()).acknowledged


def test_the_days_come_as_csv_too(client, hub):
    hub.send(hub.sealed(plays=3))
    answer = client.get("/api/v1/sites/dzemul/days?format=csv")
    head, row = answer.text.splitlines()
    assert answer.mimetype == "text/csv"
    assert dict(zip(head.split(","), row.split(","), strict=True))["plays"] == "3"


def test_an_unknown_site_and_an_unknown_format_get_a_sentence(client, hub):
    assert client.get("/api/v1/sites/none/days").json["error"].endswith("lists what is.")
    assert client.get("/api/v1/sites/dzemul/days?format=xml").json["error"].startswith("The format is json or csv")
    assert "Esa página no existe." in client.get("/sites/none").text


def test_openapi_names_every_address_and_tells_the_shape_of_each_answer(client, hub):
    hub.send(hub.sealed())
    described = client.get("/openapi.json").json
    rules = {
        re.sub(r"<(?:int:)?(\w+)>", r"{\1}", rule.rule)
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith(("/v1", "/api", "/healthz"))
    }
    assert rules == set(described["paths"])
    schemas = described["components"]["schemas"]
    assert set(client.get("/api/v1/sites").json[0]) == set(schemas["Site"]["required"])
    assert set(client.get("/api/v1/sites/dzemul/days").json[0]) == set(schemas["Day"]["required"])
    assert set(client.get("/api/v1/sites/dzemul/items").json[0]) == set(schemas["Item"]["required"])
    for path in ("/api/v1/sites/dzemul/courses", "/api/v1/courses"):
        assert set(client.get(path).json[0]) == set(schemas["Course"]["required"])
    assert set(client.get("/api/v1/none").json) == set(schemas["Refusal"]["required"])


@pytest.mark.parametrize(("value", "top"), [(0, 1), (0.4, 1), (3, 3), (10, 10), (11, 12), (995, 1000), (420, 500)])
def test_a_plot_ends_at_a_round_number_just_above_its_highest_bar(value, top):
    from collector.pages.plot import round_up

    assert round_up(value) == top
