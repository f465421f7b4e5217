"""Staff accounts that head office makes: who may sign in here beside the hub's own `admin`.

    wanted = plan(state.accounts, {"admin": None, "rosa": "scrypt:…"})     # pure
    carry_out(wanted)                                                      # within the caller's transaction

An account made here is never touched. A password that its owner chose here stays until head office tells another one.
Whoever's password changes, or whose account goes, is signed out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hub.technician.links import ADMINISTRATOR
from hub.technician.models import StaffSession, Technician

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wire.state import Account

# What passwords.py makes, and nothing else: a hash names its own cost, and this box computes it.
HASH = re.compile(r"scrypt:32768:8:1\$[A-Za-z0-9]{8,64}\$[0-9a-f]{128}")
TAKEN = "account {0}: this hub has one of that name that head office did not make; take another name."
TWICE = "account {0}: it is named twice; take another name for one of them."
BAD_HASH = "account {0}: its password is kept in a way that this hub does not know; update the hub's software."


class Plan(NamedTuple):
    """Hashes by name of accounts to make or to give another password, names of those to remove, and what won't do."""

    make: dict[str, str]
    change: dict[str, str]
    remove: set[str]
    troubles: list[str]


def plan(told: Iterable[Account], here: Mapping[str, str | None]) -> Plan:
    """What is to be done, if `here` are the accounts by name, each with the hash that head office told of it last."""
    wanted: dict[str, str] = {}
    named: set[str] = set()
    troubles = []
    for account in told:
        name = account.name.strip().lower()
        wrong = _wrong_with(name, account.password, named, here)
        if wrong:
            troubles.append(wrong.format(name))
        else:
            wanted[name] = account.password
        named.add(name)
    return Plan(
        make={name: hashed for name, hashed in wanted.items() if name not in here},
        change={name: hashed for name, hashed in wanted.items() if here.get(name) not in (None, hashed)},
        remove={name for name, hashed in here.items() if hashed is not None and name not in named},
        troubles=troubles,
    )


def _wrong_with(name: str, hashed: str, named: set[str], here: Mapping[str, str | None]) -> str | None:
    if name in named:
        return TWICE
    if name == ADMINISTRATOR or here.get(name, "") is None:
        return TAKEN
    return None if HASH.fullmatch(hashed) else BAD_HASH


def known() -> dict[str, str | None]:
    """The accounts here, each with the hash that head office told of it last; None of one that was made here."""
    return {row.name: row.told for row in Technician.select()}


def carry_out(wanted: Plan) -> None:
    """Do it, within the caller's transaction. The sessions of an account go with it (see migration 0004)."""
    Technician.delete().where(Technician.name.in_(wanted.remove)).execute()
    for name, hashed in wanted.change.items():
        Technician.update(password=hashed, told=hashed).where(Technician.name == name).execute()
    changed = Technician.select(Technician.id).where(Technician.name.in_(list(wanted.change)))
    StaffSession.delete().where(StaffSession.technician.in_(changed)).execute()
    for name, hashed in wanted.make.items():
        Technician.create(name=name, password=hashed, told=hashed)
