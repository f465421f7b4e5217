"""The factory of the web application. Importing this opens nothing; each feature brings its own routes.

    app = create_app(Settings.load())   # a WSGI application
    hub.server.serve(app, settings)     # answers people until SIGTERM

`/media` is answered in plain WSGI before Flask is asked, since a phone that seeks asks for many small ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, current_app
from markupsafe import Markup

from content_cache.library import Library
from hub.backup import open_or_restore
from hub.clock import Clock
from hub.db import database
from hub.programme import Programme, load
from hub.site import secret, this_site

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

    from werkzeug.wrappers import Response

    from hub.health.checks import Check
    from hub.settings import Settings
    from hub.usage.record import Recorder

CONTENT_POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Hub:
    """What the features share, reached in a request as `hub_of()`.

    `more_checks` are those of features that the technician's page and the probes, which show them, cannot know.
    """

    settings: Settings
    clock: Clock
    library: Library
    recorder: Recorder
    programme: Programme
    more_checks: Callable[[Settings, Clock, Library], list[Check]]


def hub_of() -> Hub:
    """The running hub, within a request."""
    hub: Hub = current_app.extensions["hub"]
    return hub


def create_app(settings: Settings, clock: Clock | None = None) -> Flask:
    """Build the application over the folder `settings.data`, which is made if absent; raises HubError."""
    from hub import assets, i18n, problems
    from hub.acceptance import routes as acceptance
    from hub.acceptance.machine import machine_checks
    from hub.carry import routes as carry
    from hub.content import routes as content_routes
    from hub.content.checks import content_checks
    from hub.health import routes as health
    from hub.library import routes as library
    from hub.portal import routes as portal
    from hub.technician import routes as technician
    from hub.usage import routes as usage
    from hub.usage.record import Recorder
    from hub.visit import routes as visit

    def more_checks(settings: Settings, clock: Clock, library: Library) -> list[Check]:
        return content_checks(settings, clock, library) + machine_checks(settings, clock, library)

    programme = load(settings)
    open_or_restore(settings, clock)
    this_site()
    clock = clock or Clock()
    content = Library(settings.library_root)
    app = Flask("hub", static_folder=None)
    app.config.update(
        SECRET_KEY=secret(settings.keys / "session.key"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=256 * 1024,
        MAX_FORM_MEMORY_SIZE=256 * 1024,
    )
    recorder = Recorder(settings, clock, content)
    app.extensions["hub"] = Hub(settings, clock, content, recorder, programme, more_checks)
    shown = {"programme": programme.name, "logo": Markup(programme.logo)}  # noqa: S704 - cleaned by clean_svg
    app.context_processor(lambda: shown)
    i18n.init_app(app)
    problems.init_app(app)
    assets.init_app(app, programme)
    for feature in (library, usage, technician, content_routes, carry, visit, acceptance, portal, health):
        app.register_blueprint(feature.blueprint)
    app.register_blueprint(acceptance.labels)
    app.after_request(_harden)
    app.teardown_appcontext(_hang_up)
    app.wsgi_app = _before_flask(app, content, recorder, settings)  # type: ignore[assignment, method-assign]
    return app


def _before_flask(app: Flask, content: Library, recorder: Recorder, settings: Settings) -> WSGIApplication:
    """What is answered without Flask, the first to be asked at the end: it may need no database, or be quick."""
    from hub.content.neighbours import RepositoryFirst
    from hub.library.pages import PagesFirst
    from hub.media.answer import MediaFirst
    from hub.portal.answer import PortalFirst
    from hub.visit.lead import VisitFirst

    first: WSGIApplication = PagesFirst(app.wsgi_app, content, recorder)
    if settings.neighbours:
        first = RepositoryFirst(first, content)
    first = MediaFirst(first, content.store, recorder)
    first = VisitFirst(first, settings)
    return PortalFirst(first, settings.name, app.extensions["portal"])


def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _hang_up(_error: BaseException | None) -> None:
    """Close this thread's connection to the database, so that none stays open in a thread that has nothing to do."""
    if not database.is_closed():
        database.close()
