"""A hub whose library an older version filled: calm until the worker has built the catalogue again."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from hub.health.checks import check_library
from hub.worker.jobs import JOBS, Work
from tests.content_cache.making import FIRST_LAYOUT, course

if TYPE_CHECKING:
    from tests.hub.library.conftest import Running

PAGES = ["/", "/topics/costos-y-precios", "/courses/precio-justo", "/items/precio-justo/costos", "/search?q=costos"]


def test_pages_are_calm_and_then_there_again(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    running.publish(course(running.folder / "course"))
    library = running.hub.library
    with sqlite3.connect(library.path(library.release() or "")) as made:
        made.executescript(FIRST_LAYOUT)
    for page in PAGES:
        answer = running.ask(page)
        assert (answer.status, answer.headers["retry-after"]) == (503, "60"), page
        assert "Los cursos no están a la mano" in answer.text
    assert "Traceback" not in caplog.text
    assert "hub worker" in check_library(library).sentence

    (job,) = (job for job in JOBS if job.name == "catalogue")
    job.run(Work(running.hub.settings, running.hub.clock, library, threading.Event()))
    assert [running.ask(page).status for page in PAGES] == [200] * len(PAGES)
    assert check_library(library).ok


@pytest.mark.parametrize("path", ["/topics/costos-y-precios/1", "/topics/costos-y-precios"])
def test_the_first_page_of_a_topic_has_two_addresses(running: Running, path: str) -> None:
    running.publish(course(running.folder / "course"))
    assert running.ask(path).status == 200
