"""`hub messages`: send one SMS through a modem, and show what was told in short messages."""

from __future__ import annotations

import json

import click

SPEED = click.Choice(["9600", "19200", "38400", "57600", "115200", "230400", "460800"])


@click.group("messages")
def command() -> None:
    """Send one SMS through a modem; show what was told in short messages."""


@command.command("modem")
@click.argument("device")
@click.argument("number")
@click.option("--speed", type=SPEED, default="115200", show_default=True, help="Bits a second of a real serial line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def modem(device: str, number: str, speed: str, as_json: bool) -> None:
    """Send the bytes on standard input (at most 140) as one SMS to NUMBER, through the modem at DEVICE.

    For HUB_MESSAGE_COMMAND, which adds the number: "hub messages modem /dev/ttyUSB2". Exit code 69 if it was not sent.
    """
    import sys

    from hub.messages.modem import Modem
    from hub.messages.pdu import MOST_DATA, submit

    data = sys.stdin.buffer.read(MOST_DATA + 1)
    submit(number, data)
    with Modem(device, int(speed)) as line:
        line.send(number, data)
    told = {"bytes": len(data), "to": number}
    click.echo(json.dumps(told) if as_json else f"{len(data)} bytes were sent to {number}.")


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """List the days that were told in short messages, the newest first."""
    from hub.clock import dated
    from hub.db import open_database
    from hub.messages.models import Message
    from hub.settings import Settings

    open_database(Settings.load().database)
    rows = [
        {"day": row.day.isoformat(), "revision": row.revision, "bytes": row.bytes, "sent": row.handed,
         "at": (when := dated(row.at)) and when.isoformat(timespec="seconds"), "trouble": row.sentence}
        for row in Message.select().order_by(Message.day.desc(), Message.revision.desc())
    ]  # fmt: skip
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row['day']}  {row['bytes']:>4} bytes  {row['at'] or '':<26}{row['trouble'] or ''}".rstrip())
    click.echo(f"{len(rows)} days were told in short messages.")
