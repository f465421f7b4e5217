"""Colours that can be told apart, in sunlight and by weak eyes, by the sums of WCAG 2.2."""

from __future__ import annotations

import re

import pytest

from setup import ROOT

PAIRS = [
    ("ink", "paper"), ("soft", "paper"), ("accent", "paper"), ("ink", "card"), ("soft", "card"), ("accent", "card"),
    ("on-accent", "accent"), ("ink", "notice"), ("ink", "wash"), ("soft", "wash"), ("accent", "wash"), ("green", "card"),
]  # fmt: skip


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb or #rgb (WCAG 2.2)."""
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_colours_can_be_told_apart(scheme: str, pair: tuple[str, str]) -> None:
    light, dark = re.findall(r":root \{(.*?)\}", (ROOT / "hub/frontend/hub.css").read_text(), re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", light if scheme == "light" else dark))
    dim, bright = sorted(luminance(found[name]) for name in pair)
    assert (bright + 0.05) / (dim + 0.05) >= 4.5
