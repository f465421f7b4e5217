"""What stands between a hub and head office and answers in its place, or changes what passes: modes of head_office.py."""

from __future__ import annotations

import contextlib
import functools
import gzip
import secrets
import zlib
from typing import TYPE_CHECKING, Any

from wire.errors import BadRecord

if TYPE_CHECKING:
    from tests.simulators.head_office import HeadOffice

PORTAL = b"<html><body>Welcome to Hotel Wi-Fi. Please sign in.</body></html>"
COSE = "application/cose"
MANY = 64 << 20  # bytes of nothing in a bomb, of 64 kB


class Between:
    """For a handler of requests; its own methods `_send`, `_head` and `_reset` put an answer on the wire."""

    def _sign_in(self: Any, office: HeadOffice, body: bytes) -> None:
        """RFC 6585, section 6."""
        self._send(PORTAL, "text/html", 511)

    def _sign_in_to_proxy(self: Any, office: HeadOffice, body: bytes) -> None:
        self._send(b"who are you?", "text/plain", 407)

    def _moved(self: Any, office: HeadOffice, body: bytes) -> None:
        """A redirect that would have the batch sent again, elsewhere (RFC 9110, section 15.4.8)."""
        self._head(0, COSE, 307, Location=f"{office.url}/v1/summaries")

    def _moved_for_good(self: Any, office: HeadOffice, body: bytes) -> None:
        self._head(0, COSE, 308, Location="http://hotel.example/")

    def _page_as_answer(self: Any, office: HeadOffice, body: bytes) -> None:
        """A sign-in page by the name that was asked for."""
        self._send(PORTAL, COSE)

    def _nothing(self: Any, office: HeadOffice, body: bytes) -> None:
        """It is fine, and says no more."""
        self._send(b"", COSE)

    def _no_content(self: Any, office: HeadOffice, body: bytes) -> None:
        self._head(0, COSE, 204)

    def _half_passed_on(self: Any, office: HeadOffice, body: bytes) -> None:
        """Head office gets the first half of the batch."""
        self._honest(office, body[: len(body) // 2])

    def _changed_on_the_way(self: Any, office: HeadOffice, body: bytes) -> None:
        """Head office gets a batch with one bit changed."""
        changed = bytearray(body)
        changed[secrets.randbelow(len(changed))] ^= 1 << secrets.randbelow(8)
        self._honest(office, bytes(changed))

    def _doubled(self: Any, office: HeadOffice, body: bytes) -> None:
        """The batch comes twice, as when a proxy tries again by itself; one answer goes back."""
        office.answer(self.path, body)
        self._honest(office, body)

    def _gzipped(self: Any, office: HeadOffice, body: bytes) -> None:
        """A proxy that packs what nobody asked it to pack."""
        answer = gzip.compress(office.answer(self.path, body))
        self._head(len(answer), COSE, Content_Encoding="gzip")
        self.wfile.write(answer)

    def _bomb(self: Any, office: HeadOffice, body: bytes) -> None:
        """Little on the wire that unpacks to much."""
        self._head(len(_bomb()), COSE, Content_Encoding="gzip")
        self.wfile.write(_bomb())

    def _chunks_for_ever(self: Any, office: HeadOffice, body: bytes) -> None:
        """As fast as they are taken."""
        self._chunked(office, bytes(1000), 0)

    def _chunks_now_and_then(self: Any, office: HeadOffice, body: bytes) -> None:
        """It never ends, yet never stalls for long."""
        self._chunked(office, b"\0", 0.05)

    def _chunked(self: Any, office: HeadOffice, chunk: bytes, pause: float) -> None:
        self._head(None, COSE, Transfer_Encoding="chunked")
        self.close_connection = True
        with contextlib.suppress(OSError):
            while not office.release.wait(pause):
                self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")

    def _headers_for_ever(self: Any, office: HeadOffice, body: bytes) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not office.release.is_set():
                self.wfile.write(b"X-Padding: " + bytes([97]) * 1000 + b"\r\n")

    def _no_http(self: Any, office: HeadOffice, body: bytes) -> None:
        """Something else listens there."""
        self.wfile.write(b"220 mail.hotel.example ESMTP\r\n")
        self._reset()

    def _refused_with_a_page(self: Any, office: HeadOffice, body: bytes) -> None:
        self._send(b"<h1>Blocked: category education</h1>", "text/html", 403)

    def _kept_by_head_office_then_lost(self: Any, office: HeadOffice, body: bytes) -> None:
        """A gateway that gave up waiting after the batch had gone through."""
        with contextlib.suppress(BadRecord):
            office.answer(self.path, body)
        self._send(b"<h1>504 Gateway Time-out</h1>", "text/html", 504)


@functools.cache
def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(2**20)
    return b"".join([*(packer.compress(block) for _ in range(MANY >> 20)), packer.flush()])[: 64 << 10]
