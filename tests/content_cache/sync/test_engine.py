"""A release comes in parts and in order, whatever breaks; what serves is never less than what is here."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from content_cache.errors import Busy, ContentError, DamagedBlob, NoWayBack, OlderRelease, Refused, SourceError
from content_cache.library import Library
from content_cache.sync.engine import sync
from content_cache.sync.plan import Wishes
from content_cache.sync.progress import read_progress
from content_cache.sync.source import FolderSource, HttpSource
from tests.simulators.link import Link
from tests.simulators.releases import film, text

if TYPE_CHECKING:
    from content_cache.trust.targets import Target

READ, SEE = "curso/leer", "curso/ver"


def over(server_or_link, **how) -> HttpSource:
    return HttpSource(f"http://127.0.0.1:{server_or_link.port}", **({"patience": (0, 0)} | how))


def assert_whole(library: Library) -> None:
    """Nothing is coming, and every blob is right."""
    catalogue = library.catalogue()
    assert catalogue
    for course in catalogue.courses():
        assert all(not item.coming for item in catalogue.items(course.slug))
    assert all(library.store.verify(blob.sha256) for blob in catalogue.blobs())
    catalogue.close()


def coming(library: Library, item: str) -> int:
    found = library.catalogue().item(item)
    assert found
    return found.coming


class Meter:
    """A gate that lets so many requests and pieces of 64 KiB through, and then says no."""

    def __init__(self, allowed: int) -> None:
        self.left = allowed

    def ask(self, count: int) -> None:
        if not self.left:
            raise Refused("Today's budget is used up; it goes on tomorrow.")
        self.left -= 1


def stopped(library: Library, source: HttpSource, target: Target, after: int) -> None:
    """A sync that is stopped once more than so many bytes of files came."""
    stop = threading.Event()

    def look(done: int, _total: int) -> None:
        if done > after:
            stop.set()

    assert sync(library, source, target, stop=stop, progress=look).stopped


def test_a_release_comes_over_http_packed_and_plain(shop, server, library):
    package = {"index.html": b"<p>hola</p>" * 100, "a/b.js": b"x" * 5000}
    target = shop.release({READ: text(1, 20_000), SEE: film(1, 50_000), "otro/paquete": package})
    synced = sync(library, over(server), target)
    assert (synced.number, synced.changed, synced.blobs, synced.coming, synced.left) == (1, True, 4, 0, ())
    assert synced.came < 50_000 + 20_000
    assert_whole(library)
    assert any(path.endswith(".zst") for path in server.paths())
    asked = len(server.asked)
    again = sync(library, over(server), target)
    assert (again.changed, again.blobs, again.came, len(server.asked)) == (False, 0, 0, asked)


def test_only_what_changed_comes_with_the_next_release(shop, server, library):
    items = {f"curso/{number}": text(number, 3000) for number in range(20)} | {SEE: film(1, 100_000)}
    sync(library, over(server), shop.release(items))
    asked = len(server.asked)
    synced = sync(library, over(server), shop.release(items | {"curso/7": text(99, 3000)}))
    assert (synced.number, synced.blobs) == (2, 1)
    assert len(server.asked) - asked == 4, "the list of deltas, which is not there; catalogue, manifest, object"


def test_a_link_that_breaks_each_32_kb_still_brings_everything(shop, server, library):
    target = shop.release({READ: text(1, 20_000), SEE: film(1, 300_000)})
    with Link(server.port, cut_every=32_000) as link:
        synced = sync(library, over(link), target)
        assert synced.coming == 0
        assert link.cuts >= 9
        assert link.down < 330_000 + link.cuts * 1500
    assert_whole(library)


def test_what_came_before_a_restart_is_not_asked_for_again(shop, server, library):
    target = shop.release({READ: b"# Uno", SEE: film(1, 300_000)})
    stopped(library, over(server), target, 200_000)
    kept = sum(path.stat().st_size for path in library.incoming.glob("o-*.part"))
    assert kept >= 200_000
    assert (coming(library, READ), coming(library, SEE)) == (0, 300_000)
    assert sync(library, over(server), target).came == 300_000 - kept
    assert_whole(library)
    assert list(library.incoming.glob("*.part")) == []


def test_a_sync_that_is_stopped_while_records_come_says_so(shop, server, library):
    target, stop = shop.release({READ: b"# Uno"}), threading.Event()
    stop.set()
    synced = sync(library, over(server), target, stop=stop)
    assert (synced.stopped, synced.release, synced.changed) == (True, "", False)
    assert sync(library, over(server), target).number == 1


def test_parts_of_another_boot_are_cut_to_what_was_flushed(shop, server, library):
    target = shop.release({SEE: film(1, 600_000)})
    stopped(library, over(server), target, 400_000)
    (part,) = library.incoming.glob("o-*.part")
    assert part.stat().st_size > 300_000
    with part.open("r+b") as file:
        file.seek(262_144)
        file.write(b"\0" * 50_000)  # what a power cut leaves of bytes that were not flushed
    (library.incoming / "boot").write_text("another")
    assert sync(library, over(server), target).came == 600_000 - 262_144
    assert_whole(library)


def test_bytes_that_went_bad_on_the_way_are_fetched_once_more_from_the_start(shop, server, library):
    target = shop.release({SEE: film(1, 100_000)})
    stopped(library, over(server), target, 60_000)
    (part,) = library.incoming.glob("o-*.part")
    part.write_bytes(b"\0" * 50_000)
    assert sync(library, over(server), target).came == 50_000 + 100_000
    assert_whole(library)


def test_texts_come_first_and_serve_while_films_are_coming(shop, server, library):
    target = shop.release({SEE: film(1, 200_000), READ: text(1, 9000)}, posters={SEE: b"poster" * 50})
    with pytest.raises(Refused, match="goes on tomorrow"):
        sync(library, over(server, gate=Meter(6)), target)
    assert (coming(library, READ), coming(library, SEE)) == (0, 200_000)
    assert library.catalogue().item(READ).html
    first = library.release()
    sync(library, over(server), target)
    assert_whole(library)
    assert library.release() != first
    assert library.number() == 1
    assert len(library.names()) == 1


def test_an_item_is_carried_as_it_was_until_its_new_version_is_here(shop, server, library):
    old, new = film(1, 100_000), film(2, 100_000)
    sync(library, over(server), shop.release({READ: b"# Uno", SEE: old}))
    target = shop.release({READ: b"# Dos", SEE: new})
    with pytest.raises(Refused):
        sync(library, over(server, gate=Meter(4)), target)
    catalogue = library.catalogue()
    assert catalogue.number == 2
    assert catalogue.item(READ).html == "<h2>Dos</h2>\n"
    shown = catalogue.item(SEE)
    assert (shown.coming, library.store.path(shown.file("main").sha256).read_bytes()) == (0, old)
    library.sweep()
    assert library.store.path(shown.file("main").sha256).exists()
    sync(library, over(server), target)
    shown = library.catalogue().item(SEE)
    assert library.store.path(shown.file("main").sha256).read_bytes() == new


def test_a_sweep_keeps_what_came_of_a_release_that_does_not_serve_yet(shop, server, library):
    sync(library, over(server), shop.release({READ: b"# Uno", SEE: film(1, 1000)}))
    target = shop.release({READ: text(2, 90_000), "curso/mas": text(3, 90_000), SEE: film(2, 150_000)})
    with pytest.raises(Refused):
        sync(library, over(server, gate=Meter(3)), target)
    assert library.number() == 1
    before = {*library.store, *library.incoming.glob("*.part")}
    assert library.sweep().count == 0
    assert {*library.store, *library.incoming.glob("*.part")} == before
    sync(library, over(server), target)
    sync(library, over(server), shop.release({READ: b"# Tres"}))
    library.sweep()
    assert len(list(library.store)) == 1 + 3, "of this release and of the one before"


def test_an_item_that_is_dropped_stays_while_somebody_is_halfway(shop, server, library):
    sync(library, over(server), shop.release({READ: b"# Uno", SEE: film(1, 9000), "viejo/unico": b"# Solo"}))
    target = shop.release({READ: b"# Uno"})
    sync(library, over(server), target, Wishes(keep=frozenset({SEE, "viejo/unico", "no/such"})))
    catalogue = library.catalogue()
    assert [item.id for item in catalogue.items("curso")] == [READ, SEE]
    assert catalogue.item("viejo/unico").html
    library.sweep()
    assert_whole(library)
    assert sync(library, over(server), target, Wishes(keep=frozenset({SEE}))).changed
    assert library.catalogue().item(SEE)
    assert library.catalogue().course("viejo") is None
    sync(library, over(server), target)
    assert library.catalogue().item(SEE) is None


def test_going_back_is_instant_and_lasts_until_a_newer_release(shop, server, library):
    sync(library, over(server), shop.release({READ: b"# Uno"}))
    target = shop.release({READ: b"# Dos"})
    sync(library, over(server), target)
    asked = len(server.asked)
    assert library.previous() == library.rollback() == library.release()
    assert library.catalogue().item(READ).html == "<h2>Uno</h2>\n"
    synced = sync(library, over(server), target)
    assert (synced.held, synced.number, synced.changed, len(server.asked)) == (2, 1, False, asked)
    with pytest.raises(NoWayBack, match="No release before this one"):
        library.rollback()
    assert sync(library, over(server), target, force=True).number == 2
    library.rollback()
    assert sync(library, over(server), shop.release({READ: b"# Tres"})).number == 3
    assert library.held() is None


def test_no_way_leads_back_to_a_withdrawn_release(shop, server, library):
    sync(library, over(server), shop.release({READ: b"# Uno"}))
    sync(library, over(server), shop.release({READ: b"# Dos"}, withdrawn=[1]))
    with pytest.raises(NoWayBack, match="Release 1 was withdrawn by head office"):
        library.rollback()
    assert library.number() == 2


def test_an_older_release_is_refused(shop, server, library):
    first = shop.release({READ: b"# Uno"})
    sync(library, over(server), shop.release({READ: b"# Dos"}))
    asked = len(server.asked)
    with pytest.raises(OlderRelease, match="Release 1 is older than release 2 here"):
        sync(library, over(server), first)
    assert len(server.asked) <= asked + 1


def test_a_hub_that_is_moved_to_another_group_takes_its_release_whatever_its_number(shop, server, library):
    other = shop.release({READ: b"# Norte"}, group="norte")
    sync(library, over(server), shop.release({READ: b"# Sur", SEE: film(1, 9000)}, group="sur"))
    assert sync(library, over(server), other).number == 1
    assert library.catalogue().item(READ).html == "<h2>Norte</h2>\n"
    assert_whole(library)


def test_a_release_of_more_items_than_a_hub_holds_is_refused_before_its_manifests_come(shop, server, library):
    target = shop.release(
        {READ: b"# Uno"},
        courses=[{"slug": "a", "number": 1, "manifest": "0" * 64, "items": 300_000, "bytes": 1, "size": 9}],
    )
    with pytest.raises(ContentError, match="more than 200000 items is over the limit of a hub; give this group"):
        sync(library, over(server), target)
    assert len(server.asked) == 1


def test_damaged_blobs_come_before_all_else(shop, server, library):
    items = {READ: text(1, 3000), SEE: film(1, 50_000)}
    target = shop.release(items)
    sync(library, over(server), target)
    shown = library.catalogue().item(SEE).file("main").sha256
    library.store.path(shown).write_bytes(b"\0" * 50_000)
    assert not library.store.verify(shown)
    target, asked = shop.release(items | {"curso/a": b"# A"}), len(server.asked)
    sync(library, over(server), target)
    objects = [path for path in server.paths()[asked:] if path.startswith("o/")]
    assert objects[0] == f"o/{shown}"
    assert library.store.damaged() == []


def test_what_was_removed_is_let_go_and_not_brought_again(shop, server, library):
    target = shop.release({READ: b"# Uno", SEE: film(1, 200_000)})
    sync(library, over(server), target)
    removed = Wishes(removed=frozenset({SEE}))
    synced = sync(library, over(server), target, removed)
    assert [(one.item, one.reason) for one in synced.left] == [(SEE, "removed")]
    assert coming(library, SEE) == 200_000
    assert [blob.size for blob in library.store] == [5]
    assert sync(library, over(server), target, removed).came == 0
    assert sync(library, over(server), target).came == 200_000


def test_a_budget_begins_what_it_cannot_finish(shop, server, library):
    target = shop.release({READ: b"# Uno", SEE: film(1, 300_000)})
    first = sync(library, over(server), target, budget=100_000)
    assert 90_000 < first.came <= 100_000
    assert [(one.item, one.reason) for one in first.left] == [(SEE, "budget")]
    assert sync(library, over(server), target, budget=150_000).coming == 300_000
    assert sync(library, over(server), target, budget=150_000).coming == 0


def test_two_syncs_at_once_are_one_too_many_and_others_see_how_far_it_is(shop, server, library):
    target, seen = shop.release({SEE: film(1, 300_000)}), []

    def look(_done, _total):
        seen.append(read_progress(Library(library.root)))
        with pytest.raises(Busy, match="try again"):
            sync(Library(library.root), over(server), target)

    sync(library, over(server), target, progress=look)
    assert {(one.source, one.step, one.total) for one in seen} == {(f"127.0.0.1:{server.port}", "files", 300_000)}
    assert read_progress(library) is None


def test_a_progress_file_that_a_killed_sync_left_is_not_believed(library, shop, server):
    sync(library, over(server), shop.release({READ: b"# Uno"}))
    (library.incoming / "progress.json").write_bytes(
        b'{"source":"x","step":"files","done":1,"total":2,"bytes_a_second":1.0}'
    )
    assert read_progress(library) is None


def test_a_copy_without_packed_files_is_read_by_plain_names(shop, server, library, tmp_path):
    target = shop.release({f"curso/{number}": text(number, 3000) for number in range(9)})
    sync(library, FolderSource(shop.root), target)
    for folder, lie in (("o", library.store.path), ("m", library.records.path), ("c", library.records.path)):
        for path in list((shop.root / folder).glob("*.zst")):
            (shop.root / folder / path.stem).write_bytes(lie(path.stem).read_bytes())
            path.unlink()
    synced = sync(Library(tmp_path / "other"), over(server), target)
    assert synced.coming == 0
    assert sum(path.endswith(".zst") for path in server.paths()) == 1, "it was remembered"


LIES = [
    "html",
    "portal",
    "flipped",
    "truncated",
    "cut_short",
    "long",
    "redirect",
    "endless",
    "broken",
    "busy",
    "gone",
    "other_range",
    "shifted",
    "nonsense",
    "forbidden",
    "bomb",
    "reset_at_once",
]


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("folder", ["c", "m", "o"])
def test_every_lie_ends_in_a_sentence_with_the_library_as_it_was(shop, server, library, lie, folder):
    sync(library, over(server), shop.release({READ: text(1, 9000), SEE: film(1, 30_000)}))
    before = library.release()
    target = shop.release({READ: text(2, 9000), SEE: film(2, 30_000)})
    for path in (shop.root / folder).iterdir():
        server.lies[f"{folder}/{path.name}"] = lie
    with pytest.raises(ContentError, match=r"[;,:] \w.*\.$"):
        sync(library, over(server), target)
    assert library.release() == before
    assert_whole(library)
    server.lies.clear()
    assert sync(library, over(server), target).number == 2
    assert_whole(library)


@pytest.mark.parametrize("lie", ["gzipped", "no_ranges", "honest"])
def test_what_is_odd_and_no_lie_is_coped_with(shop, server, library, lie):
    server.habit = lie
    target = shop.release({READ: text(1, 9000), SEE: film(1, 100_000)})
    stopped(library, over(server), target, 60_000)
    assert sync(library, over(server), target).coming == 0
    assert_whole(library)


def test_one_wrong_film_keeps_no_other_from_coming(shop, server, library):
    target = shop.release({READ: b"# Uno", **{f"curso/{number}": film(number, 5000 + number) for number in range(6)}})
    wrong = next(path.name for path in (shop.root / "o").iterdir() if path.stat().st_size == 5003)
    server.lies[f"o/{wrong}"] = "flipped"
    synced = sync(library, over(server), target)
    assert [(one.item, one.reason) for one in synced.left] == [("curso/3", "source")]
    assert f"o/{wrong} is damaged: its bytes have another hash; publish it again" in synced.problems[0]
    assert coming(library, "curso/3") == 5003


def test_a_source_that_is_wrong_throughout_is_given_up_early(shop, server, library):
    items = {f"curso/{number}": film(number, 5000) for number in range(30)}
    target = shop.release({READ: b"# Uno", **items})
    for path in (shop.root / "o").iterdir():
        server.lies[f"o/{path.name}"] = "flipped" if path.stat().st_size == 5000 else "honest"
    with pytest.raises(DamagedBlob):
        sync(library, over(server), target)
    assert len([path for path in server.paths() if path.startswith("o/")]) < 10
    assert coming(library, READ) == 0


def test_a_server_that_is_down_leaves_all_as_it_was(shop, library):
    target = shop.release({READ: b"# Uno"})
    sync(library, FolderSource(shop.root), target)
    with pytest.raises(SourceError, match="it is tried again later"):
        sync(library, HttpSource("http://127.0.0.1:9", patience=()), shop.release({READ: b"# Dos"}))
    assert library.number() == 1


def test_a_stick_pulled_out_midway_goes_on_where_it_was(shop, library):
    target = shop.release({f"curso/{number}": film(number, 2_000_000) for number in range(3)})
    away = shop.root.with_name("away")

    def pull(done, _total):
        if done > 3_000_000 and shop.root.exists():
            shop.root.rename(away)

    with pytest.raises(SourceError, match="plug it in again"):
        sync(library, FolderSource(shop.root), target, progress=pull)
    away.rename(shop.root)
    assert sync(library, FolderSource(shop.root), target).came < 4_100_000
    assert_whole(library)


def test_a_catalogue_over_the_limit_is_refused_before_it_is_fetched(shop, server, library):
    target = shop.release({READ: b"# Uno"})
    with pytest.raises(ContentError, match="over the limit"):
        sync(library, over(server), type(target)(sha256=target.sha256, size=2**30, release=1))
    assert server.asked == []
