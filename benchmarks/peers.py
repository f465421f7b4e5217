"""What others move for the same update, measured on the same wire: zsync, casync, rsync; and what a patch alone takes.

    with Wire() as wire:
        for name, peer in peers().items():
            moved = peer(wire, old, new, work)          # bytes

zsync and casync read from nginx over plain HTTP, as we do; rsync speaks to its own server, whose program must run
where the files lie. Each makes the new folder out of the old one, and is asked whether it did. xdelta3 and bsdiff have
no way of moving anything: theirs is the size of the patch from one tar to the other.
"""

from __future__ import annotations

import contextlib
import filecmp
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

from benchmarks.wire import free_port, wait_until_it_listens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.wire import Wire

    Peer = Callable[[Wire, Path, Path, Path], int]

CHUNKS = "4096:16384:65536"  # casync's least, average and largest; 16 KiB did best among those tried for the plan
RSYNC = """
use chroot = no
uid = 0
gid = 0
pid file = {work}/rsyncd.pid
[new]
path = {new}
read only = yes
"""


def zsync(wire: Wire, old: Path, new: Path, work: Path) -> int:
    """One tar of each: the control file, then the blocks that the old tar lacks. Its client knows no TLS."""
    before, after = tar(old, work / "old.tar"), tar(new, work / "served" / "new.tar")
    run("zsyncmake", "-u", "new.tar", "-o", after.with_suffix(".tar.zsync"), after)
    with wire.serve_any(after.parent) as host:
        start = wire.bytes()
        run("zsync", "-q", "-i", before, "-o", work / "got.tar", f"{host.url}/new.tar.zsync", where=work)
        moved = wire.bytes() - start
    assert filecmp.cmp(work / "got.tar", after, shallow=False)
    return moved


def casync(wire: Wire, old: Path, new: Path, work: Path) -> int:
    """The index of the new folder, and the chunks that the old folder has not."""
    served, got = work / "served", work / "got"
    served.mkdir()
    chunks = ("--chunk-size", CHUNKS, "--with=unix", "--without=user-names")
    run("casync", "make", *chunks, "--store", served / "new.castr", served / "new.caidx", new)
    with wire.serve_any(served) as host:
        start = wire.bytes()
        store = f"{host.url}/new.castr"
        run("casync", "extract", "--seed", old, "--store", store, f"{host.url}/new.caidx", got)
        moved = wire.bytes() - start
    assert same(got, new)
    return moved


def rsync(wire: Wire, old: Path, new: Path, work: Path) -> int:
    """Sums of the old files go up, what they lack comes down, packed by zlib."""
    got, config = shutil.copytree(old, work / "got"), work / "rsyncd.conf"
    config.write_text(RSYNC.format(work=work, new=new))
    with rsync_server(config) as port:
        start = wire.bytes()
        run("rsync", "--recursive", "--times", "--checksum", "--compress", f"rsync://127.0.0.1:{port}/new/", got)
        moved = wire.bytes() - start
    assert same(got, new)
    return moved


@contextlib.contextmanager
def rsync_server(config: Path) -> Iterator[int]:
    port = free_port()
    command = ["rsync", "--daemon", "--no-detach", f"--config={config}", f"--port={port}", "--address=127.0.0.1"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_it_listens(port)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def xdelta3(_wire: Wire, old: Path, new: Path, work: Path) -> int:
    """The size of its file between the two tars."""
    before, after = tar(old, work / "old.tar"), tar(new, work / "new.tar")
    run("xdelta3", "-e", "-9", "-S", "lzma", "-B", 2**29, "-f", "-s", before, after, work / "patch")
    return (work / "patch").stat().st_size


def bsdiff(_wire: Wire, old: Path, new: Path, work: Path) -> int:
    """The size of its file between the two tars."""
    before, after = tar(old, work / "old.tar"), tar(new, work / "new.tar")
    run("bsdiff", before, after, work / "patch")
    return (work / "patch").stat().st_size


PEERS: dict[str, Peer] = {"zsync": zsync, "casync": casync, "rsync": rsync, "xdelta3": xdelta3, "bsdiff": bsdiff}


def peers() -> dict[str, Peer]:
    """Those whose programs are here."""
    return {name: peer for name, peer in PEERS.items() if shutil.which(name)}


def run(*command: object, where: Path | None = None) -> None:
    """Run a peer's program; what it says is shown only if it fails."""
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True, cwd=where)
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-500:]}{done.stderr[-500:]}"


def tar(folder: Path, path: Path) -> Path:
    """`folder` as one file, the same for the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for each in sorted(folder.rglob("*")):
            archive.add(each, each.relative_to(folder), recursive=False, filter=_plain)
    return path


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
    return info


def same(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files."""
    names = [{path.relative_to(side) for path in side.rglob("*") if path.is_file()} for side in (one, other)]
    return names[0] == names[1] and all(filecmp.cmp(one / name, other / name, shallow=False) for name in names[0])
