"""The file hub-setup.toml, with which a box is set up without a page: written at home, laid on the card.

    answers = read_answers(data)        # Answers; raises BadFile with one sentence that names the line

It holds the same records as the pages (answers.py), a table for each of the five; what is not in it stays as it was.
docs/operating/hub-setup.toml is a sample with comments. It is judged whole: one wrong line, and nothing of it holds.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import msgspec
from flask_babel import gettext as _

from hub.errors import HubError
from hub.visit.answers import Answers, BadAnswer, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LARGEST = 64 * 1024  # bytes
LONGEST_LINE = 1000  # characters; a name of thousands of parts with dots keeps a small box busy for minutes
AT_LINE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")
TABLE = re.compile(r"\s*\[\s*[\"']?([A-Za-z_-]+)[\"']?\s*\]")
PATH = re.compile(r"`\$\.?([a-z_.]*)`")
FIELD = re.compile(r"field `([^`]*)`")


class BadFile(HubError):
    """A file that is not used; `say` gives the sentence in the reader's language, `line` counts from 1."""

    exit_code = 65

    def __init__(self, line: int | None, say: Callable[[], str]) -> None:
        super().__init__(line)
        self.line, self._say = line, say

    def say(self) -> str:
        """Which line, if one is to blame, and why."""
        if self.line is None:
            return self._say()
        return _("Line %(line)d: %(sentence)s", line=self.line, sentence=self._say())

    def __str__(self) -> str:
        return self.say()


def read_answers(data: bytes, names: Iterable[str] = ()) -> Answers:
    """The answers in `data`, judged. Raises BadFile."""
    text = _text(data)
    try:
        return judge(msgspec.convert(_tables(text), Answers), names)
    except BadAnswer as error:
        raise BadFile(line_of(text, error.part, error.field), error.say) from None
    except msgspec.ValidationError as error:
        raise _misfit(text, str(error)) from None


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        raise BadFile(None, lambda: _("The file is far too long; begin again with the sample."))
    try:
        text = data.decode("utf-8-sig")  # some editors begin each file with a mark of their own
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadFile(line, lambda: _("There are letters here that are not UTF-8; save the file as UTF-8.")) from None
    for number, one in enumerate(text.splitlines(), start=1):
        if len(one) > LONGEST_LINE:
            raise BadFile(number, lambda: _("The file is far too long; begin again with the sample."))
    return text


def _tables(text: str) -> object:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = AT_LINE.search(str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        raise BadFile(
            line,
            lambda: _(
                'This is not written as TOML; compare it with the sample, as in name = "Dzemul", quotes included.'
            ),
        ) from None
    except (ValueError, RecursionError):
        raise BadFile(None, lambda: _("The file cannot be read; begin again with the sample.")) from None


def _misfit(text: str, error: str) -> BadFile:
    """What msgspec says of a value that does not fit, as a sentence with the line."""
    path, field = PATH.search(error), FIELD.search(error)
    part, _dot, key = (path[1] if path else "").partition(".")
    if field and "missing" in error:
        return BadFile(line_of(text, part), lambda: _("%(key)s is missing here.", key=field[1]))
    if field:
        name = "".join(sign for sign in field[1] if sign.isprintable())  # on its way to a terminal and the journal
        line = line_of(text, part, name) if part else line_of(text, name)
        return BadFile(
            line, lambda: _("%(key)s is nothing that can be said here; compare it with the sample.", key=name)
        )
    return BadFile(
        line_of(text, part, key), lambda: _("%(key)s takes another kind of value; see the sample.", key=key or part)
    )


def line_of(text: str, part: str, key: str = "") -> int | None:
    """The line of `key` in the table `part`, or of the table itself, from 1; None if neither can be found."""
    table, of_table = "", None
    wanted = re.compile(rf"\s*(?:{re.escape(part)}\s*\.\s*)?[\"']?{re.escape(key)}[\"']?\s*=") if key else None
    for number, line in enumerate(text.splitlines(), start=1):
        head = TABLE.match(line)
        table = head[1] if head else table
        if head and table == part:
            of_table = number
        elif wanted and wanted.match(line) and (table == part or line.lstrip().startswith(f"{part}.")):
            return number
    return of_table
