"""What may answer in head office's place, or instead of an answer, in words: pure functions.

    refusal("office.example", 200, {"Content-Type": "text/html"}, b"<html>…")     # a sentence, None if it may do
    unreached("office.example", error)                                            # a sentence

Hotspots that want a sign-in, proxies that read along, cut, pack or keep answers, and a head office that is not well.
Each sentence says what the technician can do about it.
"""

from __future__ import annotations

import json
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEDIA_TYPE = "application/cose"
LONGEST_REPLY = 64 << 10
SIGN_IN = "sign this link in to its network"
# X509_V_ERR_…, openssl/x509_vfy.h
EXPIRED, NOT_YET, OTHER_NAME, OTHER_ADDRESS = 10, 9, 62, 64
NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL"}


def refusal(host: str, status: int, headers: Mapping[str, str], answer: bytes) -> str | None:
    """Why this cannot be head office's answer, in the words that help most."""
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if status != HTTPStatus.OK:
        return _not_well(host, status, kind, answer)
    if len(answer) > LONGEST_REPLY:
        return f"{host} answered more than head office ever does; check its address with `hub setup`."
    if kind != MEDIA_TYPE:
        return (
            f"Something between answered for {host} with {kind or 'no type'}, as a hotspot's sign-in page or a "
            f"proxy does; {SIGN_IN}, or check head office's address with `hub setup`."
        )
    packed = headers.get("Content-Encoding", "identity").strip().lower()
    if packed != "identity":
        return f"A proxy packed what {host} answered ({packed[:20]}); ask whoever runs this link to leave it as it is."
    return None


def _not_well(host: str, status: int, kind: str, answer: bytes) -> str:
    if 300 <= status < 400:
        return f"A redirect came for {host}, as from a hotspot's sign-in page; {SIGN_IN}."
    if status in (HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED):
        return f"The network between wants a sign-in before it lets {host} be reached ({status}); {SIGN_IN}."
    return f"Head office at {host} answered {status}{_reason(kind, answer)}; it is tried again later."


def _reason(kind: str, answer: bytes) -> str:
    """What a refusal in head office's form says, made harmless: it is not signed."""
    if kind != "application/json" or len(answer) > 4096:
        return ""
    try:
        said = json.loads(answer)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    text = "".join(letter for letter in str(said)[:300] if letter.isprintable()).strip().rstrip(".;")
    return f" ({text})" if text else ""


def unreached(host: str, error: Exception) -> str:
    """Why there was no answer at all."""
    if isinstance(error, requests.exceptions.SSLError):
        return _distrusted(host, error)
    for kind, why in (
        (requests.exceptions.ConnectTimeout, "did not answer in time"),
        (requests.exceptions.ReadTimeout, "took too long to answer"),
        (requests.exceptions.ConnectionError, "cannot be reached, or broke off"),
    ):
        if isinstance(error, kind):
            return f"Head office at {host} {why}; it is tried again later."
    return f"The line to head office at {host} broke off ({type(error).__name__}); it is tried again later."


def _distrusted(host: str, error: Exception) -> str:
    """What was wrong with the certificate, or with who should have shown one."""
    cause = next((one for one in _causes(error) if isinstance(one, ssl.SSLError)), None)
    code = getattr(cause, "verify_code", None)
    if code in (EXPIRED, NOT_YET):
        return f"The certificate of {host} is past its dates; tell head office to renew it."
    if code in (OTHER_NAME, OTHER_ADDRESS):
        return (
            f"Who answers for {host} shows a certificate of another name, as a hotspot's sign-in page does; {SIGN_IN}, "
            "or check head office's address with `hub setup`."
        )
    if code is not None:
        return (
            f"Who answers for {host} shows no certificate that this hub trusts, as a hotspot or a proxy that reads "
            f"along does; {SIGN_IN}, or use another one."
        )
    if cause is not None and cause.reason in NO_TLS:
        return f"Who answers for {host} speaks no TLS there, as a hotspot's sign-in page does; {SIGN_IN}."
    return f"The line to head office at {host} broke off before it was safe; it is tried again later."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what requests and urllib3 wrapped in it."""
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return
        yield seen
        inner = [getattr(seen, "reason", None), *seen.args]
        seen = next((one for one in inner if isinstance(one, BaseException)), None)


def host_of(url: str) -> str:
    """The host that people know, without what may be secret."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2] or url
