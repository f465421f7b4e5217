"""Pages for everybody: each rendered once per release and language, then answered before Flask is asked.

    app.wsgi_app = PagesFirst(app.wsgi_app, library, recorder)

A page is rendered for a request stripped of everything but its path and language. So nothing personal can get into
it, and one copy, compressed once, serves the whole village: some thousands of answers a second instead of hundreds.
A new release of the library empties the cache. What is personal happens around the page: the visitor is counted,
a phone without a cookie is given one, an item's page leaves its id with the phone, one that this phone asked for is
the page that says so, and the phone itself fills in where it left off (hub/frontend/player.js).

A phone may keep a page but asks each time whether it is still right (`no-cache`, a strong ETag, 304).
"""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
import time
from collections import OrderedDict
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.test import run_wsgi_app

from hub.i18n import COOKIE, language_of
from hub.library.wanted import wanted_of
from hub.usage.cookie import cookie_for, visitor_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from content_cache.library import Library
    from hub.usage.record import Recorder

NAME = "[a-z0-9-]{1,80}"
# Groups: the id of the item that a page shows.
PAGE = re.compile(
    rf"/|/items/({NAME}/{NAME})(?:/[a-z0-9]{{1,8}})?|/courses/{NAME}|/topics/{NAME}(?:/[1-9][0-9]{{0,4}})?", re.ASCII
)
# Pages too many, or too often new, to be kept: made for each request, otherwise like the rest.
MADE_ANEW = {"/search", "/usage"}
TOLD = ("QUERY_STRING", "REMOTE_ADDR")  # what these alone learn: the words, and whose turn it is
ASKED_FOR = "/asked"  # after an item's address: its page as a phone sees it that asked for the item
# Seconds. A look at the disk lets another thread run, and getting one's turn back costs more than the page.
LOOK_EVERY = 0.02
CACHE_BYTES = 8_000_000  # a page of ours is some 10 kB, so this holds the pages that a village asks for
KEPT_HEADERS = {"content-type", "content-security-policy", "x-content-type-options", "referrer-policy", "retry-after"}


class Page(NamedTuple):
    """An answer as it goes out. `etag` has no quotes; `zipped` is empty for an answer that is not kept.

    `cookies` are what the page leaves with every phone that opens it.
    """

    status: str
    headers: list[tuple[str, str]]
    plain: bytes
    zipped: bytes
    etag: str
    cookies: tuple[tuple[str, str], ...] = ()

    @property
    def size(self) -> int:
        return len(self.plain) + len(self.zipped)


class Kept:
    """The pages of one release, the least recently asked for dropped beyond `CACHE_BYTES`."""

    def __init__(self, release: str | None) -> None:
        self.release = release
        self._pages: OrderedDict[tuple[str, str], Page] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[str, str]) -> Page | None:
        with self._lock:
            page = self._pages.get(key)
            if page is not None:
                self._pages.move_to_end(key)
            return page

    def put(self, key: tuple[str, str], page: Page) -> None:
        with self._lock:
            if (before := self._pages.pop(key, None)) is not None:
                self._bytes -= before.size
            self._pages[key] = page
            self._bytes += page.size
            while self._bytes > CACHE_BYTES:
                self._bytes -= self._pages.popitem(last=False)[1].size


class PagesFirst:
    """A WSGI application that answers the library's pages and passes everything else on to `app`."""

    def __init__(self, app: WSGIApplication, library: Library, recorder: Recorder) -> None:
        self.app = app
        self.library = library
        self.recorder = recorder
        self._kept = Kept(None)
        self._look_again = 0.0
        self._rendering = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ["PATH_INFO"]
        found = PAGE.fullmatch(path)
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or not (found or path in MADE_ANEW):
            return self.app(environ, start_response)
        language = language_of(environ)
        if found and found[1] in _wanted(environ) and path == f"/items/{found[1]}":
            path += ASKED_FOR
        page = self.page(path, language, environ) if found else _render(self.app, path, language, environ)
        cookies = self._cookies(environ, language, page) if page.etag else []
        return _send(page, environ, start_response, cookies)

    def page(self, path: str, language: str, environ: WSGIEnvironment) -> Page:
        """The page at `path`, from the cache if it is there; `environ` says which server is asking."""
        kept = self._of_this_release()
        page = kept.get((path, language))
        if page is None:
            with self._rendering:  # a village that wakes up after a new release renders each page once
                page = kept.get((path, language)) or _render(self.app, path, language, environ)
            if page.etag:
                kept.put((path, language), page)
        return page

    def _of_this_release(self) -> Kept:
        """The cache, a new one after a switch; a page begun before it ends up in the old one, which is dropped."""
        kept, now = self._kept, time.monotonic()
        if now >= self._look_again:
            self._look_again = now + LOOK_EVERY
            release = self.library.release()
            if kept.release != release:
                kept = self._kept = Kept(release)
        return kept

    def _cookies(self, environ: WSGIEnvironment, language: str, page: Page) -> list[tuple[str, str]]:
        """Tell the recorder who asked. A phone that returned no cookie is given one; a visit's first page renews it.

        The page of a lesson leaves its id with the phone (hub/library/place.py).
        """
        if environ["REQUEST_METHOD"] == "HEAD":
            return []
        visitor = visitor_of(environ.get("HTTP_COOKIE", ""))
        if visitor is not None and not self.recorder.seen(visitor, language):
            return [*page.cookies]
        return [("Set-Cookie", cookie_for(visitor)), *page.cookies]


def _wanted(environ: WSGIEnvironment) -> list[str]:
    """The items that this phone asked for."""
    return wanted_of(environ.get("HTTP_COOKIE", ""))


def _render(app: WSGIApplication, path: str, language: str, environ: WSGIEnvironment) -> Page:
    """Ask Flask; only a page that is there (200) gets an ETag and may be kept."""
    asked = {name: environ.get(name, "") for name in TOLD} if path in MADE_ANEW else {}
    chunks, status, headers = run_wsgi_app(app, _stripped(environ, path, language) | asked, buffered=True)
    body = b"".join(chunks)
    kept = [(name, value) for name, value in headers if name.lower() in KEPT_HEADERS]
    kept += [("Content-Language", language), ("Vary", "Accept-Encoding, Accept-Language, Cookie")]
    if not status.startswith("200 "):
        return Page(status, [*kept, ("Cache-Control", "no-store")], body, b"", "")
    # Compressed without a time in its header, so that the same page has the same bytes.
    etag = hashlib.sha256(body).hexdigest()[:20]
    cookies = tuple((name, value) for name, value in headers if name.lower() == "set-cookie")
    kept.append(("Cache-Control", "private, no-cache"))
    return Page(status, kept, body, gzip.compress(body, 9, mtime=0), etag, cookies)


def _stripped(environ: WSGIEnvironment, path: str, language: str) -> WSGIEnvironment:
    """The request without anything that tells one phone from another."""
    return {
        **{name: value for name, value in environ.items() if name.startswith(("wsgi.", "SERVER_"))},
        "wsgi.input": BytesIO(),
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "HTTP_HOST": "localhost",
        "HTTP_COOKIE": f"{COOKIE}={language}",
    }


def _send(
    page: Page, environ: WSGIEnvironment, start_response: StartResponse, cookies: list[tuple[str, str]]
) -> Iterable[bytes]:
    zipped = bool(page.zipped) and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
    headers = page.headers + cookies
    if page.etag:
        headers.append(("ETag", f'"{page.etag}-gz"' if zipped else f'"{page.etag}"'))
        if _holds(environ.get("HTTP_IF_NONE_MATCH", ""), page.etag):
            start_response("304 Not Modified", headers)
            return []
    body = page.zipped if zipped else page.plain
    headers.append(("Content-Length", str(len(body))))
    if zipped:
        headers.append(("Content-Encoding", "gzip"))
    start_response(page.status, headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _holds(if_none_match: str, etag: str) -> bool:
    """Whether the phone has this page, plain or compressed (RFC 9110, section 13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return not tags.isdisjoint({f'"{etag}"', f'"{etag}-gz"', "*"})
