"""Every text that people see has its Spanish, and no Spanish is left of a text that is gone."""

from __future__ import annotations

import re
from functools import cache

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from setup import ROOT

METHODS = [("hub/**.py", "python"), ("hub/**/templates/**.html", "jinja2")]
PLACE = re.compile(r"%\(\w+\)[sd]")


@cache
def in_the_code() -> frozenset[object]:
    found = extract_from_dir(ROOT, METHODS)
    return frozenset(message for _, _, message, _, _ in found)


def in_spanish() -> dict[object, object]:
    with (ROOT / "hub/translations/es/LC_MESSAGES/messages.po").open("rb") as lines:
        return {entry.id: entry.string for entry in read_po(lines, "es", abort_invalid=True) if entry.id}


def test_every_text_has_its_spanish() -> None:
    assert len(in_the_code()) > 50
    missing = [text for text in in_the_code() if not in_spanish().get(text)]
    assert missing == [], "add these to hub/translations/es (docs/operating/translations.md)"


def test_no_spanish_is_left_of_a_text_that_is_gone() -> None:
    assert set(in_spanish()) - in_the_code() == set()


def test_a_translation_fills_in_what_its_text_fills_in() -> None:
    for text, spanish in in_spanish().items():
        texts, spoken = ((each,) if isinstance(each, str) else each for each in (text, spanish))
        for one, other in zip(texts, spoken, strict=True):
            assert sorted(PLACE.findall(one)) == sorted(PLACE.findall(other)), one
