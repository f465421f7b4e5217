"""What is served, judged by programs of others: valid HTML and CSS, understood by Chrome 60, naming no other place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from setup import ROOT
from tests.browser.places import PLACES
from tests.tools import LOCK

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import BrowserContext

    from tests.browser.visits import Visits
    from tests.tools import Tools

SAMPLES = ROOT / "tests" / "tools" / "samples"
FRONTEND = sorted(path for path in (ROOT / "hub" / "frontend").iterdir() if path.suffix in {".css", ".js"})
# What a browser fetches by itself from an address with a host. A link that a person may follow is another matter, and
# so is the name of SVG's vocabulary, which nobody asks for.
FETCHED = re.compile(
    r"""(?:\b(?:src|srcset|poster|data|action|formaction|ping)\s*=\s*["']?|\burl\(\s*["']?|@import\s*["']|"""
    r"""<link[^>]*\bhref\s*=\s*["']?|\b(?:fetch|import|open|sendBeacon|Worker)\(\s*["'`])\s*(?:https?:)?//"""
)


@pytest.fixture(scope="module")
def pages(visits: Visits, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every place in both languages, as it was served and as it stood in the browser."""
    folder, files = tmp_path_factory.mktemp("pages"), []
    for place in PLACES:
        for language in ("es", "en"):
            visit = visits.at(place, language)
            for what, text in (("served", visit.served), ("drawn", visit.drawn)):
                files.append(folder / f"{place.name}.{language}.{what}.html")
                files[-1].write_text(text, "utf-8")
    return files


@pytest.mark.timeout(600)
def test_every_page_and_stylesheet_is_valid(tools: Tools, pages: list[Path]) -> None:
    assert len(pages) == 4 * len(PLACES)
    assert tools.vnu([*pages, ROOT / "hub" / "frontend" / "hub.css"]) == []


@pytest.mark.timeout(600)
def test_chrome_60_understands_every_page_style_and_script(tools: Tools, pages: list[Path]) -> None:
    assert {path.suffix for path in FRONTEND} == {".css", ".js"}
    assert tools.chrome60([*pages, *FRONTEND]) == []


@pytest.mark.timeout(600)
def test_nothing_served_would_fetch_from_elsewhere(pages: list[Path]) -> None:
    texts = {path.name: path.read_text("utf-8") for path in [*pages, *FRONTEND]}
    assert [name for name, text in texts.items() if FETCHED.search(text)] == []


@pytest.mark.parametrize(
    "planted",
    ['<img src="//e.org/x">', "<script src=http://e.org/x>", "a{background:url(https://e.org/x)}", 'fetch("//e.org")'],
)
def test_an_address_elsewhere_is_noticed(planted: str) -> None:
    assert FETCHED.search(planted)
    assert not FETCHED.search(planted.replace("http:", "").replace("https:", "").replace("//", "/"))


def test_a_planted_fault_is_found_by_vnu(tools: Tools, tmp_path: Path) -> None:
    broken = tmp_path / "invalid.css"
    broken.write_text("a { colour: red; }")
    found = tools.vnu([SAMPLES / "invalid-page.html", broken])
    assert any("“alt” attribute" in line for line in found)
    assert any("“p” element in scope" in line for line in found)
    assert any("colour" in line for line in found)


def test_a_planted_fault_is_found_by_axe(tools: Tools, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.set_content('<html lang="es"><title>x</title><main><h1>x</h1><img src="x"><p style="color:#aaa">gris</p>')
    page.evaluate(tools.axe)
    found = page.evaluate("axe.run().then(found => found.violations.map(one => one.id))")
    assert {"image-alt", "color-contrast"} <= set(found)


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("invalid-new.*")), ids=lambda path: path.suffix)
def test_each_line_of_what_is_too_new_is_found(tools: Tools, sample: Path) -> None:
    found = {int(line.split(":")[1]) for line in tools.chrome60([sample])}
    assert found == set(range(1, len(sample.read_text().splitlines()) + 1))


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("invalid-*.js")), ids=lambda path: path.stem)
def test_syntax_that_is_too_new_is_found(tools: Tools, sample: Path) -> None:
    assert tools.chrome60([sample])


def test_a_page_that_is_too_new_is_found(tools: Tools) -> None:
    assert len(tools.chrome60([SAMPLES / "invalid-page.html"])) == 2


def test_what_chrome_60_knows_or_may_pass_over_is_left_alone(tools: Tools) -> None:
    assert tools.chrome60(sorted(SAMPLES.glob("valid-*"))) == []


def test_the_lock_file_names_exact_versions_and_no_address() -> None:
    text = LOCK.read_text("utf-8")
    assert "://" not in text
    assert re.search(r'"axe-core": "\d+\.\d+\.\d+"', text)
