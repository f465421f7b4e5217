"""The factory of head office's web application. Importing this opens nothing; each feature brings its own routes.

app = create_app(Settings.load())       # a WSGI application
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, request

from collector import access, forms, i18n, refusals
from collector.content import Content
from collector.db import database, open_database
from collector.durable import secret
from collector.names.watch import Names
from collector.office import Office, sealing_key, signing_key
from wire.exchange import LONGEST_BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    from collector.settings import Settings

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MEDIA_TYPE = "application/cose"
ASSETS = Path(__file__).parent / "assets"


def create_app(settings: Settings, clock: Callable[[], float] = time.time) -> Flask:
    """Build the application; `clock` gives Unix seconds. Raises NoDatabase."""
    from collector.api.routes import blueprint as api
    from collector.api.routes import open_to_all as probes
    from collector.carry.routes import blueprint as carry
    from collector.carry.routes import kits
    from collector.inbox.api import blueprint as inbox_api
    from collector.inbox.pages import blueprint as inbox_pages
    from collector.inbox.routes import blueprint as inbox
    from collector.messages.routes import blueprint as messages
    from collector.pages.routes import blueprint as pages
    from collector.sites.routes import blueprint as sites
    from collector.state.routes import blueprint as hubs
    from collector.state.routes import programs as hubs_api

    open_database(settings.database_url)
    app = Flask("collector", static_folder=ASSETS, static_url_path="/assets")
    app.config.update(
        SECRET_KEY=secret(settings.data / "session.key"),
        SESSION_COOKIE_NAME="collector",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=LONGEST_BODY,
        SEND_FILE_MAX_AGE_DEFAULT=86_400,
    )
    keys = signing_key(settings.data), sealing_key(settings.data)
    names = Names(settings.content, settings.root, settings.data / "names")
    app.extensions["office"] = Office(settings, *keys, clock, content=Content(settings.content), names=names)
    app.before_request(_connect)
    app.teardown_appcontext(lambda _error: database.is_closed() or database.close())
    app.after_request(_harden)
    app.context_processor(lambda: {"style": _style()})
    i18n.init_app(app)
    access.init_app(app)
    forms.init_app(app)
    refusals.init_app(app)
    for feature in (sites, inbox, messages, inbox_pages, inbox_api, carry, kits, pages, hubs, hubs_api, api, probes):
        app.register_blueprint(feature)
    return app


def _connect() -> None:
    if request.endpoint != "static":
        database.connect(reuse_if_open=True)


def _style() -> str:
    """Address of the style sheet, new whenever its content is."""
    return f"/assets/style.css?v={hashlib.sha256((ASSETS / 'style.css').read_bytes()).hexdigest()[:8]}"


def _harden(response: Response) -> Response:
    if response.mimetype == MEDIA_TYPE:  # no browser reads it, it crosses the worst of links, and is signed
        return response
    response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Frame-Options"] = "DENY"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
