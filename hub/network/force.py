"""Puts a folder of files in force, and waits until the network is up: the part of `hub network apply` that acts.

    lay_out(folder, files)                      # a candidate, for tools.check
    put_in_force(keep, folder, network, hardware, run)      # raises NotUp: what did not start, in a sentence

The files are swapped by one rename (`current` is a link), the firewall is replaced in one step (`nft -f`), networkd is
told to look again, and services start that have a file; others stop. One whose files did not change runs on, so that no
phone is thrown out for a change that is not its own. Killed between any two steps, the same call finishes it.
"""

from __future__ import annotations

import contextlib
import shutil
import struct
import time
from typing import TYPE_CHECKING

from content_cache.durable import make_folder, replace_link, write_file
from hub.addresses import SETUP_ADDRESS, VILLAGE_ADDRESS
from hub.network.plan import place
from hub.network.record import BadNetwork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from hub.network.hardware import Hardware
    from hub.network.keep import Keep
    from hub.network.plan import Plan
    from hub.network.record import Network
    from hub.network.shell import Run

SECRET = ("hostapd-", "wpa_supplicant.conf")  # files with keys, for root alone
# Which unit needs which file, and what else it reads; a unit without its file stops.
SERVICES = {
    "hub-access-point.service": ("hostapd.env", "hostapd-*.conf"),
    "hub-uplink-wifi.service": ("wpa_supplicant.env", "wpa_supplicant.conf"),
}
NAMES = "hub-names.service"
PATIENCE = 25.0  # seconds for the radio, its addresses and the services; a Raspberry Pi's radio takes up to five
PAUSE = 0.25


class NotUp(BadNetwork):
    """The files are good, and yet the network does not start with them."""


def lay_out(folder: Path, files: Mapping[str, str]) -> None:
    """Write `files` below `folder`, those with keys for root alone."""
    for path, text in files.items():
        file = folder / path
        make_folder(file.parent)
        write_file(file, text.encode(), mode=0o600 if path.startswith(SECRET) else 0o644)


def put_in_force(keep: Keep, folder: Path, network: Network, hardware: Hardware, run: Run) -> None:
    """Put `folder` in force; raises NotUp, with things half done: put another folder in force then."""
    before = keep.current.resolve() if keep.current.is_symlink() else None
    replace_link(keep.current, folder.name)
    # First of all: no interface opens before what guards it is there.
    done = run(["nft", "-f", str(keep.current / "nftables.nft")])
    if not done.ok:
        raise NotUp(f"The firewall does not start ({done.reason}); run `hub doctor`.")
    unblock(keep.root)
    _hand_over(keep, run)
    _forward(keep)
    if not run(["networkctl", "reload"]).ok:
        # It asks over the bus, which a small machine may lack.
        run(["systemctl", "restart", "systemd-networkd.service"])
    for unit, files in SERVICES.items():
        _service(unit, files, keep, before, run)
    plan = place(network, hardware)
    _wait(lambda: _closed(keep, plan, run))
    # Only now: dnsmasq that starts before an interface has its address may never hear of it (2.91 does not always).
    _service(NAMES, ("dnsmasq.conf", "hosts"), keep, before, run, anew=bool(list(deaf(plan, run))))
    _wait(lambda: _silent(plan, run))
    if before is not None and before != folder:
        shutil.rmtree(before, ignore_errors=True)


def unblock(root: Path) -> None:
    """Switch radios on that rfkill keeps off, as on Raspberry Pi OS until a country is set (rfkill.h: all of WLAN)."""
    with contextlib.suppress(OSError), (root / "dev/rfkill").open("r+b", buffering=0) as switch:
        switch.write(struct.pack("=IBBBB", 0, 1, 3, 0, 0))


def _hand_over(keep: Keep, run: Run) -> None:
    """Give networkd its files, and have NetworkManager and a wpa_supplicant of the system let go of ours."""
    _replace_all(keep.current / "network", keep.networkd, "05-village-hub-*.network")
    if _replace_all(keep.current / "NetworkManager", keep.manager, "village-hub.conf"):
        run(["systemctl", "try-reload-or-restart", "NetworkManager.service"])
    for file in sorted(keep.current.glob("hostapd-*.conf")):
        interface = file.stem.removeprefix("hostapd-")
        run(["systemctl", "stop", f"wpa_supplicant@{interface}.service"])


def _replace_all(source: Path, target: Path, pattern: str) -> bool:
    """Make the files of `pattern` in `target` those of `source`; True if one changed."""
    wanted = {file.name: file.read_bytes() for file in source.glob(pattern)}
    there = {file.name: file.read_bytes() for file in target.glob(pattern)}
    for name, text in wanted.items():
        if there.get(name) != text:
            make_folder(target)
            write_file(target / name, text)
    for name in there.keys() - wanted.keys():
        (target / name).unlink()
    return wanted != there


def _forward(keep: Keep) -> None:
    """Whether packets may pass, as forwarding.conf says. A kernel that has no such file forwards nothing."""
    _, _, value = (keep.current / "forwarding.conf").read_text().partition(" = ")
    switch = keep.root / "proc/sys/net/ipv4/ip_forward"
    with contextlib.suppress(FileNotFoundError):
        if switch.read_text().strip() != value.strip():
            switch.write_text(value)


def _service(
    unit: str, files: tuple[str, str], keep: Keep, before: Path | None, run: Run, *, anew: bool = False
) -> None:
    """Start it, or start it `anew` if what it reads has changed; stop it if there is nothing to read."""
    if not (keep.current / files[0]).exists():
        run(["systemctl", "stop", unit], seconds=30)
        return
    changed = before is None or any(_texts(before, file) != _texts(keep.current, file) for file in files)
    done = run(["systemctl", "restart" if changed or anew else "start", unit], seconds=30)
    if not done.ok:
        raise NotUp(f"{unit} does not start ({done.reason}); `journalctl -u {unit}` tells more.")


def _texts(folder: Path, pattern: str) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob(pattern)}


def _wait(missing: Callable[[], Iterator[str]]) -> None:
    """Until nothing is `missing`; raises NotUp with the sentence if that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while sentence := next(missing(), ""):
        if time.monotonic() > deadline:
            raise NotUp(sentence)
        time.sleep(PAUSE)


def _closed(keep: Keep, plan: Plan, run: Run) -> Iterator[str]:
    """Networks that are not open yet, in sentences."""
    for interface, address, radio in (
        (plan.village, VILLAGE_ADDRESS, plan.village_radio),
        (plan.setup, SETUP_ADDRESS, plan.setup_radio),
    ):
        if interface is None:
            continue
        if radio:
            # Its own end of the line lies beside hostapd's: each has a /tmp of its own, where it would be by default.
            asking = ["hostapd_cli", "-p", str(keep.run / "hostapd"), "-s", str(keep.run), "-i", interface, "status"]
            state = _state(run(asking).text)
            if state != "ENABLED":
                yield f"The radio {radio.interface} opens no network (hostapd says {state}); try another radio."
        if f" {address}/" not in run(["ip", "-4", "-o", "address", "show", "dev", interface]).text:
            yield f"{interface} has not got its address {address}; `networkctl status {interface}` tells more."


def _silent(plan: Plan, run: Run) -> Iterator[str]:
    """Whether names and addresses are not given out yet, in sentences."""
    if plan.inside and not run(["systemctl", "is-active", "--quiet", NAMES]).ok:
        yield f"{NAMES} does not stay up; `journalctl -u {NAMES}` tells more."
    for address in deaf(plan, run):
        yield f"{NAMES} does not listen at {address}; `journalctl -u {NAMES}` tells more."


def deaf(plan: Plan, run: Run) -> Iterator[str]:
    """The hub's addresses at which nobody answers for names."""
    heard = run(["ss", "--no-header", "--listening", "--numeric", "--udp"]).text.split()
    for interface, address in ((plan.village, VILLAGE_ADDRESS), (plan.setup, SETUP_ADDRESS)):
        if interface and f"{address}:53" not in heard:
            yield address


def _state(text: str) -> str:
    return next((line.removeprefix("state=") for line in text.splitlines() if line.startswith("state=")), "nothing")
