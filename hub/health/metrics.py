"""`/metrics` in Prometheus's text format, version 0.0.4
(https://prometheus.io/docs/instrumenting/exposition_formats/), written by hand: a dozen lines need no library.
"""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from peewee import fn

from content_cache.errors import ContentError
from hub.health.checks import check_clock, check_damaged, check_disk
from hub.uplink.ledger import bytes_by_kind
from hub.uplink.status import status as uplink_status
from hub.usage.models import Batch, Play

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hub.app import Hub
    from hub.clock import Clock


class Metric(NamedTuple):
    """One figure; `kind` is gauge, or counter if it only rises until the process ends."""

    name: str
    kind: str
    help: str
    value: float


class Tally:
    """Totals since the web process started, kept up by reading only the rows that are new since the last question."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.since_boot()
        self._batch, self._play = _newest()
        self._bytes = self._plays = 0
        self._lock = threading.Lock()

    def read(self) -> tuple[float, int, int]:
        """Seconds up, bytes that phones' connections took, plays recorded."""
        with self._lock:
            batch, play = _newest()
            self._bytes += Batch.select(fn.COALESCE(fn.SUM(Batch.bytes), 0)).where(Batch.number > self._batch).scalar()
            self._plays += max(play - self._play, 0)
            self._batch, self._play = max(batch, self._batch), play
            return self._clock.since_boot() - self._started, self._bytes, self._plays


def _newest() -> tuple[int, int]:
    newest: Any = (
        Batch.select(fn.COALESCE(fn.MAX(Batch.number), 0)).scalar(),
        Play.select(fn.COALESCE(fn.MAX(Play.number), 0)).scalar(),
    )
    return newest[0], newest[1]


def gather(hub: Hub, tally: Tally) -> list[Metric]:
    """All figures, read now."""
    seconds, sent, plays = tally.read()
    free = check_disk(hub.settings).facts.get("free", 0)
    damaged = len(check_damaged(hub.library).facts["blobs"])
    pending = uplink_status(hub.settings, hub.clock).pending
    crossed = bytes_by_kind()
    now_playing = sum(playing.plays for playing in hub.recorder.playing())
    return [
        Metric("up", "gauge", "1 while the hub answers.", 1),
        Metric("uptime_seconds", "gauge", "Seconds since the web process started.", round(seconds, 1)),
        Metric("disk_free_bytes", "gauge", "Bytes free where the hub keeps everything.", free),
        Metric("clock_certain", "gauge", "1 once the time is certain.", int(check_clock(hub.clock).ok)),
        Metric("blobs_damaged", "gauge", "Files of the library found damaged and not mended.", damaged),
        Metric("outbox_pending", "gauge", "Site-days that wait for head office.", pending),
        Metric("content_coming_bytes", "gauge", "Bytes of the library that are not here yet.", _coming(hub)),
        Metric("uplink_counts_bytes", "counter", "Bytes of counts that crossed the uplink.", crossed["counts"]),
        Metric("uplink_content_bytes", "counter", "Bytes of content that crossed the uplink.", crossed["content"]),
        Metric("playing", "gauge", "Plays reported within the last 30 seconds.", now_playing),
        Metric("flush_failing", "gauge", "1 while what is counted cannot be written.", int(hub.recorder.failing)),
        Metric("plays_total", "counter", "Plays written down since the web process started.", plays),
        Metric("local_bytes_total", "counter", "Media bytes taken by phones since the web process started.", sent),
    ]


def _coming(hub: Hub) -> int:
    try:
        catalogue = hub.library.catalogue()
    except (ContentError, OSError):
        return 0
    if catalogue is None:
        return 0
    with closing(catalogue):
        return catalogue.totals().coming


def exposition(metrics: Iterable[Metric]) -> str:
    """The text that a scraper reads."""
    lines = []
    for metric in metrics:
        name = f"village_hub_{metric.name}"
        lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.kind}", f"{name} {metric.value}"]
    return "\n".join(lines) + "\n"
