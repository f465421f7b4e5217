"""Media to phones: `GET /media/<sha256>/<name>`, answered in plain WSGI before Flask is asked.

The body is handed to the server as a file positioned at the range's first byte, so that no thread waits for a slow
phone (Werkzeug's range answers wrap the file, which defeats `wsgi.file_wrapper`). What the socket really took is the
file's own position, read when the file is closed and, for long answers, at each flush of the recorder.

A name never changes what it names, hence `immutable` (RFC 8246). The type follows from the name's ending and a short
list: whatever is not on it is offered as a download and never run by the phone.
"""

from __future__ import annotations

import os
import re
import threading
from http import HTTPStatus
from io import FileIO
from typing import TYPE_CHECKING
from urllib.parse import quote

from hub.media.ranges import OK, PARTIAL, UNSATISFIABLE, Part, decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from content_cache.store import BlobStore
    from hub.usage.record import Recorder

PATH = re.compile(r"/media/([0-9a-f]{64})/([^/\x00-\x1f]{1,200})", re.ASCII | re.DOTALL)
DOWNLOAD = re.compile(r"(?:^|&)download(?:=(\d{1,9}))?(?:&|$)")
UNKNOWN = "application/octet-stream"
TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".vtt": "text/vtt; charset=utf-8",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    ".md": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
# A picture or a document opened by itself runs nothing and loads nothing.
FIXED_HEADERS = [
    ("Accept-Ranges", "bytes"),
    ("Cache-Control", "public, max-age=31536000, immutable"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ("X-Content-Type-Options", "nosniff"),
]


class Body(FileIO):
    """An open blob that knows how many of its bytes have left: its position less where it began."""

    def __init__(self, path: str, closed: Callable[[Body], None]) -> None:
        super().__init__(path)
        self.size = os.fstat(self.fileno()).st_size
        self.take_home: re.Match[str] | None = None
        self._closed = closed
        self._reported = self._end = 0

    def narrow(self, part: Part) -> None:
        """Stand at the first byte of `part`."""
        self._reported = self.seek(part.start)
        self._end = part.start + part.length

    def newly_sent(self) -> int:
        """Bytes that left since the last call."""
        position = os.lseek(self.fileno(), 0, os.SEEK_CUR)
        sent, self._reported = position - self._reported, position
        return sent

    def ended(self) -> bool:
        """Whether the blob's last byte has left."""
        return self._reported == self._end == self.size

    def close(self) -> None:
        """Report and close; the server calls it when all is sent and when the phone hangs up."""
        if not self.closed:
            self._closed(self)
            super().close()


class MediaFirst:
    """A WSGI application that answers media from `store` and passes everything else on to `pages`."""

    def __init__(self, pages: WSGIApplication, store: BlobStore, recorder: Recorder) -> None:
        self.pages = pages
        self.store = store
        self.recorder = recorder
        self._under_way: set[Body] = set()
        self._lock = threading.Lock()
        recorder.before_flush.append(self.report_under_way)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if not environ["PATH_INFO"].startswith("/media/"):
            return self.pages(environ, start_response)
        match = PATH.fullmatch(environ["PATH_INFO"])
        if match is None:
            return self.pages(environ, start_response)  # the pages know how to say "not found"
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return _refuse(start_response, HTTPStatus.METHOD_NOT_ALLOWED, [("Allow", "GET, HEAD")])
        try:
            body = Body(os.fspath(self.store.path(match[1])), self._closed)
        except FileNotFoundError:
            return self.pages(environ, start_response)
        return self._answer(environ, start_response, body, match)

    def report_under_way(self) -> None:
        """Tell the recorder what left since the last call on answers that still go on."""
        with self._lock:
            sent = sum(body.newly_sent() for body in self._under_way)
        if sent:
            self.recorder.delivered(sent)

    def _answer(
        self, environ: WSGIEnvironment, start_response: StartResponse, body: Body, match: re.Match[str]
    ) -> Iterable[bytes]:
        etag, head = f'"{match[1]}"', environ["REQUEST_METHOD"] == "HEAD"
        part = decide(
            size=body.size,
            etag=etag,
            range_="" if head else environ.get("HTTP_RANGE", ""),
            if_range=environ.get("HTTP_IF_RANGE", ""),
            if_none_match=environ.get("HTTP_IF_NONE_MATCH", ""),
        )
        if part.status == UNSATISFIABLE:
            body.close()
            reason = [("Content-Range", f"bytes */{body.size}")]
            return _refuse(start_response, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, reason)
        body.take_home = DOWNLOAD.search(environ.get("QUERY_STRING", ""))
        headers = [("ETag", etag), *FIXED_HEADERS]
        if part.status in {OK, PARTIAL}:
            headers += _describe(part, body.size, match[2], attach=body.take_home is not None)
        start_response(part.status, headers)
        if head or part.length == 0:
            body.close()
            return []
        return self._hand_over(environ, body, part)

    def _hand_over(self, environ: WSGIEnvironment, body: Body, part: Part) -> Iterable[bytes]:
        body.narrow(part)
        with self._lock:
            self._under_way.add(body)
        answer: Iterable[bytes] = environ["wsgi.file_wrapper"](body)
        return answer

    def _closed(self, body: Body) -> None:
        with self._lock:
            if body not in self._under_way:
                return
            self._under_way.discard(body)
            sent = body.newly_sent()
        self.recorder.delivered(sent)
        if body.take_home and body.ended():
            number = body.take_home[1]
            self.recorder.downloaded(int(number) if number else None)


def _describe(part: Part, size: int, name: str, *, attach: bool) -> list[tuple[str, str]]:
    """The headers that say what the body is."""
    kind = TYPES.get(os.path.splitext(name)[1].lower(), UNKNOWN)  # noqa: PTH122 (hot path: a tenth of pathlib's time)
    headers = [("Content-Type", kind), ("Content-Length", str(part.length))]
    if part.status == PARTIAL:
        headers.append(("Content-Range", f"bytes {part.start}-{part.start + part.length - 1}/{size}"))
    if attach or kind == UNKNOWN:
        # WSGI hands over the path's bytes as Latin-1 (PEP 3333); RFC 6266 and 8187 carry the name's UTF-8.
        headers.append(("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name.encode('latin-1'))}"))
    return headers


def _refuse(start_response: StartResponse, status: HTTPStatus, headers: list[tuple[str, str]]) -> Iterable[bytes]:
    sentence = {
        HTTPStatus.METHOD_NOT_ALLOWED: "Media can only be read; use GET or HEAD.\n",
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "That part lies behind the end; Content-Range tells the size.\n",
    }[status].encode()
    about = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(sentence)))]
    start_response(f"{status.value} {status.phrase}", [*about, *headers])
    return [sentence]
