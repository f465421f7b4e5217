"""Every five minutes, as root: the villagers' share, and whether the network is as it should be.

    watch(settings, Path("/"), run)     # "" or why `hub network apply` was started

hub-network-watch.timer runs it. systemd's path unit misses an order that is written while hub-network.service ends;
nobody tells us of an adapter that is plugged in, or that another program flushed the firewall. All that is found here,
late, and for good.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from content_cache.durable import write_file
from hub.box.orders import ordered
from hub.network.firewall import TABLE
from hub.network.force import deaf
from hub.network.keep import Keep, digest
from hub.network.plan import place
from hub.network.radios import look
from hub.network.rules import adapted
from hub.network.share import look_again

if TYPE_CHECKING:
    from pathlib import Path

    from hub.network.hardware import Hardware
    from hub.network.shell import Run
    from hub.settings import Settings


def watch(settings: Settings, root: Path, run: Run) -> str:
    """Look once; a sentence if the network has to be applied anew, which systemd was asked for."""
    keep = Keep(root)
    with contextlib.suppress(OSError):
        look_again(keep, settings, run)
    why = _why(settings, keep, run)
    if why:
        run(["systemctl", "start", "--no-block", "hub-network.service"])
    return why


def _why(settings: Settings, keep: Keep, run: Run) -> str:
    order, dealt = ordered(settings, "network"), keep.dealt()
    if order is not None and not (dealt.done and dealt.digest == digest(order)):
        return "An order for the network waits."
    if keep.trial_is_over():
        return "The trial of the village's network is over."
    if not (keep.current / "nftables.nft").exists():
        return "No network is in force."
    return _changed(keep, run)


def _changed(keep: Keep, run: Run) -> str:
    """What became of the network in force by itself, or by another program."""
    if not run(["nft", "list", "table", "inet", TABLE]).ok:
        return "Somebody took the firewall away."
    hardware, network = look(keep.root, lambda words: run(words).text), keep.wanted()
    if marks(hardware) != noted(keep):
        return "A radio or a port came or went."
    if network and next(deaf(place(adapted(network, hardware)[0], hardware), run), ""):
        return "Names are not answered on one of the networks."
    return ""


def marks(hardware: Hardware) -> list[str]:
    """What a machine is told apart by, without what changes by itself, such as a carrier."""
    radios = [f"{radio.interface} {radio.driver} {radio.address}" for radio in hardware.radios]
    return [*radios, *(f"{port.name} {port.driver}" for port in hardware.ports)]


def note_marks(keep: Keep, hardware: Hardware) -> None:
    """What the network in force was made for; kept for the next start, which waits for the same."""
    if noted(keep) != marks(hardware):
        write_file(keep.kept / "machine.json", msgspec.json.encode(marks(hardware)))


def noted(keep: Keep) -> list[str]:
    try:
        return msgspec.json.decode((keep.kept / "machine.json").read_bytes(), type=list[str])
    except (OSError, msgspec.MsgspecError):
        return []
