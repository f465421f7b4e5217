"""A day of 50,000 reports is rolled up without holding them all: allocations are counted, time is for the benchmark."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

from benchmarks.roll_up import DAY, PHONES, ZONE, fill
from hub.db import database
from hub.usage.summary import summary

if TYPE_CHECKING:
    from pathlib import Path


def test_rolling_up_fifty_thousand_plays_allocates_under_ten_megabytes(tmp_path: Path) -> None:
    fill(tmp_path, 50_000)
    summary(DAY.replace(day=1), ZONE)
    tracemalloc.start()
    use = summary(DAY, ZONE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    database.close()
    assert use.visitors == PHONES
    assert use.plays > 40_000
    assert peak < 10_000_000
