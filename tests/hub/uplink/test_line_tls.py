"""Whose word decides about a certificate's dates: the wall clock's, but only while it holds network time."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from hub.uplink import meter, tls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.parametrize("synchronised", [True, False])
def test_dates_are_checked_while_the_kernel_holds_network_time(synchronised: bool, monkeypatch) -> None:
    monkeypatch.setattr(meter, "kernel_is_synchronised", lambda: synchronised)
    with meter.open_session(meter.Meter()) as session:
        asked = requests.Request("GET", "https://office.example/").prepare()
        pool = session.get_adapter("https://").get_connection_with_tls_context(asked, verify=True)
    context = pool.conn_kw["ssl_context"]
    assert bool(context.verify_flags & tls.NO_CHECK_TIME) is not synchronised
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.fixture
def office(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """An address over TLS, and the file with the certificate that vouches for it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "office")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - dt.timedelta(days=9), now - dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    papers = tmp_path / "office.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    papers.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}/", str(papers)
    server.shutdown()
    server.server_close()


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"yes")

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("synchronised", [True, False])
def test_a_certificate_past_its_date_is_taken_only_while_the_clock_is_unsure(
    office: tuple[str, str], synchronised: bool, monkeypatch
) -> None:
    monkeypatch.setattr(meter, "kernel_is_synchronised", lambda: synchronised)
    with meter.open_session(counted := meter.Meter()) as session:
        if synchronised:
            with pytest.raises(requests.exceptions.SSLError):
                session.get(office[0], verify=office[1], timeout=10)
        else:
            assert session.get(office[0], verify=office[1], timeout=10).content == b"yes"
    up, down = counted.read()
    assert 400 < up < 3000, "the handshake counts, also one that failed"
    assert 600 < down < 4000


def test_a_stranger_is_not_believed_however_unsure_the_clock_is(office: tuple[str, str], monkeypatch) -> None:
    monkeypatch.setattr(meter, "kernel_is_synchronised", lambda: False)
    with meter.open_session(meter.Meter()) as session, pytest.raises(requests.exceptions.SSLError):
        session.get(office[0], timeout=10)
