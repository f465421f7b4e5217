"""A Debian box without hardware: a folder with a fresh system in it, without any network, that may also boot.

    with Box(fresh("13", packages), folder) as box:         # there at once, gone at the end
        box.install(package)
        box.run("hub", "--help")                            # in a chroot of its own, without a network
        with box.booted() as running:                       # a real systemd, in a container
            running.run("systemctl", "is-active", "hub-web.service")

Fresh systems are made by mmdebstrap, once, from where this machine has its own packages, and kept in `var/roots`.
Everything needs root.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from tests.conftest import ROOT
from tests.town import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CODENAMES = {"12": "bookworm", "13": "trixie"}
KEPT = ROOT / "var" / "roots"
TOOLS = ("mmdebstrap", "systemd-nspawn", "nsenter", "unshare", "dpkg-deb", "apt-get")
BESIDES = ("systemd-sysv", "dbus", "libc-bin")  # what a box has that boots
SLIM = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
KINDS = Path("/proc/sys/fs/binfmt_misc")  # what runs programs that are not this machine's
ARM64 = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
QUICK = ("--force-unsafe-io",)  # no power cut is played while it is set


def need_boxes() -> None:
    """Skip, with what is missing, where boxes cannot be made."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a system in a folder")
    for tool in TOOLS:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    if mirror() is None:
        pytest.skip("this is no Debian, or it does not know where its packages come from")


def mirror() -> str | None:
    """Where this machine has its own packages from, which is where those of other releases are."""
    told = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', Path("/etc/os-release").read_text("utf-8"), re.MULTILINE))
    words = ["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]
    lines = subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines()
    wanted = (told.get("VERSION_CODENAME"), "main")
    return next((line.split()[2] for line in lines if tuple(line.split()[:2]) == wanted), None)


def connection() -> list[str]:
    """How this machine reaches that place: proxies, certificates, patience."""
    lines = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=False).stdout
    wanted = ("Acquire::http", "Acquire::Check", "Acquire::Retries", "Acquire::AllowInsecure")
    return [line for line in lines.splitlines() if line.startswith(wanted) and not line.endswith('"";')]


@contextlib.contextmanager
def arm64_programs() -> Iterator[None]:
    """This machine runs them for the length of the block, by QEMU's user mode if it is of another kind."""
    if platform.machine() == "aarch64":
        yield
        return
    if not ARM64.exists() or shutil.which("arch-test") is None:
        pytest.skip("qemu-user-static or arch-test is not installed")
    with contextlib.ExitStack() as undo:
        if not (KINDS / "register").exists():
            _mount("binfmt_misc", KINDS, "rw")
            undo.callback(subprocess.run, ["umount", KINDS], check=True)
        kind = KINDS / ARM64.stem
        if not kind.exists():
            (KINDS / "register").write_text(ARM64.read_text("ascii").strip())
            undo.callback(kind.write_text, "-1")
        yield


def fresh(number: str, packages: Sequence[str], arch: str = "amd64") -> Path:
    """A root of Debian `number` with `packages` and no more; made once, kept, and never written to."""
    wanted = ",".join(sorted({*packages, *BESIDES}))
    command = ["mmdebstrap", "--quiet", "--mode=root", "--variant=apt", "--format=directory", f"--include={wanted}"]
    command += [f"--dpkgopt=path-exclude={path}" for path in SLIM] + ["--dpkgopt=force-unsafe-io", f"--arch={arch}"]
    named = hashlib.sha256("\n".join([*command, number]).encode()).hexdigest()[:16]
    made = KEPT / f"debian-{number}-{named}"
    KEPT.mkdir(parents=True, exist_ok=True)
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            half = made.with_suffix(".half")
            shutil.rmtree(half, ignore_errors=True)
            options = [f"--aptopt={line}" for line in connection()]
            place = f"deb {mirror()} {CODENAMES[number]} main"
            done = subprocess.run(
                [*command, *options, CODENAMES[number], str(half), place],
                capture_output=True, text=True, check=False, timeout=3000,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr[-3000:]
            (half / "etc" / "machine-id").write_text("")
            half.rename(made)
    return made


class Box:
    """One system in `folder`: what lies below is that of another root, or box, and stays as it is (overlayfs)."""

    def __init__(self, origin: Path | Box, folder: Path) -> None:
        self.root, self.changes = folder, folder.with_name(f"{folder.name}.changes")
        self.below = f"{origin.changes}/upper:{origin.below}" if isinstance(origin, Box) else str(origin)

    def __enter__(self) -> Self:
        for path in (self.root, self.changes):
            path.mkdir(parents=True)
        _mount("tmpfs", self.changes, "size=1g,mode=755")
        for name in ("upper", "work"):
            (self.changes / name).mkdir()
        layers = f"lowerdir={self.below},upperdir={self.changes}/upper,workdir={self.changes}/work"
        _mount("overlay", self.root, layers)
        return self

    def __exit__(self, *_error: object) -> None:
        for path in (self.root, self.changes):
            subprocess.run(["umount", "--lazy", path], check=True)
            path.rmdir()

    def command(self, *words: str, network: bool = False) -> list[str]:
        """How to run `words` in there: no network but if asked for, no process of ours in sight, and all ends together."""
        alone = ["unshare", "--ipc", "--uts", "--mount", "--pid", "--fork", "--kill-child"]
        alone += [] if network else ["--net"]
        return [*alone, f"--mount-proc={self.root}/proc", "chroot", str(self.root), *words]

    def run(self, *words: str, ends: int | None = 0, **environ: str) -> str:
        """Run to the end and return all it said; `ends` is the exit code that it must have, None for any."""
        done = subprocess.run(
            self.command(*words), capture_output=True, text=True, check=False, timeout=120, env=_plain(environ)
        )
        said = done.stdout + done.stderr
        assert ends is None or done.returncode == ends, f"{words} ended with {done.returncode}: {said}"
        return said

    def start(self, *words: str, network: bool = False) -> subprocess.Popen[bytes]:
        """Start `words` in there, to be killed by the test."""
        return subprocess.Popen(
            self.command(*words, network=network),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_plain({}),
            process_group=0,
        )

    def bring(self, package: Path) -> str:
        """Copy a file in; its path there."""
        shutil.copy(package, self.root / "root" / package.name)
        return f"/root/{package.name}"

    def install(self, package: Path, *options: str, ends: int | None = 0) -> str:
        return self.run("dpkg", *(options or QUICK), "--install", self.bring(package), ends=ends)

    def status(self) -> str:
        """What dpkg says of the package, as in `install ok installed`; empty if it knows none."""
        return self.run("dpkg-query", "--show", "--showformat=${Status}", "village-hub", ends=None).strip()

    def listing(self) -> set[str]:
        """Every path in there, but for what dpkg and the system keep for themselves."""
        found = subprocess.run(["find", ".", "-xdev"], cwd=self.root, capture_output=True, text=True, check=True).stdout
        return {line for line in found.splitlines() if not line.startswith(("./var/lib/dpkg", "./root/", "./var/log"))}

    @contextlib.contextmanager
    def booted(self) -> Iterator[Running]:
        """Start its systemd, wait until it is up, and switch it off at the end."""
        running = Running(self.root)
        try:
            running.wait()
            yield running
        finally:
            running.end()


class Running:
    """A box that is switched on: systemd-nspawn, with a group of processes and a network of its own.

    No systemd needs to run outside. A container is told apart by its group, made below the root of cgroup 2.
    """

    def __init__(self, root: Path) -> None:
        unified = Path("/sys/fs/cgroup/unified")  # beside version 1, or alone
        self.group = (unified if unified.is_dir() else unified.parent) / f"village-hub-{os.getpid()}-{root.name}"
        self.group.mkdir()
        words = ["systemd-nspawn", "--quiet", f"--directory={root}", "--boot", "--register=no", "--keep-unit"]
        words += ["--private-network", "--console=pipe", "--hostname=hub", f"--machine=vh-{os.getpid()}-{root.name}"]
        self.process = subprocess.Popen(
            ["sh", "-c", 'echo $$ > "$0/cgroup.procs"; exec "$@"', self.group, *words],
            env=_plain({"UNIFIED_CGROUP_HIERARCHY": "1"}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )

    def leader(self) -> int | None:
        """The process number of its systemd, seen from outside."""
        with contextlib.suppress(OSError, IndexError):
            return int((self.group / "payload" / "init.scope" / "cgroup.procs").read_text().split()[0])
        return None

    def wait(self) -> None:
        """Until web and worker have started or failed; others may take longer, see `settled`."""
        assert until(lambda: self.leader() is not None or self.process.poll() is not None, 30)
        assert self.process.poll() is None, (self.process.stdout.read() if self.process.stdout else b"").decode()
        assert until(self._decided, 90), self.run("systemctl", "list-jobs", ends=None)

    def _decided(self) -> bool:
        return set(self.states("hub-web.service", "hub-worker.service")) <= {"active", "failed"}

    def settled(self) -> str:
        """How all of the machine is once nothing is starting any more: `running`, or `degraded` by what failed."""
        assert until(lambda: self._whole() in {"running", "degraded"}, 90), self.run(
            "systemctl", "list-jobs", ends=None
        )
        return self._whole()

    def _whole(self) -> str:
        return self.run("systemctl", "is-system-running", ends=None).strip()

    def states(self, *units: str) -> list[str]:
        """Of each unit: active, inactive, failed, activating ..."""
        return self.run("systemctl", "is-active", *units, ends=None).splitlines()

    def run(self, *words: str, ends: int | None = 0) -> str:
        """Run to the end, as root, and return all it said."""
        inside = ["nsenter", f"--target={self.leader()}", "--all", "--", *words]
        done = subprocess.run(inside, capture_output=True, text=True, check=False, timeout=180, env=_plain({}))
        said = done.stdout + done.stderr
        assert ends is None or done.returncode == ends, f"{words} ended with {done.returncode}: {said}"
        return said

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start `words`, as root, with pipes for what they read and say."""
        inside = ["nsenter", f"--target={self.leader()}", "--all", "--", *words]
        return subprocess.Popen(
            inside, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=_plain({})
        )

    def pull_the_plug(self) -> None:
        """Kill all that runs in there, at once."""
        (self.group / "cgroup.kill").write_text("1")
        self.process.wait(10)

    def journal(self, unit: str) -> str:
        """What systemd knows of a unit, and the last that it said; for a test that fails."""
        return self.run("systemctl", "status", "--no-pager", "--full", "--lines=40", unit, ends=None)

    def show(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit."""
        lines = self.run("systemctl", "show", unit, f"--property={','.join(names)}").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def ask(self, path: str) -> tuple[int, str]:
        """Status and text of a page, asked for from within."""
        words = "import sys,urllib.request as u;a=u.urlopen('http://127.0.0.1'+sys.argv[1],timeout=20);"
        words += "print(a.status,a.read().decode())"
        said = self.run("python3", "-c", words, path)
        status, _, text = said.partition(" ")
        return int(status), text

    def end(self) -> None:
        """Switch off; whatever is left of it after a while is killed."""
        if self.leader() is not None:
            self.run("systemctl", "poweroff", ends=None)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        with contextlib.suppress(OSError):
            (self.group / "cgroup.kill").write_text("1")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        assert until(self._gone, 10)

    def _gone(self) -> bool:
        for folder in sorted(self.group.rglob("*/"), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        with contextlib.suppress(OSError):
            self.group.rmdir()
        return not self.group.exists()


def _plain(environ: dict[str, str]) -> dict[str, str]:
    """An environment without anything of this machine."""
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **environ}


def _mount(kind: str, folder: Path, options: str) -> None:
    subprocess.run(["mount", "--types", kind, "--options", options, kind, folder], check=True)


def once_there_is(pattern: str, below: Path, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a file named like `pattern` appears; False if `process` ended before."""
    while process.poll() is None:
        if any(pattern in name for _, _, names in os.walk(below) for name in names):
            return True
        time.sleep(0.001)
    return False
