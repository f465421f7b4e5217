"""Hubs whose disk is smaller than the library, for months: what fits comes, once, and nothing comes and goes in turn."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from content_cache.errors import NoSpace
from content_cache.room import free_bytes
from content_cache.sync.engine import sync
from content_cache.sync.plan import Wishes
from content_cache.sync.source import HttpSource
from tests.simulators.releases import film, text

if TYPE_CHECKING:
    from pathlib import Path

    from content_cache.library import Library
    from tests.simulators.link import ContentServer

FILM = 1_000_000


@pytest.fixture
def disk(monkeypatch, library):
    """Say how many bytes the disk of the library has; what lies there counts as it is."""
    real = shutil.disk_usage

    def used(folder: Path) -> int:
        return sum(-(-path.stat().st_size // 4096) * 4096 for path in folder.rglob("*") if path.is_file())

    def hold(size: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda path: real(path)._replace(free=size - used(library.root)))

    return hold


def over(server: ContentServer) -> HttpSource:
    return HttpSource(f"http://127.0.0.1:{server.port}", patience=())


def here(library: Library) -> set[str]:
    catalogue = library.catalogue()
    assert catalogue
    return {item.id for course in catalogue.courses() for item in catalogue.items(course.slug) if not item.coming}


def test_a_library_larger_than_the_disk_shows_what_fits(shop, server, library, disk):
    films = {f"curso/{number}": film(number, FILM) for number in range(6)}
    target = shop.release({"curso/leer": b"# Uno", **films}, posters={name: name.encode() * 300 for name in films})
    disk(4_000_000)
    synced = sync(library, over(server), target, reserve=300_000)
    assert {one.reason for one in synced.left} == {"space"}
    assert "curso/leer" in here(library)
    assert len(here(library)) == 1 + 3
    assert free_bytes(library.root) >= 300_000
    for _ in range(3):
        assert sync(library, over(server), target, reserve=300_000).came == 0, "nothing comes and goes"


def test_a_film_that_just_fits_comes_in_pieces(shop, server, library, disk):
    target = shop.release({"curso/leer": b"# Uno", "curso/ver": film(1, FILM)})
    disk(FILM + 600_000)
    came = 0
    for _ in range(5):
        synced = sync(library, over(server), target, budget=300_000)
        came += synced.came
    assert synced.coming == 0
    assert came < FILM + 5000


def test_nothing_is_let_go_before_its_room_is_needed(shop, server, library, disk):
    items = {"curso/a": film(1, FILM), "curso/b": film(2, FILM)}
    sync(library, over(server), shop.release(items))
    target = shop.release(items | {"curso/nuevo": film(3, FILM)})
    disk(2 * FILM + 900_000)
    asked = Wishes(asked={"curso/nuevo": 3})
    sync(library, over(server), target, asked, budget=200_000)
    assert here(library) == {"curso/a", "curso/b"}
    for _ in range(6):
        sync(library, over(server), target, asked, budget=200_000)
    assert len(here(library)) == 2
    assert "curso/nuevo" in here(library)


def test_what_only_the_release_before_has_goes_before_texts_are_refused(shop, server, library, disk):
    sync(library, over(server), shop.release({"curso/a": film(1, FILM), "curso/b": b"# B"}))
    sync(library, over(server), shop.release({"curso/b": b"# B"}))
    assert library.previous()
    target = shop.release({f"curso/t{number}": text(number, 25_000) for number in range(9)})
    disk(FILM + 1_400_000)
    synced = sync(library, over(server), target, reserve=900_000)
    assert synced.coming == 0
    assert free_bytes(library.root) >= 900_000


def test_the_old_version_that_made_room_is_not_told_as_missing(shop, server, library, disk):
    sync(library, over(server), shop.release({"curso/leer": b"# Uno", "curso/ver": film(1, FILM)}))
    target = shop.release({"curso/leer": b"# Uno", "curso/ver": film(2, FILM)})
    disk(FILM + 700_000)
    synced = sync(library, over(server), target)
    assert (synced.left, synced.coming) == ((), 0)
    assert here(library) == {"curso/leer", "curso/ver"}


def test_a_disk_that_others_fill_meanwhile_keeps_its_reserve(shop, server, library, disk, tmp_path):
    target = shop.release({"curso/leer": b"# Uno"} | {f"curso/{number}": film(number, FILM) for number in range(4)})
    disk(5 * FILM)

    def others(done: int, _total: int) -> None:
        if done > 500_000:
            disk(3 * FILM)  # somebody wrote two films' worth

    synced = sync(library, over(server), target, reserve=FILM, progress=others)
    assert free_bytes(library.root) >= FILM
    assert {one.reason for one in synced.left} == {"space"}


def test_more_is_pinned_than_fits_and_all_else_makes_room(shop, server, library, disk):
    items = {f"curso/{number}": film(number, FILM) for number in range(4)} | {"otro/x": film(9, FILM)}
    sync(library, over(server), shop.release({"otro/x": items["otro/x"]}))
    target = shop.release(items)
    disk(3 * FILM + 800_000)
    pinned = Wishes(pinned=frozenset({"curso"}))
    first = sync(library, over(server), target, pinned)
    assert (len(here(library)), {one.reason for one in first.left}) == (3, {"space"})
    assert "otro/x" not in here(library)
    assert sync(library, over(server), target, pinned).came == 0


def test_texts_that_do_not_fit_are_said_with_the_release_before_serving(shop, server, library, disk):
    sync(library, over(server), shop.release({"curso/leer": b"# Uno"}))
    target = shop.release({f"curso/t{number}": film(number, 100_000).replace(b"#", b"") for number in range(3)})
    target = shop.release({"curso/leer": b"# " + film(1, 200_000)})
    disk(150_000)
    with pytest.raises(NoSpace, match="free at least"):
        sync(library, over(server), target)
    assert library.number() == 1


def test_new_texts_take_the_place_of_films_that_filled_the_disk(shop, server, library, disk):
    films = {f"curso/{number}": film(number, FILM) for number in range(3)}
    sync(library, over(server), shop.release(films))
    target = shop.release(films | {f"curso/t{number}": text(number, 25_000) for number in range(9)})
    disk(3 * FILM + 1_600_000)
    synced = sync(library, over(server), target, reserve=1_000_000)
    assert synced.number == 2
    assert len(here(library)) == 9 + 2
    assert [one.reason for one in synced.left] == ["space"]
    assert free_bytes(library.root) >= 1_000_000


def test_a_damaged_film_comes_again_into_its_own_room(shop, server, library, disk):
    target = shop.release({"curso/leer": b"# Uno", "curso/ver": film(1, FILM)})
    sync(library, over(server), target)
    shown = library.catalogue().item("curso/ver").file("main").sha256
    library.store.path(shown).write_bytes(bytes(FILM))
    assert not library.store.verify(shown)
    disk(FILM + 600_000)
    assert sync(library, over(server), target).coming == 0
    assert library.store.verify(shown)
