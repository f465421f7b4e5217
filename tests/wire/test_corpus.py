"""Every decoder of the wire reads each sample as its name says, and nothing makes it fail in another way than it should.

The samples, and what the fuzzer found, lie in tests/wire/corpus (see decoders.py); what hypothesis finds is kept there
as well, in `hypothesis`, and tried first from then on.
"""

import random
import time
import tracemalloc
import zlib
from itertools import islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

from benchmarks.fuzz_wire import attempts, bent, look
from tests.wire.decoders import CORPUS, DECODERS, SEALED, outcome, samples
from tests.wire.samples import HUB, KEY, KEYS
from wire import cbor, columns, cose
from wire.errors import BadRecord
from wire.exchange import LONGEST_BODY, open_batch
from wire.summary import LONGEST_SEALED, unseal

FILES = [(name, file) for name in DECODERS for file in samples(name)]
KEPT = DirectoryBasedExampleDatabase(CORPUS / "hypothesis")


@pytest.mark.parametrize(("name", "file"), FILES, ids=["/".join(row) for row in FILES])
def test_each_sample_is_what_its_name_says(name, file):
    kind = file.partition("-")[0]
    assert kind in {"valid", "invalid", "found"}
    assert outcome(name, samples(name)[file]) == kind or kind == "found"


@pytest.mark.parametrize("name", DECODERS)
def test_there_are_samples_of_both_kinds(name):
    assert {file.partition("-")[0] for file in samples(name)} >= {"valid", "invalid"}
    assert {path.name for path in CORPUS.iterdir()} - {"hypothesis"} == set(DECODERS)


@pytest.mark.parametrize("name", DECODERS)
def test_a_sample_cut_at_any_byte_gets_a_sentence(name):
    for file, data in samples(name).items():
        if file.startswith("valid") and len(data) < 2000:
            found = {outcome(name, data[:length]) for length in range(len(data))}
            assert found == {"invalid"} or name in {"names", "totals-inner"}, file


@pytest.mark.parametrize("name", DECODERS)
def test_a_sample_with_a_flipped_bit_gets_a_sentence_or_still_makes_sense(name):
    rng = random.Random(name)
    for file, data in samples(name).items():
        for at in range(len(data)) if file.startswith("valid") and len(data) < 2000 else ():
            flipped = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
            assert outcome(name, flipped) == "invalid" or name not in SEALED, file


@pytest.mark.parametrize("name", DECODERS)
def test_whatever_is_done_to_a_sample_gets_a_sentence_or_still_makes_sense(name):
    seed = time.time_ns()
    faults = [look(name, data) for data in islice(attempts(random.Random(seed), name), 250)]
    assert [fault for fault in faults if fault] == [], f"seed {seed}"


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.data())
@settings(max_examples=40, database=KEPT, suppress_health_check=list(HealthCheck), deadline=None)
def test_no_bytes_and_no_bent_sample_get_anything_but_a_value_or_a_sentence(name, data):
    valid = [sample for file, sample in samples(name).items() if file.startswith("valid") and len(sample) < 2000]
    sample = data.draw(st.sampled_from(valid))
    seed = data.draw(st.integers(0, 2**32))
    outcome(name, data.draw(st.binary(max_size=100) | st.just(bent(random.Random(seed), sample, valid[0]))))


def unsigned(payload: bytes) -> bytes:
    return b"\xd2" + cbor.encode([cbor.encode({1: -8, 4: HUB}), {}, payload, bytes(64)])


LARGE = {
    "a batch of a megabyte": unsigned(bytes(LONGEST_BODY - 200)),
    "a megabyte of small arrays": unsigned(b"\x81\x00" * (LONGEST_BODY // 2 - 100)),
    "an envelope of a million items": b"\xd2\x9a\x00\x0f\xff\xf0" + bytes(LONGEST_BODY - 10),
    "an envelope nested a million deep": b"\xd2" + b"\x81" * (LONGEST_BODY - 2) + b"\x00",
    "a header of a megabyte": b"\xd2" + cbor.encode([b"\x81" * (LONGEST_BODY - 200), {}, b"", bytes(64)]),
}


@pytest.mark.parametrize("body", LARGE.values(), ids=LARGE)
def test_who_has_no_key_makes_head_office_hold_a_few_copies_of_his_message_and_no_more(body):
    tracemalloc.start()
    try:
        with pytest.raises(BadRecord):
            open_batch(body, KEYS.get)
        assert tracemalloc.get_traced_memory()[1] < 6 * LONGEST_BODY
    finally:
        tracemalloc.stop()


def test_a_bomb_within_a_signed_summary_costs_no_more_than_the_largest_true_one():
    bomb = columns._deflate(bytes(15_000_000), zlib.Z_DEFAULT_STRATEGY, 9)
    assert len(bomb) < LONGEST_SEALED
    tracemalloc.start()
    try:
        with pytest.raises(BadRecord, match="unfolds"):
            unseal(cose.sign(bomb, KEY, HUB), KEYS.get)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
