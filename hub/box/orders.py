"""What the hub, which is nobody on its machine, asks root to do: a file that a systemd path unit watches.

    order(settings, "network", encode(network))     # hub-network.path starts `hub network apply`
    order(settings, "power", b"restart")            # hub-power.path starts `hub power`
    outcome(settings, "network")                    # {"number": 3, "ok": true, "sentence": "…"} or None

Root decodes an order anew and judges it: whoever got into the hub's processes can order no more than these pages can.
What came of it lies in `settings.run_folder`, which is gone with the machine's next start.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

import msgspec

from content_cache.durable import make_folder, write_file

if TYPE_CHECKING:
    from pathlib import Path

    from hub.settings import Settings

LARGEST = 64 * 1024  # bytes


def orders_folder(settings: Settings) -> Path:
    return settings.data / "orders"


def order(settings: Settings, kind: str, data: bytes) -> None:
    """Ask for it, durably; a newer order takes the place of one that was not carried out yet."""
    make_folder(orders_folder(settings))
    write_file(orders_folder(settings) / kind, data, mode=0o640)


def ordered(settings: Settings, kind: str) -> bytes | None:
    """The order, for root: a plain file of modest size, never what a link leads to; None if there is none."""
    try:
        folder = _folder(settings)
    except OSError:
        return None
    try:
        number = os.open(kind, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError:
        return None
    finally:
        os.close(folder)
    try:
        return os.read(number, LARGEST) if stat.S_ISREG(os.fstat(number).st_mode) else None
    finally:
        os.close(number)


def removed(settings: Settings, kind: str) -> None:
    """Remove the order, for root, so that no power cut brings it back; raises OSError."""
    folder = _folder(settings)
    try:
        os.unlink(kind, dir_fd=folder)
        os.fsync(folder)
    finally:
        os.close(folder)


def _folder(settings: Settings) -> int:
    """The folder that is there, never one that a link points to: who got into the hub owns it. Raises OSError."""
    return os.open(orders_folder(settings), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


def answer(settings: Settings, kind: str, ok: bool, sentence: str, **facts: object) -> None:
    """Say, as root, what came of an order; raises OSError."""
    told = msgspec.json.encode({"ok": ok, "sentence": sentence, **facts})
    write_file(settings.run_folder / f"{kind}.json", told)


def outcome(settings: Settings, kind: str) -> dict[str, Any] | None:
    """What root wrote of the last order: at least `ok` and `sentence`; None on a machine where nobody does."""
    try:
        found = msgspec.json.decode((settings.run_folder / f"{kind}.json").read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None
    return found if isinstance(found, dict) else None
