"""Probes and names of others, answered in plain WSGI before anything else is asked.

    app.wsgi_app = PortalFirst(app.wsgi_app, settings.name, acceptance)

Here all names lead to the hub (docs/operating/portal.md), so a request for another host is a platform's probe, an app
that has noticed nothing, or somebody who typed an address:

- a phone that has not accepted is led to the portal's page, whatever it asks for;
- one that has hears what its platform's own server would say; any other page leads to the library.

Two hundred phones probe again and again: no template, no database, no cookie. Nobody counts as a visitor by a probe.
On a laptop, which has no name, only probes that are known are answered; all else is served as if it were asked of us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.addresses import phone_of
from hub.portal.probes import LANDING, Answer, Whose, answer_by_path, answer_to, host_of, whose
from hub.portal.where import find

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from hub.portal.acceptance import Acceptance
    from hub.portal.where import Here

READS = {"GET", "HEAD"}
NEIGHBOURS = "/repository"  # which a neighbour hub may call by whatever name its network has for us
# Longer than four bytes, or Android takes it for a failure; an iPhone wants a page as well.
LED = '<!doctype html><title>Wi-Fi</title><p><a href="{0}">{0}</a></p>\n'
# Settings for proxies that Windows looks for by itself: whoever answers with a page could be taken for one.
NEVER_HERE = {"/wpad.dat", "/proxy.pac"}
NOT_HERE = Answer("404 Not Found", b"There is no Internet here; this hub has lessons.\n", "text/plain; charset=utf-8")


class PortalFirst:
    """A WSGI application that answers for all other hosts and passes what is asked of the hub itself on to `app`."""

    def __init__(self, app: WSGIApplication, name: str, acceptance: Acceptance) -> None:
        self.app, self.name, self.acceptance = app, name, acceptance

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        host, path = host_of(environ.get("HTTP_HOST", ""), environ.get("REQUEST_URI", "/")), environ["PATH_INFO"]
        meant = whose(host, self.name)
        if meant is Whose.OURS:
            return self.app(environ, start_response)
        probe = answer_to(host, path) if meant is Whose.THEIRS else answer_by_path(path) if self.name else None
        here = find(environ)
        if probe is None and (meant is Whose.UNTOLD or not self._is_for_us(here, path)):
            return self.app(environ, start_response)
        return _send(self._answer(environ, here, probe), environ, start_response)

    def _is_for_us(self, here: Here, path: str) -> bool:
        return bool(self.name) and here.has_portal and path.partition("/")[2].partition("/")[0] != NEIGHBOURS[1:]

    def _answer(self, environ: WSGIEnvironment, here: Here, probe: Answer | None) -> Answer:
        if environ["PATH_INFO"].lower() in NEVER_HERE:
            return NOT_HERE
        is_probe = probe is not None and probe is not LANDING
        if not self.acceptance.left(phone_of(environ)):
            if is_probe and not here.is_for_staff:
                self.acceptance.note("probe")
            return _lead(here.url("/welcome"))
        if probe is not None and is_probe:
            if not here.is_for_staff:
                self.acceptance.note("online")
            return probe
        if environ["REQUEST_METHOD"] not in READS:  # an app that sends something; nobody looks at what it hears
            return NOT_HERE
        return _lead(here.url("/technician") if here.is_for_staff else here.url("/", self.name))


def _lead(url: str) -> Answer:
    return Answer("302 Found", LED.format(url).encode(), "text/html; charset=utf-8", (("Location", url),))


def _send(answer: Answer, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    headers = [("Cache-Control", "no-store"), *answer.headers]
    if answer.type:  # 204 has neither type nor length (RFC 9110, section 8.6)
        headers += [("Content-Type", answer.type), ("Content-Length", str(len(answer.body)))]
    start_response(answer.status, headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]
