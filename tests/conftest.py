"""What every test may ask for: the shared real-world files, a free port. And CI's rule about skipped tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import town

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
NO_SHARED = "the collection of real-world files is not beside this checkout"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real files made by others; they are not ours to publish, so a stranger's checkout lacks them."""
    if not SHARED.is_dir():
        pytest.skip(NO_SHARED)
    return SHARED


@pytest.fixture
def free_port() -> int:
    return town.free_port()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("HUB_", "COLLECTOR_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="module")
def _marks_of_open_hubs_are_let_go() -> Iterator[None]:
    """A program of a hub marks its one database as open until it ends; a process of tests opens hundreds."""
    yield
    marks = getattr(sys.modules.get("hub.backup"), "_in_use", {})
    while marks:
        os.close(marks.popitem()[1])


def pytest_collection_modifyitems(config, items) -> None:
    """A suite that cannot be installed from any registry is run where it was put, and is no test elsewhere."""
    if "TUF_CONFORMANCE" not in os.environ:
        elsewhere = [item for item in items if item.get_closest_marker("conformance")]
        items[:] = [item for item in items if item not in elsewhere]
        config.hook.pytest_deselected(items=elsewhere)


def pytest_terminal_summary(terminalreporter, config) -> None:
    """In CI a test that was skipped for want of a component is a failure: it is named, and the run ends so."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if NO_SHARED not in str(report.longrepr)]
    if os.environ.get("CI") and skipped:
        terminalreporter.section("skipped in CI, which counts as failed")
        for report in skipped:
            terminalreporter.line(f"{report.nodeid}: {report.longrepr[2]}", red=True)


def pytest_sessionfinish(session, exitstatus) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # one of several processes that share the work; the one that shares it out reports
        return
    skipped = [report for report in reporter.stats.get("skipped", []) if NO_SHARED not in str(report.longrepr)]
    if os.environ.get("CI") and skipped and exitstatus == 0:
        session.exitstatus = 1
