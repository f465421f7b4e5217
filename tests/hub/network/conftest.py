"""A box for each test that wants one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hub.network.machine import FakeBox

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeBox:
    return FakeBox(tmp_path, monkeypatch)
