"""What this program can say, taken from its own source: all that may leave the box of a log or of an error.

    known = Known.of_program()
    known.told("job upload: Head office was not reached … (it runs again in 900 seconds)")
    # "job upload: Head office was not reached …; … (it runs again in … seconds)"
    known.told("admin Rosa signed in from 10.44.0.7")       # None: the program has no such sentence

A list of what is secret is never complete; the list of our own sentences is. Whatever stood in their gaps is left out,
unless it is such a sentence itself, or a word that the caller allows, such as the name of a job.
"""

from __future__ import annotations

import ast
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

PACKAGES = ("hub", "content_cache", "wire")
GAP = "…"
PLACE = re.compile(r"%\(\w+\)[^a-zA-Z]*[a-zA-Z]|%[-+ #0]*[\d.]*[a-zA-Z]|%%")
LETTERS = 12  # that a sentence must have of its own, or it would fit anything
DEEPEST = 3  # sentences within sentences
LONGEST = 2000  # characters of a text worth reading


class _Sentence(NamedTuple):
    pieces: tuple[str, ...]
    longest: str
    pattern: re.Pattern[str]


class Known:
    """The sentences, and `words` that may stand in their gaps."""

    def __init__(self, sentences: Collection[tuple[str, ...]], words: Collection[str] = ()) -> None:
        self._words = frozenset(words)
        made = [_sentence(pieces) for pieces in set(sentences)]
        self._sentences = sorted(made, key=lambda one: -sum(map(len, one.pieces)))

    @classmethod
    def of_program(cls, words: Collection[str] = ()) -> Known:
        """Reads the source of the packages; some hundred milliseconds."""
        return cls({pieces for path in _sources() for pieces in _pieces_of(path)}, words)

    def told(self, text: str, *, depth: int = 0) -> str | None:
        """`text` with its gaps closed; None if it is no sentence of ours."""
        text = " ".join(text[:LONGEST].split())
        for sentence in self._sentences:
            if sentence.longest in text and (found := sentence.pattern.fullmatch(text)):
                gaps = [self._gap(gap, depth + 1) for gap in found.groups()]
                return "".join(part for pair in zip(sentence.pieces, [*gaps, ""], strict=True) for part in pair)
        return None

    def is_word(self, text: str) -> bool:
        """Whether it is one of the words that the caller allows."""
        return text in self._words

    def _gap(self, text: str, depth: int) -> str:
        if self.is_word(text):
            return text
        return (self.told(text, depth=depth) if depth <= DEEPEST else None) or GAP


def _sentence(pieces: tuple[str, ...]) -> _Sentence:
    return _Sentence(pieces, max(pieces, key=len), re.compile("(.*?)".join(map(re.escape, pieces))))


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            yield from sorted(Path(folder).rglob("*.py"))


def _pieces_of(path: Path) -> Iterator[tuple[str, ...]]:
    """Every text of a source file that is a sentence, cut at its gaps."""
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values]
            text = "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = PLACE.sub(lambda found: "%" if found[0] == "%%" else "\0", node.value)
        else:
            continue
        pieces = tuple(re.sub(r"\s+", " ", text).strip().split("\0"))
        if sum(sign.isalpha() for piece in pieces for sign in piece) >= LETTERS and " " in text.strip():
            yield pieces
