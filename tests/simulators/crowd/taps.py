"""Where the simulator looks to learn what the hub accepted, without asking the hub: the kernel's word on what sockets
took, and the status that each request was answered with.

    kernel = Kernel()
    with mock.patch.object(os, "sendfile", kernel.sendfile):
        server = HubServer(Door(app, kernel, note), settings)
    kernel.taken, kernel.downloads
"""

from __future__ import annotations

import os
import re
import threading
from http.cookies import SimpleCookie
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PAGE = re.compile(r"/|/(?:items|courses|topics)/.*|/search|/usage")


class Exchange(NamedTuple):
    """A request as it came whole, and what it was answered with."""

    method: str
    path: str
    visitor: str | None
    body: bytes
    status: int
    language: str | None

    @property
    def is_page(self) -> bool:
        return self.method == "GET" and bool(PAGE.fullmatch(self.path)) and self.status in {200, 304}

    @property
    def is_report(self) -> bool:
        return self.path == "/usage/events" and self.status == 202


class Kernel:
    """os.sendfile, and what it said. `lock` keeps the sockets still: no byte moves while it is held."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.taken = self.downloads = 0
        self.take_home: dict[int, bool] = {}  # by the file's descriptor
        self._sendfile = os.sendfile

    def sendfile(self, socket: int, file: int, offset: int | None, count: int) -> int:
        """As sendfile(2); raises as that does."""
        with self.lock:
            sent = self._sendfile(socket, file, offset, count)
            self.taken += sent
            ended = sent and os.lseek(file, 0, os.SEEK_CUR) == os.fstat(file).st_size
            self.downloads += bool(ended and self.take_home.get(file))
            return sent


class Door:
    """A WSGI application around the hub's: `note` is told of every exchange once its status is known."""

    def __init__(self, app: WSGIApplication, kernel: Kernel, note: Callable[[Exchange], None]) -> None:
        self.app, self.kernel, self.note = app, kernel, note
        self.count = 0
        self.answered = threading.Condition()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the hub does."""
        body = environ["wsgi.input"].read()
        answer: dict[str, Any] = {}

        def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            answer.update({name.lower(): value for name, value in headers}, status=int(status[:3]))
            return start_response(status, headers, *rest)

        sent = self.app(environ | {"wsgi.input": BytesIO(body)}, started)
        if hasattr(sent, "file"):
            self.kernel.take_home[sent.file.fileno()] = "download" in environ["QUERY_STRING"]
        held = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("visitor")
        asked = (environ["REQUEST_METHOD"], environ["PATH_INFO"], held and held.value, body)
        with self.answered:
            self.note(Exchange(*asked, answer["status"], answer.get("content-language")))
            self.count += 1
            self.answered.notify_all()
        return sent

    def wait_for(self, count: int) -> None:
        """Until so many requests have been answered."""
        with self.answered:
            assert self.answered.wait_for(lambda: self.count >= count, 20)
