"""`hub doctor`: the checks of the technician's page and of `/healthz`, any day, on the box itself."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.health.checks import Check


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """Check this hub and say what to mend. Exit code 0 if all passed, 1 if something is to be mended."""
    checks = _look()
    if as_json:
        click.echo(json.dumps({"ok": all(check.ok for check in checks), "checks": [vars(check) for check in checks]}))
    else:
        for check in checks:
            click.echo(f"{'pass' if check.ok else 'FAIL'}  {check.name:<9} {check.sentence}")
        click.echo(_verdict(sum(not check.ok for check in checks)))
    if not all(check.ok for check in checks):
        sys.exit(1)


def _look() -> list[Check]:
    from content_cache.library import Library
    from hub.acceptance.machine import machine_checks
    from hub.clock import Clock
    from hub.content.checks import content_checks
    from hub.settings import Settings
    from hub.technician.look import all_checks, check_file

    settings = Settings.load()
    opened = check_file(settings)
    if not opened.ok:
        return [opened]
    clock, library = Clock(), Library(settings.library_root)
    found = all_checks(settings, clock, library) + content_checks(settings, clock, library)
    return found + machine_checks(settings, clock, library)


def _verdict(failed: int) -> str:
    return "All is well." if failed == 0 else f"{failed} to mend; do what the lines above say, then run this again."
