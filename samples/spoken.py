"""What is written, as it is said: ``$18`` is "dieciocho pesos", ``10%`` "diez por ciento", a telephone in pairs."""

from __future__ import annotations

import re

_UNITS = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete "
    "veintiocho veintinueve"
)
_TENS = "_ _ _ treinta cuarenta cincuenta sesenta setenta ochenta noventa"
# What has its own way of being said in Mexico. The voice reads other short names as words: "conduséf", "sipres", "nip".
_SAID = {
    "*#06#": "asterisco, gato, cero seis, gato",
    "911": "nueve once",
    "WhatsApp": "guátsap",
    "Business": "bísnes",
    "CoDi": "códi",
    "QR": "cu erre",
    "app": "ap",
    "apps": "aps",
    "zoom": "zum",
    "400 mil UDIS": "cuatrocientas mil UDIS",  # a UDI is feminine
    "%": " por ciento",
}
_WORDS = "|".join(re.escape(written) for written in _SAID if written != "%")
_SAID_HERE = re.compile(rf"(?<![\w$,])(?:{_WORDS})(?!\w)|%")
_PHONE = re.compile(r"\b\d\d \d{4} \d{4}\b")
_NUMBER = r"\d{1,3}(?:,\d{3})+|\d+"
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


def digits(number: str) -> str:
    """Say a number as written: every zero in front is heard, so ``089`` is "cero ochenta y nueve"."""
    plain = number.replace(",", "")
    zeros = len(plain) - len(plain.lstrip("0")) if int(plain) else 0
    return "cero " * zeros + in_words(int(plain))


def phone(number: str) -> str:
    """Say ten digits in pairs with a rest after each, as one dictates a telephone."""
    return ", ".join(digits(pair) for pair in re.findall(r"\d\d", number.replace(" ", "")))


def spoken(text: str) -> str:
    """Write out amounts, numbers, telephones and a few names, as the voice should say them."""
    text = _SAID_HERE.sub(lambda found: _SAID[found[0]], text)
    text = _PHONE.sub(lambda found: phone(found[0]), text)
    text = re.sub(rf"\$({_NUMBER})", lambda found: pesos(int(found[1].replace(",", ""))), text)
    return re.sub(_NUMBER, lambda found: digits(found[0]), text)
