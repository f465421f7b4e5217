"""One machine for all tests of this folder: it boots once, and each test brings about the state that it needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.guest import image, machine
from tests.guest.hub import Hub
from tests.guest.machine import Machine
from tests.guest.phones import Phone

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITE = os.environ.get("GUEST_SUITE", "bookworm")  # the Debian that the guest runs: bookworm or trixie
LONGEST = 900  # seconds for one test, of which the first builds the disk


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if "/tests/guest/" in str(item.path):
            item.add_marker(pytest.mark.long)
            item.add_marker(pytest.mark.timeout(LONGEST))


@pytest.fixture(scope="session")
def box(tmp_path_factory) -> Iterator[Machine]:
    """A box as it is after its first start, which is the one under test."""
    if os.geteuid() != 0 or machine.missing():
        pytest.skip(f"building a guest needs root and {', '.join(machine.missing()) or 'nothing else'}")
    with Machine(image.build(SUITE), tmp_path_factory.mktemp("guest")) as started:
        yield started


@pytest.fixture(scope="session")
def _hub(box) -> Hub:
    return Hub(box)


@pytest.fixture
def hub(_hub) -> Hub:
    """The hub on it, up, whatever the test before did."""
    _hub.up()
    return _hub


@pytest.fixture
def phone(box) -> Iterator[Phone]:
    yield from _held(Phone(box, 1))


@pytest.fixture
def other_phone(box) -> Iterator[Phone]:
    yield from _held(Phone(box, 2))


def _held(phone: Phone) -> Iterator[Phone]:
    yield phone
    phone.leave()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what the guest wrote meanwhile."""
    report = yield
    guest = getattr(item, "funcargs", {}).get("box")
    if report.when == "call" and report.failed and guest:
        said = guest.sh("journalctl --no-pager -o short-monotonic -n 80", check=False)
        report.sections.append(("the guest's journal", said))
    return report
