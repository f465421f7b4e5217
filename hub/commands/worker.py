"""`hub worker`: run the jobs. Listens to nobody; the pages are another process."""

from __future__ import annotations

import click


@click.command("worker")
def command() -> None:
    """Run the jobs until stopped: roll up, upload, sweep, snapshot, verify. Settings: docs/operating/settings.md."""
    import logging

    from hub.notify import say_where_it_hangs
    from hub.restarts import backing_off
    from hub.settings import Settings
    from hub.worker.run import run_worker

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    say_where_it_hangs()
    settings = Settings.load()
    with backing_off(settings.run_folder / "worker.starts"):
        run_worker(settings)
