"""What the machine's sensors mean, as checks: for `hub doctor`, the technician's page, `/healthz` and the acceptance.

    machine_checks(settings, clock, library)        # [Check("power", …), Check("storage", …), …]

Where a machine has no such sensor, as a laptop, the check passes and says that it cannot be judged here. On a box, one
that has a name on its own network (HUB_NAME), what must be there and is not fails.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from flask_babel import gettext as _
from peewee import PeeweeException

from hub.acceptance.models import BROKEN, BUSY, CARD, FULL, INTERRUPTED, TESTED, Errand, errand
from hub.box.card import LEAST_READ, LEAST_WRITE, MOST_COMMIT, Findings
from hub.box.heat import heat
from hub.box.memory import memory
from hub.box.orders import outcome
from hub.box.power import is_pi, power
from hub.box.storage import storage
from hub.box.watchdog import watchdog
from hub.health.checks import Check
from hub.i18n import size

if TYPE_CHECKING:
    from content_cache.library import Library
    from hub.box.storage import Storage
    from hub.clock import Clock
    from hub.settings import Settings

HERE_NOT = {"here": False}
MANY = 30  # phones, as many as a class has


def machine_checks(settings: Settings, _clock: Clock, _library: Library) -> list[Check]:
    """All of this module, in the order in which a technician would mend."""
    checks = [check_power(settings), check_heat(settings), check_storage(settings)]
    with suppress(PeeweeException):  # said by the check of the database
        checks.append(check_card(errand()))
    return [*checks, check_memory(settings), check_watchdog(settings), check_wifi(settings)]


def is_box(settings: Settings) -> bool:
    """Whether this is a box in a village, and no laptop."""
    return bool(settings.name)


def check_power(settings: Settings) -> Check:
    """Whether the supply is strong enough, now and since the machine was switched on."""
    found = power(settings.machine, settings.run_folder)
    if found is None:
        if is_pi(settings.machine):
            sentence = _("This Raspberry Pi does not tell its voltage; use a supply of 5.1 V and 3 A.")
        else:
            sentence = _("This machine does not tell how strong its power supply is.")
        return Check("power", True, sentence, HERE_NOT)
    facts = {"low": found.low, "was_low": found.was_low}
    if found.low:
        sentence = _("The voltage is too low; take the hub's own power supply and a short, thick cable.")
        return Check("power", False, sentence, facts)
    if found.was_low:
        sentence = _(
            "The voltage was too low since the hub was switched on; take a stronger power supply or a shorter cable,"
            " then switch it off and on."
        )
        return Check("power", False, sentence, facts)
    return Check("power", True, _("The power supply is strong enough."), facts)


def check_heat(settings: Settings) -> Check:
    """Whether the machine is cooler than where it slows down."""
    found = heat(settings.machine)
    if found is None:
        return Check("heat", True, _("This machine does not tell how hot it is."), HERE_NOT)
    celsius = round(found.celsius)
    facts = {"celsius": celsius, "slowed": found.slowed, "was_slowed": found.was_slowed}
    if found.too_hot:
        sentence = _("It is too hot (%(celsius)d °C); give the hub shade and air on all sides.", celsius=celsius)
        return Check("heat", False, sentence, facts)
    return Check("heat", True, _("It is %(celsius)d °C inside.", celsius=celsius), facts)


def check_storage(settings: Settings) -> Check:
    """Whether what the hub's folder lies on still takes what is written, and how worn it says it is."""
    found = storage(settings.data, settings.machine)
    facts = {
        "kind": found.kind,
        "bytes": found.bytes,
        "worn": found.worn,
        "read_only": found.read_only,
        "errors": found.errors,
        "made": found.made,
    }
    if found.read_only:
        sentence = _("The card can be read and no longer written; copy what is on it, and change it.")
        return Check("storage", False, sentence, facts)
    if found.worn_out:
        sentence = _("The card says that its life is nearly used up; change it before it fails.")
        return Check("storage", False, sentence, facts)
    if found.errors:
        sentence = _("The card had errors (%(count)d); change it.", count=found.errors)
        return Check("storage", False, sentence, facts)
    return Check("storage", True, _well(found), facts)


def _well(found: Storage) -> str:
    names = {
        "card": _("SD card"),
        "emmc": _("Built-in memory"),
        "ssd": _("SSD"),
        "usb": _("USB disk"),
        "disk": _("Hard disk"),
    }
    if found.kind not in names or found.bytes is None:
        return _("What the hub's files lie on does not tell how it fares.")
    about = {"kind": names[found.kind], "size": size(found.bytes)}
    if found.worn is not None:
        used = 10 * (found.worn - 1)
        return _("%(kind)s of %(size)s; %(used)d %% of its life is used.", used=used, **about)
    return _("%(kind)s of %(size)s, without errors.", **about)


def check_card(known: Errand) -> Check:
    """What the last test of the card found; it runs on order, and takes a minute or two."""
    facts: dict[str, object] = {"state": known.card_word or "not tested", "waiting": True}
    if known.step == CARD:
        return Check("card", True, _("The card is being tested."), facts | {"at_work": True})
    found = findings(known) if known.card_word == TESTED else None
    if found is not None:
        return _judged(found)
    ok = known.card_word not in {INTERRUPTED, FULL, BROKEN}
    return Check("card", ok, _why_not_tested(known.card_word), facts)


def _why_not_tested(word: str) -> str:
    sentences = {
        INTERRUPTED: _("The hub went off in the middle of the test; look at the power supply, then test again."),
        FULL: _("Too little is free to test the card; take a larger one, or remove some courses."),
        BROKEN: _("The card took nothing more in the middle of its test; change it."),
        BUSY: _("Courses came in, so the card was not tested; test it once they are here."),
    }
    return sentences.get(word) or _("The card was not tested yet; the check before leaving does it.")


def findings(known: Errand) -> Findings | None:
    """The figures of the last test that went through."""
    try:
        return msgspec.json.decode(known.card, type=Findings) if known.card else None
    except msgspec.MsgspecError:
        return None


def _judged(found: Findings) -> Check:
    facts = {
        "trouble": found.fails,
        "spanned": found.spanned,
        "real": found.real,
        "wrong": found.wrong,
        "write_mb": round(found.write_mb, 1),
        "read_mb": round(found.read_mb, 1),
        "commit_ms": round(found.commit_ms, 1),
    }
    if found.fails:
        return Check("card", False, _trouble(found), facts)
    sentence = _(
        "The card holds what it says, writes %(write)s and reads %(read)s MB a second.",
        write=_figure(found.write_mb),
        read=_figure(found.read_mb),
    )
    return Check("card", True, sentence, facts)


def _trouble(found: Findings) -> str:
    """What is the matter with a card, and what to do."""
    if found.fails == "lies":
        return _(
            "The card is counterfeit: it really holds about %(real)s. Change it; what was written on it may be lost.",
            real=size(found.real or 0),
        )
    if found.fails == "wrong":
        return _(
            "Of %(blocks)d blocks %(wrong)d came back changed; change the card.",
            blocks=found.blocks,
            wrong=found.wrong,
        )
    if found.fails == "slow-write":
        return _(
            "The card writes %(speed)s MB a second, and %(least)d are needed; take one of class 10 and A1.",
            speed=_figure(found.write_mb),
            least=LEAST_WRITE,
        )
    if found.fails == "slow-read":
        return _(
            "The card reads %(speed)s MB a second, and %(least)d are needed; take one of class 10 and A1.",
            speed=_figure(found.read_mb),
            least=LEAST_READ,
        )
    return _(
        "The card takes %(time)d ms to keep one answer, and may take %(most)d; take one of class A1.",
        time=found.commit_ms,
        most=MOST_COMMIT,
    )


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def check_memory(settings: Settings) -> Check:
    """Whether the machine could give some more memory."""
    found = memory(settings.machine)
    if found is None:
        return Check("memory", True, _("This machine does not tell how much memory it has."), HERE_NOT)
    facts = {"total": found.total, "free": found.free}
    if found.short:
        sentence = _("Only %(free)s of memory are left; restart the hub.", free=size(found.free))
        return Check("memory", False, sentence, facts)
    sentence = _("%(free)s of %(total)s memory are free.", free=size(found.free), total=size(found.total))
    return Check("memory", True, sentence, facts)


def check_watchdog(settings: Settings) -> Check:
    """Whether something restarts the machine when it hangs."""
    found, must = watchdog(settings.machine), is_box(settings) or is_pi(settings.machine)
    if found is None:
        if must:
            sentence = _("There is no hardware watchdog, so nobody restarts a hub that hangs; take a board with one.")
        else:
            sentence = _("This machine has no hardware watchdog.")
        return Check("watchdog", not must, sentence, {} if must else HERE_NOT)
    facts = {"fed": found.fed, "by_systemd": found.by_systemd, "seconds": found.seconds}
    if not found.fed:
        sentence = _("The hardware watchdog is not used; set `RuntimeWatchdogSec=15` for systemd, then restart.")
        return Check("watchdog", not must, sentence, facts)
    if found.seconds is None:
        return Check("watchdog", True, _("If the hub hangs, its watchdog restarts it."), facts)
    sentence = _("If the hub hangs, its watchdog restarts it after %(seconds)d s.", seconds=found.seconds)
    return Check("watchdog", True, sentence, facts)


def check_wifi(settings: Settings) -> Check:
    """Whether the network is as it was last told to be."""
    found = outcome(settings, "network")
    if found is None:
        if is_box(settings):
            sentence = _("The hub's Wi-Fi is not set up; give the answers of the visit.")
            return Check("wifi", False, sentence)
        return Check("wifi", True, _("This machine makes no Wi-Fi of its own."), HERE_NOT)
    facts = {"number": found.get("number")}
    if not found.get("ok"):
        sentence = _("The Wi-Fi could not be set up as told, and the one before goes on; give its answer again.")
        return Check("wifi", False, sentence, facts)
    low, high = _phones(found)
    if high and high < MANY:
        sentence = _(
            "The Wi-Fi is set up as told. Its radio carries %(low)d to %(high)d phones at once; for more, plug in a USB"
            " Wi-Fi adapter or an access point on the cable.",
            low=low,
            high=high,
        )
        return Check("wifi", True, sentence, facts | {"phones": high})
    return Check("wifi", True, _("The Wi-Fi is set up as told."), facts)


def _phones(told: dict[str, Any]) -> tuple[int, int]:
    """How many phones the radio of the village's Wi-Fi carries at once, from and to; zeros where nobody knows."""
    try:
        told_of = {one["interface"]: one["clients"] for one in told["radios"]}
        clients = told_of[told["radio"]] or {}
        return int(clients["low"]), int(clients["high"])
    except (KeyError, TypeError, ValueError):
        return 0, 0
