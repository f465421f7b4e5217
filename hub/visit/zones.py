"""Where the box stands, for its time zone: the states of Mexico, parts of some, and any zone of the world by name.

    zone_of("MX-YUC")               # "America/Merida"
    place_named("yucatan")          # "MX-YUC", however it is written
    find_zone("bogota")             # "America/Bogota"
    near_zones("Bogotaa")           # ["America/Bogota"]

Zones are those of Mexico's law of 30 October 2022 (Ley de los Husos Horarios), as the IANA time zone database tells
them; keys are ISO 3166-2, with a word after it for municipalities that keep another time than their state.
"""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import available_timezones

if TYPE_CHECKING:
    from babel import Locale

CENTRE, NORTH = "America/Mexico_City", "America/Monterrey"
PACIFIC, MATAMOROS = "America/Mazatlan", "America/Matamoros"


class State(NamedTuple):
    """A state, or municipalities of one, and its zone."""

    name: str
    zone: str


STATES: dict[str, State] = {
    "MX-AGU": State("Aguascalientes", CENTRE),
    "MX-BCN": State("Baja California", "America/Tijuana"),
    "MX-BCS": State("Baja California Sur", PACIFIC),
    "MX-CAM": State("Campeche", "America/Merida"),
    "MX-CHP": State("Chiapas", CENTRE),
    "MX-CHH": State("Chihuahua", "America/Chihuahua"),
    "MX-CHH-juarez": State("Chihuahua: Juárez, Ascensión, Guadalupe, Janos", "America/Ciudad_Juarez"),
    "MX-CHH-ojinaga": State("Chihuahua: Ojinaga, Coyame, M. Benavides", "America/Ojinaga"),
    "MX-CMX": State("Ciudad de México", CENTRE),
    "MX-COA": State("Coahuila", NORTH),
    "MX-COA-norte": State("Coahuila: Acuña, Piedras Negras, frontera", MATAMOROS),
    "MX-COL": State("Colima", CENTRE),
    "MX-DUR": State("Durango", NORTH),
    "MX-MEX": State("Estado de México", CENTRE),
    "MX-GUA": State("Guanajuato", CENTRE),
    "MX-GRO": State("Guerrero", CENTRE),
    "MX-HID": State("Hidalgo", CENTRE),
    "MX-JAL": State("Jalisco", CENTRE),
    "MX-MIC": State("Michoacán", CENTRE),
    "MX-MOR": State("Morelos", CENTRE),
    "MX-NAY": State("Nayarit", PACIFIC),
    "MX-NAY-bahia": State("Nayarit: Bahía de Banderas", "America/Bahia_Banderas"),
    "MX-NLE": State("Nuevo León", NORTH),
    "MX-NLE-anahuac": State("Nuevo León: Anáhuac", MATAMOROS),
    "MX-OAX": State("Oaxaca", CENTRE),
    "MX-PUE": State("Puebla", CENTRE),
    "MX-QUE": State("Querétaro", CENTRE),
    "MX-ROO": State("Quintana Roo", "America/Cancun"),
    "MX-SLP": State("San Luis Potosí", CENTRE),
    "MX-SIN": State("Sinaloa", PACIFIC),
    "MX-SON": State("Sonora", "America/Hermosillo"),
    "MX-TAB": State("Tabasco", CENTRE),
    "MX-TAM": State("Tamaulipas", NORTH),
    "MX-TAM-norte": State("Tamaulipas: Reynosa, Matamoros, frontera", MATAMOROS),
    "MX-TLA": State("Tlaxcala", CENTRE),
    "MX-VER": State("Veracruz", CENTRE),
    "MX-YUC": State("Yucatán", "America/Merida"),
    "MX-ZAC": State("Zacatecas", CENTRE),
}


# Countries whose rules for radio may be chosen on the page, ISO 3166-1; the file takes any.
COUNTRIES = (
    *("AR", "BO", "BR", "BZ", "CA", "CL", "CO", "CR", "CU", "DO", "EC", "ES"),
    *("GT", "HN", "MX", "NI", "PA", "PE", "PR", "PY", "SV", "US", "UY", "VE"),
)


def countries(locale: Locale) -> list[tuple[str, str]]:
    """Codes and names in the reader's language, in the order of the names."""
    return sorted(((code, str(locale.territories[code])) for code in COUNTRIES), key=lambda one: _plain(one[1]))


def zone_of(state: str) -> str | None:
    """The zone of a key of STATES."""
    return STATES[state].zone if state in STATES else None


def place_named(text: str) -> str | None:
    """The key of the state that is meant, by its key or its name."""
    wanted = _plain(text)
    return next((key for key, state in STATES.items() if wanted in (_plain(key), _plain(state.name))), None)


def find_zone(text: str) -> str | None:
    """The one zone of that name, whole or its city alone, in capitals or not."""
    wanted = _plain(text).replace(" ", "_")
    found = _by_name().get(wanted)
    cities = [zone for name, zone in _by_name().items() if name.rpartition("/")[2] == wanted]
    return found or (cities[0] if len(cities) == 1 else None)


def near_zones(text: str) -> list[str]:
    """Up to three zones that may be meant."""
    wanted = _plain(text).replace(" ", "_").rpartition("/")[2]
    cities: dict[str, list[str]] = {}
    for name, zone in _by_name().items():
        cities.setdefault(name.rpartition("/")[2], []).append(zone)
    near = get_close_matches(wanted, cities, 3, 0.7)
    return sorted({zone for city in near for zone in cities[city]})[:3]


@cache
def _by_name() -> dict[str, str]:
    """Those that are named for a place; what is older than that, as in EST5EDT or US/Central, is left out."""
    left_out = ("Etc/", "SystemV/", "US/", "Mexico/", "Canada/", "Brazil/", "Chile/", "posix/", "right/")
    names = [zone for zone in available_timezones() if "/" in zone and not zone.startswith(left_out)]
    return {_plain(zone): zone for zone in sorted(names)}


def _plain(text: str) -> str:
    """`text` in lower case without accents."""
    parts = unicodedata.normalize("NFD", text.strip().casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))
