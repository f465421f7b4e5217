"""A machine that boots: QEMU with the guest's disk, and a line on which the tests run commands in it.

    with Machine(build(), tmp_path) as box:      # starts it and waits until it takes commands, a minute
        box.run("systemctl", "is-system-running")           # Done(code=0, out="running\\n", err="")
        box.cut_power()                          # as if the cable were pulled
        box.start()                              # the same disk again

Every instruction is carried out by QEMU itself (TCG), so that no host needs to lend its processor. The machine has
512 MB as the smallest box, a hardware watchdog, a wired port with a network that gives out addresses, and a second one with
`laptop` at its far end.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.guest.image import Image

BOOT = 300  # seconds until a machine takes commands: one third of that on two cores that nobody else uses
NEEDED = ("qemu-system-x86_64", "qemu-img", "mmdebstrap", "mkfs.ext4", "mkfs.vfat")
UPLINK, SECOND, FAR_END = "52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:03"


def missing() -> list[str]:
    """What this machine lacks to build and start a guest."""
    return [name for name in NEEDED if shutil.which(name) is None]


@dataclass(frozen=True)
class Done:
    """How a command in the guest ended."""

    code: int
    out: str
    err: str


class Machine:
    """One guest on a disk layer of its own in `folder`; leaving the `with` ends QEMU, by its id."""

    def __init__(self, image: Image, folder: Path) -> None:
        self.image, self.folder = image, folder
        self.disk, self.card = folder / "disk.qcow2", folder / "boot.vfat"
        self.console = folder / "console.log"
        self.boot = ""
        self._qemu: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._held = b""

    def __enter__(self) -> Self:
        layer = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", self.image.disk, "-F", "raw", self.disk]
        subprocess.run(layer, check=True, timeout=60)
        subprocess.run(["truncate", "--size=64M", self.card], check=True, timeout=60)
        subprocess.run(["mkfs.vfat", "-n", "BOOTCFG", self.card], check=True, timeout=60, stdout=subprocess.DEVNULL)
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.cut_power()

    def start(self) -> None:
        """Switch it on and wait until it takes commands."""
        way = self.folder / "agent"
        way.unlink(missing_ok=True)
        self._qemu = subprocess.Popen(self._command(way), stdin=subprocess.DEVNULL)
        self._line = self._connect(way)
        self._held = b""
        self.greeted()

    def _command(self, way: Path) -> list[str]:
        drives = [(self.disk, "qcow2"), (self.card, "raw")]
        return [
            "qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "512",
            "-display", "none", "-monitor", "none",
            "-chardev", f"file,id=console,path={self.console},append=on", "-serial", "chardev:console",
            *(word for file, kind in drives for word in ("-drive", f"if=virtio,file={file},format={kind}")),
            "-netdev", "user,id=uplink,restrict=on", "-device", f"virtio-net-pci,netdev=uplink,mac={UPLINK}",
            "-netdev", "hubport,id=near,hubid=1", "-device", f"virtio-net-pci,netdev=near,mac={SECOND}",
            "-netdev", "hubport,id=far,hubid=1", "-device", f"virtio-net-pci,netdev=far,mac={FAR_END}",
            "-device", "i6300esb", "-action", "watchdog=reset", "-device", "virtio-rng-pci",
            "-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,path={way},server=on,wait=on",
            "-device", "virtserialport,chardev=agent,name=guest.agent",
            "-kernel", str(self.image.kernel), "-initrd", str(self.image.initrd),
            "-append", "console=ttyS0 root=/dev/vda rw quiet systemd.show_status=no",
        ]  # fmt: skip

    def _connect(self, way: Path) -> socket.socket:
        """QEMU waits for us before it starts the machine, so no word of the guest is lost."""
        assert self._qemu
        until(lambda: way.exists() or self._qemu.poll() is not None, 60, "QEMU to listen")
        line = socket.socket(socket.AF_UNIX)
        line.connect(str(way))
        return line

    def cut_power(self) -> None:
        """Kill it as a pulled cable does: what the guest had not flushed is gone."""
        if self._line:
            self._line.close()
        if self._qemu:
            self._qemu.kill()
            self._qemu.wait(30)
        self._line = self._qemu = None

    def hostapd(self, interface: str) -> str:
        """What hostapd says of the network that it has on `interface`."""
        folder = "/run/village-hub-net"
        return self.run(
            "hostapd_cli", "-p", f"{folder}/hostapd", "-s", folder, "-i", interface, "status", check=False
        ).out

    def crash(self) -> None:
        """Have the kernel panic; no answer comes to this."""
        self._say({"command": ["sh", "-c", "echo c > /proc/sysrq-trigger"], "timeout": 60, "input": None})

    def greeted(self, within: float = BOOT) -> str:
        """Wait for a start of the machine, the first or one that it made itself; its boot id."""
        self.boot = str(self._hear(within)["boot"])
        return self.boot

    def run(self, *command: str, within: float = 60, stdin: str | None = None, check: bool = True) -> Done:
        """Run a command as root in the guest; unless `check` is off it must end well, in so many seconds."""
        self._say({"command": command, "timeout": within, "input": stdin})
        done = Done(**self._hear(within + 60))
        assert done.code == 0 or not check, f"{' '.join(command)} ended with {done.code}: {done.out}{done.err}"
        return done

    def sh(self, script: str, within: float = 60, *, check: bool = True) -> str:
        """What a line of shell says on its output."""
        return self.run("sh", "-c", script, within=within, check=check).out.strip()

    def _say(self, what: dict[str, Any]) -> None:
        assert self._line, "the machine is off"
        self._line.sendall(json.dumps(what).encode() + b"\n")

    def _hear(self, within: float) -> dict[str, Any]:
        assert self._line, "the machine is off"
        self._line.settimeout(within)
        while b"\n" not in self._held:
            try:
                heard = self._line.recv(65536)
            except TimeoutError:
                raise AssertionError(f"no word from the guest within {within:.0f} s:\n{self.tail()}") from None
            assert heard, f"QEMU ended:\n{self.tail()}"
            self._held += heard
        line, _, self._held = self._held.partition(b"\n")
        return json.loads(line)

    def tail(self) -> str:
        """The end of what the machine wrote on its console, for a reader of a failed test."""
        with contextlib.suppress(OSError):
            said = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.console.read_text(errors="replace"))
            return "\n".join(said.splitlines()[-30:])
        return ""


def until(true: Callable[[], Any], within: float, what: str) -> Any:
    """The first answer of `true` that is one; asks twice a second, and fails by the name of `what`."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if answer := true():
            return answer
        time.sleep(0.5)
    raise AssertionError(f"waited {within:.0f} s in vain for {what}")
