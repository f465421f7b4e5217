"""`hub network`: the Wi-Fi, names, firewall and uplink of a box, as they are, would be, or are put in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from hub.network.hardware import Hardware
    from hub.network.keep import Keep
    from hub.network.record import Network
    from hub.settings import Settings


@click.group("network")
def command() -> None:
    """Show, check or put in force a box's Wi-Fi, names, firewall and uplink."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Show radios, ports and what carries the village's and the setup network; no password. For root, on a box."""
    from hub.network.facts import facts
    from hub.settings import Settings

    settings = Settings.load()
    keep, hardware = _machine(settings)
    told = facts(keep, hardware, settings.name)
    last = keep.dealt()  # as root kept it: what lies for the page is in a folder of the hub's own user
    told["last"] = {"number": last.number, "ok": last.ok, "sentence": last.sentence} if last.done else None
    click.echo(json.dumps(told) if as_json else "\n".join(_lines(told)))


@command.command()
@click.argument("record", required=False, type=click.Path(path_type=Path))
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Leave the files in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(record: Path | None, into: Path | None, as_json: bool) -> None:
    """Judge a record, write its files and have each checked by its own tool; nothing is put in force. For root.

    RECORD is a file with the record as JSON; without it, the order that waits, else what is in force.
    """
    import tempfile

    from hub.network import render
    from hub.network.force import lay_out
    from hub.network.rules import judge, judge_name
    from hub.network.shell import run
    from hub.network.tools import check as by_tools
    from hub.settings import Settings

    settings = Settings.load()
    keep, hardware = _machine(settings)
    network = _record(settings, keep, record)
    judge_name(settings.name)
    judge(network, hardware)
    files = render.files(network, hardware, settings.name, port=settings.port)
    with tempfile.TemporaryDirectory(prefix="hub-network-") as scratch:
        folder = into or Path(scratch)
        lay_out(folder, files)
        by_tools(folder, run)
    told = {"number": network.number, "stage": network.stage, "files": sorted(files)}
    where = f" They lie in {into}." if into else ""
    words = f"Record {network.number} can be used here; its {len(files)} files pass their own tools.{where}"
    click.echo(json.dumps(told) if as_json else words)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def apply(as_json: bool) -> None:
    """Carry out the order that waits, else put in force again what was. For root; hub-network.service runs it.

    Exit code 64 if an order was refused or the network is not up; what was in force before runs on.
    """
    from hub.network.apply import Applier, as_json_of
    from hub.network.record import BadNetwork
    from hub.network.shell import run
    from hub.settings import Settings

    settings = Settings.load()
    outcome = Applier(settings, settings.machine, run).apply()
    if as_json:
        click.echo(json.dumps(as_json_of(outcome)))
    if not outcome.ok:
        raise BadNetwork(outcome.sentence)
    if not as_json:
        click.echo(outcome.sentence)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def watch(as_json: bool) -> None:
    """Count what villagers took of the uplink, and apply anew if something changed. For root, every five minutes."""
    from hub.network.shell import run
    from hub.network.watch import watch as look
    from hub.settings import Settings

    settings = Settings.load()
    why = look(settings, settings.machine, run)
    click.echo(json.dumps({"applied": why}) if as_json else why or "The network is as it should be.")


def _machine(settings: Settings) -> tuple[Keep, Hardware]:
    from hub.network.keep import Keep
    from hub.network.radios import look
    from hub.network.shell import run

    return Keep(settings.machine), look(settings.machine, lambda words: run(words).text)


def _record(settings: Settings, keep: Keep, record: Path | None) -> Network:
    from hub.box.orders import ordered
    from hub.network.record import BadNetwork, decode

    if record is not None:
        try:
            return decode(record.read_bytes())
        except OSError as error:
            raise BadNetwork(f"{record} cannot be read ({error.strerror}); name a file with a record.") from None
    order = ordered(settings, "network")
    network = decode(order) if order else keep.last()
    if network is None:
        raise BadNetwork("No network was ordered yet; give the five answers, or name a file with a record.")
    return network


def _lines(told: dict[str, Any]) -> list[str]:
    radios = [
        f"Radio {radio['interface']} ({radio['driver'] or 'unknown driver'}, {radio['bus']}) opens"
        f" {min(radio['aps'], 8)} networks at once. {radio['advice']}".strip()
        for radio in told["radios"]
    ]
    ports = [f"Port {port['name']} ({port['driver']}){': a modem' if port['modem'] else ''}." for port in told["ports"]]
    carried = [
        f"The {words} network is on {told[name]}."
        for name, words in (("village", "village's"), ("setup", "setup"))
        if told.get(name)
    ]
    last = [f"Last order, {told['last']['number']}: {told['last']['sentence']}"] if told["last"] else []
    trial = [f"A trial ends in {told['trial_seconds']} seconds."] if told.get("trial_seconds") else []
    return [*radios, *ports, f"Stage {told['stage']}.", *carried, *trial, *told["warnings"], *last]
