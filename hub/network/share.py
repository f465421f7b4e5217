"""What villagers take of the uplink: a quota of nftables that is kept over power cuts and opened anew each 24 hours.

    look_again(keep, settings, run)     # of hub-network-watch.timer: Taken(used=…, total=…, …)
    shared_so_far(keep, run)            # for a ruleset that takes the place of the one that counts

A box has no clock after a power cut, so a window is 24 hours in which it had power. Bytes are those of IP packets, both
ways, as the uplink's provider counts them. The hub's own traffic crosses another chain: no byte of it is in this quota,
and none of these bytes are in the hub's ledger, whose budget therefore stays whole whatever villagers take.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

from content_cache.durable import write_file
from hub.network.firewall import TABLE, Shared
from hub.network.keep import Keep, Taken, seconds_of_boot

if TYPE_CHECKING:
    from hub.network.shell import Run
    from hub.settings import Settings

WINDOW = 24 * 3600.0  # seconds
STEP = 1_000_000  # bytes that may be forgotten by a power cut, to spare the card
PAUSE = 600.0  # seconds of the window that may be, or power cuts each hour would never let a day pass


def counted(run: Run) -> Shared | None:
    """What the ruleset that is loaded counted; None if none shares anything."""
    quota = _named(run(["nft", "-j", "list", "quotas", "inet"]).text, "quota", "share")
    counter = _named(run(["nft", "-j", "list", "counters", "inet"]).text, "counter", "shared")
    if quota is None or counter is None:
        return None
    return Shared(used=int(quota.get("used", 0)), total=int(counter.get("bytes", 0)))


def _named(text: str, kind: str, name: str) -> dict[str, Any] | None:
    try:
        rows = msgspec.json.decode(text)["nftables"]
        found = [row[kind] for row in rows if kind in row]
        return next((row for row in found if row["name"] == name and row["table"] == TABLE), None)
    except (msgspec.MsgspecError, KeyError, TypeError):
        return None


def shared_so_far(keep: Keep, run: Run) -> Shared:
    """As it is counted now, else as it was kept."""
    kept = keep.taken()
    return counted(run) or Shared(kept.used, kept.total)


def look_again(keep: Keep, settings: Settings, run: Run) -> Taken | None:
    """Read the count, open the quota anew if its window is over, and say so for pages; None if nothing is shared."""
    found = counted(run)
    if found is None:
        (settings.run_folder / "share.json").unlink(missing_ok=True)
        return None
    kept = keep.taken()
    now = advanced(kept, found, _boot(keep), seconds_of_boot())
    if now.used == 0 and found.used:
        run(["nft", "reset", "quota", "inet", TABLE, "share"])
    if now.used < kept.used or now.used - kept.used >= STEP or now.seconds - kept.seconds >= PAUSE:
        keep.note_taken(now)
    _tell(keep, settings, now)
    return now


def advanced(kept: Taken, found: Shared, boot: str, at: float) -> Taken:
    """The window after some time with power. `at` is in seconds since the machine's start. Pure."""
    passed = at - kept.at if boot == kept.boot else at if kept.boot else 0.0
    seconds = kept.seconds + max(0.0, passed)
    if seconds >= WINDOW:
        return Taken(used=0, total=found.total, seconds=seconds % WINDOW, boot=boot, at=at)
    return Taken(used=found.used, total=found.total, seconds=seconds, boot=boot, at=at)


def _boot(keep: Keep) -> str:
    with contextlib.suppress(OSError):
        return (keep.root / "proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def _tell(keep: Keep, settings: Settings, now: Taken) -> None:
    network = keep.last()
    told = {
        "limit_bytes": network.share_mb * 1_000_000 if network else 0,
        "used_bytes": now.used,
        "total_bytes": now.total,
        "seconds_left": round(WINDOW - now.seconds),
    }
    with contextlib.suppress(OSError):
        write_file(settings.run_folder / "share.json", msgspec.json.encode(told))
