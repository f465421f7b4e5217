"""Times and sizes as people say them, in both languages."""

from __future__ import annotations

import pytest
from flask import Flask

from hub.i18n import init_app, language_name, minutes, size


@pytest.fixture
def app() -> Flask:
    it = Flask("hub")
    init_app(it)
    return it


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "1 min"), (29, "1 min"), (101, "2 min"), (3569, "59 min"), (3571, "1 h 0 min"), (7500, "2 h 5 min")],
)
@pytest.mark.parametrize("language", ["es", "en"])
def test_a_length_is_said_in_minutes(app: Flask, language: str, seconds: int, said: str) -> None:
    with app.test_request_context(headers={"Accept-Language": language}):
        assert minutes(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 kB"),
        (1, "1 kB"),
        (896_123, "896 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (1_050_001, "1.1 MB"),
        (2_540_000, "2.5 MB"),
        (999_949_999, "999.9 MB"),
        (5e9, "5 GB"),
    ],
)
def test_a_size_is_said_in_what_a_phone_shows(app: Flask, count: int, said: str) -> None:
    for language in ("es", "en"):
        with app.test_request_context(headers={"Accept-Language": language}):
            assert size(int(count)).replace("\N{NO-BREAK SPACE}", " ") == said


@pytest.mark.parametrize(
    ("code", "name"),
    [("es", "Español"), ("es-MX", "Español"), ("en", "English"), ("zap", "Zapoteco"), ("yua", "yua"), ("x_y", "x_y")],
)
def test_a_language_is_called_what_its_speakers_call_it(code: str, name: str) -> None:
    assert language_name(code) == name


def test_a_language_that_nobody_described_keeps_its_code() -> None:
    assert language_name("qqq-MX") == "qqq-MX"
    assert language_name("yua-MX") == "yua-MX"
