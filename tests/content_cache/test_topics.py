"""Topics: words that people read, and the slug under which courses stand together."""

import pytest

from content_cache.errors import CourseError
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.publish import publish
from content_cache.records import Topic
from content_cache.repository import Repository
from content_cache.topics import topic_slug, topic_title
from tests.content_cache.making import course, unpacked_file
from tests.simulators.repository import entry_of, item_line, write_head


@pytest.mark.parametrize(
    ("words", "slug", "title"),
    [
        ("Ahorro", "ahorro", "Ahorro"),
        ("  Costos  y precios ", "costos-y-precios", "Costos y precios"),
        ("costos-y-precios", "costos-y-precios", "Costos y precios"),
        ("ahorro", "ahorro", "Ahorro"),
        ("Niñez, salud & más", "ninez-salud-mas", "Niñez, salud & más"),
        ("Ventas en línea", "ventas-en-linea", "Ventas en línea"),
        ("¿?", "", "¿?"),
        ("ñ" * 100, "n" * 80, "ñ" * 100),
    ],
)
def test_words_make_a_slug_and_a_slug_makes_words(words, slug, title):
    assert (topic_slug(words), topic_title(words)) == (slug, title)


@pytest.fixture
def library(tmp_path):
    """Five courses of three topics, one of which is spelt in two ways."""
    topics = ["Ahorro y más", "costos-y-precios", "AHORRO Y MAS", "Ventas", "Costos y precios"]
    for index, topic in enumerate(topics):
        folder = course(tmp_path / "courses" / str(index), slug=f"curso-{index}")
        text = (folder / "course.yaml").read_text()
        (folder / "course.yaml").write_text(text.replace("topic: costos-y-precios", f"topic: {topic}"))
    publish(tmp_path / "courses", tmp_path / "r")
    made = Library(tmp_path / "library")
    import_repository(tmp_path / "r", made)
    return made


def test_topics_come_in_the_order_of_their_first_courses_with_their_first_words(library):
    assert library.catalogue().topics() == [
        Topic("ahorro-y-mas", "Ahorro y más", 2),
        Topic("costos-y-precios", "Costos y precios", 2),
        Topic("ventas", "Ventas", 1),
    ]


def test_every_course_of_a_topic_shows_the_same_words(library):
    found = library.catalogue().courses("ahorro-y-mas")
    assert [(one.slug, one.topic, one.topic_title) for one in found] == [
        ("curso-0", "ahorro-y-mas", "Ahorro y más"),
        ("curso-2", "ahorro-y-mas", "Ahorro y más"),
    ]


def test_courses_come_in_pages(library):
    catalogue = library.catalogue()
    slugs = [one.slug for one in catalogue.courses()]
    assert slugs == [f"curso-{index}" for index in range(5)]
    assert [one.slug for one in catalogue.courses(limit=2, offset=3)] == slugs[3:]
    assert [one.slug for one in catalogue.courses("costos-y-precios", limit=1, offset=1)] == ["curso-4"]
    assert catalogue.courses(limit=0) == catalogue.courses("none") == catalogue.courses(offset=5) == []


def test_a_topic_without_a_letter_is_refused_with_its_line(tmp_path):
    folder = course(tmp_path / "c")
    text = (folder / "course.yaml").read_text()
    for topic, what in (("¿?", "topic has no letter from a to z"), ("a b" * 21, "topic cannot be read")):
        (folder / "course.yaml").write_text(text.replace("topic: costos-y-precios", f"topic: {topic}"))
        with pytest.raises(CourseError, match=f"line 6: {what}.*Write the topic in a few words"):
            publish(folder, tmp_path / "r")


def test_a_course_whose_slug_says_its_topic_has_the_manifest_it_had(tmp_path):
    publish(course(tmp_path / "c"), tmp_path / "r")
    entry = Repository(tmp_path / "r").head()[0].courses[0]
    assert b"topic_title" not in unpacked_file(tmp_path / "r", f"m/{entry.manifest}")
    text = (tmp_path / "c" / "course.yaml").read_text()
    (tmp_path / "c" / "course.yaml").write_text(text.replace("costos-y-precios", "Costos y precios"))
    assert not publish(tmp_path / "c", tmp_path / "r").changed


def test_a_repository_of_format_1_is_read_and_its_topics_become_words(tmp_path):
    root = tmp_path / "r"
    first = {"course": "c", "number": 1, "title": "C", "summary": "", "language": "es", "topic": "costos-y-precios"}
    write_head(root, [entry_of(root, "c", 1, [first, item_line(root, "a", 2, b"x")])], format=1)
    library = Library(tmp_path / "library")
    import_repository(root, library)
    (found,) = library.catalogue().courses()
    assert (found.topic_title, found.cover, found.is_new) == ("Costos y precios", None, False)
