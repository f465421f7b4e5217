"""The technician's page: what it tells, in both languages."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import TYPE_CHECKING

import pytest

from hub.db import writing
from hub.runs import note_run
from hub.site import Site
from hub.uplink.models import Outbox, note
from hub.usage.record import PlayReport
from hub.worker.jobs import JOBS
from tests.hub.technician.conftest import publish

if TYPE_CHECKING:
    from tests.hub.technician.conftest import Bench

DAY = dt.date(2026, 3, 1)


def page(bench: Bench, language: str = "en") -> str:
    answer = bench.signed_in(language).get("/technician")
    assert answer.status_code == 200
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def enrol() -> None:
    with writing():
        Site.update(name="Dzemul", collector_url="http://office.example", collector_key=b"k" * 32).execute()


def outbox(day: dt.date, sequence: int) -> None:
    Outbox.create(epoch=Site.get().epoch, day=day, revision=1, sequence=sequence, sealed=b"", digest=b"", content=b"")


def test_a_new_hub_says_what_is_still_to_be_done(bench: Bench) -> None:
    told = page(bench)
    assert "4 things to mend" in told
    for sentence in (
        "Nobody has said which site this is",
        "There are no courses",
        "The time is not known",
        "do not run",
    ):
        assert sentence in told


def test_a_hub_that_is_well_says_so(bench: Bench) -> None:
    publish(bench.settings.library_root)
    enrol()
    note_run("roll up", bench.clock.moment(), 0.1, None)
    bench.clock.learn(dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), "head office")
    told = page(bench)
    assert "All is well." in told
    assert "Library 11 kB · 1-0123456789ab" in told
    assert "Fail" not in told
    assert "from head office" in told


def test_it_shows_what_waits_for_head_office_and_when_it_was_last_reached(bench: Bench) -> None:
    enrol()
    outbox(DAY, 1)
    outbox(DAY + dt.timedelta(days=1), 2)
    moment = bench.clock.moment()
    with writing():
        note(reached_boot=moment.boot, reached_seconds=moment.seconds, error="The office's door is shut.")
    bench.seconds += 600
    told = page(bench)
    assert "Site-days that wait 2 · since 2026-03-01" in told
    assert "Last reached 10 min ago" in told
    assert "The office's door is shut." in told
    bench.clock.learn(dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), "head office")
    assert "2026-03-01 05:50" in page(bench)  # the site's own time


def test_it_shows_what_is_playing_by_title(bench: Bench) -> None:
    publish(bench.settings.library_root)
    recorder = bench.app.extensions["hub"].recorder
    for phone in ("a" * 32, "b" * 32):
        recorder.report(phone, [PlayReport(phone.encode()[:16], "precio-justo/precio", 3, ((0, 9000),))])
    recorder.report("c" * 32, [PlayReport(b"x" * 16, "gone/gone", 9, ((0, 9000),))])
    told = page(bench)
    assert "Tu precio 2 phones" in told
    assert "gone/gone 1 phone" in told
    bench.seconds += 31
    assert "Nothing at the moment." in page(bench)


def test_it_shows_jobs_that_failed_and_ones_from_before_a_power_cut(bench: Bench) -> None:
    note_run("upload", bench.clock.moment(), 2.0, "The modem sleeps.")
    bench.boot("second boot")
    note_run("snapshot", bench.clock.moment(), 2.0, None)
    told = page(bench)
    assert "Send to head office before the last power cut Fail The modem sleeps." in told
    assert "Copy the database less than a minute ago" in told
    assert "Failed at the last run: upload." in told


def test_it_calls_every_job_by_a_name_in_words(bench: Bench) -> None:
    for job in JOBS:
        note_run(job.name, bench.clock.moment(), 2.0, None)
    (_, _, told) = page(bench).rpartition(" Jobs")
    assert told.count("less than a minute ago") == len(JOBS)
    assert not [job.name for job in JOBS if f" {job.name} less than a minute ago" in told]


def test_it_names_damaged_files_and_the_lessons_that_lack_them(bench: Bench) -> None:
    first, _ = publish(bench.settings.library_root)
    store = bench.app.extensions["hub"].library.store
    store.path(first).write_bytes(b"rot")
    assert not store.verify(first)
    told = page(bench)
    assert "Damaged files Fail Damaged files, no longer served: 1 (precio-justo/costos)." in told
    assert f"Damaged precio-justo/costos {first}" in told


def test_it_says_what_a_full_disk_needs(bench: Bench) -> None:
    object.__setattr__(bench.settings, "reserve_mb", 10**9)
    assert "The disk is nearly full; free at least" in page(bench)


def test_a_command_to_run_stands_out_and_needs_no_backticks(bench: Bench) -> None:
    text = bench.signed_in("en").get("/technician").text
    assert "<code>hub worker</code>" in text
    assert "`" not in text


def test_it_works_without_scripts_and_never_changes_under_the_reader(bench: Bench) -> None:
    """A page that loads itself anew takes a screen reader back to its top (WCAG 2.2.1); there is a link to look again."""
    text = bench.signed_in().get("/technician").text
    assert "<script" not in text
    assert "http-equiv" not in text
    assert 'class="main-action" href="/technician"' in text
    assert 'action="/technician/sign-out"' in text


@pytest.mark.parametrize("broken", ["junk", "gone"])
def test_a_catalogue_that_cannot_be_read_is_told_and_not_a_500(bench: Bench, broken: str) -> None:
    publish(bench.settings.library_root)
    (catalogue,) = bench.settings.library_root.rglob("*-*.sqlite")
    catalogue.write_bytes(b"junk" * 1000) if broken == "junk" else catalogue.unlink()
    assert "The catalogue cannot be read" in page(bench)
