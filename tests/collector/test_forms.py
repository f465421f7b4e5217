"""A page elsewhere cannot make a browser change anything at head office."""

import pytest

from collector.app import create_app
from collector.db import database
from collector.forms import is_ours
from collector.settings import Settings

HERE = {"Origin": "http://localhost"}
KIT = "/sites/dzemul/kit"


@pytest.fixture
def database_url(tmp_path):
    """Nothing here asks the database anything that PostgreSQL would answer otherwise."""
    yield f"sqlite:///{tmp_path / 'office.sqlite3'}"
    database.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        (HERE, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 200),
        ({"Referer": "http://localhost/sites/dzemul"}, 200),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "http://localhost:8080"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, 403),
        ({"Referer": "https://elsewhere.example/localhost"}, 403),
        ({"Host": "rebound.example", "Origin": "http://rebound.example"}, 403),
        ({"Host": "127.0.0.1:8090", "Origin": "http://127.0.0.1:8090"}, 200),
        ({"Host": "[::1]:8090", "Origin": "http://[::1]:8090"}, 200),
    ],
)
def test_a_form_is_taken_from_a_page_of_head_office_alone(client, hub, headers, status):
    answer = client.post(KIT, headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert "oficina central" in answer.text


def test_behind_a_web_server_with_tls_the_page_is_still_ours():
    assert is_ours("same-origin", "https://office.example", None, host="office.example")


def test_what_hubs_send_is_signed_and_asks_for_no_page(hub):
    hub.client.environ_base["HTTP_ORIGIN"] = "https://elsewhere.example"
    assert hub.send(hub.sealed()).acknowledged


def test_reading_is_not_in_the_way(client):
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/inbox", "/api/v1/sites", "/api/v1/hubs"])
def test_an_open_demonstration_shows_nothing_under_a_name_that_was_made_to_lead_to_it(client, path):
    assert client.get(path, headers={"Host": "rebound.example:8090"}).status_code == 403
    assert client.get(path, headers={"Host": "127.0.0.1:8090"}).status_code == 200


def test_over_tls_the_cookie_of_who_signed_in_never_crosses_without_it(tmp_path):
    app = create_app(Settings(data=tmp_path, token="t" * 16))
    signed_in = {scheme: _cookie(app, scheme) for scheme in ("http", "https")}
    assert "Secure" not in signed_in["http"]
    assert "Secure" in signed_in["https"]
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in signed_in.values())


def _cookie(app, scheme: str) -> str:
    answer = app.test_client().post("/sign-in", data={"token": "t" * 16}, base_url=f"{scheme}://office.example")
    return answer.headers["Set-Cookie"]
