"""What people and programs are told when something goes wrong."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from flask import abort, request

from content_cache.errors import OlderLayout
from hub.app import create_app
from hub.db import database
from hub.problems import refuse
from hub.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask.testing import FlaskClient


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    """A hub with routes that fail in every way."""
    app = create_app(Settings(data=tmp_path))
    app.add_url_rule("/fail/<secret>", "fail", lambda secret: {}[secret])
    app.add_url_rule("/abort/<int:code>", "abort", abort)
    app.add_url_rule("/refuse", "refuse", lambda: refuse(429, "Rest a little.", Retry_After="7"))
    app.add_url_rule("/field", "field", lambda: request.args["absent"])
    app.add_url_rule("/full", "full", lambda: database.execute_sql("INSERT INTO nowhere VALUES (1)"))
    yield app.test_client()
    if not database.is_closed():
        database.close()


def test_a_library_that_cannot_be_read_is_a_calm_sentence(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.application.add_url_rule(
        "/library", "library", _fail_with(OlderLayout("The catalogue is old; import again."))
    )
    answer = client.get("/library", headers=PEOPLE)
    assert (answer.status_code, answer.headers["Retry-After"], answer.headers["Cache-Control"]) == (
        503,
        "60",
        "no-store",
    )
    assert "Los cursos no están a la mano" in answer.text
    assert "GET /library: the library failed (The catalogue is old; import again.)" in caplog.text
    assert "Traceback" not in caplog.text


def _fail_with(error: Exception) -> Callable[[], str]:
    def fail() -> str:
        raise error

    return fail


PEOPLE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "es-MX"}


@pytest.mark.parametrize("code", [400, 403, 404, 405, 406, 409, 410, 413, 415, 416, 422, 429, 500, 501, 503])
def test_every_code_has_a_page_without_the_frameworks_own_words(client: FlaskClient, code: int) -> None:
    answer = client.get(f"/abort/{code}", headers=PEOPLE)
    assert answer.status_code == code
    assert answer.mimetype == "text/html"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Security-Policy" in answer.headers
    for word in ("browser (or proxy)", "The server", "Werkzeug", "Traceback"):
        assert word not in answer.text


def test_programs_get_a_sentence_as_json(client: FlaskClient) -> None:
    for path, headers in (("/nothing", {"Accept": "application/json"}), ("/usage/nothing", {}), ("/healthz/x", PEOPLE)):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 404
        assert list(answer.json or {}) == ["error"]


def test_a_sentence_of_ours_is_shown_with_its_headers(client: FlaskClient) -> None:
    answer = client.get("/refuse", headers=PEOPLE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert "Rest a little." in answer.text


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    answer = client.post("/healthz")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_missing_field_does_not_tell_its_name_in_english(client: FlaskClient) -> None:
    answer = client.get("/field", headers=PEOPLE)
    assert answer.status_code == 400
    assert "absent" not in answer.text


def test_a_bug_is_logged_with_its_traceback_and_told_in_one_calm_sentence(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answer = client.get(
            "/fail/hush", headers={**PEOPLE, "User-Agent": "NaviPhone 77"}, environ_base={"REMOTE_ADDR": "10.98.76.54"}
        )
    assert answer.status_code == 500
    assert "KeyError" not in answer.text
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.getMessage() == "GET /fail/<secret> failed"
    assert "KeyError" in caplog.text
    for word in ("10.98.76.54", "NaviPhone"):
        assert word not in caplog.text


def test_a_database_that_cannot_write_is_a_503_without_a_traceback(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/full", headers=PEOPLE)
    assert answer.status_code == 503
    assert "GET /full: the database failed" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_page_that_cannot_be_made_still_leaves_the_sentence(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.application.jinja_env.globals.pop("asset")
    answer = client.get("/nothing", headers=PEOPLE)
    assert answer.status_code == 404
    assert answer.mimetype == "text/plain"
    assert len(answer.text) > 20
