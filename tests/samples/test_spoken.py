"""How the voice of the sample courses reads amounts."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[2] / "samples" / "spoken.py"


def module() -> Any:
    """Load it by its path: what makes the courses is not part of the installed distribution."""
    spec = importlib.util.spec_from_file_location("spoken", FILE)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a $18 cada uno", "a dieciocho pesos cada uno"),
        ("cuesta $1 más", "cuesta un peso más"),
        ("$21 y $31", "veintiún pesos y treinta y un pesos"),
        ("$100, $101", "cien pesos, ciento un pesos"),
        ("12 por $204", "doce por doscientos cuatro pesos"),
        ("39 tamales", "treinta y nueve tamales"),
        ("$1440", "mil cuatrocientos cuarenta pesos"),
        ("$2000", "dos mil pesos"),
    ],
)
def test_amounts_are_said_as_in_mexico(written: str, said: str) -> None:
    assert module().spoken(written) == said
