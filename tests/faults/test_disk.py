"""A disk that is full, and a blob that rots."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from content_cache.library import Library
from hub.content.origin import pin
from tests.town import ITEM, SAMPLES, Phone, Town, small_disk, until

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(os.geteuid() != 0, reason="component absent: root, to mount a small disk")
def test_a_full_disk_stops_counting_for_a_while_and_nothing_else(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 24) as disk, Town(tmp_path, {"HUB_DATA": str(disk / "hub")}) as town:
        town.open()
        before = Phone(town)
        before.play(ITEM, [[0, 10]])
        before.insist()
        ballast = disk / "ballast"
        fill(ballast)
        late = Phone(town)
        play = late.play(ITEM, [[0, 20]])
        for path in ("/", "/courses/precio-justo", f"/items/{ITEM}", "/healthz"):
            status, _ = town.ask("GET", path)
            assert status in {200, 503} if path == "/healthz" else status == 200, path
        assert not until(lambda: late.repeat() or play in late.kept, 2), "kept on a disk that has no room"
        assert "Traceback" not in town.log("web")
        ballast.unlink()
        late.insist()
        assert until(lambda: town.at_head_office()["plays"] == 2, 60)


def fill(path: Path) -> None:
    """Write until the disk has no byte left."""
    with path.open("wb", buffering=0) as out:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    out.write(b"x" * size)
            except OSError:
                continue


def signed(folder: Path, town: Town) -> Path:
    """The samples, published and signed with keys in `folder`."""
    words = folder / "passphrase"
    words.write_text("cinco palabras que nadie adivina\n")
    keys, repository = str(folder / "keys"), folder / "repository"
    town.run("content_cache", "keys", "create", keys, "--passphrase-file", str(words))
    publish = ("publish", str(SAMPLES), "--to", str(repository), "--keys", keys, "--passphrase-file", str(words))
    town.run("content_cache", *publish)
    return repository


@pytest.mark.skipif(os.geteuid() != 0, reason="component absent: root, to mount a small disk")
def test_a_sync_that_has_no_room_says_how_much_to_free_and_changes_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 2) as disk:
        town = Town(tmp_path, {"HUB_DATA": str(disk / "hub"), "HUB_RESERVE_MB": "10"})
        repository = signed(tmp_path, Town(tmp_path / "roomy"))
        pin(tmp_path / "keys" / "roots" / "1.root.json", disk / "hub" / "library")
        with pytest.raises(AssertionError, match=r"[Ff]ree"):
            town.run("hub", "content", "sync", "--from", str(repository))
        assert Library(disk / "hub" / "library").release() is None


def test_a_damaged_blob_is_found_named_and_no_longer_served(tmp_path: Path) -> None:
    with Town(tmp_path) as town:
        library = town.fill_library()
        catalogue = library.catalogue()
        assert catalogue is not None
        item = catalogue.item(ITEM)
        assert item is not None
        video = next(file for file in item.files if file.role == "main")
        with library.store.path(video.sha256).open("r+b") as blob:
            blob.seek(1000)
            blob.write(b"\0rot\0")
        town.start("web")
        url = f"/media/{video.sha256}/{video.name}"
        assert town.ask("GET", url)[0] == 200
        with pytest.raises(AssertionError, match="damaged"):
            town.run("hub", "content", "verify")  # the worker does the same slowly, see hub/content/scrub.py
        assert town.ask("GET", url)[0] == 404
        status, body = town.ask("GET", "/healthz")
        report = json.loads(body)
        assert status == 200
        assert report["status"] == "degraded"
        assert video.sha256 in body.decode()
        assert ITEM in body.decode()
        assert town.ask("GET", f"/items/{ITEM}")[0] == 200
