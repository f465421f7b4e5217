"""The first boot, and every boot after it: keys, Wi-Fi and order once, and answers off the card, whole or not at all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.settings import Settings
from hub.site import this_site
from hub.technician.models import Technician
from hub.technician.passwords import matches
from hub.uplink.budget import Rules
from hub.uplink.ledger import rules
from hub.visit.boot import first_boot
from hub.visit.card import Note, take, tell
from hub.visit.file import LARGEST, BadFile, line_of, read_answers
from hub.visit.keep import told
from hub.visit.models import OfficeCode, note_visit
from hub.visit.own import own_wifi
from tests.conftest import ROOT
from tests.hub.visit.conftest import PASSWORD, Box
from wire.kit import Kit, seal_kit

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = ROOT / "docs" / "operating" / "hub-setup.toml"
OFFICE = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))


class Card:
    """The FAT partition, and root, who carries between it and the hub at each boot."""

    def __init__(self, box: Box) -> None:
        self.box, self.folder = box, box.settings.answers_file.parent
        self.folder.mkdir(parents=True)
        (box.settings.machine / "run").mkdir()
        box.settings.run_folder.mkdir(parents=True)

    def lay(self, text: str | bytes, name: str = "hub-setup.toml") -> None:
        (self.folder / name).write_bytes(text.encode() if isinstance(text, str) else text)

    def read(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")

    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}

    def boot(self) -> Note:
        take(self.box.settings)
        note = first_boot(self.box.settings, self.box.clock)
        tell(self.box.settings)
        return note

    @property
    def screen(self) -> str:
        return (self.box.settings.machine / "run/issue.d/village-hub.issue").read_text("utf-8")


@pytest.fixture
def card(box: Box) -> Card:
    return Card(box)


def a_kit() -> bytes:
    return seal_kit(
        Kit(
            code="K7QM-3T5X-9D2B-HJ4W-P6RE",
            site="dzemul",
            name="Dzemul",
            time_zone="America/Merida",
            collector_key=OFFICE.public_key().public_bytes_raw(),
            sealing_key=OFFICE.public_key().public_bytes_raw(),
            until=round(time.time() * 1000) + 366 * 86_400_000,
            speaks=2,
            address="https://oficina.ejemplo.org",
        ),
        OFFICE,
    )


def test_the_first_boot_orders_the_setup_network_and_says_how_to_come_in(box: Box, card: Card) -> None:
    card.boot()
    own = own_wifi(box.settings)
    assert box.asked is not None
    assert (box.asked.stage, box.asked.setup, box.asked.village) == ("setup", own.setup, own.village)
    for text in (card.screen, card.read("hub-network.txt")):
        assert own.setup.password in text
        assert "http://10.45.0.1" in text
        assert "http://169.254.44.1" in text
        assert {"Para", "Set"} <= set(re.findall(r"^\w+", text, re.MULTILINE))


def test_further_boots_make_nothing_anew(box: Box, card: Card) -> None:
    card.boot()
    before = {path: path.read_bytes() for path in box.settings.keys.iterdir()}, box.asked
    number = card.folder.stat().st_mtime_ns
    box.boot("second")
    card.boot()
    assert ({path: path.read_bytes() for path in box.settings.keys.iterdir()}, box.asked) == before
    assert card.folder.stat().st_mtime_ns == number, "a card wears"


def test_an_order_that_a_power_cut_kept_from_root_goes_out_at_the_next_boot(box: Box, card: Card) -> None:
    card.boot()
    note_visit(number=2, stage="village")
    card.boot()
    assert box.asked is not None
    assert (box.asked.number, box.asked.stage) == (2, "village")


def test_a_projector_shows_no_password_once_there_is_an_administrator(box: Box, card: Card) -> None:
    card.boot()
    box.phone().answer_all()
    card.boot()
    own = own_wifi(box.settings)
    assert own.setup.password not in card.screen
    assert own.setup.name in card.screen
    assert "http://169.254.44.1/technician" in card.screen, "the bare address is the library's from now on"


def test_the_sample_of_the_papers_sets_up_a_box(box: Box, card: Card) -> None:
    card.lay(SAMPLE.read_bytes())
    card.boot()
    assert (this_site().name, this_site().time_zone) == ("Dzemul", "America/Merida")
    assert rules() == Rules(daily=20_000_000, monthly=400_000_000, hours="22-06", free="00-05")
    rosa = Technician.get(Technician.name == "rosa")
    assert matches(PASSWORD, rosa.password)
    assert OfficeCode.get().code == "K7QM-3T5X-9D2B-HJ4W-P6RE"
    assert box.asked is not None
    assert (box.asked.stage, box.asked.village.name, box.asked.uplink) == ("village", "Aula Dzemul", "wifi")
    assert not box.phone().get().text.count("Question")


def test_a_file_is_taken_once_and_its_passwords_leave_the_card(box: Box, card: Card) -> None:
    card.lay(SAMPLE.read_bytes())
    card.boot()
    assert card.names() == {"hub-setup.result.txt", "hub-network.txt"}
    result = card.read("hub-setup.result.txt")
    assert "Se tomaron las respuestas" in result
    assert "The answers were taken" in result
    assert PASSWORD not in result
    assert list(box.settings.run_folder.glob("hub-setup*")) == []


def test_a_power_cut_before_the_file_was_removed_does_nothing_twice(box: Box, card: Card) -> None:
    card.lay(SAMPLE.read_bytes())
    take(box.settings)
    first_boot(box.settings, box.clock)
    asked = box.asked
    card.boot()
    assert box.asked == asked
    assert "hub-setup.toml" not in card.names()


def test_the_same_file_laid_again_is_meant_again(box: Box, card: Card) -> None:
    text = f'[administrator]\nname = "rosa"\npassword = "{PASSWORD}"\n'
    for _boot in range(2):
        card.lay(text)
        card.boot()
        card.boot()
        rosa = Technician.get(Technician.name == "rosa")
        assert matches(PASSWORD, rosa.password)
        Technician.update(password="forgotten").execute()


def test_what_a_file_does_not_say_is_asked_on_the_page(box: Box, card: Card) -> None:
    card.lay('[place]\nname = "Dzemul"\nstate = "Yucatán"\n')
    card.boot()
    assert box.asked is not None
    assert box.asked.stage == "setup"
    assert "Question 1 of 5" in box.phone().get().text


@pytest.mark.parametrize("laid", ['[place]\nname = "Otro"\nstate = "Sonora"\n', None])
def test_a_kit_beside_the_file_says_head_office_and_place(box: Box, card: Card, laid: str | None) -> None:
    if laid:
        card.lay(laid)
    card.lay(a_kit(), "hub-setup.kit")
    card.boot()
    assert this_site().code == "dzemul"
    assert told().office is not None
    assert told().office.kit
    assert told().place is not None
    assert told().place.name == "Dzemul"
    assert "hub-setup.kit" not in card.names()


WRONG = [
    ('[place]\nname = "Dzemul"\n', 1, "choose the state"),
    ('[place]\nname = "Dzemul"\nstate = "Yucatan"\n\n[wifi]\npassword = "corta"\n', 6, "8 to 63"),
    ("[wifi]\nname = Aula\n", 2, "TOML"),
    ('[wifi]\n\nnam = "Aula"\n', 3, "nam is nothing"),
    ("[wifi]\nchannel = 'six'\n", 2, "another kind"),
    ('[place]\nstate = "Yucatán"\n', 1, "name is missing"),
    ('[uplink]\nkind = "pigeon"\n', 2, "another kind"),
    ('[uplink]\nkind = "cable"\ndaily_mb = "lots"\n', 3, "MB as a number"),
    ('[uplink]\nkind = "cable"\nvillagers_mb = -1\n', 3, "villagers together"),
    ('[villagers]\nname = "x"\n', 1, "villagers is nothing"),
    ('[administrator]\npassword = "1234567890"\n', 2, "easy to guess"),
    ('[office]\ncode = "K7QM-3T5X-9D2B-HJ4W-P6RE"\n', 1, "address is missing"),
    ('wifi.password = "corta"\n', 1, "8 to 63"),
    ('[place]\nname = "Se\xf1ora"\n'.encode("latin-1"), 2, "UTF-8"),
    ('[place]\nname = "Dzemul"\nstate = "Yucatán"\n'.encode("utf-16"), 1, "UTF-8"),
    ("[" * 900, 1, "TOML"),
    ("x" * (LARGEST + 1), None, "far too long"),
    ("[wifi]\nchannel = " + "9" * 5000, 2, "far too long"),
    ("[wifi]\nchannel = " + "[" * 900, None, "cannot be read"),
]


@pytest.mark.parametrize(("text", "line", "sentence"), WRONG)
def test_a_wrong_line_changes_nothing_and_is_named(
    box: Box, card: Card, text: str | bytes, line: int | None, sentence: str
) -> None:
    card.boot()
    before = box.asked
    card.lay(text)
    card.boot()
    result = card.read("hub-setup.result.txt")
    spanish, english = result.splitlines()
    assert sentence in english
    assert english.endswith("Nothing was changed.")
    assert spanish.endswith("No se cambió nada.")
    assert (f"Line {line}: " in english) == (line is not None)
    assert (f"Línea {line}: " in spanish) == (line is not None)
    assert box.asked == before
    assert this_site().name is None
    assert not Technician.select().exists()
    assert "hub-setup.toml" in card.names(), "it can be mended"


def test_one_wrong_part_keeps_the_right_ones_from_holding(box: Box, card: Card) -> None:
    card.lay(SAMPLE.read_text("utf-8").replace(PASSWORD, "corta"))
    card.boot()
    assert this_site().name is None
    assert OfficeCode.select().count() == 0
    assert rules() == Rules()


def test_a_kit_that_is_none_keeps_the_file_from_holding(box: Box, card: Card) -> None:
    card.lay('[place]\nname = "Dzemul"\nstate = "Yucatán"\n')
    card.lay(b"not a kit", "hub-setup.kit")
    card.boot()
    assert "This is no kit" in card.read("hub-setup.result.txt")
    assert this_site().name is None


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_editors_of_any_laptop_may_write_the_file(newline: str, mark: str) -> None:
    text = mark + '[place]\nname = "Dzemul"\nstate = "yucatan"\n'.replace("\n", newline)
    place = read_answers(text.encode()).place
    assert place is not None
    assert place.time_zone == "America/Merida"


def test_a_file_made_to_keep_the_box_busy_is_refused_at_a_glance() -> None:
    """Half a minute for a PC, and more than first boot is given on a small box: at each start, until somebody sees why."""
    with pytest.raises(BadFile) as refused:
        read_answers(b"[place]\nname" + b".a" * 30_000 + b" = 1\n")
    assert refused.value.line == 2
    assert "too long" in str(refused.value)


def test_nothing_of_a_file_reaches_a_terminal_but_what_can_be_shown() -> None:
    with pytest.raises(BadFile) as refused:
        read_answers(b'[wifi]\n"chan\\u001b[2J\\u202enel" = 1\n')
    assert str(refused.value).isprintable()
    assert "chan[2Jnel" in str(refused.value)


def test_a_line_is_found_in_its_own_table_alone() -> None:
    text = '[place]\nname = "x"\n[wifi]\nname = "y"\n'
    assert (line_of(text, "wifi", "name"), line_of(text, "wifi"), line_of(text, "uplink", "name")) == (4, 3, None)


def test_root_follows_no_link_and_writes_over_no_other_file(box: Box, card: Card, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("root's own")
    (box.settings.run_folder / "hub-setup.toml").symlink_to(precious)
    card.lay('[place]\nname = "x"\n')
    take(box.settings)
    assert precious.read_text() == "root's own"
    note = box.settings.run_folder / "first-boot.json"
    note.symlink_to(precious)
    assert tell(box.settings) == []
    note.unlink()
    note.write_bytes(msgspec.json.encode(Note(console="x\x1b[2J\\S\n", network="y", taken="00" * 32)))
    tell(box.settings)
    assert card.screen == "x[2JS\n"
    assert "hub-setup.toml" in card.names(), "another file than the one that was taken stays"


def test_a_box_without_a_card_that_laptops_can_read_has_its_screen(box: Box) -> None:
    (box.settings.machine / "run").mkdir(parents=True)
    box.settings.run_folder.mkdir(parents=True)
    assert take(box.settings) == []
    first_boot(box.settings, box.clock)
    assert tell(box.settings) == ["village-hub.issue"]


def test_a_bad_file_is_a_sentence_for_operators_too() -> None:
    with pytest.raises(BadFile, match="Line 2: "):
        read_answers(b"[wifi]\nchannel = true\n")


def test_the_three_steps_of_the_unit_as_real_programs(tmp_path: Path) -> None:
    """As hub-first-boot.service runs them; what they print goes to the journal, so no password is in it."""
    folders = {"HUB_DATA": tmp_path / "hub", "HUB_RUN": tmp_path / "run", "HUB_MACHINE": tmp_path / "machine"}
    card = tmp_path / "machine" / "boot" / "firmware"
    for folder in (card, tmp_path / "machine" / "run", tmp_path / "run"):
        folder.mkdir(parents=True)
    (card / "hub-setup.toml").write_bytes(SAMPLE.read_bytes())
    printed = ""
    for words in (["card", "take"], ["first-boot"], ["card", "tell"]):
        done = subprocess.run(
            [sys.executable, "-m", "hub", *words],
            env=os.environ | {name: str(folder) for name, folder in folders.items()},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        printed += done.stdout + done.stderr
    assert {path.name for path in card.iterdir()} == {"hub-setup.result.txt", "hub-network.txt"}
    own = own_wifi(Settings(data=tmp_path / "hub"))
    assert [word for word in (PASSWORD, own.setup.password, own.village.password) if str(word) in printed] == []
    assert (tmp_path / "hub" / "orders" / "network").exists()


def test_the_unit_runs_these_steps_root_only_around_the_hub() -> None:
    unit = (ROOT / "systemd" / "hub-first-boot.service").read_text()
    steps = re.findall(r"^Exec\w+=(\S*?)/opt/village-hub/bin/hub (.*)$", unit, re.MULTILINE)
    assert steps == [("-+", "card take"), ("", "first-boot"), ("-+", "card tell")]
