"""The index that search asks, within a catalogue: what goes in, and how a query is put to it.

    index = Index(connection)
    index.add((7, None), "El precio justo", "Cuánto cuesta", ["lo que vendes", ...])     # in the order of the library
    index.finish()
    search(connection, "presio justos", 20)                                              # [(7, None)]

Three indexes, each of what the one before holds and more: titles, with summaries, with all text. A query asks them in
turn, so what matches in titles comes first, and within an index what comes first in the library. SQLite walks an
index in the order of its places, so twenty results cost the same whether forty or all hundred thousand match; ranking
by relevance (bm25) would have to look at all of them. Folded words alone are stored, and of each only where it is, not
how often (FTS5's detail=none): a byte or two for a word of a text.

The last word may be the beginning of one, and gathering all that begins with it is what takes long. For one to three
letters FTS5 has an index of beginnings (https://sqlite.org/fts5.html, "Prefix Indexes"); from four on the words that
begin so are few, and are looked up and asked for by name.
"""

from __future__ import annotations

import html
import re
from itertools import chain, islice
from typing import TYPE_CHECKING

from content_cache.folding import endings, fold, fold_word, words
from content_cache.quizzes import decode_quiz

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

INDEXES = ("in_titles", "in_summaries", "in_texts")
SCHEMA = "".join(
    f"CREATE VIRTUAL TABLE {name} USING fts5"
    "(words, content='', columnsize=0, detail=none, tokenize='ascii', prefix='1 2 3');"
    for name in INDEXES
)
SCHEMA += """
CREATE TABLE vocabulary (word TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE places (place INTEGER PRIMARY KEY, course INTEGER, item INTEGER);
"""
INDEXED = 3  # letters of the beginnings that have an index
MOST_BEGUN = 200  # words asked for by name
MOST_WORDS = 12  # of a query; what follows is not looked at
MOST_OF_A_TEXT = 20_000  # different words of one text, so that no text takes all memory
TAGS = re.compile(r"<[^>]*>")
TARGETS = re.compile(r"\]\([^)]*\)")


class Index:
    """Fills the tables of SCHEMA."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        for name in INDEXES:
            # Words wait in memory until they fill this many bytes (1 MB, if nothing is said).
            connection.execute(f"INSERT INTO {name} ({name}, rank) VALUES ('hashsize', 262144)")  # noqa: S608

    def add(self, what: tuple[int | None, int | None], title: str, summary: str, texts: Iterable[str]) -> None:
        """Put in the next course or item, `what` it is by number. `texts` are read piece by piece."""
        query = "INSERT INTO places (course, item) VALUES (?, ?)"
        place = self._connection.execute(query, what).lastrowid
        found: dict[str, None] = {}
        for name, pieces in zip(INDEXES, ((title,), (summary,), texts), strict=True):
            before = len(found)
            for word in chain.from_iterable(map(fold, pieces)):
                found[word] = None
                if len(found) >= MOST_OF_A_TEXT:
                    break
            # What adds no word is in the index before, which is asked first.
            if len(found) > before:
                self._connection.execute(
                    f"INSERT INTO {name} (rowid, words) VALUES (?, ?)",  # noqa: S608
                    (place, " ".join(found)),
                )

    def finish(self) -> None:
        """Make each index one piece, which is quicker to ask, and list the words."""
        for name in INDEXES:
            self._connection.execute(f"INSERT INTO {name} ({name}) VALUES ('optimize')")  # noqa: S608
            self._connection.execute(f"CREATE VIRTUAL TABLE temp.words_{name} USING fts5vocab('main', '{name}', 'row')")
            query = f"INSERT OR IGNORE INTO vocabulary SELECT term FROM words_{name} WHERE length(term) > ?"  # noqa: S608
            self._connection.execute(query, (INDEXED,))
            self._connection.execute(f"DROP TABLE temp.words_{name}")


def search(connection: sqlite3.Connection, query: str, most: int) -> list[tuple[int | None, int | None]]:
    """The first courses and items that match `query`, by number, at most so many: by title, summary, text."""
    places = _places(connection, _expression(connection, query), most)
    row = "SELECT course, item FROM places WHERE place = ?"
    return [connection.execute(row, (place,)).fetchone() for place in places]


def _places(connection: sqlite3.Connection, expression: str, most: int) -> list[int]:
    found: dict[int, None] = {}
    for name in INDEXES if expression else ():
        query = f"SELECT rowid FROM {name} WHERE {name} MATCH ? ORDER BY rowid"  # noqa: S608
        for (place,) in connection.execute(query, (expression,)):
            if len(found) == most:
                break
            found[place] = None
    return list(found)


def _expression(connection: sqlite3.Connection, query: str) -> str:
    """`query` as FTS5 takes it: all words must be there, the last perhaps begun. Empty if nothing can match."""
    asked = list(islice(filter(fold_word, words(query)), MOST_WORDS))
    if not asked:
        return ""
    begun = " OR ".join(one for beginning in endings(asked[-1]) for one in _begun(connection, beginning))
    whole = [f'"{word}"' for word in dict.fromkeys(map(fold_word, asked[:-1]))]
    return " AND ".join([*whole, f"({begun})"]) if begun else ""


def _begun(connection: sqlite3.Connection, beginning: str) -> list[str]:
    """What to ask for so that words are found that begin so."""
    if len(beginning) <= INDEXED:
        return [f'"{beginning}"*']
    query = "SELECT word FROM vocabulary WHERE word BETWEEN ? AND ? ORDER BY word LIMIT ?"
    rows = connection.execute(query, (beginning, beginning + "\U0010ffff", MOST_BEGUN + 1)).fetchall()
    return [f'"{word}"' for (word,) in rows] if len(rows) <= MOST_BEGUN else [f'"{beginning}"*']


def caption_text(lines: Iterable[bytes]) -> Iterator[str]:
    """What is said in WebVTT captions: the lines below each timing up to an empty one, without their markup."""
    spoken = False
    for line in lines:
        if b"-->" in line:
            spoken = True
        elif not line.strip():
            spoken = False
        elif spoken:
            yield html.unescape(TAGS.sub("", line.decode(errors="replace")))


def reading_text(lines: Iterable[bytes]) -> Iterator[str]:
    """What is to read in Markdown, without the addresses behind links."""
    return (TARGETS.sub("]", line.decode(errors="replace")) for line in lines)


def quiz_text(lines: Iterable[bytes]) -> Iterator[str]:
    """What a quiz asks."""
    return (question.prompt for question in decode_quiz(b"".join(lines)).questions)


# By the type of a file, for files that have words.
TEXTS = {"text/vtt": caption_text, "text/markdown": reading_text, "application/json": quiz_text}
