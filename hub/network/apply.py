"""`hub network apply`, as root: carries out the newest order, or puts in force again what was.

    outcome = Applier(settings, Path("/"), run).apply()     # Outcome(number=4, ok=True, sentence="…", …)

It runs at boot, when an order comes, when a trial is over, and by hand. An order is decoded anew and judged, rendered
into a folder of its own, checked by the tools, put in force, and kept once the network is up. If that fails, what was
in force before is put back, and the outcome says why in one sentence.

Ended by kill -9 or a power cut, an order is carried out from the start with the next run; the third time it is refused,
and the old stays. A trial's end is systemd's (hub-network-back.timer), so it outlives this process. A power cut ends a
trial as well, since what is kept says `setup`, and one that was ordered before it is not begun after it.

At boot the record in force is put in force again, adapted to the machine there is (rules.adapted). If that fails as
well, the cable alone is made to work, so that a technician can come in.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from content_cache.durable import locked
from hub.box.orders import answer, ordered
from hub.network import render
from hub.network.facts import facts
from hub.network.force import NotUp, lay_out, put_in_force, unblock
from hub.network.hardware import Hardware
from hub.network.keep import Dealt, Keep, Trial, digest, seconds_of_boot
from hub.network.plan import place
from hub.network.radios import emptiest, look
from hub.network.record import BadNetwork, Network, WiFi, decode
from hub.network.rules import adapted, judge, judge_name
from hub.network.share import shared_so_far
from hub.network.tools import check
from hub.network.watch import marks, note_marks, noted

if TYPE_CHECKING:
    from pathlib import Path

    from hub.network.shell import Run
    from hub.settings import Settings

KIND = "network"
TRIAL_SECONDS = 600  # as in hub-network-back.timer
MOST_TRIES = 2
# A USB adapter is there some seconds after boot has come this far.
RADIO_SECONDS = 15.0
BACK = "hub-network-back.timer"
# Where nothing can be put in force, the cable works: a machine as if it had no radio.
BARE = Network(village=WiFi(name="-"), setup=WiFi(name="-"))


class Outcome(Struct, frozen=True):
    """What came of it. `facts` are of the network that is in force now (facts.py)."""

    number: int
    ok: bool
    sentence: str
    facts: dict[str, Any] = {}


class Applier:
    """One run of it. `root` is / but in tests, `run` starts programs."""

    def __init__(self, settings: Settings, root: Path, run: Run) -> None:
        self.settings = settings
        self.run = run
        self.keep = Keep(root)
        self.hardware = Hardware()

    def apply(self) -> Outcome:
        """Do all that is to do, and say what came of it, also where the technician's page looks."""
        self.keep.prepare()
        with locked(self.keep.kept, wait=True):
            self._sweep()
            outcome = self._once()
            # What came meanwhile: systemd starts nothing anew that runs.
            while self._waiting() or self.keep.trial_is_over():
                outcome = self._once()
        return outcome

    def _once(self) -> Outcome:
        self.hardware = self._look()
        waiting = self._waiting()
        try:
            outcome = self._carry_out(waiting) if waiting else self._stand()
        except OSError as error:
            self._say(Outcome(_number(waiting), ok=False, sentence=f"The disk fails ({error}); run `hub doctor`."))
            raise
        self._say(outcome)
        return outcome

    def _say(self, outcome: Outcome) -> None:
        """Where the technician's page looks. That it cannot be said there changes nothing of what was done."""
        with contextlib.suppress(OSError):
            answer(self.settings, KIND, outcome.ok, outcome.sentence, number=outcome.number, **outcome.facts)

    def _waiting(self) -> bytes | None:
        """The order, if it was not dealt with yet."""
        order = ordered(self.settings, KIND)
        dealt = self.keep.dealt()
        return None if order is None or (dealt.done and dealt.digest == digest(order)) else order

    def _starting(self) -> bool:
        """Whether nothing was put in force since the machine started."""
        return not self.keep.current.exists()

    def _look(self) -> Hardware:
        """The machine, once all is there that was before it started, or after a while in which that did not come."""
        unblock(self.keep.root)
        wanted = set(noted(self.keep))
        deadline = time.monotonic() + (RADIO_SECONDS if self._starting() else 0)
        while True:
            found = look(self.keep.root, self._text)
            if (wanted <= set(marks(found)) if wanted else found.radios) or time.monotonic() >= deadline:
                return found
            time.sleep(0.5)

    def _text(self, words: list[str]) -> str:
        done = self.run(words)
        return done.text if done.ok else ""

    # An order

    def _carry_out(self, order: bytes) -> Outcome:
        before, name = self.keep.dealt(), digest(order)
        tries = before.tries + 1 if before.digest == name else 1
        dealt = Dealt(digest=name, number=_number(order), tries=tries)
        self.keep.note_dealt(dealt)
        if tries > MOST_TRIES or (self._starting() and _is_trial(order)):
            return self._refuse(dealt, BadNetwork("This order was cut off before; give the answers again."))
        try:
            sentence = self._put(decode(order))
        except BadNetwork as error:
            return self._refuse(dealt, error)
        return self._dealt(replace(dealt, done=True, ok=True, sentence=sentence), "")

    def _put(self, network: Network) -> str:
        """Put a new record in force and keep it; a sentence that says so."""
        judge_name(self.settings.name)
        judge(network, self.hardware)
        if network.stage == "trial":
            return self._put_on_trial(network)
        self._force(network, self.hardware)
        self._end_trial()
        self.keep.keep_last(network)
        return _sentence(network, self.hardware)

    def _put_on_trial(self, network: Network) -> str:
        until = seconds_of_boot() + TRIAL_SECONDS
        # The way back comes first: whatever becomes of this process, systemd brings the setup network again.
        self.run(["systemctl", "restart", BACK])
        self._force(network, self.hardware)
        self.keep.keep_last(replace(network, stage="setup"))
        self.keep.note_trial(Trial(until, network))
        return _sentence(network, self.hardware)

    def _refuse(self, dealt: Dealt, error: BadNetwork) -> Outcome:
        """The old one keeps running: it was not touched, or is put back."""
        touched = isinstance(error, NotUp) or dealt.tries > 1 or self._starting()
        return self._dealt(replace(dealt, done=True, ok=False, sentence=str(error)), self._back() if touched else "")

    def _dealt(self, dealt: Dealt, more: str) -> Outcome:
        self.keep.note_dealt(dealt)
        words = dealt.sentence if more in dealt.sentence else f"{dealt.sentence} {more}"
        return Outcome(dealt.number, dealt.ok, words, self._facts())

    # What was in force before

    def _stand(self) -> Outcome:
        """Nothing was ordered: put in force again what was. The outcome is the last order's, and what lacks now."""
        dealt, lost, network = self.keep.dealt(), self._back(), self.keep.wanted()
        said = dealt.sentence if dealt.done else "No network was ordered yet."
        if dealt.ok and network:  # said anew, for a trial may be over, or a radio gone
            said = _sentence(adapted(network, self.hardware)[0], self.hardware)
        return Outcome(dealt.number, dealt.ok and not lost, f"{said} {lost}".strip(), self._facts())

    def _back(self) -> str:
        """Put in force what was, adapted to the machine there is; what lacks, in sentences."""
        network = self.keep.wanted()
        if self.keep.running_trial() is None:
            self._end_trial()
        if network is None:
            return self._bare()
        network, lost = adapted(network, self.hardware)
        try:
            self._force(network, self.hardware)
        except NotUp as error:
            return f"{lost} {error}".strip()
        except BadNetwork as error:
            return f"{lost} {error} {self._bare()}".strip()
        return lost

    def _bare(self) -> str:
        """The cable alone, so that somebody can come in; a sentence if even that fails."""
        try:
            self._force(BARE, replace(self.hardware, radios=()))
        except BadNetwork as error:
            return str(error)
        return ""

    # A trial

    def _end_trial(self) -> None:
        if self.keep.trial():
            self.run(["systemctl", "stop", BACK])
            self.keep.note_trial(None)

    # Files

    def _force(self, network: Network, hardware: Hardware) -> None:
        """Render, check and put in force; raises BadNetwork before anything was touched, or NotUp."""
        files = render.files(
            network,
            hardware,
            self.settings.name,
            folder=f"/{self.keep.run.relative_to(self.keep.root)}",
            port=self.settings.port,
            channel=self._channel(network, hardware),
            shared=shared_so_far(self.keep, self.run),
        )
        folder = self.keep.run / f"files-{secrets.token_hex(8)}"
        try:
            lay_out(folder, files)
            check(folder, self.run)
        except BadNetwork:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        note_marks(self.keep, self.hardware)
        put_in_force(self.keep, folder, network, hardware, self.run)

    def _channel(self, network: Network, hardware: Hardware) -> int:
        """The emptiest, as it was when this boot first needed one: a radio that serves cannot listen well."""
        plan = place(network, hardware)
        radio = plan.village_radio or plan.setup_radio
        if network.channel or radio is None:
            return network.channel or render.CHANNELS[1]
        note = self.keep.run / f"channel-{radio.interface}"
        with contextlib.suppress(OSError, ValueError):
            return int(note.read_text())
        self.run(["ip", "link", "set", "dev", radio.interface, "up"])
        channel = emptiest(self._text(["iw", "dev", radio.interface, "scan"]))
        note.write_text(str(channel))
        return channel

    def _sweep(self) -> None:
        """Folders that a killed run left."""
        used = self.keep.current.resolve().name
        for folder in self.keep.run.glob("files-*"):
            if folder.name != used:
                shutil.rmtree(folder, ignore_errors=True)

    def _facts(self) -> dict[str, Any]:
        return facts(self.keep, self.hardware, self.settings.name)


def _record(order: bytes | None) -> Network | None:
    with contextlib.suppress(BadNetwork):
        return decode(order) if order else None
    return None


def _is_trial(order: bytes) -> bool:
    network = _record(order)
    return network is not None and network.stage == "trial"


def _number(order: bytes | None) -> int:
    """The number of an order, 0 if it has none that can be read."""
    network = _record(order)
    return network.number if network else 0


def _sentence(network: Network, hardware: Hardware) -> str:
    plan = place(network, hardware)
    if network.stage == "trial" and not plan.always_both:
        return "The village's network is shown for ten minutes; then the setup network comes back."
    opened = [name for name, there in (("the village's", plan.village), ("the setup", plan.setup)) if there]
    if not opened:
        return "There is no radio and no access point, so the hub is reached by cable alone."
    words = " network and ".join(opened)
    return f"{words[0].upper()}{words[1:]} network {'are' if len(opened) > 1 else 'is'} open."


def as_json_of(outcome: Outcome) -> dict[str, Any]:
    told = asdict(outcome)
    return {**told.pop("facts"), **told}
