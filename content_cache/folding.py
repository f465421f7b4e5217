"""Words as they sound: text and query are folded the same way, so that a word is found however one hears it.

    fold("¡Celulares nuevos!")     # ["selular", "nuebo"]
    fold("selular nuebo")          # ["selular", "nuebo"]
    endings("cel")                 # ["sel"]: what a word begins with of which "cel" was typed

Many who search here have written little. In Mexican Spanish h is silent, b and v are one sound, so are s, z and c
before e or i, ll and y, qu and k, g before e or i and j; accents are left out as often as not. Folding writes each
sound in one way (the idea of phonetic keys, as in Soundex or Metaphone, but vowels stay, so that little is mixed up).
Plurals lose their ending. English words and those of other languages are folded by the same rules: they look odd, and
are found all the same, since nothing but folded words is ever compared.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 40  # letters of a word that count
WORDS = re.compile(r"[^\W_]+")
MARKS = re.compile("[\u0300-\u036f]")  # accents, once taken apart from their letters
APOSTROPHES = re.compile(r"(?<=\w)['’ʼ](?=\w)")  # noqa: RUF001 (as in don't, k'iin)

# In this order: each rule sees what those before it left.
SOUNDS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"ch", "\x01"),  # one sound, kept apart until h is gone
        (r"^ps", "s"),
        (r"ph", "f"),
        (r"^hu(?=[aeio])|w", "gu"),  # huevo, guevo; whatsapp, guatsap
        (r"h", ""),
        (r"qu(?=[ei])|q", "k"),
        (r"gu(?=[ei])|g(?=[eiy])", "j"),  # guisado, gisado; gente, jente
        (r"xc(?=[eiy])", "x"),
        (r"s?c(?=[eiy])|z", "s"),
        (r"cs|x(?![bcdfgkpqt])", "ks"),
        (r"x", "s"),  # experto, esperto
        (r"c", "k"),
        (r"v", "b"),
        (r"n(?=[bp])", "m"),
        (r"ll(?=[aeiou])|^i(?=[aeou])", "y"),  # lluvia, yuvia; hierba, yerba
        (r"y(?![aeiou])", "i"),
        (r"ts", "s"),
        (r"([bdfgjklmnpst])\1+", r"\1"),
        ("\x01", "ch"),
    )
]
# A plural and its word end alike after this: lecciones, leccion; luces, luz; clientes, cliente.
ENDING = re.compile(r"(?<=[^s])s$|(?<=[^aeiou])e$")
SHORTEST = 4  # letters of a word that may lose its ending


def fold(text: str) -> list[str]:
    """The words of `text`, folded, each once; ASCII letters and digits, or letters of another script."""
    return [word for word in dict.fromkeys(map(fold_word, words(text))) if word]


def words(text: str) -> Iterator[str]:
    """The words of `text` in small letters without accents, the ñ an n."""
    plain = unicodedata.normalize("NFKD", APOSTROPHES.sub("", text)).lower()
    return (word[0][:LONGEST] for word in WORDS.finditer(MARKS.sub("", plain)))


def endings(word: str) -> list[str]:
    """What folded words begin with that begin with `word`, one of `words`: the next letter may change how it sounds."""
    found = {_sound(word), fold_word(word), *(_sound(word + vowel)[:-1] for vowel in "ae")} - {""}
    found = {one for one in found if 2 * len(one) >= len(word)}  # "zzz" is no beginning of all that begins with s
    return sorted(one for one in found if not any(one != other and one.startswith(other) for other in found))


@functools.lru_cache(maxsize=4096)
def fold_word(word: str) -> str:
    """One word of `words`, folded; empty if it has no sound."""
    sound = _sound(word)
    while len(sound) >= SHORTEST and (shorter := ENDING.sub("", sound)) != sound:
        sound = shorter
    return sound[:-1] + "i" if sound.endswith("y") else sound


def _sound(word: str) -> str:
    for pattern, sound in SOUNDS:
        word = pattern.sub(sound, word)
    return word
