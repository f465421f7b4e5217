"""`/healthz` and `/metrics`, over a real database and a real library."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest

from hub.db import database
from hub.site import secret
from hub.usage.models import Batch
from hub.usage.record import PlayReport
from tests.hub.technician.conftest import Bench, publish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIGURE = re.compile(r"village_hub_[a-z_]+ -?[0-9.e+]+")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    yield Bench(tmp_path)
    if not database.is_closed():
        database.close()


def healthz(bench: Bench) -> dict:
    answer = bench.browser("es").get("/healthz")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json is not None
    return answer.json


def metrics(bench: Bench) -> dict[str, float]:
    answer = bench.browser().get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in answer.text.splitlines() if not line.startswith("# ")]
    assert all(FIGURE.fullmatch(line) for line in lines)
    return {name.removeprefix("village_hub_"): float(value) for name, value in (line.split() for line in lines)}


def test_a_hub_that_lacks_courses_and_time_serves_and_says_so_in_english(bench: Bench) -> None:
    report = healthz(bench)
    assert report["status"] == "degraded"
    assert {name for name, check in report["checks"].items() if not check["ok"]} == {"library", "clock"}
    assert report["checks"]["library"]["sentence"] == (
        "There are no courses; plug in a stick with some, or run `hub content sync`."
    )
    assert report["checks"]["clock"]["certain"] is False
    assert report["checks"]["disk"]["free"] > 0


def test_a_hub_that_is_well_is_ok(bench: Bench) -> None:
    publish(bench.settings.library_root)
    bench.clock.learn(dt.datetime(2026, 3, 1, tzinfo=dt.UTC), "network time")
    report = healthz(bench)
    assert report["status"] == "ok"
    assert report["checks"]["library"]["release"] == "1-0123456789ab"
    assert report["checks"]["clock"]["source"] == "network time"


def test_a_damaged_blob_is_named_with_the_lessons_that_lack_it(bench: Bench) -> None:
    first, second = publish(bench.settings.library_root)
    store = bench.app.extensions["hub"].library.store
    store.path(first).write_bytes(b"rot")
    assert healthz(bench)["checks"]["damaged"]["ok"]
    assert not store.verify(first)
    assert store.verify(second)
    report = healthz(bench)
    assert report["status"] == "degraded"
    assert report["checks"]["damaged"]["blobs"] == [{"sha256": first, "items": ["precio-justo/costos"]}]
    assert bench.browser().get(f"/media/{first}/v.mp4").status_code == 404
    assert metrics(bench)["blobs_damaged"] == 1


def test_a_database_that_cannot_be_read_is_a_503(bench: Bench) -> None:
    database.close()
    for path in bench.settings.data.glob("hub.sqlite3*"):
        path.write_bytes(b"junk" * 4096)
    answer = bench.browser().get("/healthz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["status"] == "down"
    assert answer.json["checks"]["database"]["sentence"] == "The database cannot be read; restart the hub."
    assert str(bench.settings.data) not in answer.text
    for path in ("/metrics", "/technician"):
        assert bench.browser().get(path).status_code in {303, 503}


def test_a_database_that_was_emptied_is_a_503(bench: Bench) -> None:
    database.execute_sql("DELETE FROM site")
    assert bench.browser().get("/healthz").status_code == 503


def test_metrics_count_what_happens_from_the_start_of_the_process(bench: Bench) -> None:
    Batch.create(epoch=1, boot=1, began=0, ended=9, bytes=7_000_000, downloads=0)
    bench.boot("first boot", seconds=2000)
    recorder = bench.app.extensions["hub"].recorder
    assert metrics(bench)["local_bytes_total"] == 0
    recorder.delivered(1_000_000)
    recorder.report("a" * 32, [PlayReport(b"x" * 16, "precio-justo/precio", 3, ((0, 9000),))])
    recorder.flush()
    bench.seconds += 60
    for _ in range(2):
        told = metrics(bench)
        assert (told["local_bytes_total"], told["plays_total"], told["uptime_seconds"]) == (1_000_000, 1, 60)
    recorder.delivered(500)
    recorder.flush()
    assert metrics(bench)["local_bytes_total"] == 1_000_500
    assert told["up"] == 1
    assert told["flush_failing"] == told["outbox_pending"] == 0


def test_neither_tells_a_secret(bench: Bench) -> None:
    bench.keep_password()
    link = bench.link()
    text = bench.browser().get("/healthz").text + bench.browser().get("/metrics").text
    keys = [secret(path) for path in bench.settings.keys.iterdir()]
    assert keys
    for word in (link.rpartition("/")[2], "scrypt", str(bench.settings.data), *(key.hex() for key in keys)):
        assert word not in text
