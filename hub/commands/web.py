"""`hub web`: answer people. Reaches no network beyond the village; the worker is another process."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.settings import Settings


@click.command("web")
def command() -> None:
    """Answer people: pages, media, reports of playing. Settings: docs/operating/settings.md."""
    from hub.notify import say_where_it_hangs
    from hub.restarts import backing_off
    from hub.settings import Settings

    say_where_it_hangs()
    settings = Settings.load()
    with backing_off(settings.run_folder / "web.starts"):
        _serve(settings)


def _serve(settings: Settings) -> None:
    from hub.app import create_app, hub_of
    from hub.notify import notify, passed_socket
    from hub.pulse import Pulse
    from hub.server import HubServer

    app = create_app(settings)
    server = HubServer(app, settings, passed_socket())
    with app.app_context():
        recorder = hub_of().recorder
    pulse = Pulse(server)

    def end(*_signal: object) -> None:
        pulse.stop()
        notify("STOPPING=1", "STATUS=writes down what it holds")
        server.stop()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)
    recorder.start()
    pulse.start()
    click.echo(f"Village Hub answers on http://{server.effective_host}:{server.effective_port}")
    try:
        server.serve()
    finally:
        recorder.stop()
