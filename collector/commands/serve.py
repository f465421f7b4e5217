"""`collector serve`: take in what hubs report and show it, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import click


@click.command("serve")
def command() -> None:
    """Take in what hubs report and show it, until Ctrl-C.

    Settings come from the environment; docs/operating/collector.md lists them.
    """
    import logging

    from collector.app import create_app
    from collector.names.watch import start_watching
    from collector.notify import say_where_it_hangs
    from collector.pulse import start_pulse
    from collector.server import listen, stop_on_signals
    from collector.settings import Settings

    say_where_it_hangs()
    stop_on_signals()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    settings = Settings.load()
    app = create_app(settings)
    server = listen(app, settings)
    start_watching(app)
    start_pulse(settings, server.effective_port)
    click.echo(f"Head office listens on http://{settings.host}:{server.effective_port}; stop it with Ctrl-C.")
    server.run()
