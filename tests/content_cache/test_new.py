"""What is new to a hub: what came with a release above anything that it had before."""

import pytest

from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.publish import publish, remove_course
from tests.content_cache.making import ITEMS, course

FOUR = ITEMS + "  - item: otra\n    kind: document\n    title: Otra hoja\n    file: hoja.pdf\n"


@pytest.fixture
def hub(tmp_path):
    return Hub(tmp_path)


class Hub:
    """A library, the repository it takes in, and what is new to it."""

    def __init__(self, folder):
        self.folder, self.repository = folder, folder / "r"
        self.library = Library(folder / "library")

    def publish(self, slug="uno", items=None, title="T"):
        publish(course(self.folder / slug, slug=slug, items=items, title=title), self.repository)

    def take_in(self):
        import_repository(self.repository, self.library)

    @property
    def new(self):
        return [one.href_id for one in self.library.catalogue().news(10)]


def test_after_a_first_import_nothing_is_new(hub):
    hub.publish()
    hub.take_in()
    assert hub.new == []
    assert not any(one.is_new for one in (*hub.library.catalogue().courses(), *hub.library.catalogue().items("uno")))


def test_a_new_course_and_its_items_are_new_and_the_course_stands_for_them(hub):
    hub.publish()
    hub.take_in()
    hub.publish("dos")
    hub.take_in()
    catalogue = hub.library.catalogue()
    assert hub.new == ["dos"]
    assert [(one.slug, one.is_new) for one in catalogue.courses()] == [("uno", False), ("dos", True)]
    assert catalogue.item("dos/hoja").is_new
    assert not catalogue.item("uno/hoja").is_new


def test_a_new_item_in_an_old_course_is_new_and_the_course_is_not(hub):
    hub.publish()
    hub.take_in()
    hub.publish(items=FOUR)
    hub.take_in()
    assert hub.new == ["uno/otra"]
    (news,) = hub.library.catalogue().news(10)
    assert (news.kind, news.title, news.course_title) == ("document", "Otra hoja", "T")
    assert [one.is_new for one in hub.library.catalogue().courses()] == [False]


def test_a_release_that_brings_nothing_new_leaves_what_was_new(hub):
    hub.publish()
    hub.take_in()
    hub.publish("dos")
    hub.take_in()
    hub.publish(title="Otro nombre")
    hub.take_in()
    assert hub.new == ["dos"]
    remove_course("dos", hub.repository)
    hub.take_in()
    assert hub.new == []


def test_the_next_new_things_take_the_place_of_the_last(hub):
    for slug in ("uno", "dos", "tres"):
        hub.publish(slug)
        hub.take_in()
    assert hub.new == ["tres"]


def test_several_releases_taken_in_at_once_are_new_together_courses_and_the_newest_first(hub):
    hub.publish()
    hub.take_in()
    hub.publish("dos")
    hub.publish(items=FOUR)
    hub.publish("tres")
    hub.take_in()
    assert hub.new == ["tres", "dos", "uno/otra"]
    assert [one.href_id for one in hub.library.catalogue().news(2)] == ["tres", "dos"]


def test_what_left_and_returned_is_not_new(hub):
    hub.publish()
    hub.publish("dos")
    hub.take_in()
    remove_course("uno", hub.repository)
    hub.take_in()
    hub.publish()
    hub.publish("tres")
    hub.take_in()
    assert {one.split("/")[0] for one in hub.new} == {"tres"}


@pytest.mark.parametrize("damage", [b"", b"x" * 5000])
def test_after_a_damaged_catalogue_nothing_is_new(hub, damage):
    hub.publish()
    hub.take_in()
    hub.publish("dos")
    hub.library.path(hub.library.release()).write_bytes(damage)
    hub.take_in()
    assert hub.new == []


def test_a_catalogue_damaged_further_in_does_not_stop_an_import(hub):
    hub.publish()
    hub.take_in()
    path = hub.library.path(hub.library.release())
    data = path.read_bytes()
    path.write_bytes(data[:8192] + b"\xff" * (len(data) - 8192))
    hub.publish("dos")
    hub.take_in()
    assert len(hub.library.catalogue().courses()) == 2
