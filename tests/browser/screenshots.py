"""Every place on three screens, in light and dark, into var/screenshots, with one page to look at them all.

make screenshots                        # all of them; open var/screenshots/index.html
make screenshots ARGS="home course"     # these places alone
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.chromium import launched
from tests.browser.places import BY_NAME, PLACES, Place, reach
from tests.browser.village import Village
from tests.tools import Absent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

OUT = Path(__file__).resolve().parents[2] / "var" / "screenshots"
WIDTHS = {360: 740, 768: 1024, 1280: 800}
SCHEMES = ("light", "dark")
SHEET = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Village Hub: every page and state</title>
<style>
body {{ font: 1rem system-ui, sans-serif; }} img {{ vertical-align: top; border: 1px solid #999; margin: .25rem; }}
.of-360 {{ width: 180px; }} .of-768 {{ width: 260px; }} .of-1280 {{ width: 360px; }}
</style>
<h1>Every page and state</h1>
{places}
"""


def main(names: list[str]) -> int:
    """Photograph the places named, or all; returns 69 if Chromium is not here."""
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        print(f"There is no place {unknown[0]!r}; the places are: {', '.join(BY_NAME)}.")
        return 64
    places = [BY_NAME[name] for name in names] or PLACES
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    try:
        with tempfile.TemporaryDirectory() as folder, Village(Path(folder)) as village, launched() as browser:
            shots = {place.name: list(photograph(village, browser, place)) for place in places}
    except Absent:
        print("The screenshots need Chromium; on Debian run: apt install chromium")
        return 69
    (OUT / "index.html").write_text(SHEET.format(places="\n".join(map(row, shots, shots.values()))), "utf-8")
    print(f"{sum(map(len, shots.values()))} screenshots; open {OUT / 'index.html'}")
    return 0


def photograph(village: Village, browser: Browser, place: Place) -> Iterator[str]:
    """Take the whole page on each screen; yields the files' names."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="es-MX")
    page = reach(village, context, place)
    page.wait_for_load_state("networkidle")
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            name = f"{place.name}.{width}.{scheme}.png"
            page.screenshot(path=OUT / name, full_page=True)
            yield name
    context.close()


def row(name: str, shots: list[str]) -> str:
    """A place's pictures, side by side."""
    pictures = "".join(
        f'<a href="{escape(shot)}"><img class="of-{shot.split(".")[1]}" src="{escape(shot)}" alt="{escape(shot)}"></a>'
        for shot in shots
    )
    return f"<h2>{escape(name)}</h2>\n{pictures}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
