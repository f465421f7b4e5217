"""`hub setup`, as the real program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hub.app import create_app
from hub.db import database, open_database
from hub.settings import Settings
from hub.site import this_site
from hub.technician.place import BadAnswer, check_address, check_name, check_zone
from hub.uplink.budget import Rules
from hub.uplink.ledger import rules
from tests.collector.running import RunningOffice
from tests.hub.technician.conftest import Browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST = ("--name", "Dzemul", "--time-zone", "America/Merida", "--without-head-office")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "hub"
    if not database.is_closed():
        database.close()


def setup(folder: Path, *words: str, answers: str = "") -> subprocess.CompletedProcess[str]:
    if not database.is_closed():
        database.close()
    return subprocess.run(
        [sys.executable, "-m", "hub", "setup", *words],
        env=os.environ | {"HUB_DATA": str(folder)},
        input=answers,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def site(folder: Path):
    open_database(folder / "hub.sqlite3")
    return this_site()


def enters(folder: Path, link: str) -> int:
    """What pressing the button of `link` answers."""
    client = create_app(Settings(data=folder)).test_client()
    return Browser(client).post("/technician/" + link.partition("/technician/")[2]).status_code


def test_flags_name_the_site_and_a_link_is_printed_that_lets_somebody_in(folder: Path) -> None:
    done = setup(folder, *FIRST, "--address", "http://10.0.0.1/")
    assert done.returncode == 0, done.stderr
    first, link = done.stdout.splitlines()[0], done.stdout.splitlines()[-1].strip()
    assert first == "Dzemul, America/Merida, works without head office."
    assert link.startswith("http://10.0.0.1/technician/enter/")
    assert (site(folder).name, site(folder).time_zone) == ("Dzemul", "America/Merida")
    assert enters(folder, link) == 303


def test_setting_up_again_changes_what_is_told_keeps_the_rest_and_voids_the_link(folder: Path) -> None:
    first = json.loads(setup(folder, *FIRST, "--json").stdout)
    second = json.loads(setup(folder, "--name", "Dzemul  Norte", "--json").stdout)
    assert second["name"] == "Dzemul Norte"
    assert second["time_zone"] == "America/Merida"
    assert first["link"] != second["link"]
    assert enters(folder, first["link"]) == 410
    assert enters(folder, second["link"]) == 303


def test_it_asks_for_what_flags_did_not_say_and_asks_again_after_a_slip(folder: Path) -> None:
    done = setup(folder, answers="-\nDzemul\namerica/merda\nAmerica/Merida\n")
    assert done.returncode == 0, done.stderr
    assert "did you mean America/Merida" in done.stderr
    assert (site(folder).name, site(folder).time_zone) == ("Dzemul", "America/Merida")


def test_an_empty_line_keeps_what_was_told_before(folder: Path) -> None:
    setup(folder, *FIRST)
    assert setup(folder, answers="\n\n\n").returncode == 0
    assert (site(folder).name, site(folder).time_zone) == ("Dzemul", "America/Merida")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 64, "Nobody answered; give the answers as flags"),
        (("--without-head-office", "--json"), 64, "This site has no name yet; give it with --name."),
        (("--name", "X", "--time-zone", "merida"), 64, "did you mean America/Merida?"),
        (("--name", "X", "--time-zone", "../../etc/passwd", "--json"), 64, "There is no time zone"),
        (("--name", "a\x1b[31m", "--without-head-office"), 64, "give another one with --name."),
        (("--code", "K7QM-3T5X-9D2B-HJ4W-P6RE", "--json"), 64, "give it with --collector-url."),
        (("--collector-url", "http://127.0.0.1:9", "--json"), 64, "give it with --code."),
        (("--collector-url", "ftp://x", "--code", "K7QM-3T5X-9D2B-HJ4W-P6RE"), 65, "is no address of head office"),
        (("--collector-url", "http://127.0.0.1:9", "--code", "K7QM-3T5X-9D2B-HJ4W-P6RE"), 69, "cannot be reached"),
        (("--collector-url", "http://127.0.0.1:9", "--without-head-office"), 64, "Head office is both given"),
        ((*FIRST, "--address", "10.0.0.1"), 64, "write one such as http://hub.lan"),
        ((*FIRST, "--address", "http://x/\r\nSet-Cookie: a=b"), 64, "is no address of a hub"),
    ],
)
def test_bad_answers_get_one_sentence_and_change_nothing(
    folder: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    done = setup(folder, *words)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "/technician/enter/" not in done.stdout
    assert site(folder).name is None


def test_enrolment_brings_name_and_zone_and_the_clock_from_head_office(folder: Path, tmp_path: Path) -> None:
    with RunningOffice(tmp_path / "office") as office:
        words = ("--collector-url", office.address, "--code", office.add_site("Dzemul"), "--json")
        done = setup(folder, *words)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert (told["site"], told["name"], told["enrolled"]) == ("dzemul", "Dzemul", True)
        assert told["head_office"] == office.address
        again = setup(folder, answers="\n\n\n")
        assert again.returncode == 0, again.stderr
        assert f"reports to {office.address}" in again.stdout
        assert site(folder).enrolled


@pytest.mark.parametrize("name", ["America/Merida", "Europe/Berlin", " UTC "])
def test_zones_that_exist_are_taken(name: str) -> None:
    assert check_zone(name) == name.strip()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("america/merida", "America/Merida"), ("Merida", "America/Merida"), ("Mexico City", "America/Mexico_City")],
)
def test_a_slip_is_answered_with_what_was_meant(typed: str, meant: str) -> None:
    with pytest.raises(BadAnswer, match=f"did you mean {meant}"):
        check_zone(typed)


@pytest.mark.parametrize("zone", ["", "xyzzy", "/etc/localtime", "..", "a" * 10_000, "\x00", "Merida\n"])
def test_what_is_no_zone_gets_a_short_sentence(zone: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        check_zone(zone)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x00b", "a\u202eb"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadAnswer):
        check_name(name)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "hub",
        "ftp://hub",
        "http://",
        "http://a b",
        "http://x/y",
        "http://x?y",
        "http://u@x",
        "http://x:99999",
        "http://[",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadAnswer):
        check_address(address)


@pytest.mark.parametrize("address", ["http://hub.lan", "https://10.0.0.1:8080", "http://[::1]:8080"])
def test_addresses_are_kept_as_they_are(address: str) -> None:
    assert check_address(address) == check_address(address + "/") == address


def test_budget_and_hours_are_told_with_the_rest(folder: Path) -> None:
    flags = ("--daily-mb", "20", "--monthly-mb", "none", "--hours", "22-06", "--free-hours", "00-05", "--json")
    done = setup(folder, *FIRST, *flags)
    assert done.returncode == 0, done.stderr
    open_database(folder / "hub.sqlite3")
    assert rules() == Rules(daily=20_000_000, monthly=None, hours="22-06", free="00-05")
    assert setup(folder, "--hours", "none", "--json").returncode == 0
    open_database(folder / "hub.sqlite3")
    assert rules() == Rules(daily=20_000_000, monthly=None, free="00-05")


def test_a_budget_that_is_none_keeps_everything_as_it_was(folder: Path) -> None:
    done = setup(folder, *FIRST, "--daily-mb", "lots", "--json")
    assert done.returncode == 64
    assert "write how many MB" in done.stderr
    assert not (folder / "hub.sqlite3").exists()
