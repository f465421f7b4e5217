"""What every test may ask for: the shared real-world files, a free port."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real files made by others; they are not ours to publish, so a stranger's checkout lacks them."""
    if not SHARED.is_dir():
        pytest.skip("the collection of real-world files is not beside this checkout")
    return SHARED


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("HUB_", "COLLECTOR_")):
            monkeypatch.delenv(name)
