"""The guest's disk: a fresh Debian, the hub's package as it would be installed, and what only the tests need.

    image = build("bookworm")           # Image(disk=…/root.ext4, kernel=…, initrd=…), kept while nothing changed

No loop device and no mount: mkfs.ext4 writes the tree into the disk. The package is deploy/deb's; it goes in without
a network, as on a box.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.guest import roots

ROOT = Path(__file__).resolve().parent.parent.parent
OVERLAY = Path(__file__).with_name("guest.rootfs-overlay")
SOURCES = ("hub", "content_cache", "wire", "collector", "systemd", "deploy/deb", "pyproject.toml", "setup.py")
DEBIAN = {"bookworm": "12", "trixie": "13"}
DISK_MB = 3000  # of which a card would show as many; the file holds what is written
# The phones' programs are installed in the same root, and must not serve the box; a box updates at other times.
MASKED = [
    "NetworkManager.service",
    "NetworkManager-wait-online.service",
    "NetworkManager-dispatcher.service",
    "wpa_supplicant.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
]


@dataclass(frozen=True)
class Image:
    """Files that QEMU starts from; `disk` is never written: each guest has a layer of its own above it."""

    disk: Path
    kernel: Path
    initrd: Path


def build(suite: str = "bookworm") -> Image:
    """The newest one for `suite`; makes it if the hub's sources, the packages or the overlay changed."""
    base = roots.debian(suite)
    folder = roots.KEPT / f"image-{suite}-{_fingerprint(base)}"
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=roots.KEPT) as work:
            made = Path(work) / "made"
            made.mkdir()
            _assemble(suite, base, Path(work) / "root", made)
            made.rename(folder)
        _forget_older(suite, folder)
    return Image(folder / "root.ext4", folder / "vmlinuz", folder / "initrd.img")


def _fingerprint(base: Path) -> str:
    """Over all that goes into the disk, as it lies on this one."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *SOURCES, OVERLAY, __file__],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    seen = hashlib.sha256(base.name.encode())
    for name in sorted(filter(None, listed.split("\0"))):
        if (ROOT / name).is_file():
            seen.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return seen.hexdigest()[:8]


def _forget_older(suite: str, kept: Path) -> None:
    for folder in roots.KEPT.glob(f"image-{suite}-*"):
        if folder != kept:
            shutil.rmtree(folder)


def _assemble(suite: str, base: Path, root: Path, made: Path) -> None:
    root.mkdir()
    _run("tar", "--extract", "--numeric-owner", "--xattrs", "--file", base, "--directory", root)
    _install(suite, root)
    _run("cp", "--archive", f"{OVERLAY}/.", root)
    _run("systemctl", f"--root={root}", "mask", *MASKED)
    _run("systemctl", f"--root={root}", "enable", "guest-agent.service", "guest-radios.service")
    (root / "etc/machine-id").write_text("uninitialized\n")  # so that systemd takes the first boot for one
    for name in ("vmlinuz", "initrd.img"):
        shutil.copyfile(next((root / "boot").glob(f"{name}-*")), made / name)
    _run("mkfs.ext4", "-q", "-F", "-L", "root", "-m", "0", "-d", root, made / "root.ext4", f"{DISK_MB}M")


def _install(suite: str, root: Path) -> None:
    """The package, by dpkg in the root, which needs nothing from outside."""
    with tempfile.TemporaryDirectory() as folder:
        target = ("--debian", DEBIAN[suite], "--arch", "amd64", "--into", folder)
        _run(sys.executable, ROOT / "deploy/deb/build.py", *target, within=600)
        (package,) = Path(folder).glob("*.deb")
        shutil.copyfile(package, root / "tmp/hub.deb")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    alone = ("unshare", "--net", "--pid", "--fork", f"--mount-proc={root}/proc", "chroot", root)
    _run(*alone, "dpkg", "--install", "/tmp/hub.deb", environ=quiet, within=300)
    (root / "tmp/hub.deb").unlink()


def _run(*command: str | Path, within: float = 120, environ: dict[str, str] | None = None) -> None:
    """Run it to a good end within so many seconds; its output belongs to whoever started us."""
    subprocess.run(command, check=True, timeout=within, env=environ)


if __name__ == "__main__":
    print(build(*sys.argv[1:]).disk)
