"""Throws changed samples at every decoder of the wire, for as long as it is told: `make fuzz SECONDS=600`.

    python -m benchmarks.fuzz_wire [SECONDS] [--seed N]

Samples are those of tests/wire/corpus; each is bent in ways that break formats (bits, pieces left out, doubled or
swapped, numbers of CBOR put in the place of others, pieces of another sample), behind a true seal where the decoder has
one. A decoder that raises anything but BadRecord, that reads what it would write otherwise, or that takes longer than
SLOW for one message, is a fault: the bytes are kept in the corpus as `found-...`, where each test run replays them.
Exit code 1 if there was one.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.wire.decoders import CORPUS, DECODERS, outcome, samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SLOW = 2.0  # seconds; the largest true message takes a hundredth of it
LONGEST = 8192  # bytes of samples that are bent; the larger ones are replayed as they are
HEADS = bytes.fromhex(
    "00 01 17 1818 19ffff 1affffffff 1bffffffffffffffff 20 38ff 40 58ff 60 80 9a3b9aca00 a0 ba3b9aca00 c0 d9d9f7 f4 f5"
    "f6 f7 f97e00 fb7ff8000000000000 ff"
)


class Fault(NamedTuple):
    """What a decoder did that it must not."""

    decoder: str
    data: bytes
    why: str


def flip(rng: random.Random, data: bytearray, _: bytes) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def put(rng: random.Random, data: bytearray, _: bytes) -> None:
    data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def leave_out(rng: random.Random, data: bytearray, _: bytes) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randint(1, 8)]


def double(rng: random.Random, data: bytearray, _: bytes) -> None:
    at, count = rng.randrange(len(data)), rng.randint(1, 16)
    data[at:at] = data[at : at + count] * rng.choice((1, 1, 2, 40))


def cut(rng: random.Random, data: bytearray, _: bytes) -> None:
    del data[rng.randrange(len(data)) :]


def put_head(rng: random.Random, data: bytearray, _: bytes) -> None:
    at, start = rng.randrange(len(data)), rng.randrange(len(HEADS))
    data[at : at + 1] = HEADS[start : start + rng.randint(1, 9)]


def splice(rng: random.Random, data: bytearray, other: bytes) -> None:
    if other:
        start = rng.randrange(len(other))
        at = rng.randrange(len(data))
        data[at : at + rng.randint(0, 16)] = other[start : start + rng.randint(1, 64)]


WAYS: Sequence[Callable[[random.Random, bytearray, bytes], None]] = (
    flip, put, put, leave_out, double, cut, put_head, put_head, splice,
)  # fmt: skip


def bent(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """`data`, changed in one to four ways."""
    result = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if result:
            rng.choice(WAYS)(rng, result, other)
    return bytes(result)


def attempts(rng: random.Random, name: str) -> Iterator[bytes]:
    """Endless bent samples of that decoder; a valid one is taken more often."""
    kept = {file: data for file, data in samples(name).items() if len(data) <= LONGEST}
    valid = [data for file, data in kept.items() if file.startswith("valid")]
    every = list(kept.values())
    while True:
        yield bent(rng, rng.choice(valid if rng.random() < 0.8 else every), rng.choice(every))


def look(name: str, data: bytes) -> Fault | None:
    """What that decoder did wrong with `data`, if anything."""
    began = time.perf_counter()
    try:
        outcome(name, data)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is the fault that is looked for)
        return Fault(name, data, f"{type(error).__name__}: {str(error)[:200]}")
    took = time.perf_counter() - began
    return Fault(name, data, f"{took:.1f} s for one message") if took > SLOW else None


def fuzz(seconds: float, seed: int) -> tuple[int, list[Fault]]:
    """How many messages were tried, and one fault of each kind per decoder."""
    rng, faults, tried = random.Random(seed), {}, 0
    sources = {name: attempts(rng, name) for name in DECODERS}
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for name, source in sources.items():
            for _ in range(20):
                fault, tried = look(name, next(source)), tried + 1
                if fault:
                    faults.setdefault((name, fault.why.split(":")[0]), fault)
    return tried, list(faults.values())


def keep(fault: Fault) -> None:
    name = f"found-{hashlib.sha256(fault.data).hexdigest()[:12]}"
    (CORPUS / fault.decoder / name).write_bytes(fault.data)
    print(f"{fault.decoder}/{name}: {fault.why}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Throw changed samples at every decoder of the wire.")
    parser.add_argument("seconds", nargs="?", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    given = parser.parse_args()
    tried, faults = fuzz(given.seconds, given.seed)
    for fault in faults:
        keep(fault)
    print(f"{tried} messages to {len(DECODERS)} decoders in {given.seconds:g} s, {len(faults)} faults.")
    print(f"The same again: --seed {given.seed}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
