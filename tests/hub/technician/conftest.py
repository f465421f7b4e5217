"""A hub whose time the test turns, and browsers that visit its staff pages."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest

from content_cache.building import building
from content_cache.library import Library
from content_cache.records import CourseLine, File, ItemLine
from hub.app import create_app
from hub.clock import Clock
from hub.db import database
from hub.settings import Settings
from hub.technician.links import administrator, new_link
from hub.technician.passwords import hash_password
from hub.technician.sessions import change_password, end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

ORIGIN = "http://localhost"
PASSWORD = "mole, verde; sol"
HASHED = hash_password(PASSWORD)


def publish(root: Path) -> list[str]:
    """A release of one course with two lessons, put in place as an import would; the hashes of their videos."""
    library, name = Library(root), "1-0123456789ab"
    blobs = [library.store.put(io.BytesIO(content)) for content in (b"first" * 1000, b"second" * 1000)]
    items = [
        ItemLine(
            item=slug,
            number=number,
            kind="video",
            title=title,
            summary="",
            seconds=60,
            files=(
                File(role="main", language=None, sha256=blob.sha256, size=blob.size, mime="video/mp4", name="v.mp4"),
            ),
        )
        for number, slug, title, blob in ((2, "costos", "Tus costos", blobs[0]), (3, "precio", "Tu precio", blobs[1]))
    ]
    course = CourseLine(course="precio-justo", number=1, title="Precio", summary="", language="es", topic="prices")
    library.catalogues.mkdir()
    with building(library.path(name), name) as catalogue:
        catalogue.add(course, iter(items))
        catalogue.finish()
    (library.catalogues / "current").symlink_to(f"{name}.sqlite")
    return [blob.sha256 for blob in blobs]


class Browser:
    """A browser: keeps cookies, sends its page's Origin, and fills in the token that a page's form holds."""

    def __init__(self, client: FlaskClient, language: str = "en") -> None:
        self.client = client
        self.language = language

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers={"Accept-Language": self.language, **_named(headers)})

    def post(self, path: str, origin: str | None = ORIGIN, headers: dict[str, str] | None = None, **fields: str):
        sent = {"Accept-Language": self.language, **(headers or {}), **({"Origin": origin} if origin else {})}
        return self.client.post(path, data=fields, headers=sent)

    def form_token(self, path: str = "/technician/password") -> str:
        found = re.search(r'name="form_token" value="([0-9a-f]{64})"', self.get(path).text)
        assert found, "the page has no form of a session"
        return found[1]

    def sign_in(self, password: str = PASSWORD, name: str = "admin") -> TestResponse:
        return self.post("/technician/sign-in", name=name, password=password)

    def choose(self, password: str, again: str | None = None, current: str = "") -> TestResponse:
        token = self.form_token()
        again = password if again is None else again
        return self.post("/technician/password", form_token=token, password=password, again=again, current=current)

    @property
    def token(self) -> str | None:
        cookie = self.client.get_cookie("staff", path="/technician")
        return cookie.value if cookie else None


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): text for name, text in headers.items()}


class Bench:
    """One hub; `seconds` is the time since its boot, which only the test moves."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data=folder / "hub")
        self.boot("first boot")

    def boot(self, boot_id: str, seconds: float = 1000.0) -> None:
        """Switch the box on, or start the program anew."""
        self.seconds = seconds
        self.clock = Clock(since_boot=lambda: self.seconds, boot_id=boot_id, synchronised=lambda: False)
        self.app = create_app(self.settings, self.clock)
        assert self.clock.boot

    def browser(self, language: str = "en") -> Browser:
        return Browser(self.app.test_client(), language)

    def link(self) -> str:
        return f"/technician/enter/{new_link(administrator(), self.clock)}"

    def keep_password(self, hashed: str = HASHED) -> None:
        end(change_password(administrator(), hashed, self.clock))

    def signed_in(self, language: str = "en") -> Browser:
        self.keep_password()
        browser = self.browser(language)
        assert browser.sign_in().status_code == 303
        return browser


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    yield Bench(tmp_path)
    if not database.is_closed():
        database.close()
