"""Leads whoever stands beside a box without an administrator from its bare address to the questions.

    app.wsgi_app = VisitFirst(app.wsgi_app, settings)

The screen says `http://10.45.0.1`, as short as it can be typed; once somebody looks after the box, that is its library.
This stands before the pages that are answered from memory, and asks the database only on the technician's networks.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from hub.db import database
from hub.technician.claim import may_be_led
from hub.technician.door import PATH

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from hub.settings import Settings


class VisitFirst:
    """A WSGI application before `app`."""

    def __init__(self, app: WSGIApplication, settings: Settings) -> None:
        self.app, self.settings = app, settings

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] != "/" or not self._claims(environ):
            return self.app(environ, start_response)
        headers = [("Location", f"{PATH}/visit/next"), ("Cache-Control", "no-store"), ("Content-Length", "0")]
        start_response(f"{HTTPStatus.FOUND.value} {HTTPStatus.FOUND.phrase}", headers)
        return []

    def _claims(self, environ: WSGIEnvironment) -> bool:
        try:
            return may_be_led(self.settings, environ)
        finally:
            if not database.is_closed():
                database.close()
