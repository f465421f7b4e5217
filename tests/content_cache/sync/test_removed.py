"""What a technician removed is still known, and on no page: it is neither coming nor found nor news."""

from __future__ import annotations

from content_cache.sync.engine import sync
from content_cache.sync.plan import Wishes
from content_cache.sync.source import FolderSource
from tests.simulators.releases import film

READ, SEE, HEAR = "curso/leer", "curso/ver", "curso/oir"


def served(library, shop, target, *removed):
    """The catalogue that serves after a sync with these items removed."""
    sync(library, FolderSource(shop.root), target, Wishes(removed=frozenset(removed)))
    return library.catalogue()


def listed(catalogue):
    return [item.id for item in catalogue.items("curso") if item.listed]


def test_a_removed_item_leaves_the_pages_and_comes_back(shop, library):
    target = shop.release({READ: b"# Uno", SEE: film(1, 300_000), HEAR: film(2, 1000)})
    assert listed(served(library, shop, target)) == [READ, SEE, HEAR]
    catalogue = served(library, shop, target, SEE)
    assert listed(catalogue) == [READ, HEAR]
    assert catalogue.item(SEE).removed
    course, sums = catalogue.course("curso"), catalogue.totals()
    assert (course.items, course.here, course.coming) == (2, 2, 0)
    assert (sums.items, sums.items_coming, sums.coming) == (2, 0, 0)
    assert SEE not in {found.href_id for found in catalogue.search("ver", limit=9)}
    assert catalogue.courses_coming() == set()
    assert catalogue.coming(9) == []
    assert [held.id for held in catalogue.held_items("curso", 9)] == [READ, SEE, HEAR]
    again = served(library, shop, target)
    assert listed(again) == [READ, SEE, HEAR]
    assert not again.item(SEE).coming


def test_one_that_never_came_leaves_the_pages_as_well(shop, library):
    target = shop.release({READ: b"# Uno", SEE: film(1, 300_000)})
    assert listed(served(library, shop, target, SEE)) == [READ]
    name = library.release()
    served(library, shop, target, SEE)
    assert library.release() == name, "nothing changed, so nothing is built again"
