"""What is written, as it is said: ``$18`` is "dieciocho pesos", ``39`` is "treinta y nueve"."""

from __future__ import annotations

import re

_UNITS = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete "
    "veintiocho veintinueve"
)
_TENS = "_ _ _ treinta cuarenta cincuenta sesenta setenta ochenta noventa"
_HUNDREDS = "_ ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"


def in_words(number: int) -> str:
    """Say 0 to 9,999 in Spanish, masculine: ``204`` is "doscientos cuatro"."""
    if number < 30:
        return _UNITS.split()[number]
    if number < 100:
        tens, units = divmod(number, 10)
        return _TENS.split()[tens] + (f" y {_UNITS.split()[units]}" if units else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return "cien" if number == 100 else _HUNDREDS.split()[hundreds] + (f" {in_words(rest)}" if rest else "")
    thousands, rest = divmod(number, 1000)
    return ("mil" if thousands == 1 else f"{in_words(thousands)} mil") + (f" {in_words(rest)}" if rest else "")


def pesos(number: int) -> str:
    """Say an amount: before a noun "uno" loses its end, so ``1`` is "un peso" and ``21`` "veintiún pesos"."""
    words = re.sub(r"veintiuno$", "veintiún", in_words(number))
    return re.sub(r"\buno$", "un", words) + (" peso" if number == 1 else " pesos")


def spoken(text: str) -> str:
    """Write out amounts and numbers, as the voice should say them."""
    text = re.sub(r"\$(\d+)", lambda found: pesos(int(found[1])), text)
    return re.sub(r"\d+", lambda found: in_words(int(found[0])), text)
