"""The box's own Wi-Fi: of its own, the same for ever, hard to guess and easy to type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hub.settings import Settings
from hub.visit.own import own_wifi

if TYPE_CHECKING:
    from pathlib import Path


def test_two_boxes_share_nothing_and_one_keeps_its_own(tmp_path: Path) -> None:
    boxes = [Settings(data=tmp_path / str(number)) for number in range(20)]
    first = [own_wifi(box) for box in boxes]
    assert [own_wifi(box) for box in boxes] == first
    assert len({own.setup.password for own in first}) == len({own.village.password for own in first}) == 20


def test_passwords_are_what_wpa2_takes_and_people_can_read(tmp_path: Path) -> None:
    own = own_wifi(Settings(data=tmp_path))
    assert re.fullmatch(r"\d{8}", own.village.password or "")
    assert re.fullmatch(r"[bcdfghjkmnpqrtwx]{4}(-[bcdfghjkmnpqrtwx]{4}){4}", own.setup.password or "")
    assert own.setup.name == f"{own.village.name} setup"


@pytest.mark.parametrize("name", ["Mujeres del maíz, mujeres del mar", "ñ" * 40, "Aula"])
def test_a_programmes_name_is_cut_to_what_a_network_may_be_called(tmp_path: Path, name: str) -> None:
    (tmp_path / "programme.toml").write_text(f'name = "{name}"\n', "utf-8")
    own = own_wifi(Settings(data=tmp_path))
    assert len(own.setup.name.encode()) <= 32
    assert own.village.name.startswith(name[:9])
