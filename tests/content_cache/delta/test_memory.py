"""Applying takes at most 64 MiB more memory, and making under 250 MB, however large a file is."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from content_cache.delta.format import reader_of
from tests.simulators.deltas import Hub, Releases

if TYPE_CHECKING:
    from content_cache.records import Blob

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")

BEGIN = """
import sys
from pathlib import Path
import msgspec
from content_cache.delta import apply, release
from content_cache.delta.format import read_delta, reader_of
from content_cache.records import Blob
from content_cache.repository import Repository
from content_cache.store import BlobStore
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
root, hub = map(Path, sys.argv[1:3])
old, new = (msgspec.json.decode(text, type=list[Blob]) for text in sys.argv[3:5])
began = peak()
"""
MAKE = "print(release.write_delta(Repository(root), old[0], new[0]).bytes, peak() - began, peak())"
APPLY = """
read = reader_of(next(path for path in (root / "d").iterdir()))
store = BlobStore(hub)
with store.filling(), store.batch() as batch:
    into = apply.Place(store.path, batch)
    done = apply.apply(read_delta(read).files, read, old=old, new=new, into=into)
assert not done.failed
print(done.bytes, peak() - began, peak())
"""


def run(script: str, *where: Path, old: list[Blob], new: list[Blob]) -> tuple[int, ...]:
    lists = (msgspec.json.encode(side).decode() for side in (old, new))
    done = subprocess.run([sys.executable, "-c", BEGIN + script, *where, *lists], capture_output=True, check=True)
    return tuple(map(int, done.stdout.split()))


@pytest.mark.parametrize("megabytes", [40, pytest.param(300, marks=pytest.mark.long)])
def test_memory_is_bounded_for_a_large_file(tmp_path: Path, megabytes: int) -> None:
    chance = random.Random(1)
    film = b"".join(chance.randbytes(10**6) for _ in range(megabytes))
    edited = bytearray(b"an index that was moved" * 3000 + film)
    for _ in range(20):
        edited[chance.randrange(len(edited))] ^= 1
    releases = Releases(tmp_path / "repository")
    old, new = releases.release({"c": {"film.mp4": film}}), releases.release({"c": {"film.mp4": bytes(edited)}})
    hub = Hub(tmp_path / "hub")
    hub.stock(releases.repository, old)
    size, _, peak = run(MAKE, releases.root, hub.store.folder, old=[old], new=[new])
    assert size < 4000
    assert peak < 250_000, f"making took {peak} KB"
    (path,) = (path for path in (releases.root / "d").iterdir() if path.suffix != ".json")
    hub.take_records(reader_of(path), old, new)
    made, more, _ = run(APPLY, releases.root, hub.store.folder, old=hub.blobs(old), new=hub.blobs(new))
    assert made == len(edited)
    assert more < 64 * 1024, f"applying took {more} KB more"
    assert hub.missing(new) == []
