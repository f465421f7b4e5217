"""A quiz is written by hand, published as JSON, and read on a hub that trusts no repository."""

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content_cache.errors import CourseError, RepositoryError
from content_cache.importer import import_repository
from content_cache.library import Library
from content_cache.publisher.publish import publish
from content_cache.publisher.verify import verify_repository
from content_cache.quizzes import BadQuiz, decode_quiz, quiz_json
from content_cache.records import MAX_QUIZ, Question, Quiz
from content_cache.yamlfile import Problems
from tests.content_cache.making import course
from tests.simulators.repository import course_entry, file_of, make_repository, write_head

GOOD = """\
questions:
  - prompt: ¿Cuáles son los tres costos?
    choices: [Uno, "no", 2]
    correct: 2
    feedback: Porque sí
  - prompt: Dos
    choices:
      - a
      -  b  c
    correct: [2, 1]
"""
ITEM = "  - item: preguntas\n    kind: quiz\n    title: Preguntas\n    file: preguntas.yml\n"


def read(tmp_path, text):
    path = tmp_path / "q.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    problems = Problems(path)
    data = quiz_json(path, problems)
    assert (data is None) == bool(len(problems))
    return data, [one.removeprefix(f"{path}, ") for one in problems.sentences()]


def test_a_quiz_becomes_the_same_json_each_time_and_comes_back(tmp_path):
    data, problems = read(tmp_path, GOOD)
    assert problems == []
    assert json.loads(data) == {
        "questions": [
            {
                "prompt": "¿Cuáles son los tres costos?",
                "choices": ["Uno", "no", "2"],
                "correct": [2],
                "feedback": "Porque sí",
            },
            {"prompt": "Dos", "choices": ["a", "b c"], "correct": [1, 2]},
        ]
    }
    assert read(tmp_path, GOOD.replace("\n", "\r\n").replace("[Uno, ", "[ Uno,"))[0] == data
    assert decode_quiz(data).questions[1] == Question(prompt="Dos", choices=("a", "b c"), correct=(1, 2))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("correct: 2", "correct: 4", "line 4: correct is 4, but there are 3 choices. Write which choice is right"),
        ("correct: 2", "correct: 0", "line 4: correct cannot be read ('0'). Write which choice is right"),
        ("correct: 2", "correct: dos", "line 4: correct cannot be read ('dos')."),
        ("correct: 2", "correct: []", "line 4: correct cannot be read."),
        ("    correct: 2\n", "", "line 2: correct is missing. Write which choice is right, counted from 1"),
        ("[Uno, ", "[2, ", "line 3: two choices are the same. Write each choice once."),
        ('[Uno, "no", 2]', "[Uno]", "line 3: choices cannot be read. Write 2 to 8 choices"),
        ('[Uno, "no", 2]', "[a, b, c, d, e, f, g, h, i]", "line 3: choices cannot be read. Write 2 to 8 choices"),
        ("      - a\n", "      - a: b\n", "line 8: choices cannot be read. Write 2 to 8 choices"),
        ("prompt: Dos", "prompt:", "line 6: prompt cannot be read (empty). Write the question in 1 to 1000 letters."),
        ("prompt: Dos", f"prompt: {'x' * 1001}", "line 6: prompt cannot be read ('xxx"),
        (
            "feedback: Porque",
            "porque: Porque",
            "line 5: 'porque' is no field. Remove it; fields here are prompt, choices",
        ),
        ("questions:", "question:", "line 1: 'question' is no field. Did you mean questions."),
        ("  - prompt: Dos", "  - Dos\n  - prompt: Dos", "line 6: this is not a question. Write `- prompt: ...`"),
    ],
)
def test_one_mistake_gets_one_sentence_with_its_line_and_mend(tmp_path, old, new, sentence):
    assert old in GOOD
    data, found = read(tmp_path, GOOD.replace(old, new, 1))
    assert data is None
    assert len(found) == 1
    assert found[0].startswith(sentence)
    assert found[0].endswith(".")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1: this is not a quiz. Write `questions:`"),
        ("- a", "line 1: this is not a quiz."),
        ("{}", "line 1: questions is missing."),
        ("questions: []", "line 1: there are 0 questions. Write 1 to 50 of them."),
        ("questions: no", "line 1: questions cannot be read ('no')."),
        ("questions:\n" + "  - {prompt: a, choices: [a, b], correct: 1}\n" * 51, "line 1: there are 51 questions."),
        ("questions: &a [*a]", "line 1: this uses an anchor or alias"),
        (b"\xff", "line 1: this is not UTF-8."),
    ],
)
def test_a_file_that_is_no_quiz_is_refused(tmp_path, text, sentence):
    data, found = read(tmp_path, text)
    assert data is None
    assert found[0].startswith(sentence)


def test_a_quiz_of_the_greatest_size_is_carried_or_said_to_be_too_large(tmp_path):
    one = (
        f"  - prompt: {'ñ' * 1000}\n    choices: [{', '.join(str(n) + 'ñ' * 299 for n in range(8))}]\n    correct: 1\n"
    )
    data, _ = read(tmp_path, "questions:\n" + one * 30)
    assert len(decode_quiz(data).questions) == 30
    assert read(tmp_path, "questions:\n" + one * 50)[1][0].startswith(
        f"line 1: the quiz has more than {MAX_QUIZ} bytes."
    )


@given(
    st.recursive(
        st.none() | st.integers(-2, 9) | st.text(max_size=4),
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(st.sampled_from(["questions", "prompt", "choices", "correct", "x"]), x, max_size=4)
        ),
        max_leaves=12,
    )
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_yaml_breaks_the_reader(tmp_path, value):
    data, found = read(tmp_path, json.dumps({"questions": [value]}))
    assert found or decode_quiz(data)


def test_a_published_quiz_is_served_by_item_and_left_out_of_lists(tmp_path):
    folder = course(tmp_path / "c", items=ITEM)
    (folder / "preguntas.yml").write_text(GOOD)
    publish(folder, tmp_path / "r")
    assert verify_repository(tmp_path / "r").problems == ()
    library = Library(tmp_path / "library")
    import_repository(tmp_path / "r", library)
    item = library.catalogue().item("precio-justo/preguntas")
    assert [question.prompt for question in item.quiz.questions] == ["¿Cuáles son los tres costos?", "Dos"]
    assert (item.file("main").name, item.file("main").mime) == ("preguntas.json", "application/json")
    assert [one.quiz for one in library.catalogue().items("precio-justo")] == [None]


def test_a_quiz_s_problems_name_its_own_file_and_stop_the_publication(tmp_path):
    folder = course(tmp_path / "c", items=ITEM)
    (folder / "preguntas.yml").write_text(GOOD.replace("correct: 2", "correct: 7"))
    with pytest.raises(CourseError) as caught:
        publish(folder, tmp_path / "r")
    (problem,) = caught.value.problems
    assert problem.startswith(f"{folder}/preguntas.yml, line 4: correct is 7")


BAD = [
    b"",
    b"{}",
    b"[]",
    b"\xff",
    b'{"questions":[]}',
    b'{"questions":[{"prompt":"a","choices":["a","b"],"correct":[]}]}',
    b'{"questions":[{"prompt":"a","choices":["a","b"],"correct":[3]}]}',
    b'{"questions":[{"prompt":"a","choices":["a","b"],"correct":[2,1]}]}',
    b'{"questions":[{"prompt":"a","choices":["a","b"],"correct":[1,1]}]}',
    b'{"questions":[{"prompt":" ","choices":["a","b"],"correct":[1]}]}',
    b'{"questions":[{"prompt":"a","choices":["a"],"correct":[1]}]}',
    b'{"questions":' + b"[" * 100_000,
    msgspec.json.encode(Quiz((Question(prompt="a", choices=("a", "b"), correct=(1,)),) * 51)),
    b" " * (MAX_QUIZ + 1),
]


@pytest.mark.parametrize("data", BAD, ids=range(len(BAD)))
def test_a_quiz_that_is_none_refuses_the_whole_release_and_changes_nothing(tmp_path, data):
    with pytest.raises(BadQuiz, match=r"has more than|is no quiz"):
        decode_quiz(data)
    library = Library(tmp_path / "library")
    import_repository(make_repository(tmp_path / "good"), library)
    root = tmp_path / "bad"
    quiz = {
        "item": "q",
        "number": 2,
        "kind": "quiz",
        "title": "Q",
        "files": [file_of(root, "main", "q.json", "application/json", data)],
    }
    write_head(root, [course_entry(root, "c", 1, [quiz])], release=2, format=2)
    with pytest.raises(RepositoryError, match=r"^Quiz [0-9a-f]{64} .*; publish it again\.$"):
        import_repository(root, library)
    assert library.number() == 1
    assert len(list(library.catalogues.iterdir())) == 2
    assert any("quiz" in one or "has more than" in one for one in verify_repository(root).problems)
