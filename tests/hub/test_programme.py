"""A programme's name, logo and colour: all of it readable, nothing of it dangerous, a sentence for what cannot be used."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import programme
from hub.assets import HERE, AssetsFirst
from hub.programme import Programme, contrast, for_dark, letters_on, load, luminance, mixed
from hub.settings import BadSetting, Settings
from setup import ROOT
from tests.hub.library.conftest import Running

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#236" d="M2 2h20v20H2z"/></svg>'
COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
CSS = (ROOT / "hub/frontend/hub.css").read_text("utf-8")


def settings(folder: Path, text: str | bytes) -> Settings:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "programme.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Settings(data=folder)


def test_without_a_file_the_hub_has_its_own_name_and_look(tmp_path: Path) -> None:
    assert load(Settings(data=tmp_path)) == Programme()
    assert Programme().dress("hub.css", CSS) == CSS


def test_a_programme_shows_its_name_logo_and_colour_on_every_page(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "logo.svg").write_text(LOGO)
    settings(tmp_path / "hub", 'name = "Mujeres & maíz"\nlogo = "logo.svg"\ncolour = "#1F5FA8"\n')
    running = Running(tmp_path)
    client = running.app.test_client()
    running.server.close()
    text = client.get("/").text
    assert "<title>Mujeres &amp; maíz</title>" in text
    assert re.search(
        r'class="logo" aria-hidden="true"><svg [^>]*>.*fill="#236".*</svg></span>Mujeres &amp; maíz</a>', text
    )
    (css,) = re.findall(r'href="(/static/hub\.[^"]+)"', text)
    assert "--accent:#1f5fa8;" in client.get(css).text
    (icon,) = re.findall(r'href="(/static/icon\.[^"]+)"', text)
    assert "#1f5fa8" in client.get(icon).text
    assert css != AssetsFirst(running.app, HERE / "static").url("hub.css"), "a phone would keep the other colour"


def test_a_name_alone_is_enough(tmp_path: Path) -> None:
    assert load(settings(tmp_path, 'name = " Semillas "')) == Programme("Semillas")
    assert load(settings(tmp_path, b'\xef\xbb\xbfname = "Semillas"')) == Programme("Semillas"), "as Windows saves it"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name = ", "is not right"),
        ("", "is not right"),
        ('name = ""', "is not right"),
        ('name = "   "', "is not right"),
        ('name = "a\\nb"', "signs that cannot be seen"),
        ('name = "a\\u202eb"', "signs that cannot be seen"),
        ('name = "\\u200b"', "signs that cannot be seen"),
        ('name = "a"\nyear = 1' + "0" * 5000, "is not right"),
        ('name = "a"\nlogo = "/dev/zero"', "has more than"),
        (f'name = "{"a" * 41}"', "is not right"),
        ('name = "a"\ncolor = "#123456"', "is not right"),
        ('name = "a"\ncolour = "red"', "is not right"),
        ('name = "a"\ncolour = "#123"', "is not right"),
        ('name = "a"\ncolour = "#123456\\n"', "is not right"),
        ('name = "a"\ncolour = "#ffcc00"', r"too pale .* take a darker one"),
        ('name = "a"\nlogo = "none.svg"', "logo 'none.svg' .* put a plain SVG"),
        ('name = "a"\nlogo = "\\u0000"', "no such name"),
        ('name = "a"\nlogo = "."', "logo '.'"),
        ('name = "a"\nlogo = "bad.svg"', "logo 'bad.svg' .*script"),
        (b'name = "\xff"', "cannot be read"),
        (b"a = " + b"[" * 100_000, "is not right|cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    (tmp_path / "bad.svg").write_text(LOGO.replace("<path", "<script>x</script><path"))
    with pytest.raises(BadSetting, match=sentence) as refused:
        load(settings(tmp_path, text))
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"other\.toml, which is not there"):
        load(Settings(data=tmp_path, programme=Path("other.toml")))


def test_a_file_elsewhere_is_named_by_its_whole_path(tmp_path: Path) -> None:
    settings(tmp_path / "etc", 'name = "Semillas"')
    given = Settings(data=tmp_path / "hub", programme=tmp_path / "etc" / "programme.toml")
    assert load(given).name == "Semillas"


def test_a_bad_value_stops_the_start(tmp_path: Path) -> None:
    settings(tmp_path, 'name = "a"\ncolour = "#ffffff"')
    done = subprocess.run(
        [sys.executable, "-m", "hub", "web"],
        env={"HUB_DATA": str(tmp_path), "HUB_PORT": "0", "PATH": ""},
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == BadSetting.exit_code
    assert "too pale to be read" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "hub.sqlite3").exists()


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#0000ff", "#ffffff", 8.59)]
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)
    assert contrast(one, one) == 1


def test_luminance_weighs_green_most() -> None:
    assert luminance("#00ff00") > luminance("#ff0000") > luminance("#0000ff")
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"


@given(COLOURS)
def test_every_colour_has_a_form_that_can_be_read_on_dark_pages(colour: str) -> None:
    assert all(contrast(for_dark(colour), ground) >= programme.EASY for ground in programme.DARK)


@given(COLOURS)
def test_letters_upon_the_colour_and_of_it_upon_its_wash_can_be_read(colour: str) -> None:
    dark = for_dark(colour)
    assert contrast(letters_on(dark), dark) >= programme.READABLE
    assert contrast(dark, programme.wash(dark, programme.DARK)) >= programme.READABLE
    if min(contrast(colour, ground) for ground in programme.LIGHT) >= programme.READABLE:  # what `load` lets in
        assert contrast(letters_on(colour), colour) >= programme.READABLE


@pytest.mark.parametrize(("place", "grounds"), [(0, programme.LIGHT), (1, programme.DARK)])
def test_the_grounds_are_those_of_the_styles(place: int, grounds: tuple[str, str]) -> None:
    block = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[place]
    card, paper = (re.search(rf"--{name}: (#[0-9a-f]+);", block) for name in ("card", "paper"))
    assert card
    assert paper
    assert (card[1].replace("#fff", "#ffffff", 1) if len(card[1]) == 4 else card[1], paper[1]) == grounds
    assert f"--accent: {programme.COLOUR};" in CSS
