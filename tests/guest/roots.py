"""A fresh Debian for the guest: the packages that a box has and those that a phone needs, made once and kept.

    tar = debian("bookworm")        # var/guest/debian-bookworm-1a2b3c4d.tar, made if it is not there: a minute

Packages come from where this machine's own apt takes them; no source is written here.
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
import tempfile
from pathlib import Path

KEPT = Path(__file__).resolve().parent.parent.parent / "var" / "guest"
# What runs on a box. The package's own dependencies are among them, so that it goes in without a network.
BOX = [
    "linux-image-amd64",
    "initramfs-tools",
    "zstd",
    "init",
    "systemd",
    "systemd-sysv",
    "systemd-timesyncd",
    "udev",
    "dbus",
    "kmod",
    "procps",
    "tzdata",
    "iproute2",
    "nftables",
    "dnsmasq-base",
    "hostapd",
    "iw",
    "wireless-regdb",
    "rfkill",
    "python3",
    "e2fsprogs",
    "dosfstools",
    "exfatprogs",
    "adduser",
    "util-linux-extra",
    "fdisk",
]
# What plays the phones and asks questions. NetworkManager judges what it joins as many a laptop does.
PHONES = ["wpasupplicant", "network-manager", "busybox", "curl"]
# All that the guest's machine has. A whole initrd would take QEMU, which runs each instruction by hand, half a minute.
MODULES = ["virtio_pci", "virtio_blk", "virtio_net", "virtio_console", "ext4", "crc32c_generic", "crc32c_intel"]
MANUALS = ["path-exclude=/usr/share/man/*", "path-exclude=/usr/share/doc/*", "path-exclude=/usr/share/locale/*"]
INITRD = (
    'mkdir -p "$1/etc/initramfs-tools/conf.d" && '
    f"printf '%s\\n' MODULES=list COMPRESS=zstd > \"$1/etc/initramfs-tools/conf.d/guest\" && "
    f"printf '%s\\n' {' '.join(MODULES)} > \"$1/etc/initramfs-tools/modules\""
)
LONGEST = 1200  # seconds, on a slow day of whoever serves the packages


def debian(suite: str) -> Path:
    """An archive of a root with the packages above; `suite` is a codename, as in bookworm."""
    made_of = repr((suite, BOX, PHONES, INITRD, MANUALS))
    kept = KEPT / f"debian-{suite}-{hashlib.sha256(made_of.encode()).hexdigest()[:8]}.tar"
    if not kept.is_file():
        KEPT.mkdir(parents=True, exist_ok=True)
        _make(suite, kept)
    return kept


def _make(suite: str, kept: Path) -> None:
    """Into a folder of its own first: an archive that carries the name is whole."""
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        made, how = Path(folder) / "debian.tar", Path(folder) / "apt.conf"
        how.write_text(_ways() + 'APT::Install-Recommends "false";\nAcquire::Languages "none";\n')
        command = ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(BOX + PHONES)}"]
        command += [f"--aptopt={how}", "--dpkgopt=force-unsafe-io", f"--setup-hook={INITRD}"]
        command += [f"--dpkgopt={line}" for line in MANUALS]
        subprocess.run([*command, suite, made, *sources(suite)], check=True, timeout=LONGEST)
        made.rename(kept)


def sources(suite: str) -> list[str]:
    """Lines of a sources.list for `suite`, from the indexes that this machine's apt reads."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Identifier: Packages"]
    answer = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=60).stdout
    here = platform.freedesktop_os_release()["VERSION_CODENAME"]
    found = (line.split() for line in answer.splitlines())
    mine = [(where, release, part) for where, release, part in found if release.split("-")[0] == here]
    return sorted({f"deb {where} {release.replace(here, suite)} {part}" for where, release, part in mine})


def _ways() -> str:
    """How this machine's apt reaches its sources: through what proxy, and how strict about an archive's date."""
    said = subprocess.run(["apt-config", "dump", "Acquire"], check=True, capture_output=True, text=True, timeout=60)
    kept = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries")
    return "".join(f"{line}\n" for line in said.stdout.splitlines() if line.startswith(kept))


if __name__ == "__main__":
    print(debian("bookworm"))
