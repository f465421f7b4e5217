"""Who pressed the portal's button: from then on each platform hears for 12 hours that all is well, and stays.

    acceptance = Acceptance(settings.run_folder / "portal.json", Leases(settings.leases_file), clock)
    acceptance.accept("10.44.0.7")      # True: this phone had not accepted before
    acceptance.left("10.44.0.7")        # 43200.0 seconds
    acceptance.save()                   # called every few seconds; writes if there is news

A phone is the MAC of its lease: it may get another address and stays accepted, and who gets its address is asked anew.
Where no lease is known, since the file is lost or not there yet, the address stands for it. Either way the worst that
can happen is that the page is shown once more. MACs are random these days and change from network to network; they
are kept for 12 hours, in memory and in a file of tmpfs that ends with the machine's run, and nowhere else.

It also counts what happened, for the check at the end of a technician's visit: in this process
`acceptance.evidence(since)`, in another one `evidence(settings, clock, since)`.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Struct

from content_cache.durable import make_folder, write_file
from hub.addresses import SETUP_NETWORK, VILLAGE_NETWORK, address_of, within
from hub.portal.leases import Leases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from hub.clock import Clock
    from hub.settings import Settings

VILLAGE, SETUP = ip_network(VILLAGE_NETWORK), ip_network(SETUP_NETWORK)
HOURS_12 = 12 * 3600.0  # seconds
MOST = 10_000  # phones, and addresses; beyond, those that accepted longest ago are asked again
MOST_EVENTS = 500  # of each kind
LARGEST = 4 << 20  # bytes of the file

Kind = Literal["probe", "page", "accepted", "online"]
KINDS: tuple[Kind, ...] = ("probe", "page", "accepted", "online")
Short = Annotated[str, Meta(max_length=64)]
Value = TypeVar("Value")
log = logging.getLogger(__name__)


class Held(NamedTuple):
    """What is known of an address: the MAC that it belonged to ("" if that was not known), and until when."""

    mac: str
    until: float


class _File(Struct):
    """`phones` and `addresses` end at seconds since the boot; an event is when it was, and the end of a MAC."""

    boot: Short
    phones: Annotated[dict[Short, float], Meta(max_length=MOST)]
    addresses: Annotated[dict[Short, tuple[Short, float]], Meta(max_length=MOST)]
    events: dict[Kind, Annotated[list[tuple[float, Annotated[str, Meta(max_length=2)]]], Meta(max_length=MOST_EVENTS)]]


class Evidence(NamedTuple):
    """What happened on the village's Wi-Fi since a moment, at most MOST_EVENTS of each; `leases` is how many there are.

    `phones` are the last two digits of the MACs that accepted, for a technician to tell hers.
    """

    leases: int
    probes: int
    pages: int
    accepted: int
    online: int
    phones: tuple[str, ...]


class Acceptance:
    """One for each web process; its methods may be called from any thread."""

    def __init__(self, path: Path, leases: Leases, clock: Clock) -> None:
        self.path, self.leases, self._clock = path, leases, clock
        self.on_accepted: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._phones: OrderedDict[str, float] = OrderedDict()
        self._addresses: OrderedDict[str, Held] = OrderedDict()
        self._events: dict[Kind, deque[tuple[float, str]]] = {kind: deque(maxlen=MOST_EVENTS) for kind in KINDS}
        self._news = self._failing = False
        self._load()

    def left(self, address: str) -> float:
        """Seconds for which the phone at `address` is still accepted; 0 if it has to press the button."""
        now, mac = self._clock.since_boot(), self._phone(address)
        with self._lock:
            held = self._addresses.get(address, Held("", 0.0))
            if not mac:
                return max(held.until - now, 0.0)
            until = self._phones.get(mac, 0.0)
            if until <= now < held.until and not held.mac:  # it accepted before its lease could be read
                until = held.until
            if until > now and held != (mac, until):
                self._hold(address, mac, until)
            return max(until - now, 0.0)

    def accept(self, address: str, *, counts: bool = True) -> bool:
        """For 12 hours from now; returns whether it is news. A technician's phone is accepted and not counted."""
        new = not self.left(address)
        mac = self._phone(address)
        with self._lock:
            self._hold(address, mac, self._clock.since_boot() + HOURS_12)
        if counts:
            self.note("accepted", mac[-2:])
        for told in self.on_accepted if new and counts else ():
            told()
        return new

    def note(self, kind: Kind, end: str = "") -> None:
        """Count that a probe was sent to the portal, that one heard "online", or that the page was shown."""
        self._events[kind].append((round(self._clock.since_boot(), 2), end))
        self._news = True

    def evidence(self, since: float) -> Evidence:
        """What happened from second `since` of this boot on."""
        return _count(self.leases, {kind: tuple(events) for kind, events in self._events.items()}, since)

    def save(self) -> None:
        """Write what is new to the file; a full tmpfs costs a second press after a restart, no more."""
        if not self._news:
            return
        self._news = False
        with self._lock:
            events = {kind: list(events) for kind, events in self._events.items()}
            addresses = {address: (held.mac, held.until) for address, held in self._addresses.items()}
            content = _File(self._clock.boot_id, dict(self._phones), addresses, events)
            data = msgspec.json.encode(content)
        try:
            make_folder(self.path.parent)
            write_file(self.path, data, mode=0o600)
            self._failing = False
        except OSError as error:
            if not self._failing:
                log.warning("Who accepted the portal could not be written to %s (%s).", self.path, error)
            self._failing = self._news = True

    def _phone(self, address: str) -> str:
        """The MAC behind it; "" on the setup network: a technician who pressed the button there is to see the village's
        portal as well, also with a phone that has one MAC for all networks.
        """
        return "" if within(address_of(address), [SETUP]) else self.leases.mac(address)

    def _hold(self, address: str, mac: str, until: float) -> None:
        self._news = True
        if mac:
            _put(self._phones, mac, until)
        _put(self._addresses, address, Held(mac, until))

    def _load(self) -> None:
        known = _read(self.path, self._clock)
        if known is None:
            return
        latest = self._clock.since_boot() + HOURS_12
        self._phones.update((mac, min(until, latest)) for mac, until in known.phones.items())
        self._addresses.update((at, Held(mac, min(until, latest))) for at, (mac, until) in known.addresses.items())
        for kind, events in known.events.items():
            self._events[kind].extend(events)


def evidence(settings: Settings, clock: Clock, since: float) -> Evidence:
    """The same as the web process wrote it some seconds ago, for other programs; needs the right to read its file."""
    known = _read(settings.run_folder / "portal.json", clock)
    return _count(Leases(settings.leases_file), known.events if known else {}, since)


def _count(leases: Leases, events: Mapping[Kind, Iterable[tuple[float, str]]], since: float) -> Evidence:
    found = {kind: [end for at, end in those if at >= since] for kind, those in events.items()}
    probes, pages, accepted, online = (found.get(kind, []) for kind in KINDS)
    phones = tuple(end for end in accepted if end)
    return Evidence(leases.count(VILLAGE), len(probes), len(pages), len(accepted), len(online), phones)


def _read(path: Path, clock: Clock) -> _File | None:
    """What the file says of this boot; None if it is not there, of another boot, or anything else."""
    try:
        with path.open("rb") as file:
            found = msgspec.json.decode(file.read(LARGEST), type=_File)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        log.warning("%s cannot be read (%s); phones see the portal once more.", path, type(error).__name__)
        return None
    return found if found.boot == clock.boot_id else None


def _put(those: OrderedDict[str, Value], key: str, value: Value) -> None:
    """As the newest; the oldest go beyond MOST."""
    those[key] = value
    those.move_to_end(key)
    while len(those) > MOST:
        those.popitem(last=False)
