"""The portal's page, as phones see it that join the village's Wi-Fi, and one that joins the setup network."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.test import EnvironBuilder, run_wsgi_app

from hub.app import create_app
from hub.db import database
from hub.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.browser.village import Village

NAMED = {"HUB_NAME": "hub.home.arpa"}
TECHNICIAN = "10.45.0.7"


def press(_village: Village, page: Page) -> None:
    """The one button, unless this phone pressed it before."""
    if page.locator("main button").count():
        page.click("main button")


def on_setup_network(_village: Village, page: Page) -> None:
    """The page as it is answered to an address that this machine does not have."""
    page.route("**/welcome", _answer_technician)
    page.reload()


def _answer_technician(route: Route) -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data=Path(folder), name=NAMED["HUB_NAME"]))
        language = route.request.headers.get("accept-language", "")
        builder = EnvironBuilder("/welcome", headers={"Host": "10.45.0.1", "Accept-Language": language})
        environ = builder.get_environ() | {"REMOTE_ADDR": TECHNICIAN, "SERVER_PORT": "80"}
        chunks, _, headers = run_wsgi_app(app.wsgi_app, environ, buffered=True)
        database.close()
    route.fulfill(status=200, headers=dict(headers), body=b"".join(chunks))
