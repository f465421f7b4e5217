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
        ("$3,600 en 36 semanas", "tres mil seiscientos pesos en treinta y seis semanas"),
        ("hasta 400 mil UDIS", "hasta cuatrocientas mil UDIS"),
        ("400 mil pesos", "cuatrocientos mil pesos"),
        ("el 10% de $1,500", "el diez por ciento de mil quinientos pesos"),
        ("100% tuyo", "cien por ciento tuyo"),
    ],
)
def test_amounts_are_said_as_in_mexico(written: str, said: str) -> None:
    assert module().spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("al 55 5340 0999.", "al cincuenta y cinco, cincuenta y tres, cuarenta, cero nueve, noventa y nueve."),
        ("al 089, sin nombre", "al cero ochenta y nueve, sin nombre"),
        ("marca el 911", "marca el nueve once"),
        ("son $911", "son novecientos once pesos"),
        ("marca *#06# hoy", "marca asterisco, gato, cero seis, gato hoy"),
        ("0 y 00", "cero y cero"),
    ],
)
def test_telephones_are_dictated_in_pairs(written: str, said: str) -> None:
    assert module().spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("WhatsApp Business", "guátsap bísnes"),
        ("la app de tu banco", "la ap de tu banco"),
        ("tus apps", "tus aps"),
        ("con CoDi o un QR", "con códi o un cu erre"),
        ("el zoom, y apparte", "el zum, y apparte"),
    ],
)
def test_borrowed_names_are_written_as_they_sound(written: str, said: str) -> None:
    assert module().spoken(written) == said
