"""`hub web`: answer people. Reaches no network beyond the village; the worker is another process."""

from __future__ import annotations

import signal

import click


@click.command("web")
def command() -> None:
    """Answer people: pages, media, reports of playing. Settings: docs/operating/settings.md."""
    from hub.app import create_app, hub_of
    from hub.server import HubServer
    from hub.settings import Settings

    settings = Settings.load()
    app = create_app(settings)
    server = HubServer(app, settings)
    with app.app_context():
        recorder = hub_of().recorder
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, server.stop)
    recorder.start()
    click.echo(f"Village Hub answers on http://{server.effective_host}:{server.effective_port}")
    try:
        server.serve()
    finally:
        recorder.stop()
