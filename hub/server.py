"""The server: waitress, with files sent by the kernel and timeouts that no clock step can move.

    server = HubServer(app, settings)
    server.serve()                      # until stop() is called, from a signal or another thread

What differs from stock waitress, and why:
- A file goes out by `os.sendfile` from the server's own loop, so bytes are never copied through Python.
- 1,000 connections instead of 100, watched with poll(2), since select(2) ends at descriptor 1,024.
- A phone that sends its next request before it has read the last answer gets the first answer and is then
  disconnected (RFC 9112, section 9.3.2 lets it ask again): waitress would let a thread wait for it.
- Where people bring files (`/carry`) a body may be larger than elsewhere, of a few phones at once.
- Idle connections are timed on the monotonic clock. Waitress uses the wall clock, which steps by decades on a box
  that has just learnt the time: every download would be cut, or no idle connection would ever be closed.
"""

from __future__ import annotations

import contextlib
import copy
import errno
import logging
import os
import resource
import socket
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.buffers import ReadOnlyFileBasedBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask

from hub.addresses import ARRIVED_AT
from hub.errors import PortInUse

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from hub.settings import Settings

SEND_AT_MOST = 1 << 20  # bytes for one phone before the loop looks at the next one
SO_MAX_PACING_RATE = 47  # socket(7), Linux; bytes a second, kept by TCP itself (tcp(7) since 4.13)
FOR_MEDIA = 0.75  # of the Wi-Fi; pages and reports have the rest
UNPACED = 2**32 - 1
MEDIA = "/media/"
# Files that people bring (hub/carry/): room for what is too large by mistake as well, so that a sentence can say so.
BROUGHT = {"/carry": 8 << 20}  # bytes
MOST_BRINGING = 8
NEVER = float("inf")
SWEEP_EVERY = 10  # seconds
ENDS_WITHIN = 2.0  # seconds for the answers under way when it is told to stop
JUST_CAME = 0.5  # seconds in which who connects will have asked
SHARE_EVERY = 0.25  # seconds
# Seconds after which a thread that computes lets another run. With Python's own 0.005 a thread that has sent its answer
# often waits that long behind the loop; a busy hub then answered half as many pages (benchmarks/README.md).
TURN = 0.0005
DISCONNECTED = {errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN, errno.ESHUTDOWN, errno.ECONNABORTED, errno.EBADF}


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """Takes bodies of the size that `settings` say, and larger ones where people bring files, a few at once."""

    adj: Adjustments
    bringing: ClassVar[weakref.WeakSet[Parser]] = weakref.WeakSet()

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.path in BROUGHT and len(self.bringing) < MOST_BRINGING:
            self.bringing.add(self)
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = BROUGHT[self.path]


class Task(WSGITask):  # type: ignore[misc]
    """Answers one request, and can tell it at which of the hub's addresses it arrived."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[ARRIVED_AT] = self.channel.socket.getsockname
        return environ


class FileChannel(HTTPChannel):  # type: ignore[misc]
    """One phone's connection."""

    parser_class = Parser
    task_class = Task

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.moved = self.opened = time.monotonic()
        self.answer_now = False
        self.answered = False  # whether it ever was
        self.paced = 0  # bytes a second; 0 when the phone is not held back
        super().__init__(*args, **kwargs)

    def handle_read(self) -> None:
        """Read; a request for media is answered here and now, since that takes no longer than to wake a thread."""
        self.moved = time.monotonic()
        super().handle_read()
        if self.answer_now:
            self.answer_now = False
            self.service()

    def service(self) -> None:
        """Answer one request; what the phone sent ahead of our answer is dropped and the connection closed."""
        with self.requests_lock:
            if len(self.requests) > 1:
                for request in self.requests[1:]:
                    request.close()
                del self.requests[1:]
                self.requests[0].headers["CONNECTION"] = "close"
        self.answered = True
        super().service()

    def sends_file(self) -> bool:
        """Whether a file is on its way to this phone."""
        return any(isinstance(buffer, ReadOnlyFileBasedBuffer) for buffer in tuple(self.outbufs))

    def waits(self) -> bool:
        """Whether somebody waits for an answer here, or has just come; a film that goes out is asked for again."""
        asked = bool(self.requests) or self.request is not None
        just_came = not self.answered and time.monotonic() - self.opened < JUST_CAME
        return asked or just_came or (self.total_outbufs_len > 0 and not self.sends_file())

    def pace(self, rate: int) -> None:
        """Let the kernel send at most `rate` bytes a second."""
        if rate != self.paced:
            with contextlib.suppress(OSError):  # the phone may have just gone
                self.socket.setsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE, rate.to_bytes(4, sys.byteorder))
            self.paced = 0 if rate == UNPACED else rate

    def _flush_some(self, do_close: bool = True) -> bool:
        """Send what the socket takes, at most SEND_AT_MOST bytes; returns whether anything left."""
        total = 0
        while total < SEND_AT_MOST:
            front = self.outbufs[0]
            if front.__len__():
                sent = self._send_front(front, do_close)
                if not sent:
                    break
                self.total_outbufs_len -= sent
                total += sent
            elif len(self.outbufs) > 1:
                self.outbufs.pop(0).close()
            else:
                break
        if total:
            self.moved = time.monotonic()
        return total > 0

    def _send_front(self, front: Any, do_close: bool) -> int:
        if isinstance(front, ReadOnlyFileBasedBuffer):
            return self._send_file(front, do_close)
        sent: int = self.send(front.get(self.sendbuf_len), do_close=do_close)
        if sent:
            front.skip(sent, True)
        return sent

    def _send_file(self, front: ReadOnlyFileBasedBuffer, do_close: bool) -> int:
        """Let the kernel send from the file's position, which moves by what the socket took (sendfile(2))."""
        try:
            sent = os.sendfile(self.socket.fileno(), front.file.fileno(), None, min(front.remain, SEND_AT_MOST))
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno not in DISCONNECTED:
                raise
            if do_close:
                self.handle_close()
            return 0
        if sent == 0:  # the file ended early: the length we promised can no longer be kept
            self.will_close = True
        front.remain -= sent
        return sent


class HubServer(TcpWSGIServer):  # type: ignore[misc]
    """Listens on `settings.host` and `settings.port`; raises PortInUse with a sentence.

    A `listener` that somebody opened for us, as systemd does, is taken in place of these.
    """

    channel_class = FileChannel

    def __init__(self, application: WSGIApplication, settings: Settings, listener: socket.socket | None = None) -> None:
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        _allow_open_files(2 * settings.connections + 200)
        self._stopping = False
        self._loop = 0
        self._idle_timeout = settings.idle_timeout
        self._next_sweep = time.monotonic() + SWEEP_EVERY
        self._next_share = 0.0
        self._media_rate = settings.wifi_mbit * 1e6 / 8 * FOR_MEDIA  # bytes a second, 0 if unknown
        try:
            super().__init__(application, adj=_adjustments(settings), _sock=listener, bind_socket=listener is None)
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL}:
                raise
            reason = os.strerror(error.errno).lower()
            raise PortInUse(
                f"Cannot listen on {settings.host}:{settings.port} ({reason}); "
                "stop the other program or set HUB_PORT to another port."
            ) from None
        self.next_channel_cleanup = NEVER  # waitress's own sweep asks the wall clock

    def serve(self) -> None:
        """Answer until `stop()`; answers under way then get a moment to end."""
        self._loop = threading.get_ident()
        sys.setswitchinterval(TURN)
        while not self._stopping:
            self._turn(SHARE_EVERY if self._media_rate else 1)
        self._answer_who_waits()
        self.task_dispatcher.shutdown(timeout=2)
        wasyncore.close_all(self._map)

    def _answer_who_waits(self) -> None:
        """Let nobody else in, whom the next process finds waiting where systemd holds the port; answer who is in."""
        self.accepting = False
        ends = time.monotonic() + ENDS_WITHIN
        while time.monotonic() < ends and any(channel.waits() for channel in list(self.active_channels.values())):
            self._turn(0.05)

    def _turn(self, seconds: float) -> None:
        """One turn of the loop, which waits for something to do for so long at most."""
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._map, count=1)

    def stop(self, *_signal: object) -> None:
        """End `serve()` soon; fit for a signal handler."""
        self._stopping = True
        with contextlib.suppress(OSError):  # the loop may have seen it by itself, and closed the pipe
            self.trigger.pull_trigger()

    def add_task(self, channel: FileChannel) -> None:
        """Leave media to the loop and everything else, which may wait for the database, to the threads."""
        request = channel.requests[0]
        if request.error is None and request.path.startswith(MEDIA):
            channel.answer_now = True
            self._next_share = 0.0
        else:
            super().add_task(channel)

    def pull_trigger(self) -> None:
        """Wake the loop, unless it is the loop that asks."""
        if threading.get_ident() != self._loop:
            super().pull_trigger()

    def readable(self) -> bool:
        """Called once per turn of the loop: the moment to close what has been idle too long."""
        now = time.monotonic()
        if now >= self._next_sweep:
            self._next_sweep = now + SWEEP_EVERY
            self._close_idle(now - self._idle_timeout)
        if self._media_rate and now >= self._next_share:
            self._next_share = now + SHARE_EVERY
            self._share_the_air()
        return bool(super().readable())

    def _share_the_air(self) -> None:
        """Give each phone that takes media the same part of what media may have; others are not held back."""
        channels = list(self.active_channels.values())
        taking = [channel for channel in channels if channel.sends_file()]
        for channel in channels:
            if channel.paced and not channel.sends_file():
                channel.pace(UNPACED)
        for channel in taking:
            channel.pace(int(self._media_rate / len(taking)))

    def _close_idle(self, since: float) -> None:
        for channel in self.active_channels.values():
            if not channel.requests and channel.moved < since:
                channel.will_close = True


def _adjustments(settings: Settings) -> Adjustments:
    return Adjustments(
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        connection_limit=settings.connections,
        backlog=512,
        asyncore_use_poll=True,
        ident=None,
        max_request_header_size=16 * 1024,
        max_request_body_size=256 * 1024,
        inbuf_overflow=64 * 1024,
        clear_untrusted_proxy_headers=True,
    )


def _allow_open_files(wanted: int) -> None:
    """Each slow phone holds a socket and a file; many systems allow only 1,024 by default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))
