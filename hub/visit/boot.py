"""What a box does at each start before anything else (`hub first-boot`, as the hub's own user).

    done = first_boot(settings, clock)
    done.console        # what the screen shows: how a technician comes in
    done.result         # what became of hub-setup.toml, in two languages; None if there was none

The first time it makes all that is the box's own: keys, the Wi-Fi's name, passwords, the first order for the network.
Each further time it finds that there, mends what a power cut left half done, and looks whether the card brings answers.
It is nobody on its machine: what lies on the card comes and goes by root's hands (card.py), through HUB_RUN.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from flask_babel import gettext as _
from msgspec import Struct

from content_cache.durable import make_folder, write_file
from hub.addresses import CABLE_ADDRESS, SETUP_ADDRESS
from hub.carry.kit import BadKit, take_kit
from hub.db import writing
from hub.i18n import speaking
from hub.site import sealing_key, signing_key, this_site
from hub.technician.claim import has_administrator
from hub.technician.door import PATH
from hub.technician.passwords import hash_password
from hub.visit.answers import BadAnswer, WiFiAnswer, refuse_same_name
from hub.visit.card import ANSWERS, KIT, NOTE, Note
from hub.visit.file import BadFile, read_answers
from hub.visit.keep import keep, keep_kit, next_part, set_password, told
from hub.visit.models import note_visit, visit
from hub.visit.network import ask, ask_again
from hub.visit.own import own_wifi

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.clock import Clock
    from hub.settings import Settings
    from hub.visit.answers import Answers

LANGUAGES = ("es", "en")


class Outcome(Struct, frozen=True):
    """What became of the file on the card: whether it holds, and the sentence in each language."""

    ok: bool
    sentences: list[str]


class Brought(NamedTuple):
    """What root brought from the card."""

    answers: bytes | None
    kit: bytes | None

    @property
    def mark(self) -> str:
        """What tells it from anything else."""
        return hashlib.sha256((self.answers or b"") + b"\0" + (self.kit or b"")).hexdigest()


def first_boot(settings: Settings, clock: Clock) -> Note:
    """Do what is due at this start, and leave a note for root. Raises HubError."""
    this_site()
    signing_key(settings.keys)
    sealing_key(settings.keys)
    own_wifi(settings)
    brought = Brought(_handed_over(settings, ANSWERS), _handed_over(settings, KIT))
    outcome = take_brought(brought, settings, clock)
    if visit().number == 0:
        ask(settings, "setup", clock)
    else:
        ask_again(settings)
    note = Note(
        console=in_both(lambda: console_text(settings)),
        network=in_both(lambda: network_text(settings)),
        result="\n".join(outcome.sentences) + "\n" if outcome else None,
        taken=hashlib.sha256(brought.answers or b"").hexdigest() if outcome and outcome.ok else None,
    )
    make_folder(settings.run_folder)
    write_file(settings.run_folder / NOTE, msgspec.json.encode(note), mode=0o600)
    return note


def _handed_over(settings: Settings, name: str) -> bytes | None:
    """What root brought from the card; it is gone from where root laid it once it was read."""
    path = settings.run_folder / name
    try:
        data = path.read_bytes()
    except OSError:
        return None
    with suppress(OSError):
        path.unlink()
    return data


def take_brought(brought: Brought, settings: Settings, clock: Clock) -> Outcome | None:
    """Make what the card brought hold, all of it or nothing; None if it brought nothing."""
    if brought == Brought(None, None):
        with writing():
            note_visit(file=None)  # the same file may be meant again
        return None
    if visit().file == brought.mark:  # the power failed before root had removed it
        return Outcome(ok=True, sentences=in_each(_taken))
    try:
        site = this_site()
        answers = read_answers(brought.answers or b"", {name for name in (site.name, site.code) if name})
        _hold(answers, brought, settings, clock)
    except BadFile as error:
        wrong = error
        return Outcome(ok=False, sentences=in_each(lambda: wrong.say() + " " + _("Nothing was changed.")))
    return Outcome(ok=True, sentences=in_each(_taken))


def _taken() -> str:
    return _("The answers were taken. The file was removed from the card, since passwords stood in it.")


def _hold(answers: Answers, brought: Brought, settings: Settings, clock: Clock) -> None:
    """In one transaction, but for a kit, which is safe to take twice; raises BadFile with everything as it was."""
    administrator = answers.administrator
    try:
        refuse_same_name(answers.wifi or WiFiAnswer(), own_wifi(settings))
    except BadAnswer as error:
        raise BadFile(None, error.say) from None
    hashed = hash_password(administrator.password) if administrator else ""
    site = None
    if brought.kit is not None and not (answers.office and answers.office.code):
        try:
            site = take_kit(brought.kit, settings, clock)
        except BadKit as error:
            raise BadFile(None, error_of_kit(error)) from None
    with writing():
        for part in ("office", "place", "wifi", "uplink"):
            answer = getattr(answers, part)
            if answer is not None:
                keep(part, answer)
        if site is not None:
            keep_kit(site)
        if administrator is not None:
            set_password(administrator.name, hashed)
        note_visit(file=brought.mark)
    ask(settings, "village" if next_part(told()) is None else "setup", clock)


def error_of_kit(error: BadKit) -> Callable[[], str]:
    """The sentence of a kit that is no good, as the pages say it."""
    from hub.carry.routes import bad_kit

    return lambda: bad_kit(error.word)


def console_text(settings: Settings) -> str:
    """What the screen shows. A screen may be a projector before a class: no password once there is an administrator."""
    if has_administrator():
        own = own_wifi(settings).setup
        return _(
            "Set up: join %(name)s (its password is on the label), or plug in a cable, and open http://%(address)s "
            "or http://%(cable)s",
            name=own.name,
            address=SETUP_ADDRESS + PATH,
            cable=CABLE_ADDRESS + PATH,
        )
    return network_text(settings)


def network_text(settings: Settings) -> str:
    """How to come in."""
    own = own_wifi(settings).setup
    return _(
        "Set up: join the Wi-Fi %(name)s with the password %(password)s and open http://%(address)s; "
        "or plug a cable into a laptop and open http://%(cable)s",
        name=own.name,
        password=own.password,
        address=SETUP_ADDRESS,
        cable=CABLE_ADDRESS,
    )


def in_each(say: Callable[[], str]) -> list[str]:
    """What `say` says, in each language of ours."""
    said = []
    for language in LANGUAGES:
        with speaking(language):
            said.append(say())
    return said


def in_both(say: Callable[[], str]) -> str:
    """The same as lines of one text."""
    return "\n".join(in_each(say)) + "\n"
