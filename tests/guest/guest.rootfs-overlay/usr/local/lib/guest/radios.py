"""Moves all radios but the first into network namespaces phone1, phone2, and a wired port of its own into `laptop`.

QEMU joins two wired ports by a hub: what the box sees on its second, somebody must hold on the other end.
"""

import subprocess
import time
from pathlib import Path

RADIOS = Path("/sys/class/ieee80211")
FAR_END = "52:54:00:00:00:03"  # as tests/guest/machine.py names it


def run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=30)


def add(namespace: str) -> None:
    """A namespace with its own list of name servers, which `ip netns exec` puts in the place of the box's."""
    run("ip", "netns", "add", namespace)
    run("ip", "-n", namespace, "link", "set", "lo", "up")
    folder = Path("/etc/netns") / namespace
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "resolv.conf").write_text("")


def radios() -> list[str]:
    """The kernel's names, in the order in which they were made."""
    return sorted((folder.name for folder in RADIOS.glob("phy*")), key=lambda name: int(name[3:]))


def interface(address: str) -> str:
    """The interface with this MAC."""
    folders = Path("/sys/class/net").iterdir()
    return next(each.name for each in folders if (each / "address").read_text().strip() == address)


for _ in range(100):
    if len(radios()) > 1:
        break
    time.sleep(0.1)
run("udevadm", "settle")
for number, radio in enumerate(radios()[1:], start=1):
    add(f"phone{number}")
    run("iw", "phy", radio, "set", "netns", "name", f"phone{number}")
add("laptop")
run("ip", "link", "set", interface(FAR_END), "netns", "laptop", "name", "wire")
