"""The page of a hub, the forms on it, and the same for programs."""

import json
import re
from html.parser import HTMLParser

import pytest

from collector.app import create_app
from collector.settings import Settings
from collector.state.change import add_account, set_settings
from collector.state.fields import FIELDS
from collector.state.look import one_hub
from tests.collector.sender import NOW

TOKEN = "correct-horse-battery"


class Form(HTMLParser):
    """Values of the inputs of the form that goes to `action`."""

    def __init__(self, page: str, action: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.action, self.inside = action, False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        if tag == "form":
            self.inside = known["action"] == self.action
        if tag == "input" and self.inside:
            self.values[known["name"]] = known.get("value", "")


@pytest.fixture
def running(office):
    return office.extensions["office"]


@pytest.fixture
def name(hub) -> str:
    return hub.id.hex()


@pytest.fixture
def path(name) -> str:
    return f"/hubs/{name}"


def form(client, path: str, which: str) -> dict[str, str]:
    return Form(client.get(path).text, f"{path}/{which}").values


def text(page: str) -> str:
    """What stands on a page."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_the_page_says_what_the_hub_runs_since_when_and_its_trouble(client, hub, path, name, running):
    assert "Nothing yet." in text(client.get(f"{path}?lang=en").text)
    set_settings(name, 0, {"daily-mb": "20"}, running)
    assert "Number 1, saved just now. The hub has not heard of it yet." in text(client.get(path).text)
    hub.send(state=1, trouble="name: a <b>.", software="2.0", content_release=12)
    page = text(client.get(path).text)
    assert "The hub runs number 1, the newest, known just now." in page
    assert "The hub could not do this name: a &lt;b&gt;." in page
    assert "Software 2.0 Content Release 12" in page
    hub.send(state=4)
    assert "The hub runs number 4, and number 1 is the newest here" in text(client.get(path).text)


def test_the_page_of_the_site_leads_to_its_hubs(client, hub, path, name, running):
    set_settings(name, 0, {"daily-mb": "20"}, running)
    page = client.get("/sites/dzemul?lang=en").text
    assert f'<a href="{path}">' in page
    assert "not heard yet" in page


def test_settings_are_edited_in_the_form_and_reach_the_hub(client, hub, path, name):
    given = form(client, path, "settings")
    assert given.keys() == {"number"} | {field.name for field in FIELDS}
    answer = client.post(f"{path}/settings", data=given | {"daily-mb": "20", "hours": "06-22"})
    assert (answer.status_code, answer.location) == (303, path)
    assert form(client, path, "settings") == given | {"number": "1", "daily-mb": "20", "hours": "06-22"}
    assert hub.send().configuration == 1


def test_what_will_not_do_is_marked_and_what_was_typed_stays(client, path, name):
    given = form(client, path, "settings") | {"daily-mb": "much", "hours": "06-22"}
    answer = client.post(f"{path}/settings", data=given, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "That will not do; write it as in 25." in text(answer.text)
    assert Form(answer.text, f"{path}/settings").values == given
    assert answer.text.count('aria-invalid="true"') == 1
    assert one_hub(name).number == 0


def test_of_two_people_with_the_form_open_the_second_is_told_and_keeps_what_she_typed(client, path, name):
    first = second = form(client, path, "settings")
    client.post(f"{path}/settings", data=first | {"daily-mb": "20"})
    answer = client.post(f"{path}/settings", data=second | {"hours": "06-22"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 409
    assert "Somebody else changed this hub meanwhile" in text(answer.text)
    assert Form(answer.text, f"{path}/settings").values["hours"] == "06-22"
    assert one_hub(name).settings == {"daily-mb": "20"}
    assert client.post(f"{path}/accounts", data={"number": "0", "name": "rosa"}).status_code == 409
    assert client.post(f"{path}/accounts/remove", data={"number": "0", "name": "rosa"}).status_code == 409


def test_an_account_shows_its_password_once(client, path, name):
    answer = client.post(f"{path}/accounts", data=form(client, path, "accounts") | {"name": "Rosa"})
    assert answer.status_code == 200
    password = re.search(r'class="password">([a-z0-9-]{19})<', answer.text)[1]
    assert answer.headers["Cache-Control"] == "no-store"
    assert password not in client.get(path).text
    assert password not in client.get(f"/api/v1{path}/state").text
    assert one_hub(name).accounts == ["rosa"]


def test_an_account_that_will_not_do_is_said_beside_its_field(client, path, name):
    for wrong, sentence in [("-", "1 to 39 letters"), ("admin", "of that name already")]:
        answer = client.post(f"{path}/accounts", data={"number": "0", "name": wrong}, headers={"Accept-Language": "en"})
        assert answer.status_code == 422
        assert sentence in text(answer.text)
    assert one_hub(name).number == 0


def test_an_account_is_removed(client, path, name, running):
    add_account(name, 0, "rosa", running)
    client.post(f"{path}/accounts/remove", data=form(client, path, "accounts/remove"))
    assert one_hub(name).accounts == []


def test_a_form_without_a_state_of_ours_changes_nothing(client, path, name):
    for number in ("", "-1", "one", "9" * 30, "\u0662", "0 OR 1"):
        assert client.post(f"{path}/settings", data={"number": number, "daily-mb": "20"}).status_code == 409
    assert one_hub(name).number == 0


def test_a_hub_that_is_not_there_is_a_sentence(client):
    assert client.get("/hubs/none").status_code == 404
    assert client.post("/hubs/none/settings", data={"number": "0"}).status_code == 404
    assert client.get("/api/v1/hubs/none/state").json["error"].endswith("lists what is.")


def test_nobody_edits_without_the_token(path, tmp_path, database_url):
    settings = Settings(data=tmp_path / "office", database=database_url, token=TOKEN)
    stranger = create_app(settings, clock=lambda: NOW / 1000).test_client()
    for which in ("settings", "accounts", "accounts/remove"):
        answer = stranger.post(f"{path}/{which}", data={"number": "0", "daily-mb": "20", "name": "rosa"})
        assert answer.location == "/sign-in"
    assert stranger.get(path).location == "/sign-in"
    assert stranger.put(f"/api/v1{path}/state", json={"number": 0, "settings": {}}).status_code == 401
    assert stranger.get("/api/v1/hubs").status_code == 401


def test_no_page_elsewhere_edits_with_a_browser_that_is_signed_in(client, path, name):
    headers = {"Origin": "https://elsewhere.example"}
    assert client.post(f"{path}/settings", data={"number": "0"}, headers=headers).status_code == 403
    assert client.put(f"/api/v1{path}/state", json={"number": 0}, headers=headers).status_code == 403
    assert one_hub(name).number == 0


def test_programs_change_what_they_have_read(client, path, name):
    api = f"/api/v1{path}/state"
    read = client.get(api)
    assert (read.headers["ETag"], read.json["number"]) == ('"0"', 0)
    made = client.put(
        api, json={"settings": {"daily-mb": "20"}, "accounts": ["Rosa"]}, headers={"If-Match": read.headers["ETag"]}
    )
    assert (made.status_code, made.headers["ETag"]) == (200, '"1"')
    assert len(made.json["passwords"]["rosa"]) == 19
    again = client.put(api, json={"number": 1, "settings": {"hours": "06-22"}})
    assert (again.json["settings"], again.json["accounts"], again.json["passwords"]) == (
        {"hours": "06-22"}, ["rosa"], {},
    )  # fmt: skip
    assert client.put(api, json={"accounts": []}, headers={"If-Match": "*"}).json["accounts"] == []
    assert [hub["number"] for hub in client.get("/api/v1/hubs").json] == [3]


NOT_TAKEN: list[tuple[dict, dict[str, str], int]] = [
    ({"settings": {}}, {}, 428),
    ({"settings": {}, "number": 3}, {}, 409),
    ({"settings": {}}, {"If-Match": '"3"'}, 412),
    ({"settings": {}}, {"If-Match": 'W/"0"'}, 412),
    ({"settings": {"lamp": "on"}, "number": 0}, {}, 409),
    ({"settings": {"hours": "6"}, "number": 0}, {}, 409),
    ({"settings": ["hours"], "number": 0}, {}, 400),
    ({"lamp": 1, "number": 0}, {}, 400),
    ({"accounts": ["admin"], "number": 0}, {}, 409),
    ({"settings": {"name": "x" * 20_000}, "number": 0}, {}, 413),
]


def test_a_program_that_may_not_is_told_why(client, path, name):
    for body, headers, status in NOT_TAKEN:
        answer = client.put(f"/api/v1{path}/state", data=json.dumps(body), headers=headers)
        assert answer.status_code == status, body
        assert answer.json["error"].endswith((".", "one."))
    assert one_hub(name).number == 0


def test_openapi_tells_the_shape_of_a_hub(client, hub, path):
    schemas = client.get("/openapi.json").json["components"]["schemas"]
    assert set(client.get(f"/api/v1{path}/state").json) == set(schemas["Hub"]["required"])
    made = client.put(f"/api/v1{path}/state", json={"number": 0}).json
    assert set(made) == set(schemas["Hub"]["properties"])
