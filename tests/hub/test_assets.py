"""Styles and scripts: kept by phones for ever, never stale, and a sentence where nobody built them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from hub.assets import HERE, AssetsFirst, NotBuilt
from setup import ROOT, gather_assets

if TYPE_CHECKING:
    from pathlib import Path


def ask(assets: AssetsFirst, path: str, method: str = "GET", accepted: str = "") -> tuple[str, dict[str, str], bytes]:
    answer: list = []
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "HTTP_ACCEPT_ENCODING": accepted}
    body = b"".join(assets(environ, lambda *told: answer.extend(told)))
    return answer[0], dict(answer[1]), body


def passed_on(_environ, start_response):
    start_response("404 Not Found", [])
    return [b"pages"]


@pytest.fixture
def built(tmp_path: Path) -> AssetsFirst:
    gather_assets(ROOT / "hub" / "frontend", tmp_path / "static")
    return AssetsFirst(passed_on, tmp_path / "static")


def test_an_asset_may_be_kept_for_ever(built: AssetsFirst) -> None:
    status, headers, plain = ask(built, built.url("hub.css"))
    assert (status, headers["Cache-Control"]) == ("200 OK", "public, max-age=31536000, immutable")
    assert headers["Content-Type"] == "text/css; charset=utf-8"
    status, headers, zipped = ask(built, built.url("hub.css"), accepted="gzip, deflate")
    assert gzip.decompress(zipped) == plain
    assert (headers["Content-Encoding"], headers["Content-Length"]) == ("gzip", str(len(zipped)))


def test_head_of_an_asset_gives_no_body(built: AssetsFirst) -> None:
    status, headers, body = ask(built, built.url("player.js"), "HEAD")
    assert (status, body) == ("200 OK", b"")
    assert int(headers["Content-Length"]) > 1000


@pytest.mark.parametrize("path", ["/static/manifest.json", "/static/../app.py", "/static/", "/static/hub.css", "/"])
def test_nothing_else_is_an_asset(built: AssetsFirst, path: str) -> None:
    assert ask(built, path)[0] == "404 Not Found"


def test_an_asset_takes_no_post(built: AssetsFirst) -> None:
    assert ask(built, built.url("hub.css"), "POST")[2] == b"pages"


def test_without_assets_a_sentence_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NotBuilt, match=r"pip install -e \."):
        AssetsFirst(passed_on, tmp_path)


def test_the_installed_assets_are_those_of_the_sources(built: AssetsFirst) -> None:
    installed = AssetsFirst(passed_on, HERE / "static").names
    assert installed == built.names, "hub/frontend changed since; run .venv/bin/pip install -e ."
