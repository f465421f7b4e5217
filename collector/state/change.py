"""Changes to what a hub is told, each from the state that whoever makes it has seen (see store.py).

    set_settings(hub, 7, {"daily-mb": "20", "hours": ""}, office)       # 8
    add_account(hub, 8, "Rosa", office)                                 # Added(number=9, password="k7qm-…")
    remove_account(hub, 9, "rosa", office)                              # 10

Each raises Outdated if somebody else was faster, NotPossible for what no hub would take, BadRecord for what is too
long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from collector.state.draft import with_account, with_settings, without_account
from collector.state.fields import checked
from collector.state.passwords import account_name, hash_password, new_password
from collector.state.store import current, save

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from collector.office import Office


class Added(NamedTuple):
    """The state's number, the account, and its password, which nothing here keeps."""

    number: int
    name: str
    password: str


class Whole(NamedTuple):
    """The state's number, and the passwords of accounts that were not there before."""

    number: int
    passwords: dict[str, str]


def set_settings(hub: str, base: int, given: Mapping[str, str], office: Office) -> int:
    """Tell these settings and no others; what is empty is left to the hub."""
    return save(hub, base, with_settings(current(hub).draft, checked(given)), office)


def add_account(hub: str, base: int, name: str, office: Office) -> Added:
    """One more member of staff, with a password of its own."""
    plain, password = account_name(name), new_password()
    draft = with_account(current(hub).draft, plain, hash_password(password))
    return Added(save(hub, base, draft, office), plain, password)


def remove_account(hub: str, base: int, name: str, office: Office) -> int:
    """The account goes, and whoever is signed in with it is signed out."""
    return save(hub, base, without_account(current(hub).draft, name), office)


def set_all(
    hub: str, base: int, settings: Mapping[str, str] | None, accounts: Iterable[str] | None, office: Office
) -> Whole:
    """Tell these settings, and have these accounts; None leaves them as they are. New accounts get passwords."""
    draft, passwords = current(hub).draft, {}
    if settings is not None:
        draft = with_settings(draft, checked(settings))
    if accounts is not None:
        wanted = {account_name(name) for name in accounts}
        known = {account.name for account in draft.accounts}
        for name in known - wanted:
            draft = without_account(draft, name)
        for name in sorted(wanted - known):
            passwords[name] = new_password()
            draft = with_account(draft, name, hash_password(passwords[name]))
    return Whole(save(hub, base, draft, office), passwords)
