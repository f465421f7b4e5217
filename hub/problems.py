"""What a person is told when a request cannot be answered: one calm sentence that says what to do.

    problems.init_app(app)
    refuse(HTTPStatus.FORBIDDEN, _("Open the form again and send it once more."))      # in a route

People get a page in their language; programs (`/usage`, `/healthz`, or whoever prefers JSON) get {"error": sentence}.
Sentences that Flask and Werkzeug write are never shown: they are English and speak of browsers and proxies. What was
unexpected is logged with its traceback under the route's pattern, so that neither addresses nor tokens reach the log.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Flask, jsonify, make_response, render_template, request
from flask_babel import gettext as _
from peewee import DatabaseError, OperationalError
from werkzeug.exceptions import HTTPException, default_exceptions

from content_cache.errors import ContentError

if TYPE_CHECKING:
    from types import TracebackType

    from flask import Response

FOR_PROGRAMS = ("/usage/", "/healthz", "/metrics")
# Of the headers that Werkzeug adds to an error, those that say what would be right.
KEPT_HEADERS = {"allow", "retry-after", "content-range"}
log = logging.getLogger("hub")


class Refused(HTTPException):
    """A request that a route turns down with a sentence of its own."""

    def __init__(self, code: int, sentence: str, headers: dict[str, str]) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.headers = headers


def refuse(code: int, sentence: str, **headers: str) -> NoReturn:
    """End this request with `code` and a translated sentence that says what to do; `Retry_After="30"` is a header."""
    raise Refused(code, sentence, {name.replace("_", "-"): text for name, text in headers.items()})


def init_app(app: Flask) -> None:
    """Let `app` answer every error with a sentence."""
    for code in default_exceptions:
        app.register_error_handler(code, _explain)
    app.register_error_handler(Refused, _explain)
    app.register_error_handler(DatabaseError, _database_trouble)
    app.register_error_handler(ContentError, _library_trouble)
    app.log_exception = _log  # type: ignore[method-assign]


def _explain(error: Exception) -> Response:
    code = getattr(error, "code", None) or HTTPStatus.INTERNAL_SERVER_ERROR
    response = _answer(code, getattr(error, "sentence", None) or sentence_for(code))
    if isinstance(error, HTTPException):
        _keep_headers(response, error)
    return response


def _keep_headers(response: Response, error: HTTPException) -> None:
    given = getattr(error, "headers", None)
    headers = list(given.items()) if isinstance(given, dict) else error.get_headers()
    for name, text in headers:
        if name.lower() in KEPT_HEADERS:
            response.headers[name] = text


def _database_trouble(error: DatabaseError) -> Response:
    """The disk is full, or the database busy or damaged: not the person's doing, and perhaps soon over."""
    log.warning("%s: the database failed (%s)", _route(), error, exc_info=not isinstance(error, OperationalError))
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE, sentence_for(HTTPStatus.SERVICE_UNAVAILABLE))


def _library_trouble(error: ContentError) -> Response:
    """After an update the catalogue is being built again, or its file is damaged: the technician's page says which."""
    log.warning("%s: the library failed (%s)", _route(), error)
    sentence = _("The courses are not at hand for the moment. Come back in a few minutes.")
    response = _answer(HTTPStatus.SERVICE_UNAVAILABLE, sentence)
    response.headers["Retry-After"] = "60"
    return response


def _answer(code: int, sentence: str) -> Response:
    response = jsonify(error=sentence) if _for_a_program() else _page(code, sentence)
    response.status_code = code
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(code: int, sentence: str) -> Response:
    try:
        return make_response(render_template("trouble.html", code=code, sentence=sentence))
    except Exception:
        log.exception("the page that says what went wrong could not be made")
        plain = make_response(f"{sentence}\n")
        plain.mimetype = "text/plain"
        return plain


def _for_a_program() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return request.path.startswith(FOR_PROGRAMS) or best == "application/json"


def sentence_for(code: int) -> str:
    """What any `code` means to a person, and what she can do."""
    sentences = {
        401: _("Sign in first, then open this page again."),
        403: _("That was not sent from a page of this hub; open the page again and send it from there."),
        404: _("This page is not here. It may have moved when the courses were renewed; look for it from the start."),
        405: _("This address does not take that kind of request; open it from the start page."),
        413: _("That is too big for the hub. Send less and try again."),
        429: _("Too many tries. Wait a minute and try again."),
        503: _("The hub cannot keep anything at the moment; its disk may be full. Wait a minute and try again."),
    }
    if code in sentences:
        return sentences[code]
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _("Something failed in the hub, not on your phone. Wait a moment and try again.")
    return _("The hub did not understand that. Go back and try again.")


def _log(exc_info: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]) -> None:
    log.error("%s failed", _route(), exc_info=exc_info)


def _route() -> str:
    """The request as a pattern, `POST /technician/enter/<token>`: what it was filled with may be a secret."""
    rule: Any = request.url_rule
    return f"{request.method} {rule.rule if rule else '(no route)'}"
