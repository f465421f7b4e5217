"""`GET /repository/…`: this hub as a source of content for the hubs beside it, as any server of static files would be.

A neighbour finds the signed metadata, the records and the objects that are here, and believes nothing but what head
office signed (content_cache/passing.py). Files go out by the server's own loop, as media does, and share the Wi-Fi with
it; they are not counted as use. HUB_NEIGHBOURS=no turns it off.
"""

from __future__ import annotations

import io
import os
from http import HTTPStatus
from typing import TYPE_CHECKING

from content_cache.passing import locate
from hub.media.ranges import OK, PARTIAL, UNSATISFIABLE, decide

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from content_cache.library import Library

PREFIX = "/repository/"
LONGEST = 120  # letters of a path
HEADERS = [
    ("Content-Type", "application/octet-stream"),
    ("Accept-Ranges", "bytes"),
    ("X-Content-Type-Options", "nosniff"),
]
FOREVER = ("Cache-Control", "public, max-age=31536000, immutable")
NEVER = ("Cache-Control", "no-cache")


class RepositoryFirst:
    """A WSGI application that answers for the repository and passes everything else on to `pages`."""

    def __init__(self, pages: WSGIApplication, library: Library) -> None:
        self.pages, self.library = pages, library

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if not environ["PATH_INFO"].startswith(PREFIX):
            return self.pages(environ, start_response)
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return _refuse(start_response, HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "GET, HEAD"))
        path = environ["PATH_INFO"].removeprefix(PREFIX)
        file = self._open(path) if len(path) <= LONGEST else None
        if file is None:
            return _refuse(start_response, HTTPStatus.NOT_FOUND, NEVER)
        return _answer(environ, start_response, file, FOREVER if path[1] == "/" else NEVER)

    def _open(self, path: str) -> BinaryIO | None:
        located = locate(self.library, path)
        if located is None:
            return None
        try:
            return located.path.open("rb", buffering=0) if located.path else io.BytesIO(located.data or b"")
        except FileNotFoundError:  # swept meanwhile
            return None


def _answer(
    environ: WSGIEnvironment, start_response: StartResponse, file: BinaryIO, cache: tuple[str, str]
) -> Iterable[bytes]:
    head = environ["REQUEST_METHOD"] == "HEAD"
    size = file.seek(0, os.SEEK_END)
    part = decide(size=size, etag="", range_="" if head else environ.get("HTTP_RANGE", ""))
    if part.status == UNSATISFIABLE:
        file.close()
        range_ = ("Content-Range", f"bytes */{size}")
        return _refuse(start_response, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, range_)
    headers = [*HEADERS, cache, ("Content-Length", str(part.length))]
    if part.status == PARTIAL:
        headers.append(("Content-Range", f"bytes {part.start}-{part.start + part.length - 1}/{size}"))
    start_response(part.status if part.status == PARTIAL else OK, headers)
    if head or part.length == 0:
        file.close()
        return []
    file.seek(part.start)
    if isinstance(file, io.BytesIO):  # the loop sends only what has a descriptor
        return [file.read(part.length)]
    answer: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
    return answer


def _refuse(start_response: StartResponse, status: HTTPStatus, header: tuple[str, str]) -> Iterable[bytes]:
    sentence = f"{status.phrase}.\n".encode()
    about = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(sentence)))]
    start_response(f"{status.value} {status.phrase}", [*about, header])
    return [sentence]
