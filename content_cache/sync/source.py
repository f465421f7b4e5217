"""Where content comes from: a folder or stick, or any HTTP server, read in small pieces from any byte on.

    source = FolderSource(Path("/media/stick/repository"))
    source = HttpSource("https://content.example/repository", session, gate)
    for piece in source.read("o/0f3a…", start=65_536): ...

Nothing here is believed: who reads checks hashes. A source only promises to say in a sentence why it cannot give more:
`Absent` if the file is not there, `SourceError` if the source cannot be reached, broke off or answers nonsense, and
`Refused` if the gate (the uplink's budget) says no. What came before the error has been handed on.

The links that this is for break every few hundred kilobytes. So bytes are handed on as they come, never gathered:
what a reader got before the cut is its own (a client that waits for 256 KiB pieces never ends on a link that breaks
each 200 KB; measured). Servers that ignore ranges are coped with: what is known already is read again and dropped.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
import zlib
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

import requests
from urllib3.exceptions import HTTPError

from content_cache.errors import Absent, RepositoryError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECE = 16 << 10
SHORT = 2048  # bytes of a "not found" that are read to the end; a new TLS connection costs more
ASKED = 64 << 10  # bytes that a gate is asked for at a time
# Seconds: a satellite modem may need many to get a channel; an answer that stands still for longer is a dead one.
CONNECT, READ = 30.0, 60.0
# Who drips is no better than who is dead: so many bytes must come in so many seconds (2 KB/s is a poor GPRS link).
LEAST, WITHIN = 4096, 240.0
AGENT = "village-hub"
CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/(?:[0-9]{1,15}|\*)")


class Source(Protocol):
    """What files of a repository can be read from. `name` is how people know it, for sentences."""

    name: str

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of the file from `start` up to before `end` (or to its end), in pieces of at most 16 KiB.

        A file that is shorter gives what there is. Raises Absent, SourceError or Refused while it is read, and
        RepositoryError for what is there and is no plain file.
        """
        ...


class Gate(Protocol):
    """Who decides whether bytes may flow: the ledger of the uplink."""

    def ask(self, count: int) -> None:
        """Return if `count` bytes more may flow now; raises Refused with a sentence if not."""
        ...


class Manner(NamedTuple):
    """How to deal with a source: what is gathered in memory, how often what came is made durable, when to try again.

    Up to `direct` bytes need no file of their own until they are whole; others are flushed each `settled` bytes. After
    a break without a byte of progress it is tried again in so many seconds, as often as `patience` has numbers.
    """

    direct: int
    settled: int
    patience: tuple[float, ...]


DISK = Manner(direct=2**20, settled=64 * 2**20, patience=())
LINE = Manner(direct=4096, settled=256 * 2**10, patience=(2.0, 10.0, 30.0))


def manner_of(source: Source) -> Manner:
    """The source's own, or that of a line: what is not known to be cheap is taken to be dear."""
    manner: Manner = getattr(source, "manner", LINE)
    return manner


class OpenGate:
    """Lets everything through."""

    def ask(self, count: int) -> None:
        """Say yes."""


class FolderSource:
    """A repository in a folder: plain files only, since a stick may hold links and devices that lead elsewhere."""

    manner = DISK

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = str(root)

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See Source.read."""
        try:
            number = self._open(path)
            with os.fdopen(number, "rb", buffering=0) as file:
                file.seek(start)
                left = PIECE if end is None else end - start
                while left > 0 and (piece := file.read(min(left, PIECE))):
                    left -= 0 if end is None else len(piece)
                    yield piece
        except OSError as error:
            self._tell(path, error)

    def _open(self, path: str) -> int:
        """Open a plain file, and follow no link on the way to it; a FIFO would hang who opens it otherwise."""
        *folders, name = path.split("/")
        if not all(part not in ("", ".", "..") for part in (*folders, name)):
            raise Absent(f"{self.root} has no {path}; copy the repository again.")
        with contextlib.ExitStack() as stack:
            at = _directory(self.root, None, stack)
            for folder in folders:
                at = _directory(folder, at, stack)
            number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise RepositoryError(f"{self.root}/{path} is not a plain file; copy the repository again.")
        return number

    def _tell(self, path: str, error: OSError) -> NoReturn:
        if isinstance(error, FileNotFoundError) and self.root.is_dir():
            raise Absent(f"{self.root} has no {path}; copy the repository again.") from None
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.EISDIR):
            raise RepositoryError(f"{self.root}/{path} is not a plain file; copy the repository again.") from None
        raise SourceError(
            f"{self.root} cannot be read ({error.strerror}); plug it in again, then start again."
        ) from None


def _directory(name: Path | str, at: int | None, stack: contextlib.ExitStack) -> int:
    """A folder, open until the stack ends; links are followed only in the way to the root, which the caller named."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if at is None else os.O_NOFOLLOW)
    number = os.open(name, flags, dir_fd=at)
    stack.callback(os.close, number)
    return number


def plain_session() -> requests.Session:
    """A session without the machine's proxies and passwords; hubs bring one that counts its bytes instead."""
    session = requests.Session()
    session.trust_env = False
    return session


class HttpSource:
    """A repository at `url`, on any server of static files.

    `ranges` is False once the server was seen to ignore a range: each part of a file then costs all before it.
    """

    def __init__(
        self,
        url: str,
        session: requests.Session | None = None,
        gate: Gate | None = None,
        *,
        timeouts: tuple[float, float] = (CONNECT, READ),
        within: float = WITHIN,
        patience: tuple[float, ...] = LINE.patience,
    ) -> None:
        self.manner = LINE._replace(patience=patience)
        self._url = url.rstrip("/")
        self.name = host(url)
        self.ranges = True
        self._session = session or plain_session()
        self._gate = gate or OpenGate()
        self._timeouts, self._within = timeouts, within

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See Source.read."""
        if end is not None and end <= start:
            return
        self._gate.ask(ASKED if end is None else min(ASKED, end - start))
        try:
            with self._ask(path, start, end) as response:
                yield from self._body(response, path, start, end)
        except (requests.RequestException, HTTPError, OSError, zlib.error) as error:
            raise SourceError(_unreached(self.name, error)) from None

    def _ask(self, path: str, start: int, end: int | None) -> requests.Response:
        headers = {"User-Agent": AGENT, "Accept-Encoding": "identity", "Accept": None, "Connection": None}
        if start or end is not None:
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        return self._session.get(
            f"{self._url}/{path}",
            headers=headers,  # None takes a header of the session out
            timeout=self._timeouts,
            stream=True,
            allow_redirects=False,
        )

    def _body(self, response: requests.Response, path: str, start: int, end: int | None) -> Iterator[bytes]:
        """The bytes asked for out of whatever answer came."""
        if response.status_code == requests.codes.requested_range_not_satisfiable and start:
            return  # the file ends before
        self._refuse_other_answer(response, path)
        pieces = self._metered(response)
        if response.status_code == requests.codes.partial:
            self._refuse_other_range(response, path, start)
            known = 0
        else:
            self.ranges = self.ranges and not start
            known = start
            pieces = _unpacked(pieces) if _is_packed(response) else pieces
        yield from _window(pieces, known, None if end is None else end - start)

    def _metered(self, response: requests.Response) -> Iterator[bytes]:
        """What comes, as it comes: asks the gate ahead of it, refuses who drips, and tells a cut from an end."""
        allowed, came = ASKED, 0
        expected = _length(response)
        pace = _Pace(self._within)
        while expected is None or came < expected:
            if came + PIECE > allowed and (expected is None or expected > allowed):
                self._gate.ask(ASKED if expected is None else min(ASKED, expected - allowed))
                allowed += ASKED
            piece = response.raw.read1(PIECE, decode_content=False)
            if not piece:
                break
            came += len(piece)
            if not pace.holds(len(piece)):
                raise SourceError(f"{self.name} sends next to nothing; it is tried again later.")
            yield piece
        if expected is not None and came < expected:
            raise SourceError(f"The line to {self.name} broke off; it is tried again later.")

    def _refuse_other_answer(self, response: requests.Response, path: str) -> None:
        """Refuse what cannot be the file, each in the words that help most."""
        status = response.status_code
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if status in (403, 404, 410):  # an object store that may not be listed says 403 for what is not there
            if (_length(response) or SHORT + 1) <= SHORT:
                response.raw.read(SHORT, decode_content=False)  # or the connection, and its TLS, would be made anew
            raise Absent(f"{self.name} has no {path} (it answered {status}); check the address, or try again later.")
        if 300 <= status < 400:
            raise SourceError(
                f"A redirect came for {self.name}, as from a hotspot's sign-in page; "
                "sign this link in to its network, or give the address that it leads to."
            )
        if status not in (200, 206):
            raise SourceError(f"{self.name} answered {status}; it is tried again later.")
        if kind in ("text/html", "multipart/byteranges"):
            raise SourceError(
                f"Something between answered for {self.name} with {kind}, as a hotspot's sign-in page or a proxy does; "
                "sign this link in to its network, or check the address."
            )

    def _refuse_other_range(self, response: requests.Response, path: str, start: int) -> None:
        said = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if said is None or int(said[1]) != start or _is_packed(response):
            raise SourceError(f"{self.name} gave another part of {path} than was asked for; it is tried again later.")


class _Pace:
    """Whether bytes come fast enough to go on."""

    def __init__(self, within: float) -> None:
        self._within, self._since, self._came = within, time.monotonic(), 0

    def holds(self, count: int) -> bool:
        self._came += count
        now = time.monotonic()
        if now - self._since < self._within:
            return True
        enough = self._came >= LEAST
        self._since, self._came = now, 0
        return enough


def _length(response: requests.Response) -> int | None:
    said = response.headers.get("Content-Length", "")
    return int(said) if said.isdecimal() and len(said) < 16 else None


def _is_packed(response: requests.Response) -> bool:
    return response.headers.get("Content-Encoding", "identity").strip().lower() != "identity"


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What a proxy packed with gzip although it was asked not to; a piece at a time, however much is in it."""
    gzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
    for piece in pieces:
        waiting = piece
        while waiting and not gzip.eof:
            yield gzip.decompress(waiting, PIECE)
            waiting = gzip.unconsumed_tail


def _window(pieces: Iterator[bytes], known: int, most: int | None) -> Iterator[bytes]:
    """The pieces without the first `known` bytes, and at most `most` of what follows."""
    for piece in pieces:
        new = piece[known:]
        known -= len(piece) - len(new)
        if most is not None:
            new = new[:most]
            most -= len(new)
        if new:
            yield new
        if most == 0:
            return


def host(url: str) -> str:
    """The host of an address, without a password that it may hold."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2] or url


def _unreached(name: str, error: Exception) -> str:
    """Why, as people say it."""
    for kind, why in (
        (requests.exceptions.SSLError, "shows no certificate that is trusted here"),
        (requests.exceptions.ConnectTimeout, "did not answer in time"),
        (requests.exceptions.ReadTimeout, "took too long to answer"),
        (requests.exceptions.ConnectionError, "cannot be reached, or broke off"),
        (requests.exceptions.InvalidURL, "is no address of a server"),
        (zlib.error, "packs what it sends, and wrongly"),
    ):
        if isinstance(error, kind):
            return f"{name} {why}; it is tried again later."
    return f"The line to {name} broke off ({type(error).__name__}); it is tried again later."
