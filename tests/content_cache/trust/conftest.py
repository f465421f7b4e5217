"""Head office with quick keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from content_cache.trust import protect
from tests.simulators.office import Office

if TYPE_CHECKING:
    from pathlib import Path

    from content_cache.trust.anchor import Anchor


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protect, "ROUNDS", 1000)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path / "office")
    office.sign("one")
    return office


@pytest.fixture
def hub(office: Office, tmp_path: Path) -> Anchor:
    """A hub that took in what head office signed."""
    anchor = office.hub(tmp_path / "hub")
    anchor.refresh(office.source, now=office.now)
    return anchor
