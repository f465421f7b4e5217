"""Styles, scripts and icons: small files that setup.py gathered under names with their hash, served from memory.

    asset("player.js")          # in a template: "/static/player.1a2b3c4d.js"

A phone keeps each for ever, so a second page costs no request for them. Those that a programme dresses in its own
colour (hub/programme.py) are named by the hash of what they become.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hub.errors import HubError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Flask

    from hub.programme import Programme

HERE = Path(__file__).resolve().parent
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class NotBuilt(HubError):
    """Styles, scripts or translations are missing; whoever installed the hub runs one command."""

    exit_code = 69


class Asset(NamedTuple):
    """One file as it goes out, plain and compressed."""

    type: str
    plain: bytes
    gzipped: bytes


class AssetsFirst:
    """A WSGI application that answers `/static/` from `folder` and passes everything else on to `pages`.

    `programme` may dress them. Raises NotBuilt with a sentence if setup.py has not run.
    """

    def __init__(
        self, pages: WSGIApplication, folder: Path = HERE / "static", programme: Programme | None = None
    ) -> None:
        self.pages = pages
        made = {source: _dressed(source, _read(folder / name), programme) for source, name in _names(folder).items()}
        self.names = {source: _named(source, asset.plain) for source, asset in made.items()}
        self._assets = {self.url(source): asset for source, asset in made.items()}

    def url(self, name: str) -> str:
        """Where the asset `name` of hub/frontend is served."""
        return f"/static/{self.names[name]}"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        asset = self._assets.get(environ["PATH_INFO"])
        if asset is None or environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return self.pages(environ, start_response)
        zipped = "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
        body = asset.gzipped if zipped else asset.plain
        headers = [
            ("Content-Type", asset.type),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "public, max-age=31536000, immutable"),
            ("Vary", "Accept-Encoding"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response("200 OK", [*headers, ("Content-Encoding", "gzip")] if zipped else headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def init_app(app: Flask, programme: Programme) -> None:
    """Serve the assets in front of `app` and give its templates `asset()`; raises NotBuilt."""
    assets = AssetsFirst(app.wsgi_app, programme=programme)
    app.wsgi_app = assets  # type: ignore[method-assign]
    app.jinja_env.globals["asset"] = assets.url


def _names(folder: Path) -> dict[str, str]:
    """The list that setup.py wrote: name in hub/frontend, name in hub/static."""
    try:
        names: dict[str, str] = json.loads((folder / "manifest.json").read_bytes())
    except FileNotFoundError:
        raise NotBuilt(
            "The pages' styles and scripts are not built; run `.venv/bin/pip install -e .` in the checkout."
        ) from None
    return names


def _dressed(source: str, asset: Asset, programme: Programme | None) -> Asset:
    """The asset in the programme's colour."""
    plain = programme.dress(source, asset.plain.decode()).encode() if programme else asset.plain
    return asset if plain == asset.plain else Asset(asset.type, plain, gzip.compress(plain, 9, mtime=0))


def _named(source: str, content: bytes) -> str:
    """As setup.py names it: "hub.1a2b3c4d.css"."""
    stem, _, suffix = source.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:8]}.{suffix}"


def _read(path: Path) -> Asset:
    return Asset(TYPES[path.suffix], path.read_bytes(), path.with_name(f"{path.name}.gz").read_bytes())
