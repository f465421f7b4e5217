"""A hub whose pages are asked for over real sockets, with a library that the test publishes."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

import pytest

from content_cache.importer import import_repository
from content_cache.publisher.publish import publish
from hub.app import Hub, create_app
from hub.server import HubServer
from hub.settings import Settings
from tests.hub.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VISITOR = "5f" * 16


class Answer:
    """Status, headers (of each name the last, `cookies` all of them) and body of an answer."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        self.cookies = answer.headers.get_all("Set-Cookie") or []
        self.body = answer.read()

    @property
    def text(self) -> str:
        return self.body.decode()


class Running:
    """The hub and its one phone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        settings = Settings(data=folder / "hub", port=0, threads=2, connections=50)
        self.app = create_app(settings)
        self.hub: Hub = self.app.extensions["hub"]
        self.server = HubServer(self.app, settings)
        self.port = int(self.server.effective_port)

    def publish(self, *courses: Path) -> str:
        """Add the course folders to the repository and take it in; returns the release."""
        for course in courses:
            publish(course, self.folder / "repository")
        return import_repository(self.folder / "repository", self.hub.library).release

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            return Answer(connection.getresponse())
        finally:
            connection.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    it = Running(tmp_path)
    with serving(it.server):
        yield it
