"""What is printed: turned into pictures, its QR codes read by another program, its words found again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.acceptance.drawing import drawn, latin
from hub.acceptance.sheets import CannotPrint, LabelSheet, Line, ReportSheet, is_printable, printed
from hub.acceptance.wifi_code import join_code
from hub.network.record import WiFi
from tests.faults.disks import need
from tests.hub.acceptance.conftest import PAGE, SETUP, VILLAGE, Box
from tests.hub.acceptance.test_page import all_is_well

if TYPE_CHECKING:
    from pathlib import Path

ODD = WiFi(name='La "Hub"; 2:,\\', password='a;b:c,d"e\\f')


def label(wifi: WiFi, copies: int = 1) -> LabelSheet:
    return LabelSheet(
        programme="Mujeres del maíz",
        join="Conéctate al Wi-Fi",
        name=wifi.name,
        name_words="Red",
        password=wifi.password or "sin contraseña",
        password_words="Contraseña",
        join_code=join_code(wifi),
        join_scan="Apunta la cámara aquí para conectarte",
        open="Abre esto",
        addresses=["http://hub.home.arpa", "http://10.44.0.1"],
        or_words="o",
        open_code="http://10.44.0.1/",
        open_scan="Apunta la cámara aquí para abrirlo",
        notice="",
        note="",
        copies=copies,
        language="es",
    )


def read_codes(pdf: bytes, folder: Path) -> list[str]:
    """What a program that reads QR codes finds on the page as it would be printed."""
    need("pdftoppm", "zbarimg")
    (folder / "page.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", "150", "-png", "page.pdf", "page"], cwd=folder, check=True)
    pictures = sorted(path.name for path in folder.glob("page-*.png"))
    done = subprocess.run(
        ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", *pictures],
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
    )
    return sorted(done.stdout.splitlines())


def words_of(pdf: bytes, folder: Path) -> str:
    need("pdftotext")
    (folder / "words.pdf").write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", "-layout", "words.pdf", "-"], cwd=folder, capture_output=True, check=True, text=True
    )
    return re.sub(r"\s+", " ", done.stdout)


@pytest.mark.parametrize(
    ("wifi", "code"),
    [
        (VILLAGE, "WIFI:T:WPA;S:Biblioteca Dzemul;P:48217730;;"),
        (WiFi(name="Biblioteca"), "WIFI:T:nopass;S:Biblioteca;;"),
        (WiFi(name="Niñez ó Año", password="señal-ñandú"), "WIFI:T:WPA;S:Niñez ó Año;P:señal-ñandú;;"),
        (ODD, 'WIFI:T:WPA;S:La \\"Hub\\"\\; 2\\:\\,\\\\;P:a\\;b\\:c\\,d\\"e\\\\f;;'),
        (WiFi(name="Maíz 🌽", password="x" * 63), f"WIFI:T:WPA;S:Maíz 🌽;P:{'x' * 63};;"),
    ],
)
def test_both_codes_of_a_label_read_back_as_they_were_meant(tmp_path: Path, wifi: WiFi, code: str) -> None:
    assert read_codes(drawn(label(wifi, 2)), tmp_path) == sorted([code, code, "http://10.44.0.1/", "http://10.44.0.1/"])


@given(st.text(max_size=32), st.text(min_size=8, max_size=63))
def test_whoever_reads_the_code_by_its_rules_gets_the_name_and_password_back(name: str, password: str) -> None:
    code = join_code(WiFi(name=name, password=password))
    fields = re.findall(r"([TSP]):((?:\\.|[^;\\])*);", code.removeprefix("WIFI:"), flags=re.DOTALL)
    told = {key: re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) for key, value in fields}
    assert told == {"T": "WPA", "S": name, "P": password}


@given(st.text(max_size=80))
def test_whatever_a_name_holds_it_can_be_drawn(text: str) -> None:
    plain = latin(text)
    plain.encode("latin-1")
    assert plain.isprintable() or plain == ""
    assert plain == text or not is_printable(text) or "\u00a0" in text or text.translate({}) != plain


@pytest.mark.parametrize("name", ["", "🌽" * 8, "日本語のネットワーク", "W" * 32, "a\nb\tc", "ẋóčhitl", "\u202eabc"])
def test_an_odd_name_makes_a_page_all_the_same(tmp_path: Path, name: str) -> None:
    pdf = drawn(label(WiFi(name=name, password="p" * 63)))
    assert pdf.startswith(b"%PDF")
    assert "http://10.44.0.1" in words_of(pdf, tmp_path)


def test_a_long_report_goes_on_on_the_next_page_and_loses_no_line(tmp_path: Path) -> None:
    lines = [Line(f"Cosa {number}", "fail", "Mal", "Una frase larga que dice qué hacer. " * 6) for number in range(40)]
    sheet = ReportSheet(
        programme="P", title="T", verdict="V", passed=False, about=[], lines=lines, foot="al pie", language="es"
    )
    told = words_of(drawn(sheet), tmp_path)
    assert all(f"Cosa {number} " in told for number in range(40))


def test_the_label_on_the_page_is_that_of_the_network_in_force(box: Box, tmp_path: Path) -> None:
    browser = box.signed_in("es")
    answer = browser.get("/technician/label")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    told = words_of(answer.data, tmp_path)
    for word in (VILLAGE.name, VILLAGE.password, "http://hub.home.arpa", "http://10.44.0.1", "Conéctate al Wi-Fi"):
        assert told.count(str(word)) == 2
    assert SETUP.name not in told
    assert str(SETUP.password) not in told
    assert read_codes(answer.data, tmp_path)[:2] == ["WIFI:T:WPA;S:Biblioteca Dzemul;P:48217730;;"] * 2


def test_the_technicians_label_is_another_and_says_that_it_is_not_to_be_hung_up(box: Box, tmp_path: Path) -> None:
    answer = box.signed_in().get("/technician/label/setup")
    told = words_of(answer.data, tmp_path)
    assert "Do not hang this up." in told
    assert str(SETUP.password) in told
    assert str(VILLAGE.password) not in told
    assert read_codes(answer.data, tmp_path) == [
        "WIFI:T:WPA;S:hub-setup-7f;P:tejon-maple-urraca-44;;",
        "http://10.45.0.1/technician",
    ]


@pytest.mark.parametrize("change", [{"ok": False}, {"told": 2}, {"told": 4}])
def test_there_is_no_label_of_a_network_that_is_not_in_force(box: Box, change: dict[str, int]) -> None:
    browser = box.signed_in()
    assert browser.get("/technician/label").status_code == 200
    box.network(**change)
    answer = browser.get("/technician/label")
    assert answer.status_code == 404
    assert "There is no label yet." in answer.text
    assert "Label to hang up" not in browser.get(PAGE).text


def test_the_report_says_what_passed_when_where_and_by_which_program(box: Box, tmp_path: Path) -> None:
    browser = box.signed_in()
    all_is_well(box, browser)
    assert browser.get(f"{PAGE}/report-1.pdf").status_code == 404, "it has not ended"
    box.press(browser, "end")
    told = words_of(browser.get(f"{PAGE}/report-1.pdf").data, tmp_path)
    for word in (
        "Acceptance of a hub",
        "Passed",
        "Dzemul · YUC-031",
        "2026-11-28 12:41 (America/Merida)",
        "village-hub",
    ):
        assert word in told
    assert "A phone has joined the Wi-Fi." in told
    for secret in (VILLAGE.password, SETUP.password, "6a:11", "10.44.0.7", "rosa"):
        assert str(secret) not in told


def test_a_report_without_a_date_says_so(box: Box, tmp_path: Path) -> None:
    box.boot("a boot without a date", 20.0)
    browser = box.signed_in()
    box.press(browser, "start")
    box.press(browser, "end")
    assert "the hub did not know the time" in words_of(browser.get(f"{PAGE}/report-1.pdf").data, tmp_path)


def test_the_web_process_never_holds_what_draws(box: Box) -> None:
    """It takes 22 MB that would stay."""
    code = "import hub.app, hub.acceptance.routes, hub.commands.worker, hub.worker.run, sys; print('fpdf' in sys.modules, 'segno' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_drawing_that_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.acceptance.sheets.LONGEST", 0.0)
    with pytest.raises(CannotPrint, match="could not be drawn"):
        printed(label(VILLAGE))


def test_the_command_writes_both_labels(box: Box, tmp_path: Path) -> None:
    environ = os.environ | {"HUB_DATA": str(box.settings.data), "HUB_NAME": "hub.home.arpa"}

    def hub(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hub", *words], env=environ, capture_output=True, text=True, check=False
        )

    assert hub("label", "--into", str(tmp_path / "label.pdf")).returncode == 0
    assert "Conéctate al Wi-Fi" in words_of((tmp_path / "label.pdf").read_bytes(), tmp_path)
    assert (tmp_path / "label.pdf").stat().st_mode & 0o077 == 0
    assert hub("label", "--into", str(tmp_path / "s.pdf"), "--setup", "--language", "en").returncode == 0
    assert "Do not hang this up." in words_of((tmp_path / "s.pdf").read_bytes(), tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "hub", "label", "--into", "-"], capture_output=True, check=True, env=environ
    )
    assert done.stdout.startswith(b"%PDF")
    refused = hub("label", "--into", str(tmp_path / "nowhere" / "label.pdf"))
    assert refused.returncode == 1
    assert "cannot be written" in refused.stderr
    assert "Traceback" not in refused.stderr
    box.network(ok=False)
    refused = hub("label", "--into", str(tmp_path / "none.pdf"))
    assert refused.returncode == 1
    assert "give the answers of the visit first" in refused.stderr
    assert not (tmp_path / "none.pdf").exists()


def test_a_sheet_travels_to_the_drawing_process_as_it_is() -> None:
    sheet = label(ODD)
    assert msgspec.json.decode(msgspec.json.encode(sheet), type=LabelSheet) == sheet
    assert json.loads(msgspec.json.encode(sheet))["type"] == "label"
