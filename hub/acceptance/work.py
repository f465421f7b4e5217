"""What the worker does for a check: it calls head office, tests the card, and reads some of the files back.

    order(ALL); stop()                                      # on the page
    look(settings, clock, library, stopping)                # in the worker: whether there was anything to do

An order is taken off before it is carried out: a box whose power supply gives in under the load of the test must not
begin it anew at each start. Each step ends within minutes, and within a second of `stop`.
"""

from __future__ import annotations

import dataclasses
import random
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import msgspec

from content_cache.durable import make_folder
from content_cache.errors import Busy
from content_cache.room import alone
from hub.acceptance.models import (
    ALL,
    BROKEN,
    BUSY,
    CALL,
    CARD,
    FILES,
    FULL,
    INTERRUPTED,
    STOPPED,
    TESTED,
    errand,
    note,
)
from hub.box.card import run
from hub.box.freespace import FreeSpace
from hub.box.power import watch
from hub.content.models import note as note_content
from hub.db import writing
from hub.downlink.apply import apply
from hub.errors import HubError, NoSpace
from hub.locks import InUse
from hub.uplink.deliver import deliver
from hub.uplink.seal import roll_up

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from content_cache.library import Library
    from content_cache.records import Blob
    from hub.clock import Clock
    from hub.settings import Settings

LOOK_EVERY, TELL_EVERY = 0.5, 2.0  # seconds between two looks whether to stop, and between two notes of how far it is
WAIT_FOR = 60.0  # seconds for content that is coming in, or an upload that is under way
READ_FOR = 40.0  # seconds of reading files back
READ_MOST = 2_000_000_000  # bytes of them


class Stopped(Exception):
    """The technician, or the end of the program, stopped it."""


def order(wanted: str) -> None:
    """Have the worker begin within seconds: ALL, or the CARD alone."""
    note(wanted=wanted, stop=False)


def stop() -> None:
    """Have it end within a second."""
    note(wanted="", stop=True)


def look(settings: Settings, clock: Clock, library: Library, stopping: threading.Event) -> bool:
    """Carry out what was ordered; whether there was anything."""
    known = errand()
    if known.step:  # nobody is at it but us: it was cut off
        note(step="", **({"card_word": INTERRUPTED} if known.step == CARD else {}))
    if not known.wanted:
        return bool(known.step)
    _Errand(settings, clock, library, stopping).run(known.wanted)
    return True


class _Errand:
    def __init__(self, settings: Settings, clock: Clock, library: Library, stopping: threading.Event) -> None:
        self._settings, self._clock, self._library, self._stopping = settings, clock, library, stopping
        self._looked = self._told = time.monotonic()

    def run(self, wanted: str) -> None:
        steps: tuple[tuple[str, Callable[[], None]], ...] = (
            (CALL, self._call),
            (CARD, self._test_card),
            (FILES, self._read_files),
        )
        note(wanted="", step=CALL)
        try:
            for name, step in steps:
                if wanted in {ALL, name}:
                    note(step=name, done=0, total=0)
                    step()
        except Stopped:
            pass
        finally:
            note(step="", stop=False)

    def _call(self) -> None:
        """Tell head office of today, though it is not over, so that its answer to a first summary is seen."""
        error = None
        try:
            self._deliver()
        except HubError as trouble:
            error = str(trouble)
        now = self._clock.moment()
        note(called_boot=now.boot, called_seconds=now.seconds, call_error=error)

    def _deliver(self) -> None:
        settings = dataclasses.replace(self._settings, seal_open_days=True)
        if self._clock.now() is None:  # its answer tells the time, without which there is no day
            self._send(settings)
        roll_up(settings, self._clock, self._library)
        self._send(settings)
        apply(settings, self._clock)

    def _send(self, settings: Settings) -> None:
        """Now, or once the upload that is under way has ended."""
        self._once_free(InUse, lambda: deliver(settings, self._clock, self._library, self._stopping, urgent=True))

    def _once_free(self, taken: type[Exception], act: Callable[[], object]) -> None:
        """Do it as soon as it no longer raises `taken`, if that is within a minute; else that is raised."""
        until = time.monotonic() + WAIT_FOR
        while True:
            try:
                act()
            except taken:
                if time.monotonic() > until:
                    raise
                self._stopping.wait(LOOK_EVERY)
                self._go_on(None, None)
            else:
                return

    def _test_card(self) -> None:
        word, card = TESTED, None
        try:
            card = self._card()
        except Stopped:
            self._note_card(STOPPED, None)
            raise
        except NoSpace:
            word = FULL
        except Busy:
            word = BUSY
        except OSError:  # a disk that takes no more in the middle of the test
            word = BROKEN
        self._note_card(word, card)

    def _card(self) -> str:
        """The findings as JSON. Content waits meanwhile, or it would find the disk full. Raises Busy beside it."""
        most = self._settings.card_test_mb * 1_000_000
        make_folder(self._settings.data)
        with ExitStack() as stack:
            self._once_free(Busy, lambda: stack.enter_context(alone(self._library)))
            space = stack.enter_context(FreeSpace(self._settings.data, keep=self._settings.reserve_bytes, most=most))
            return msgspec.json.encode(run(space, self._go_on)).decode()

    def _note_card(self, word: str, card: str | None) -> None:
        now = self._clock.moment()
        note(card_word=word, card=card, card_boot=now.boot, card_seconds=now.seconds)

    def _read_files(self) -> None:
        """Read blobs in any order, for as long as a technician waits; what changed is set aside, and comes again."""
        store, began = self._library.store, time.monotonic()
        blobs = self._some(list(store))
        files = count = damaged = 0
        total = sum(blob.size for blob in blobs)
        for blob in blobs:
            if not store.verify(blob.sha256, after=self._pause) and blob.sha256 in store.damaged():
                damaged += 1
                with writing():
                    note_content(wanted=True)
            files, count = files + 1, count + blob.size
            self._go_on(count, total)
            if time.monotonic() - began > READ_FOR:
                break
        now = self._clock.moment()
        note(files=files, bytes=count, damaged=damaged, files_boot=now.boot, files_seconds=now.seconds)

    def _some(self, blobs: list[Blob]) -> list[Blob]:
        """Some of them, drawn anew each time, of READ_MOST bytes at most."""
        random.SystemRandom().shuffle(blobs)
        some, left = [], READ_MOST
        for blob in blobs:
            if blob.size <= left:
                some.append(blob)
                left -= blob.size
        return some

    def _pause(self, _count: int) -> None:
        self._go_on(None, None)

    def _go_on(self, done: int | None, total: int | None) -> None:
        """Look whether to stop, and at the voltage while the machine works hard; tell how far it is."""
        if self._stopping.is_set():
            raise Stopped
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY:
            self._looked = now
            watch(self._settings.machine, self._settings.run_folder)
            if errand().stop:
                raise Stopped
        if done is not None and now - self._told >= TELL_EVERY:
            self._told = now
            note(done=done, total=total)
