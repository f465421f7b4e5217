"""What villagers search for is found: by title first, however it is spelt, in what is said, written and asked."""

import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from content_cache import building, searching
from content_cache.catalogue import MOST_FOUND, Catalogue
from content_cache.errors import MissingPart
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.searching import Index, caption_text, reading_text
from tests.simulators.repository import course_entry, file_of, item_line, make_repository, write_head

VTT = b"""WEBVTT - palabra

NOTE calabaza
ciruela

STYLE
::cue { color: red }

manzana
00:00.000 --> 00:02.000 align:start
<v Lupita>Hoy <i>cuen</i>tas tus <00:00:01.000>frascos &amp; tapas

2
00:02.000 --> 00:04.000
-Cada moneda
cuenta
"""
QUIZ = b'{"questions":[{"prompt":"Which orchard?","choices":["walnut","b"],"correct":[1]}]}'


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


@pytest.fixture
def catalogue(library: Library, tmp_path: Path) -> Catalogue:
    """Two courses; the second has a film with captions, a reading and a quiz."""
    root = tmp_path / "repository"
    first = course_entry(
        root,
        "costos",
        1,
        [named(root, "uno", 2, "Tus costos", "Lo que gastas"), named(root, "dos", 3, "Precio y costo")],
    )
    film = {
        "item": "film",
        "number": 5,
        "kind": "video",
        "title": "Ahorrar",
        "summary": "Para tus costos",
        "seconds": 90,
        "files": [
            file_of(root, "main", "film.mp4", "video/mp4", b"x"),
            file_of(root, "captions", "film.es.vtt", "text/vtt", VTT, language="es"),
        ],
    }
    text = "# Huerto\n\nSiembra [maíz](https://example.org/zanahoria) y *frijol*, a buen costo.\n".encode()
    reading = item_line(root, "huerto", 6, text) | {"title": "El huerto"}
    quiz = {
        "item": "q",
        "number": 7,
        "kind": "quiz",
        "title": "Preguntas",
        "files": [file_of(root, "main", "q.json", "application/json", QUIZ)],
    }
    second = course_entry(root, "ahorro", 4, [film, reading, quiz])
    write_head(root, [second, first])
    import_repository(root, library)
    return library.catalogue()


def named(root: Path, slug: str, number: int, title: str, summary: str = "") -> dict[str, object]:
    return item_line(root, slug, number, title.encode()) | {"title": title, "summary": summary}


def ids(catalogue: Catalogue, query: str, limit: int = 20, offset: int = 0) -> list[str]:
    return [found.href_id for found in catalogue.search(query, limit=limit, offset=offset)]


def test_titles_come_first_then_summaries_then_the_rest_each_in_the_library_s_order(catalogue):
    assert ids(catalogue, "costos") == [
        "costos",
        "costos/uno",
        "costos/dos",
        "ahorro",  # whose topic is costos
        "ahorro/film",
        "ahorro/huerto",
    ]


def test_what_was_found_says_what_it_is(catalogue):
    (film,) = catalogue.search("ahorrar", limit=1)
    assert (film.kind, film.title, film.summary, film.language) == ("video", "Ahorrar", "Para tus costos", "es-MX")
    assert (film.href_id, film.course_title, film.seconds) == ("ahorro/film", "ahorro", 90)
    course = catalogue.search("ahorro", limit=1)[0]
    assert (course.kind, course.href_id, course.course_title, course.seconds) == ("course", "ahorro", "", 90)


@pytest.mark.parametrize("query", ["AHORRAR", "aorrar", "ahorrár", "¡ahorrar!", "aorra", "ahorrars"])
def test_spelling_case_accents_plurals_and_an_unfinished_word_are_forgiven(catalogue, query):
    assert ids(catalogue, query) == ["ahorro/film"]


def test_all_words_must_be_there_and_all_but_the_last_whole(catalogue):
    assert ids(catalogue, "precio cost") == ["costos/dos"]
    assert ids(catalogue, "prec costo") == []
    assert ids(catalogue, "ahorrar costos") == ["ahorro/film"]
    assert ids(catalogue, "ahorrar precio") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("cuentas frascos", ["ahorro/film"]),
        ("tapas moneda", ["ahorro/film"]),
        ("maíz frijoles", ["ahorro/huerto"]),
        ("orchard", ["ahorro/q"]),
        ("walnut", []),
        ("lupita", []),
        ("calabaza", []),
        ("ciruela", []),
        ("manzana", []),
        ("palabra", []),
        ("zanahoria", []),
    ],
)
def test_what_is_said_written_and_asked_is_found_and_marks_are_not(catalogue, query, found):
    assert ids(catalogue, query) == found


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        '"',
        "'",
        "*",
        "(",
        "NEAR(",
        "a AND",
        "OR OR",
        "NOT",
        "words:",
        "-",
        "^x",
        "\0",
        "h",
        "h hh",
        "%",
        "x" * 10_000,
        '" OR "a',
        "\ud800",
        "🙂",
    ],
)
def test_signs_and_operators_are_just_words(catalogue, query):
    assert ids(catalogue, query) == []


def test_words_that_are_operators_elsewhere_are_looked_for(library, tmp_path):
    lines = [named(tmp_path / "r", "uno", 2, "NOT AND OR"), named(tmp_path / "r", "dos", 3, "near")]
    write_head(tmp_path / "r", [course_entry(tmp_path / "r", "c", 1, lines)])
    import_repository(tmp_path / "r", library)
    assert ids(library.catalogue(), "or and not") == ["c/uno"]
    assert ids(library.catalogue(), "NEAR") == ["c/dos"]


def test_words_beyond_the_twelfth_are_not_looked_at(catalogue):
    assert ids(catalogue, "ahorrar " * 12 + "nada") == ["ahorro/film"]
    assert ids(catalogue, "ahorrar " * 11 + "nada") == []


def test_pages_of_results_follow_each_other_and_end(library, tmp_path):
    lines = [
        named(tmp_path / "r", f"l-{index}", index + 2, f"Costo {index % 2}", "costo extra") for index in range(1100)
    ]
    write_head(tmp_path / "r", [course_entry(tmp_path / "r", "c", 1, lines)])
    import_repository(tmp_path / "r", library)
    catalogue = library.catalogue()
    everything = ids(catalogue, "costo", limit=5000)
    assert everything == [f"c/l-{index}" for index in range(MOST_FOUND)]
    assert [one for offset in range(0, 1200, 100) for one in ids(catalogue, "costo", 100, offset)] == everything
    extras = ids(catalogue, "costo 1 ext", limit=5000)
    assert extras == [f"c/l-{index}" for index in range(1, 1100, 2)]
    assert ids(catalogue, "costo 1 ext", limit=50, offset=540) == extras[540:]


def test_a_beginning_of_more_words_than_are_asked_by_name_is_found(library, tmp_path, monkeypatch):
    lines = [named(tmp_path / "r", f"l-{index}", index + 2, f"palabra{index}") for index in range(200)]
    write_head(tmp_path / "r", [course_entry(tmp_path / "r", "c", 1, lines)])
    import_repository(tmp_path / "r", library)
    for most in (200, 5):
        monkeypatch.setattr(searching, "MOST_BEGUN", most)
        assert len(ids(library.catalogue(), "palab", limit=300)) == 200


def test_many_threads_search_one_catalogue(catalogue):
    wrong = []

    def ask():
        for _ in range(50):
            answer = len(ids(catalogue, "costo")), ids(catalogue, "maiz")
            wrong.extend([answer] if answer != (6, ["ahorro/huerto"]) else [])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@given(st.text(max_size=40) | st.text(alphabet='aeh ñ"*()-:^ANDORT\0', max_size=40))
@example('a"b')
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_breaks_the_search(catalogue, query):
    assert set(ids(catalogue, query)) <= {
        "costos",
        "ahorro",
        "costos/uno",
        "costos/dos",
        "ahorro/film",
        "ahorro/huerto",
        "ahorro/q",
    }


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", []),
        (b"\xff\xfe --> \n\xff\n", ["\ufffd\n"]),
        (b"00:00.000 --> 00:01.000\r\nHola\r\n\r\nno\r\n", ["Hola\r\n"]),
        (b"no cue\nat all\n", []),
        (b"1\n00:00,0 --> 00:01,0\n<c.red>si</c>&lt;\n<no", None),
    ],
)
def test_odd_captions_give_what_they_have(data, said):
    found = list(caption_text(data.splitlines(keepends=True)))
    assert found == said if said is not None else found[0] == "si<\n"


def test_a_link_s_address_is_not_read():
    assert list(reading_text([b"[a](b) c ![d](e f)\n"])) == ["[a] c ![d]\n"]


def test_a_text_of_endless_words_is_read_only_so_far():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(searching.SCHEMA)
    index = Index(connection)
    read = []
    index.add((1, None), "uno", "", (read.append(n) or f"w{n}x" for n in range(10**6)))
    index.finish()
    assert searching.search(connection, "w5x", 3) == [(1, None)]
    assert len(read) == searching.MOST_OF_A_TEXT - len(["uno"])


def test_captions_in_one_endless_line_or_too_large_are_indexed_as_far_as_captions_go(library, tmp_path):
    root = tmp_path / "r"
    long = b"00:00.000 --> 00:01.000\nprimero " + b"x " * 10**5 + b"medio\n" + b"y " * (2**21) + b"\nultimo\n"
    film = {
        "item": "f",
        "number": 2,
        "kind": "video",
        "title": "F",
        "files": [
            file_of(root, "main", "f.mp4", "video/mp4", b"x"),
            file_of(root, "captions", "f.es.vtt", "text/vtt", long, language="es"),
        ],
    }
    write_head(root, [course_entry(root, "c", 1, [film])])
    import_repository(root, library)
    assert [ids(library.catalogue(), word) for word in ("primero", "medio", "ultimo")] == [["c/f"], ["c/f"], []]


def test_an_sqlite_without_fts5_is_named(library, tmp_path, monkeypatch):
    monkeypatch.setattr(building.searching, "SCHEMA", searching.SCHEMA.replace("fts5", "none5"))
    with pytest.raises(MissingPart, match="SQLite with FTS5"):
        import_repository(make_repository(tmp_path / "r"), library)
    assert list(library.catalogues.iterdir()) == []


def test_the_index_is_a_small_part_of_the_catalogue(library, tmp_path):
    import_repository(make_repository(tmp_path / "r", items=3000), library)
    assert library.path(library.release()).stat().st_size < 3000 * 1000
