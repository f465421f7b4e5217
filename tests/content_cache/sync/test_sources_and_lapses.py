"""What a source lacks, a link breaks, or head office takes back, and what a hub makes of that in the long run."""

from __future__ import annotations

from content_cache.errors import Refused
from content_cache.library import Library
from content_cache.sync import fetch
from content_cache.sync.engine import sync
from content_cache.sync.fetch import Fetching
from content_cache.sync.plan import Wishes
from content_cache.sync.source import FolderSource, HttpSource
from tests.simulators.link import ContentServer, Link
from tests.simulators.releases import Releases, film, text

READ, SEE = "curso/leer", "curso/ver"


def over(server_or_link: ContentServer | Link) -> HttpSource:
    return HttpSource(f"http://127.0.0.1:{server_or_link.port}", patience=(0, 0))


def unpack_all(shop: Releases, library: Library) -> None:
    """Make of the repository what a hub passes on: no file is packed."""
    for folder, lies in (("o", library.store.path), ("m", library.records.path), ("c", library.records.path)):
        for path in list((shop.root / folder).glob("*.zst")):
            (shop.root / folder / path.stem).write_bytes(lies(path.stem).read_bytes())
            path.unlink()


def test_what_was_withdrawn_is_neither_kept_nor_carried(shop, server, library):
    """Somebody is halfway through it; head office took it back all the same."""
    sync(library, over(server), shop.release({READ: b"# Uno", "curso/malo": b"# Mal", SEE: film(1, 30_000)}))
    target = shop.release({READ: b"# Uno", SEE: film(2, 300_000)}, withdrawn=[1])
    keep = Wishes(keep=frozenset({"curso/malo"}))
    synced = sync(library, over(server), target, keep, budget=50_000)
    assert (synced.number, [one.item for one in synced.left]) == (2, [SEE])
    catalogue = library.catalogue()
    assert catalogue.item("curso/malo") is None
    assert catalogue.item(SEE).coming == 300_000


def test_a_broken_link_makes_no_part_be_read_again_and_again(shop, server, library, monkeypatch):
    target, read = shop.release({SEE: film(1, 400_000)}), []
    of = fetch._Hashed.of
    monkeypatch.setattr(fetch._Hashed, "of", lambda part: read.append(part) or of(part))
    with Link(server.port, cut_every=40_000) as link:
        assert sync(library, over(link), target).coming == 0
        assert link.cuts > 8
    assert len([part for part in read if part.name.startswith("o-")]) == 1


def test_a_part_that_was_cut_off_behind_our_back_is_read_again(shop, server, tmp_path):
    shop.release({SEE: film(1, 100_000)})
    (name,) = [path.name for path in (shop.root / "o").iterdir()]
    fetching = Fetching(tmp_path / "incoming", over(server))
    got = fetching.fetch(f"o/{name}", 100_000)
    with got.path.open("r+b") as file:
        file.truncate(60_000)
    assert fetching.fetch(f"o/{name}", 100_000).sha256 == name


def test_a_neighbour_without_packed_files_can_give_a_part_of_one(shop, server, library, tmp_path):
    target = shop.release({READ: b"# Uno", SEE: film(1, 1000), "curso/paquete": {"index.html": text(1, 900_000)}})
    sync(library, FolderSource(shop.root), target)
    unpack_all(shop, library)
    other = Library(tmp_path / "other")
    first = sync(other, over(server), target, budget=60_000)
    assert {one.reason for one in first.left} == {"budget"}
    assert other.catalogue().item(READ).html
    assert sync(other, over(server), target).coming == 0


def test_that_a_source_does_not_pack_is_remembered_across_films(shop, server, library, tmp_path):
    items = {f"curso/t{number}": text(number, 3000) for number in range(5)}
    packages = {
        f"otro/p{number}": {"a.html": text(50 + number, 40_000), "b.bin": film(number, 40_000)} for number in range(5)
    }
    target = shop.release(items | packages)
    sync(library, FolderSource(shop.root), target)
    unpack_all(shop, library)
    assert sync(Library(tmp_path / "other"), over(server), target).coming == 0
    assert sum(path.endswith(".zst") for path in server.paths()) == 1


def test_a_budget_that_ends_amid_records_goes_on_with_them(shop, server, library):
    class Meter:
        left = 2

        def ask(self, _count: int) -> None:
            self.left -= 1
            if self.left < 0:
                raise Refused("Today's budget is used up; it goes on tomorrow.")

    items = {f"curso/{number}": text(number, 300) for number in range(900)}
    target, came = shop.release(items), 0
    for _ in range(20):
        try:
            source = HttpSource(f"http://127.0.0.1:{server.port}", gate=Meter(), patience=(0,))
            came += sync(library, source, target).came
        except Refused:
            pass
        if library.release():
            break
    assert library.number() == 1


def test_a_large_film_that_went_bad_on_the_server_does_not_eat_the_budget(shop, server, library):
    target = shop.release({READ: b"# Uno", SEE: film(1, 1_100_000), "curso/otra": film(2, 2000)})
    (bad,) = [path for path in (shop.root / "o").iterdir() if path.stat().st_size == 1_100_000]
    server.lies[f"o/{bad.name}"] = "flipped"
    came = []
    for _ in range(8):
        synced = sync(library, over(server), target)
        came.append(synced.came)
        assert [(one.item, one.reason) for one in synced.left] == [(SEE, "source")]
    assert [count > 1_000_000 for count in came] == [True, False, True, False, False, False, True, False]
    assert max(came) < 1_200_000
    server.lies.clear()
    assert sync(library, over(server), target, force=True).coming == 0
    assert sync(library, over(server), target).came == 0


def test_another_source_is_asked_at_once_for_what_one_has_wrong(shop, server, library):
    target = shop.release({READ: b"# Uno", SEE: film(1, 1_100_000)})
    (bad,) = [path for path in (shop.root / "o").iterdir() if path.stat().st_size == 1_100_000]
    server.lies[f"o/{bad.name}"] = "flipped"
    sync(library, over(server), target)
    assert sync(library, FolderSource(shop.root), target).coming == 0


def test_a_sweep_leaves_the_part_of_a_catalogue_that_takes_days(shop, server, library):
    sync(library, over(server), shop.release({READ: b"# Uno"}))
    target = shop.release({f"curso-{number}/uno": text(number, 100) for number in range(400)})
    (packed,) = [path for path in (shop.root / "c").iterdir() if path.name == f"{target.sha256}.zst"]
    library.set_asked(target.sha256)  # as a sync does first of all
    (library.incoming / f"c-{packed.name}.part").write_bytes(packed.read_bytes()[:5000])
    (library.incoming / f"d-{'0' * 16}-{target.sha256[:16]}.part").write_bytes(b"VHD1")
    (library.incoming / f"c-{'0' * 64}.part").write_bytes(b"of another")
    library.sweep()
    assert {path.name[:2] for path in library.incoming.glob("*.part")} == {"c-", "d-"}
    assert not (library.incoming / f"c-{'0' * 64}.part").exists()
    sync(library, over(server), target)
    (again,) = [one for one in server.asked if one.path == f"c/{packed.name}"]
    assert again.range == "bytes=5000-"
