"""Staff pages answer only on the networks that HUB_STAFF_FROM names; on a laptop, where it names none, to everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hub.app import create_app
from hub.settings import BadSetting, Settings
from hub.technician.door import PATH

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

BOX = "10.45.0.0/24 169.254.0.0/16 127.0.0.0/8"
VILLAGER, TECHNICIAN = "10.44.0.7", "10.45.0.7"
METHODS = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return create_app(Settings(data=tmp_path_factory.mktemp("box"), staff_from=BOX))


def ask(app: Flask, path: str, address: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    given = {name.replace("_", "-"): text for name, text in ({"Accept_Language": "en"} | headers).items()}
    answer = app.test_client().open(path, method=method, headers=given, environ_overrides={"REMOTE_ADDR": address})
    return answer.status_code, answer.text


def addresses(app: Flask) -> list[str]:
    """Every address below the staff's, whichever feature brings it, filled in with anything."""
    found = []
    for rule in app.url_map.iter_rules():
        if str(rule).startswith(PATH):
            values = {
                name: "1" if "int" in type(rule._converters[name]).__name__.lower() else "x" for name in rule.arguments
            }
            with app.test_request_context():
                found.append(app.url_map.bind("localhost").build(rule.endpoint, values))
    return sorted(set(found))


def test_there_are_staff_pages_to_try(box: Flask) -> None:
    assert {"/technician", "/technician/sign-in", "/technician/content", "/technician/carry"} <= set(addresses(box))


@pytest.mark.parametrize("method", METHODS)
def test_no_staff_page_of_any_feature_answers_the_village(box: Flask, method: str) -> None:
    for path in [*addresses(box), "/technician/", "/technician/nada", "/technician/../technician", "/metrics"]:
        status, text = ask(box, path, VILLAGER, method)
        assert status == 403, (method, path)
        assert "They open on the setup network" in text or method == "HEAD" or path == "/metrics", path


@pytest.mark.parametrize("address", [TECHNICIAN, "169.254.9.9", "127.0.0.1", f"::ffff:{TECHNICIAN}"])
def test_the_setup_network_the_cable_and_the_box_itself_may_come_in(box: Flask, address: str) -> None:
    assert ask(box, "/technician/sign-in", address)[0] == 200
    assert ask(box, "/technician/nada", address)[0] == 404
    assert ask(box, "/metrics", address)[0] == 200


@pytest.mark.parametrize(
    "address",
    [VILLAGER, f"::ffff:{VILLAGER}", "10.45.1.1", "192.168.1.7", "::1", "fe80::1%wlan0", "", "unix", "10.45.0.7, 1"],
)
def test_others_may_not(box: Flask, address: str) -> None:
    assert ask(box, "/technician/sign-in", address)[0] == 403


@pytest.mark.parametrize(
    "header", ["X_Forwarded_For", "X_Real_IP", "Forwarded", "X_Client_IP", "True_Client_IP", "Via"]
)
def test_no_header_makes_a_villager_a_technician(box: Flask, header: str) -> None:
    for claim in (TECHNICIAN, f"for={TECHNICIAN}", "127.0.0.1"):
        assert ask(box, "/technician/sign-in", VILLAGER, **{header: claim})[0] == 403
    assert ask(box, "/technician/sign-in", TECHNICIAN, **{header: VILLAGER})[0] == 200


@pytest.mark.parametrize("host", ["hub.home.arpa", "evil.example", "evil.example:80", "93.184.216.34", "10.44.0.1"])
@pytest.mark.parametrize(("address", "number"), [(TECHNICIAN, "10.45.0.1"), ("169.254.9.9", "169.254.44.1")])
def test_they_open_by_the_boxs_number_alone(tmp_path: Path, host: str, address: str, number: str) -> None:
    """The hub's name is the village's as well, and any name may be led here: neither may hold a session."""
    phone = create_app(Settings(data=tmp_path, staff_from=BOX, name="hub.home.arpa")).test_client()
    come = {"REMOTE_ADDR": address}
    sent = {"Origin": f"http://{host}"}
    for path in ("/technician/sign-in", "/technician/visit/place", "/technician/enter/x"):
        for method in ("GET", "POST"):
            answer = phone.open(path, method=method, base_url=f"http://{host}", headers=sent, environ_overrides=come)
            assert 300 <= answer.status_code < 400
            assert answer.location.startswith(f"http://{number}/")
            assert "Set-Cookie" not in answer.headers
    assert phone.get(path, base_url=f"http://{number}", environ_overrides=come).status_code == 410
    assert phone.get("/metrics", base_url="http://hub.home.arpa", environ_overrides=come).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/carry", "/usage", "/search", "/healthz", "/welcome", "/technicians", "/metric"]
)
def test_what_villagers_use_is_open_as_before(box: Flask, path: str) -> None:
    assert ask(box, path, VILLAGER)[0] in {200, 404}


def test_styles_are_open_as_before(box: Flask) -> None:
    assert ask(box, box.jinja_env.globals["asset"]("hub.css"), VILLAGER)[0] == 200


def test_slashes_are_no_way_around(box: Flask) -> None:
    for path in ("//technician", "///technician/sign-in", "/technician//sign-in"):
        assert ask(box, path, VILLAGER)[0] in {403, 404, 308}
        assert "password" not in ask(box, path, VILLAGER)[1]


def test_the_sentence_is_in_the_readers_language_and_says_where(box: Flask) -> None:
    text = ask(box, "/technician", VILLAGER, Accept_Language="es-MX")[1]
    assert "Se abren en la red de instalación, o por cable en http://169.254.44.1/technician" in text


def test_on_a_laptop_they_answer_everybody(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path))
    assert ask(app, "/technician/sign-in", VILLAGER)[0] == 200
    assert ask(app, "/metrics", VILLAGER)[0] == 200


@pytest.mark.parametrize("text", ["10.45.0.0/24, 127.0.0.1", "10.45.0.0/24  ,\t127.0.0.0/8", "::1 10.45.0.7", ""])
def test_networks_are_written_with_blanks_or_commas(text: str) -> None:
    settings = Settings.load({"HUB_STAFF_FROM": text})
    assert len(settings.staff_networks) == len(text.replace(",", " ").split())


@pytest.mark.parametrize(
    "text", ["10.45.0.1/24", "10.45.0.0/33", "setup", "10.45.0.0/24;127.0.0.1", "10.45.0.0/24 10.45"]
)
def test_what_is_no_network_stops_the_start_with_a_sentence(text: str) -> None:
    with pytest.raises(BadSetting, match=r"^HUB_STAFF_FROM has a part that is no network \(.*write for instance"):
        Settings.load({"HUB_STAFF_FROM": text})


@pytest.mark.parametrize("name", ["http://hub", "hub:80", "hub/", "hub home", "hub..arpa", ".hub", "hub.", "caja ñ"])
def test_a_name_that_is_none_stops_the_start_with_a_sentence(name: str) -> None:
    with pytest.raises(BadSetting, match=r"^HUB_NAME is .*write a host's name"):
        Settings.load({"HUB_NAME": name})
    assert Settings.load({"HUB_NAME": "Hub.home.arpa"}).name == "Hub.home.arpa"
