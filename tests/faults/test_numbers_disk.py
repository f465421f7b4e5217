"""A disk that is full, or that fails, at one write of a hub that sends what it counted, or of head office that takes it.

strace lets one call fail, each that the program makes in turn (in `make test` some), as in failing.py. Who ran it reads
a sentence or nothing at all; nothing is kept by half, and the next run goes on: head office shows each day once.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.faults.disks import need
from tests.faults.programs import UNTOUCHED, Programs
from tests.faults.reporting import Box, Village, epochs, forget_its_place
from tests.faults.test_numbers_office import Office

if TYPE_CHECKING:
    from pathlib import Path

EACH = [pytest.mark.long, pytest.mark.timeout(1800)]
FAILURES = {"pwrite64": ("ENOSPC", 31), "fdatasync": ("EIO", 5), "fsync": ("EIO", 1), "rename": ("ENOSPC", 1)}
KNOWN = {0, 69, 73, 74}  # docs/operating/exit-codes.md


@pytest.mark.parametrize(
    ("call", "every"),
    [
        *(pytest.param(call, every, id=call) for call, (_, every) in FAILURES.items()),
        *(pytest.param(call, 1, id=f"each {call}", marks=EACH) for call in ("pwrite64", "fdatasync")),
    ],
)
def test_a_hub_whose_disk_fails_while_it_sends_says_so_and_tells_each_day_once_later(
    tmp_path: Path, free_port: int, call: str, every: int
) -> None:
    need("strace", "mkfs.ext4")
    with Programs() as programs, Programs((call, FAILURES[call][0])) as failing:
        village = Village(tmp_path, programs, free_port)
        with village.living():
            before = shutil.copytree(village.data, tmp_path / "before")
        forget_its_place(before)
        number, codes = 1, []
        while True:
            data = shutil.copytree(before, tmp_path / f"hub-{number}")
            office = shutil.copytree(village.office, tmp_path / f"office-{number}")
            with programs.office(office, free_port) as address:
                ended = failing.run("hub", "uplink", "send", failing=number, HUB_DATA=str(data))
                if ended.code == UNTOUCHED:
                    break
                assert "Traceback" not in ended.said
                assert ended.code in KNOWN
                assert bool(ended.code) == ended.said.startswith("hub: "), ended.said
                codes.append(ended.code)
                again = programs.run("hub", "uplink", "send", HUB_DATA=str(data))
                assert again.code == 0, again.said
                assert Box(data, address, programs).shown() == village.truth
                assert epochs(data) == 0
                assert not list(data.rglob(".new-*"))
            number += every
    assert codes, "the program must make such calls for this to mean anything"
    print(f"{call}: {len(codes)} of {number} calls failed, with the exit codes {sorted(set(codes))}")


@pytest.mark.parametrize(
    ("call", "every"),
    [
        pytest.param("pwrite64", 17, id="pwrite64"),
        pytest.param("fdatasync", 2, id="fdatasync"),
        *(pytest.param(call, 1, id=f"each {call}", marks=EACH) for call in ("pwrite64", "fdatasync")),
    ],
)
def test_head_office_whose_disk_fails_says_so_keeps_nothing_by_half_and_takes_it_the_next_time(
    tmp_path: Path, free_port: int, call: str, every: int
) -> None:
    need("strace")
    with Programs() as programs, Programs((call, FAILURES[call][0])) as failing:
        office, file = Office(tmp_path, programs, free_port), tmp_path / "batch"
        office.prepare(tmp_path / "before")
        file.write_bytes(office.body)
        with programs.office(tmp_path / "before", free_port):
            before = office.shown()
        number, refused = 1, 0
        while True:
            data = shutil.copytree(tmp_path / "before", tmp_path / f"office-{number}")
            ended = failing.run("collector-takes", str(file), failing=number, COLLECTOR_DATA=str(data))
            if ended.code == UNTOUCHED:
                break
            assert "Traceback" not in ended.said
            assert ended.code in {0, 74, 75}
            with programs.office(data, free_port):
                if ended.code:
                    refused += 1
                    assert ended.said.endswith(".\n")
                    assert office.shown() == before
                    assert office.batch().status_code == 200
                new = office.shown()
                assert new != before
            number += every
        assert refused, "some of the calls must be of the taking in"
        print(f"{call}: {refused} of {number} calls failed and were told")
