"""The library is copied to a stick when the technician says so, goes on after a break, and tells how it fares."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from content_cache.importer import import_repository
from content_cache.publisher.publish import publish
from hub.content import copies
from hub.content.copies import BROKEN, DONE, FULL, WANTED, WRITING, NoSuchStick, look, order
from hub.content.models import Copy
from hub.content.mounts import FOLDER
from tests.content_cache.making import course
from tests.hub.content.test_sticks import Port
from tests.town import small_disk

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.content.conftest import Box

GOING = threading.Event()


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Port:
    return Port(tmp_path, monkeypatch)


@pytest.fixture
def full(box: Box, tmp_path: Path) -> Box:
    """A hub that holds a course."""
    publish(course(tmp_path / "course"), tmp_path / "repository")
    import_repository(tmp_path / "repository", box.library)
    return box


def run(box: Box, port: Port, stop: threading.Event = GOING) -> bool:
    return look(port.folder, box.clock, box.library, stop)


def states() -> dict[str, str]:
    return {row.place: row.state for row in Copy.select()}


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_is_ordered_is_copied_with_its_records(full: Box, port: Port) -> None:
    stick = port.plug_in("AZUL", "fotos/una.jpg")
    order(str(stick), port.folder, full.clock)
    assert states() == {str(stick): WANTED}
    assert run(full, port)
    assert states() == {str(stick): DONE}
    catalogue = full.library.catalogue()
    assert catalogue is not None
    copied = names(stick / FOLDER)
    assert {f"o/{blob.sha256}" for blob in catalogue.blobs()} < copied
    assert f"c/{catalogue.sha256}" in copied
    assert (stick / "fotos" / "una.jpg").exists()
    assert not run(full, port)


@pytest.mark.parametrize("link", [FOLDER, f"{FOLDER}/o", f"{FOLDER}/metadata"])
def test_a_stick_that_leads_elsewhere_is_not_written_to(full: Box, port: Port, tmp_path: Path, link: str) -> None:
    stick, elsewhere = port.plug_in("ROJO", "fotos/una.jpg"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (stick / link).parent.mkdir(exist_ok=True)
    (stick / link).symlink_to(elsewhere)
    order(str(stick), port.folder, full.clock)
    run(full, port)
    assert states() == {str(stick): BROKEN}
    assert "is a link that leads elsewhere; empty the stick" in str(Copy.get().sentence)
    assert list(elsewhere.iterdir()) == []


def test_what_is_pulled_out_midway_is_not_written_to_the_hubs_own_disk(
    full: Box, port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = port.plug_in("VERDE", "fotos/una.jpg")
    order(str(stick), port.folder, full.clock)
    devices = iter([7, 7, 1, 1, 1, 1, 1])
    monkeypatch.setattr(copies, "_device", lambda _place: next(devices))
    run(full, port)
    assert states() == {str(stick): BROKEN}
    assert str(Copy.get().sentence).endswith("was pulled out too early; plug it in again.")
    assert not (stick / FOLDER / "metadata").exists()


def test_only_what_is_plugged_in_below_the_folder_of_sticks_is_written_to(
    full: Box, port: Port, tmp_path: Path
) -> None:
    for place in (tmp_path, port.folder, port.folder / "AZUL", "/etc", ""):
        with pytest.raises(NoSuchStick, match="look again"):
            order(str(place), port.folder, full.clock)
    assert states() == {}


def test_a_stick_that_is_pulled_out_is_forgotten(full: Box, port: Port) -> None:
    stick = port.plug_in("AZUL", "x")
    order(str(stick), port.folder, full.clock)
    port.pull_out(stick)
    assert run(full, port)
    assert states() == {}


def test_a_copy_that_was_stopped_goes_on(full: Box, port: Port) -> None:
    stick, stop = port.plug_in("AZUL", "x"), threading.Event()
    order(str(stick), port.folder, full.clock)

    class Ending(threading.Event):
        """Set after the first look."""

        def is_set(self) -> bool:
            before = super().is_set()
            self.set()
            return before

    run(full, port, Ending())
    assert states() == {str(stick): WRITING}
    assert run(full, port, stop)
    assert states() == {str(stick): DONE}


def test_a_stick_that_takes_nothing_says_so_and_is_not_tried_without_end(full: Box, port: Port) -> None:
    stick = port.plug_in("AZUL", "x")
    (stick / FOLDER).write_text("in the way")
    order(str(stick), port.folder, full.clock)
    run(full, port)
    (row,) = Copy.select()
    assert row.state == BROKEN
    assert row.sentence
    assert not run(full, port)
    (stick / FOLDER).unlink()
    order(str(stick), port.folder, full.clock)
    run(full, port)
    assert states() == {str(stick): DONE}


@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk is mounted by root alone")
def test_a_stick_that_is_too_small_says_so(box: Box, port: Port, tmp_path: Path) -> None:
    folder = course(tmp_path / "course")
    (folder / "hoja.pdf").write_bytes((folder / "hoja.pdf").read_bytes() + os.urandom(2_000_000))
    publish(folder, tmp_path / "repository")
    import_repository(tmp_path / "repository", box.library)
    with small_disk(port.folder / "CHICA", 1) as stick:
        port.inside.append(stick)
        port.write()
        order(str(stick), port.folder, box.clock)
        run(box, port)
        assert states() == {str(stick): FULL}


def test_nothing_to_copy_is_told(box: Box, port: Port) -> None:
    stick = port.plug_in("AZUL", "x")
    order(str(stick), port.folder, box.clock)
    run(box, port)
    assert states() == {str(stick): BROKEN}


def test_how_far_it_is_is_written_down_at_most_each_few_seconds(
    full: Box, port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick, noted = port.plug_in("AZUL", "x"), []
    order(str(stick), port.folder, full.clock)
    note = copies._note
    monkeypatch.setattr(
        copies, "_note", lambda place, clock, **fields: (noted.append(fields), note(place, clock, **fields))
    )

    def export(_library: object, _folder: object, progress: object) -> object:
        for done in range(100):
            full.seconds += 1
            progress(done, 100)
        return type("Passed", (), {"bytes": 100, "problems": ()})

    monkeypatch.setattr(copies, "export", export)
    run(full, port)
    assert [fields.get("done") for fields in noted] == [None, *range(4, 100, 5), 100]
