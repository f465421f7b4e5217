"""Each file checked by its own tool before anything uses it; the first that is refused is told in a sentence.

    check(folder, run)          # raises BadNetwork

- nftables.nft: `nft -c -f` parses it and tries it against the kernel, without committing.
- dnsmasq.conf: `dnsmasq --test`.
- hostapd-….conf: hostapd has no flag for this. It runs with `driver=none`, which touches no radio, until it has read
  the file and speaks of its interface; a file that it does not take ends it before.
- wpa_supplicant.conf: the same, on an interface that does not exist; it names each line that it does not take.
- network/….network: nobody but systemd-networkd reads these (`systemd-analyze verify` does not). So networkd itself, in
  a network and a /run of its own, until it has looked around; it writes down each line that it ignores.

A tool that is not there refuses nothing: its service would not start either, and that is told then.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hub.network.record import BadNetwork

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hub.network.shell import Done, Run

# Reads our files alone: they lie where the administrator's usually do, and /run, with the bus in it, is another.
NETWORKD = """
mount --bind "$1" /etc/systemd/network && mount -t tmpfs -o mode=0755 none /run && mkdir -p /run/systemd &&
SYSTEMD_LOG_LEVEL=debug SYSTEMD_LOG_TARGET=console exec /usr/lib/systemd/systemd-networkd
"""
IGNORED = re.compile(r"(?:^|/)([\w.-]+\.network):(\d+): (.*)")


def check(folder: Path, run: Run) -> None:
    """Check every file in `folder` that a tool can check; raises BadNetwork, and nothing was changed."""
    for found in _checks(folder, run):
        if found:
            raise BadNetwork(f"{found} The network before stays; give the answers again.")


def _checks(folder: Path, run: Run) -> Iterator[str]:
    rules, names = folder / "nftables.nft", folder / "dnsmasq.conf"
    if rules.exists():
        yield _refused("nft", run(["nft", "-c", "-f", str(rules)]))
    if names.exists():
        yield _refused("dnsmasq", run(["dnsmasq", "--test", "-C", str(names)]))
    for file in sorted(folder.glob("hostapd-*.conf")):
        yield _hostapd(file, run)
    if (folder / "wpa_supplicant.conf").exists():
        yield _wpa_supplicant(folder / "wpa_supplicant.conf", run)
    if (folder / "network").is_dir():
        yield _networkd(folder / "network", run)


def _refused(tool: str, done: Done) -> str:
    if done.ok or done.code == 127:
        return ""
    lines = [line.strip() for line in done.text.splitlines() if line.strip()]
    return f"{tool} does not take its file ({lines[0][:200] if lines else f'code {done.code}'})."


def _hostapd(file: Path, run: Run) -> str:
    """A copy without a radio, beside the file, since it holds the key."""
    lines = [
        "driver=none" if line.startswith("driver=") else line
        for line in file.read_text("utf-8").splitlines()
        if not line.startswith("ctrl_interface=")
    ]
    copy = file.with_suffix(".check")
    copy.touch(mode=0o600)
    try:
        copy.write_text("\n".join(lines) + "\n", "utf-8")
        done = run(["hostapd", str(copy)], seconds=5, until="interface state")
    finally:
        copy.unlink()
    return "" if done.code is None else _refused("hostapd", done)


def _wpa_supplicant(file: Path, run: Run) -> str:
    done = run(["wpa_supplicant", "-i", "none0", "-D", "none", "-c", str(file)], seconds=5)
    bad = next((line for line in done.text.splitlines() if line.startswith(("Line ", "Failed to read"))), "")
    return f"wpa_supplicant does not take its file ({bad[:200]})." if bad else ""


def _networkd(folder: Path, run: Run) -> str:
    words = ["unshare", "--net", "--mount", "sh", "-c", NETWORKD, "sh", str(folder)]
    # It has read them all before it looks at interfaces: "Enumerating..." (257), "Enumeration completed" (252).
    done = run(words, seconds=5, until="numerati")
    for line in done.text.splitlines():
        found = IGNORED.search(line)
        if found and (folder / found[1]).exists():
            return f"systemd-networkd does not take {found[1]}, line {found[2]} ({found[3][:200]})."
    return ""
