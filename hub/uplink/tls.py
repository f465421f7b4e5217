"""TLS that goes on where the last connection to a host left off, which saves half of what a handshake costs.

    context = context_for(AUTHORITIES, dates=True)      # the same for the whole process
    context.wrap_socket(counted, server_hostname="office.example")

requests and urllib3 never resume. Here each context remembers the session of the last connection to a host and port,
and offers it to the next one (RFC 5077; RFC 8446, section 2.2). A server that refuses it shows its certificate, as to a
stranger, and that is checked as ever: whoever lacks the keys of the session cannot go on with it. A session is taken
when its connection closes, for tickets of TLS 1.3 come with the first answer.

A session is good in its own context only, so one made while the dates of certificates were not checked is never offered
where they are. Whatever a handshake breaks on, its session is forgotten, and each host shows its certificate at least
once a week. Sessions live in memory: a restart begins with a full handshake.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from requests.utils import DEFAULT_CA_BUNDLE_PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.uplink.meter import Meter

    Place = tuple[str, int]

AUTHORITIES = str(DEFAULT_CA_BUNDLE_PATH)  # that may vouch for head office and for hosts of content
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, openssl/x509_vfy.h
MOST = 16  # hosts; a hub knows two or three
LONGEST = 7 * 86_400.0  # seconds since the certificate was shown


class Known(NamedTuple):
    """A session, and when the certificate was shown that it hangs on, in seconds of a clock that only goes forward."""

    session: ssl.SSLSession
    shown: float


class Sessions:
    """The last session with each host and port, of at most MOST of them. Safe for many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.RLock()  # a reader that is let go of closes anywhere
        self._known: OrderedDict[Place, Known] = OrderedDict()

    def of(self, place: Place) -> ssl.SSLSession | None:
        """What to offer there, if anything."""
        with self._lock:
            known = self._known.get(place)
        return known.session if known and self._clock() - known.shown < LONGEST else None

    def keep(self, place: Place, session: ssl.SSLSession, *, resumed: bool) -> None:
        """Offer `session` there next time; if it was `resumed`, no certificate was shown for it."""
        with self._lock:
            known = self._known.pop(place, None)
            if resumed and known is None:  # forgotten meanwhile, so nobody knows how old it is
                return
            self._known[place] = Known(session, known.shown if resumed and known else self._clock())
            if len(self._known) > MOST:
                self._known.popitem(last=False)

    def forget(self, place: Place) -> None:
        """Be a stranger there next time."""
        with self._lock:
            self._known.pop(place, None)


class Context(ssl.SSLContext):
    """Trusts the `authorities` in a file, checks names, and resumes. It wraps counted sockets only (see meter.py)."""

    def __new__(cls, *_: object, **__: object) -> Context:  # noqa: PYI034 (a factory of its own parent's kind)
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, authorities: str, *, dates: bool) -> None:
        self.sessions = Sessions()
        self.minimum_version = ssl.TLSVersion.TLSv1_2
        self.hostname_checks_common_name = False
        self.sslsocket_class = Socket
        self.load_verify_locations(authorities)
        if not dates:
            self.verify_flags |= NO_CHECK_TIME

    def set_alpn_protocols(self, _alpn_protocols: Any) -> None:
        """Nothing: who names no protocol gets HTTP/1.1, and the name costs 50 bytes a connection, tickets included."""

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """As ever, but the handshake goes on from the last one there, if there was one."""
        place = (str(kwargs["server_hostname"]), int(args[0].getpeername()[1]))
        how = {"do_handshake_on_connect": False, "session": self.sessions.of(place)}
        made: Any = super().wrap_socket(*args, **kwargs | how)
        made.begin(args[0].meter, self.sessions, place)
        return made


class Socket(ssl.SSLSocket):
    """A connection that counts for a meter, and leaves its session behind when it closes."""

    _meter: Meter | None = None
    _proven = False

    def begin(self, meter: Meter, sessions: Sessions, place: Place) -> None:
        """Shake hands; a handshake that stalls or fails is counted, and can be cut, as well."""
        self._meter, self._sessions, self._place = meter, sessions, place
        meter.joined(self)
        try:
            self.do_handshake()
        except BaseException:
            sessions.forget(place)
            self.close()
            raise
        self._proven = True

    def _real_close(self) -> None:
        """Of ssl, after the last reader let go, unlike close()."""
        if self._proven and (session := self.session) is not None and _leads_on(session, self.version()):
            self._sessions.keep(self._place, session, resumed=bool(self.session_reused))
        if self._meter is not None:
            self._meter.left(self)
        super()._real_close()  # type: ignore[misc]


def _leads_on(session: ssl.SSLSession, version: str | None) -> bool:
    """Whether a server may know it again: by a ticket, or with TLS 1.2 by its number."""
    return session.has_ticket or (version == "TLSv1.2" and bool(session.id))


@lru_cache(maxsize=8)
def context_for(authorities: str, *, dates: bool) -> Context:
    """The one context of this process that trusts what the file `authorities` holds."""
    return Context(authorities, dates=dates)
