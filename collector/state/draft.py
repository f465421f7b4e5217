"""What a hub is told, before it has a number: pure rules over plain values.

A draft is changed whole and never in place; whoever saves it gives it the next number (see store.py):

    with_account(draft, "rosa", hashed)         # NotPossible if there is one of that name
    with_answer(draft, digest, "again", "Send it again.", number=8, running=7)
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from collector.errors import NotPossible
from wire.state import Account, Answered, Subject

MOST_ANSWERS = 128
ADMINISTRATOR = "admin"  # the account that each hub has of its own
TAKEN = "There is an account called {0} already; take another name, or remove that one first."
OURS = "Each hub has an account {0} of its own, which head office does not touch; take another name."
UNHEARD = "The hub has not heard {0} answers yet; give this one after its next upload."


class Sent(Struct, frozen=True):
    """An answer, and the number of the first state that it stands in."""

    number: int
    answer: Answered


class Draft(Struct, frozen=True, kw_only=True):
    """All but hub and number of what wire/state.py says."""

    settings: Annotated[dict[str, str], Meta(max_length=64)] = {}
    accounts: tuple[Account, ...] = ()
    answers: tuple[Sent, ...] = ()
    revoked: tuple[Subject, ...] = ()


def with_settings(draft: Draft, settings: dict[str, str]) -> Draft:
    """The draft with these settings and no others."""
    return msgspec.structs.replace(draft, settings=settings)


def with_account(draft: Draft, name: str, hashed: str) -> Draft:
    """The draft with one more member of staff. Raises NotPossible."""
    if name == ADMINISTRATOR:
        raise NotPossible(OURS.format(name))
    if any(account.name == name for account in draft.accounts):
        raise NotPossible(TAKEN.format(name))
    return msgspec.structs.replace(draft, accounts=(*draft.accounts, Account(name, hashed)))


def without_account(draft: Draft, name: str) -> Draft:
    """The draft without the account of that name, whether there was one or not."""
    return msgspec.structs.replace(draft, accounts=tuple(row for row in draft.accounts if row.name != name))


def with_answer(draft: Draft, answer: Answered, *, number: int, running: int) -> Draft:
    """The draft with `answer` in the place of an earlier one to the same subject, first told by the state `number`.

    A hub that runs the state `running` has done what stands in it, so where there is no room its oldest answers go.
    The same word told once more gets another sentence, for a hub does what changed. Raises NotPossible.
    """
    before = next((row.answer for row in draft.answers if row.answer.subject == answer.subject), None)
    if answer == before:
        answer = msgspec.structs.replace(answer, sentence=f"{answer.sentence[:280]} ({number})")
    kept = [row for row in draft.answers if row.answer.subject != answer.subject]
    while len(kept) >= MOST_ANSWERS:
        heard = next((row for row in kept if row.number <= running), None)
        if heard is None:
            raise NotPossible(UNHEARD.format(len(kept)))
        kept.remove(heard)
    return msgspec.structs.replace(draft, answers=(*kept, Sent(number, answer)))
