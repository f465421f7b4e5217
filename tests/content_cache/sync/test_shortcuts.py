"""Deltas and bundles save bytes wherever they can, and cost nothing but a request where they cannot be believed."""

from __future__ import annotations

import contextlib
import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from content_cache.delta.publishing import edges_in
from content_cache.errors import SourceError
from content_cache.publisher.publish import publish
from content_cache.repository import Repository
from content_cache.sync.engine import sync
from content_cache.sync.source import FolderSource, HttpSource
from content_cache.trust.targets import Target
from tests.simulators.link import ContentServer, Link
from tests.simulators.releases import film, text

if TYPE_CHECKING:
    from content_cache.library import Library

PAGES = 40


class Shop:
    """A course of many readings and a few films, published again and again."""

    def __init__(self, folder):
        self.folder, self.root = folder / "course", folder / "repository"
        self.folder.mkdir()
        self.pages = {number: text(number, 4000) for number in range(PAGES)}
        self.films = {number: film(number, 60_000) for number in range(2)}

    def publish(self) -> Target:
        items = ""
        for number, page in self.pages.items():
            (self.folder / f"p{number}.md").write_bytes(page)
            items += f"  - {{item: p{number}, kind: reading, title: P{number}, file: p{number}.md}}\n"
        for number, data in self.films.items():
            (self.folder / f"d{number}.pdf").write_bytes(b"%PDF-1.4\n" + data + b"\n%%EOF\n")
            items += f"  - {{item: d{number}, kind: document, title: D{number}, file: d{number}.pdf}}\n"
        head = "course: curso\ntitle: Curso\nsummary: x\nlanguage: es-MX\ntopic: costos\nlicence: CC-BY-4.0\nitems:\n"
        (self.folder / "course.yaml").write_text(head + items)
        publish(self.folder, self.root)
        release = Repository(self.root).release()
        deltas = {edge.old: edge.bytes for edge in edges_in(self.root) if edge.new == release.sha256[:16]}
        packed = self.root / "c" / f"{release.sha256}.zst"
        return Target(
            sha256=release.sha256,
            size=release.size,
            packed=packed.stat().st_size if packed.exists() else None,
            release=release.head.release,
            deltas=deltas,
        )


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@pytest.fixture
def server(shop, tmp_path):
    shop.root.mkdir()
    with ContentServer(shop.root) as made:
        yield made


def over(place) -> HttpSource:
    return HttpSource(f"http://127.0.0.1:{place.port}", patience=(0, 0))


def assert_whole(library: Library, release: int) -> None:
    catalogue = library.catalogue()
    assert catalogue.number == release
    assert all(not item.coming for item in catalogue.items("curso"))
    assert all(library.store.verify(blob.sha256) for blob in catalogue.blobs())
    assert list(library.incoming.glob("*.part")) == []
    catalogue.close()


def kinds(server: ContentServer, after: int = 0) -> str:
    """The folders that were asked, in order."""
    return "".join(path.partition("/")[0] for path in server.paths()[after:])


def test_a_first_release_comes_by_the_bundle(shop, server, library):
    synced = sync(library, over(server), shop.publish())
    assert kinds(server).startswith("cmb")
    assert "o/" not in "".join(server.paths()[:4])
    assert len(server.asked) <= 2 + 2 + 2, "catalogue, manifest, bundle, two documents"
    assert synced.blobs == PAGES + 2
    assert_whole(library, 1)


def test_a_small_change_comes_by_the_delta_in_one_request(shop, server, library):
    sync(library, over(server), shop.publish())
    shop.pages[7] = shop.pages[7].replace(b"5", b"6", 3)
    target, asked = shop.publish(), len(server.asked)
    synced = sync(library, over(server), target)
    assert kinds(server, asked) == "d"
    assert synced.came == next(iter(target.deltas.values())) < 1000
    assert_whole(library, 2)


def test_a_delta_comes_from_several_releases_back(shop, server, library):
    sync(library, over(server), shop.publish())
    for number in range(5):
        shop.pages[number] = text(100 + number, 4000)
        target = shop.publish()
    asked = len(server.asked)
    sync(library, over(server), target)
    assert set(kinds(server, asked)) == {"d"}
    assert_whole(library, 6)


def test_who_is_further_behind_takes_deltas_in_a_chain(shop, server, library):
    sync(library, over(server), shop.publish())
    for number in range(9):
        shop.pages[number % 3] = shop.pages[number % 3] + b" y mas %d" % number
        target = shop.publish()
    asked = len(server.asked)
    assert not any(library.catalogue().sha256.startswith(old) for old in target.deltas)
    synced = sync(library, over(server), target)
    paths = server.paths()[asked:]
    assert paths[0] == "d/index.json"
    assert {path[:2] for path in paths} == {"d/"}
    assert synced.came < 6000
    assert_whole(library, 10)
    before = {blob.sha256 for blob in library.store}
    library.sweep()
    assert {blob.sha256 for blob in library.store} < before, "what lay between is gone"
    assert sum(path.is_file() for path in library.records.folder.iterdir()) == 2 + 2


def test_what_a_chain_makes_on_the_way_is_not_fetched_again(shop, server, library):
    """A page that changed once, long ago, is in the new release what it was in one between."""
    sync(library, over(server), shop.publish())
    for number in range(9):
        page = sorted(shop.pages)[number]
        shop.pages[page] = shop.pages[page] + b" y mas"
        target = shop.publish()
    asked = len(server.asked)
    assert sync(library, over(server), target).coming == 0
    assert {path[:2] for path in server.paths()[asked:]} == {"d/"}
    assert_whole(library, 10)


def test_a_chain_goes_on_where_a_budget_stopped_it(shop, server, library):
    sync(library, over(server), shop.publish())
    for number in range(9):
        shop.pages = {page: shop.pages[page] + b" y mas %d" % number for page in shop.pages}
        target = shop.publish()
    with contextlib.suppress(SourceError), Link(server.port) as link:
        link.rate, source = 20_000, over(link)
        stop = threading.Timer(0.3, lambda: (setattr(link, "is_up", False), link.cut()))
        stop.start()
        sync(library, source, target)
    stop.join()
    sync(library, over(server), target)
    assert server.paths().count("d/index.json") == 1
    assert_whole(library, 10)


@pytest.mark.parametrize("text", [b"", b"[]", b'{"catalogues":[["' + b"0" * 64 + b'",5]],"deltas":[]}'])
def test_a_list_of_deltas_that_is_none_costs_nothing_but_itself(shop, server, library, text):
    sync(library, over(server), shop.publish())
    for number in range(8):
        shop.pages[0] = shop.pages[0] + b" y mas %d" % number
        target = shop.publish()
    (shop.root / "d" / "index.json").write_bytes(text)
    sync(library, over(server), target)
    assert_whole(library, 9)


def test_a_delta_goes_on_where_the_link_broke(shop, server, library):
    sync(library, over(server), shop.publish())
    for number in shop.pages:
        shop.pages[number] = text(100 + number, 6000)
    target = shop.publish()
    size = next(iter(target.deltas.values()))
    assert size > 60_000
    with Link(server.port, cut_every=20_000) as link:
        synced = sync(library, over(link), target)
        assert link.cuts >= 3
    assert synced.came == size
    assert_whole(library, 2)


def test_a_budget_takes_a_delta_in_parts(shop, server, library):
    sync(library, over(server), shop.publish())
    for number in shop.pages:
        shop.pages[number] = text(100 + number, 6000)
    shop.films = {number: film(10 + number, 300_000) for number in range(2)}
    target, days, came = shop.publish(), 0, 0
    while library.number() == 1 or sync(library, over(server), target, budget=0).left:
        synced = sync(library, over(server), target, budget=60_000)
        days, came = days + 1, came + synced.came
        assert synced.came <= 60_000 + 20_000, "records are taken whole"
        assert days < 30
    assert came < 600_000 + next(iter(target.deltas.values())) * 1.3
    assert_whole(library, 2)


@pytest.mark.parametrize(
    "lie", ["flipped", "gone", "html", "cut_short", "portal", "shifted", "long", "gzipped", "no_ranges"]
)
@pytest.mark.parametrize("folder", ["d", "b"])
def test_a_shortcut_that_lies_costs_no_more_than_itself(shop, server, library, lie, folder, tmp_path):
    target = shop.publish()
    if folder == "d":
        sync(library, FolderSource(shop.root), target)
        for number in range(9):
            shop.pages[number] = text(100 + number, 4000)
        target = shop.publish()
    for path in (shop.root / folder).iterdir():
        server.lies[f"{folder}/{path.name}"] = lie
    if lie == "html":
        with pytest.raises(SourceError, match="sign-in page"):
            sync(library, over(server), target)
        server.lies.clear()
    synced = sync(library, over(server), target)
    assert synced.left == ()
    assert_whole(library, target.release)


def test_an_old_file_that_is_gone_is_no_base(shop, server, library):
    sync(library, over(server), shop.publish())
    gone = library.catalogue().item("curso/p7").file("main").sha256
    library.store.path(gone).unlink()
    shop.pages[7] += b" mas"
    shop.pages[8] += b" mas"
    target, asked = shop.publish(), len(server.asked)
    sync(library, over(server), target)
    assert set(kinds(server, asked)) == {"d", "o"}, "what shares its frame is fetched as well"
    assert_whole(library, 2)


def test_a_stick_needs_no_shortcuts(shop, library):
    shop.root.mkdir()
    sync(library, FolderSource(shop.root), shop.publish())
    shop.pages[7] += b" mas"
    target = shop.publish()
    for folder in ("b", "d"):
        shutil.rmtree(shop.root / folder)
    sync(library, FolderSource(shop.root), target)
    assert_whole(library, 2)
