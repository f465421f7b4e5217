"""`hub usage`: what is counted, day by day, as it will be told to head office."""

from __future__ import annotations

import click


@click.command("usage")
@click.option(
    "--days", type=click.IntRange(1, 3660), default=7, show_default=True, help="Show so many of the last days."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document with every figure.")
def command(days: int, as_json: bool) -> None:
    """Show what is counted, day by day. Days without use are listed as well; dates are the site's."""
    from datetime import timedelta

    from hub.clock import Clock
    from hub.db import open_database
    from hub.settings import Settings
    from hub.site import this_site
    from hub.usage.summary import changed_since, dateless_plays, forgotten_until, summary, undated_plays

    open_database(Settings.load().database)
    running = Clock().boot
    zone = this_site().zone
    dated, _ = changed_since(0, zone)
    shown = []
    if dated:
        last = max(dated)
        first = max(min(dated), last - timedelta(days=days - 1), forgotten_until() or min(dated))
        shown = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    table = {day: summary(day, zone) for day in shown}
    waiting, dateless = undated_plays(running), dateless_plays(running)
    if as_json:
        import msgspec

        told = {"time_zone": zone.key, "undated_plays": waiting, "dateless_plays": dateless, "days": table}
        click.echo(msgspec.json.encode(told).decode())
        return
    click.echo("day         visitors  visits   plays  minutes        MB  hours up")
    for day, use in table.items():
        click.echo(
            f"{day}  {use.visitors:8}  {use.visits:6}  {use.plays:6}  {use.seconds_played / 60:7.0f}"
            f"  {use.local_bytes / 1e6:8.1f}  {use.minutes_up / 60:8.1f}"
        )
    if not table:
        click.echo("Nothing is counted yet.")
    if waiting:
        click.echo(f"{waiting} plays wait for the hub to learn the time; they are placed then.")
    if dateless:
        click.echo(f"{dateless} plays have no date, as the hub never learned the time while it was up then.")
