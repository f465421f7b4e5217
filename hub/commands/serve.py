"""`hub serve`: web and worker together, for a laptop. On a box systemd runs the two apart."""

from __future__ import annotations

import sys

import click


@click.command("serve")
def command() -> None:
    """Run `hub web` and `hub worker` until Ctrl-C; if one of them ends, the other is stopped as well."""
    from hub.supervise import run_together

    hub = [sys.executable, "-m", "hub"]
    sys.exit(run_together([[*hub, "web"], [*hub, "worker"]]))
