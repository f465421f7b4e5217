"""A word is found however one hears it, and stays apart from words that sound otherwise."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from content_cache.folding import LONGEST, endings, fold, words

ALIKE = [
    "ahorrar aorrar AHORRAR",
    "vender bender",
    "celular selular celulár",
    "zapato sapato",
    "queso keso",
    "guisado gisado guizado",
    "lluvia yuvia llubia",
    "niño nino ninos niñós",
    "gente jente",
    "huevo guevo webo",
    "whatsapp guatsap guasap wasap watsap WhatsApp",
    "excelente exelente ecselente",
    "experiencia esperiencia",
    "lección leccion leksion lecciones",
    "cliente clientes",
    "luz luces lus",
    "lápiz lapices lapis",
    "mes meses",
    "interés intereses",
    "día dias",
    "ley leyes lei",
    "precio precios presio",
    "pingüino pinguino",
    "hierba yerba ierba",
    "enviar embiar",
    "psicología sicologia",
    "conocer conoser",
    "llave yave",
    "hay ahí ay",
    "mujer mujeres muger",
    "web webs",
    "skill skills",
    "photo foto",
    "k'iin k\u2019iin kiin",
    "don't dont",
]
APART = [
    "gusto justo",
    "caro carro",
    "casa caza2",
    "peso beso",
    "año año2",
    "cosa coca",
    "ella era",
    "tela tele",
    "10 100",
]


@pytest.mark.parametrize("line", ALIKE)
def test_words_that_sound_alike_are_one(line):
    assert len(fold(line)) == 1, [fold(word) for word in line.split()]


@pytest.mark.parametrize("line", APART)
def test_words_that_sound_otherwise_stay_apart(line):
    assert len(fold(line)) == 2


def test_a_text_is_its_different_words_without_marks():
    assert fold("¿Cuánto cuesta? ¡Cuesta 20 pesos, (cuanto)!") == ["kuanto", "kuesta", "20", "peso"]
    assert fold("") == fold("¿? h H") == []


@pytest.mark.parametrize(
    "text", ["selling business online", "the quick brown fox", "customer service", "marketing", "日本語 привет"]
)
def test_words_of_other_languages_are_found_by_themselves(text):
    for word in text.split():
        assert fold(word)[0] in fold(text)
    assert len(fold(text)) == len(text.split())


@pytest.mark.parametrize(
    ("begun", "whole"),
    [
        ("c", "celular"),
        ("c", "costo"),
        ("ce", "celular"),
        ("lec", "lecciones"),
        ("lecc", "lecciones"),
        ("leccio", "leccion"),
        ("g", "guisado"),
        ("g", "gasto"),
        ("gu", "guisado"),
        ("q", "queso"),
        ("ll", "lluvia"),
        ("hu", "huevo"),
        ("cliente", "clientes"),
        ("clientes", "cliente"),
        ("luces", "luz"),
        ("ahor", "ahorro"),
        ("aor", "ahorro"),
        ("y", "yerba"),
        ("w", "whatsapp"),
        ("che", "cheque"),
    ],
)
def test_a_word_begun_leads_to_the_whole_one(begun, whole):
    assert any(fold(whole)[0].startswith(one) for one in endings(begun))


def test_a_beginning_asks_for_nothing_twice():
    assert endings("cliente") == ["klient"]
    assert endings("c") == ["k", "s"]
    assert endings("h") == []
    assert endings("zzzz") == []


@given(st.text(max_size=60))
@example("İ ß ﬁ ½ ª ² ǆ")
@settings(max_examples=300, deadline=None)
def test_any_text_folds_to_plain_words(text):
    for word in fold(text):
        assert re.fullmatch(r"[^\W_]+", word)
        assert not re.search(r"[A-Z]", word)
        assert len(word) <= 2 * LONGEST
    assert fold(text) == fold(text.upper().lower()) or not text.isascii()
    for word in words(text):
        assert all(one for one in endings(word))


@pytest.mark.timeout(30)  # what grows with the square of such a text takes hours
@pytest.mark.parametrize(
    "text", ["a" * 10_000, "ll" * 100_000, "c" * 1_000_000, "' " * 500_000, "ch" * 20 + " " * 10**6]
)
def test_no_text_takes_long(text):
    assert len(fold(text)) <= len(text)
