"""Quizzes: questions with choices, written by an editor as YAML, carried as JSON (the words of IMS QTI).

data = quiz_json(Path("preguntas.yaml"), problems)     # at publication; None if there are problems
decode_quiz(data).questions[0].prompt                  # on a hub, which trusts no repository
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from content_cache.records import MAX_QUIZ, Choice, Question, Quiz
from content_cache.yamlfile import Problems, compose, each, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST = 50
MENDS = {
    "questions": "Write `questions:` and below it one `- prompt: ...` for each question",
    "prompt": "Write the question in 1 to 1000 letters",
    "choices": "Write 2 to 8 choices of at most 300 letters, each a text; put one with a colon in quotes",
    "correct": "Write which choice is right, counted from 1, for instance 2, or several as [1, 3]",
    "feedback": "Write why in at most 2000 letters, or leave it out",
}
Position = Annotated[int, Meta(ge=1, le=8)]


class BadQuiz(ValueError):
    """A phrase on what is wrong with a quiz."""


class QuestionDraft(msgspec.Struct, kw_only=True):
    """A question as the editor wrote it."""

    prompt: Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\S")]
    choices: Annotated[list[Choice], Meta(min_length=2, max_length=8)]
    correct: Position | Annotated[list[Position], Meta(min_length=1, max_length=8)]
    feedback: Annotated[str, Meta(max_length=2000)] = ""


class QuizDraft(msgspec.Struct):
    """A quiz as the editor wrote it."""

    questions: list[Any]


def decode_quiz(data: bytes) -> Quiz:
    """The quiz in `data`, which comes from outside; raises BadQuiz."""
    if len(data) > MAX_QUIZ:
        raise BadQuiz(f"has more than {MAX_QUIZ} bytes")
    try:
        return msgspec.json.decode(data, type=Quiz)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise BadQuiz(f"is no quiz ({error})") from None


def quiz_json(path: Path, problems: Problems) -> bytes | None:
    """The quiz that the YAML file `path` holds, as JSON; the same quiz gives the same bytes.

    What is wrong goes to `problems`, which name the quiz's own lines; None comes back then.
    """
    node = compose(path, "a quiz", MENDS["questions"], problems)
    if node is None:
        return None
    _, lines = mapping(node, QuizDraft, MENDS, problems)
    questions = list(_questions(node, problems))
    if "questions" in lines and not (1 <= len(questions) <= MOST or len(problems)):
        problems.add(lines["questions"], f"there are {len(questions)} questions", f"Write 1 to {MOST} of them")
    if len(problems):
        return None
    data = msgspec.json.encode(Quiz(tuple(questions))) + b"\n"
    if len(data) > MAX_QUIZ:
        problems.add(lines["questions"], f"the quiz has more than {MAX_QUIZ} bytes", "Make several quizzes of it")
        return None
    return data


def _questions(node: Any, problems: Problems) -> Iterator[Question]:
    """The questions that can be read; the others have left a problem."""
    for one in each(node, "questions", "a question", "Write `- prompt: ...` and its choices below", problems):
        fields, lines = mapping(one, QuestionDraft, MENDS, problems)
        if fields is not None:
            yield from _question(QuestionDraft(**fields), lines, problems)


def _question(draft: QuestionDraft, lines: dict[str, int], problems: Problems) -> Iterator[Question]:
    choices = tuple(" ".join(choice.split()) for choice in draft.choices)
    correct = sorted({draft.correct} if isinstance(draft.correct, int) else set(draft.correct))
    if len(set(choices)) < len(choices):
        problems.add(lines["choices"], "two choices are the same", "Write each choice once")
    elif correct[-1] > len(choices):
        what = f"correct is {correct[-1]}, but there are {len(choices)} choices"
        problems.add(lines["correct"], what, MENDS["correct"])
    else:
        prompt, feedback = draft.prompt.strip(), draft.feedback.strip()
        yield Question(prompt=prompt, choices=choices, correct=tuple(correct), feedback=feedback)
