"""TLS goes on where the last connection left off, and is never the worse for it: real sockets, Python's ssl and nginx."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from hub.uplink import meter, tls
from hub.uplink.meter import Meter, open_session
from hub.uplink.tls import LONGEST, MOST, Sessions
from tests.simulators.link import Certificate, abort, make_certificate
from tests.simulators.nginx import Nginx
from tests.town import ROOT, free_port, until

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
BODY = b"yes" * 5000


class Server:
    """Says yes over TLS, and notes of each handshake whether it resumed. `context` counts for the next connection."""

    def __init__(self, certificate: Certificate, version: str = "1.3") -> None:
        self.version, self.reused, self.broken = VERSIONS[version], [], 0
        self.be(certificate)
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}/"

    def be(self, certificate: Certificate) -> None:
        """Answer with `certificate` from now on, and know no session of before, as after a restart."""
        self.context = certificate.context()
        self.context.minimum_version = self.context.maximum_version = self.version

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, told: Server) -> None:
        self.told = told
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        try:
            request = self.told.context.wrap_socket(request, server_side=True)
        except OSError:
            self.told.broken += 1
            raise
        self.told.reused.append(request.session_reused)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that turn away are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def paper(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


@pytest.fixture(autouse=True)
def _sure_of_the_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter, "kernel_is_synchronised", lambda: True)


def ask(url: str, paper: Certificate) -> int:
    """Ask once, as one run of an upload does; gives the bytes that came down."""
    with open_session(counted := Meter()) as session:
        assert session.get(url, verify=str(paper.file), timeout=10).content == BODY
    return counted.read()[1]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_second_connection_resumes_and_costs_less(paper: Certificate, version: str) -> None:
    with Server(paper, version) as server:
        first, second, third = (ask(server.url, paper) for _ in range(3))
    assert server.reused == [False, True, True]
    assert max(second, third) < first - 400, "no certificate crossed"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_refuses_is_met_as_a_stranger_and_resumes_from_then_on(paper: Certificate, version: str) -> None:
    with Server(paper, version) as server:
        ask(server.url, paper)
        server.be(paper)  # it restarted, or its keys are new
        ask(server.url, paper)
        ask(server.url, paper)
    assert server.reused == [False, False, True]
    assert server.broken == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_stops_knowing_tickets_is_met_as_a_stranger(paper: Certificate, version: str) -> None:
    with Server(paper, version) as server:
        ask(server.url, paper)
        server.be(paper)
        server.context.num_tickets, server.context.options = 0, server.context.options | ssl.OP_NO_TICKET
        ask(server.url, paper)
        ask(server.url, paper)
    assert server.reused[:2] == [False, False]
    assert server.broken == 0


@pytest.mark.parametrize(("before", "after"), [("1.2", "1.3"), ("1.3", "1.2")])
def test_a_server_of_another_version_is_met_as_a_stranger(paper: Certificate, before: str, after: str) -> None:
    with Server(paper, before) as server:
        ask(server.url, paper)
        server.version = VERSIONS[after]
        server.be(paper)
        ask(server.url, paper)
    assert server.reused == [False, False]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wrong_certificate_after_a_good_one_is_refused(paper: Certificate, tmp_path: Path, version: str) -> None:
    (tmp_path / "other").mkdir()
    stranger = make_certificate(tmp_path / "other")
    with Server(paper, version) as server:
        ask(server.url, paper)
        server.be(stranger)
        for _ in range(2):
            with pytest.raises(requests.exceptions.SSLError):
                ask(server.url, paper)
        server.be(paper)
        ask(server.url, paper)
        ask(server.url, paper)
    # With TLS 1.3 a server is done before its client looks at the certificate; neither handshake was resumed.
    assert [once for once in server.reused if once] == [True]
    assert server.reused[-2:] == [False, True]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_made_under_an_old_date_is_not_used_where_dates_count(
    tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired = make_certificate(tmp_path, ends=dt.datetime(2021, 1, 1, tzinfo=dt.UTC))
    with Server(expired, version) as server:
        monkeypatch.setattr(meter, "kernel_is_synchronised", lambda: False)
        ask(server.url, expired)
        ask(server.url, expired)
        monkeypatch.setattr(meter, "kernel_is_synchronised", lambda: True)
        with pytest.raises(requests.exceptions.SSLError, match="expired"):
            ask(server.url, expired)
        assert server.reused[:2] == [False, True]
        assert not any(server.reused[2:])


def test_each_host_has_a_session_of_its_own(paper: Certificate) -> None:
    """Two ports are two hosts, and so are two names of one."""
    with Server(paper) as server, Server(paper) as other:
        other.context = server.context  # which would even know the other's tickets
        urls = [server.url, other.url, server.url.replace("127.0.0.1", "localhost")]
        for url in urls * 2:
            ask(url, paper)
    assert sorted(server.reused + other.reused) == [False] * 3 + [True] * 3
    assert other.reused == [False, True]


def test_what_another_authority_vouched_for_is_not_gone_on_with(paper: Certificate, tmp_path: Path) -> None:
    both = Certificate(tmp_path / "both.pem", paper.chain)
    both.file.write_bytes(paper.file.read_bytes())
    with Server(paper) as server:
        ask(server.url, paper)
        ask(server.url, both)
    assert server.reused == [False, False]


def test_a_handshake_that_breaks_costs_its_session(paper: Certificate) -> None:
    with Server(paper) as server:
        ask(server.url, paper)
        good = server._server.finish_request
        server._server.finish_request = lambda request, _: abort(request) if request.recv(100) else None
        with pytest.raises(requests.ConnectionError):
            ask(server.url, paper)
        server._server.finish_request = good
        ask(server.url, paper)
        ask(server.url, paper)
    assert server.reused == [False, False, True]


def test_a_download_that_was_left_in_the_middle_leaves_its_session(paper: Certificate) -> None:
    with Server(paper) as server:
        how = {"verify": str(paper.file), "timeout": 10, "stream": True}
        with open_session(Meter()) as session, session.get(server.url, **how) as answer:
            assert answer.raw.read(100) == BODY[:100]
        ask(server.url, paper)
    assert server.reused == [False, True]


def test_a_restarted_worker_begins_as_a_stranger(paper: Certificate) -> None:
    program = """
import sys
from hub.uplink import meter
meter.kernel_is_synchronised = lambda: True
for _ in range(2):
    with meter.open_session(meter.Meter()) as session:
        session.get(sys.argv[1], verify=sys.argv[2], timeout=10).raise_for_status()
"""
    with Server(paper) as server:
        for _ in range(2):
            command = [sys.executable, "-c", program, server.url, str(paper.file)]
            subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    assert server.reused == [False, True] * 2


def test_many_threads_share_sessions_without_harm(paper: Certificate) -> None:
    failed: list[Exception] = []

    def often() -> None:
        try:
            for _ in range(5):
                ask(server.url, paper)
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    with Server(paper) as server:
        threads = [threading.Thread(target=often) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert not failed
    assert len(server.reused) == 30
    assert server.reused.count(True) >= 24


def test_nothing_but_checked_certificates_is_to_be_had(paper: Certificate) -> None:
    with Server(paper) as server, open_session(Meter()) as session:
        for how in ({"verify": False}, {"cert": str(paper.chain)}):
            with pytest.raises(requests.exceptions.InvalidURL, match="checked here"):
                session.get(server.url, timeout=10, **how)
    assert server.reused == []


SITE = """
server {{
    listen 127.0.0.1:{port} ssl; server_name office;
    ssl_certificate {chain}; ssl_certificate_key {chain};
    ssl_protocols {version}; ssl_session_timeout 1d; {keys}
    location / {{ root {folder}; }}
}}
"""


class TlsNginx(Nginx):
    def __init__(self, folder: Path, paper: Certificate, version: str, keys: str) -> None:
        port = free_port()
        self.url = f"https://127.0.0.1:{port}/file"
        (folder / "file").write_bytes(BODY)
        folder.chmod(0o755)
        site = SITE.format(port=port, chain=paper.chain, version=f"TLSv{version}", folder=folder, keys=keys)
        super().__init__(folder, site, port, format="$ssl_protocol $ssl_session_reused $status")

    def told(self, count: int) -> list[str]:
        """What nginx says of `count` requests; it writes a request down after it was answered."""
        assert until(lambda: len(self.log()) >= count)
        return self.log()


@pytest.mark.parametrize("version", VERSIONS)
def test_nginx_resumes_and_after_a_restart_meets_a_stranger(paper: Certificate, tmp_path: Path, version: str) -> None:
    with TlsNginx(tmp_path, paper, version, "") as nginx:
        for _ in range(3):
            ask(nginx.url, paper)
        nginx.restart()
        for _ in range(2):
            ask(nginx.url, paper)
        assert nginx.told(5) == [f"TLSv{version} {how} 200" for how in (".", "r", "r", ".", "r")]


@pytest.mark.parametrize("version", VERSIONS)
def test_nginx_resumes_over_a_restart_if_its_keys_are_kept(paper: Certificate, tmp_path: Path, version: str) -> None:
    (tmp_path / "ticket.key").write_bytes(bytes(range(80)))
    with TlsNginx(tmp_path, paper, version, f"ssl_session_ticket_key {tmp_path}/ticket.key;") as nginx:
        ask(nginx.url, paper)
        nginx.restart()
        ask(nginx.url, paper)
        assert nginx.told(2) == [f"TLSv{version} {how} 200" for how in (".", "r")]


def test_with_tls_1_2_a_number_in_the_servers_memory_does_for_a_ticket(paper: Certificate, tmp_path: Path) -> None:
    keys = "ssl_session_tickets off; ssl_session_cache shared:office:1m;"
    with TlsNginx(tmp_path, paper, "1.2", keys) as nginx:
        for _ in range(3):
            ask(nginx.url, paper)
        assert nginx.told(3) == [f"TLSv1.2 {how} 200" for how in (".", "r", "r")]


class Ticking:
    """Seconds that a test sets, and sessions that are told apart by name."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sessions: Any = Sessions(lambda: self.now)


def test_a_certificate_is_shown_once_a_week_however_often_the_session_was_renewed() -> None:
    time, place = Ticking(), ("office.example", 443)
    time.sessions.keep(place, "monday", resumed=False)
    for hour in range(1, 24 * 7):
        time.now = 3600.0 * hour
        assert time.sessions.of(place) is not None
        time.sessions.keep(place, f"hour {hour}", resumed=True)
    time.now = LONGEST
    assert time.sessions.of(place) is None
    time.sessions.keep(place, "monday again", resumed=False)
    assert time.sessions.of(place) == "monday again"


def test_what_was_forgotten_while_it_was_used_does_not_come_back_without_a_certificate() -> None:
    time, place = Ticking(), ("office.example", 443)
    time.sessions.keep(place, "first", resumed=False)
    time.sessions.forget(place)
    time.sessions.keep(place, "of unknown age", resumed=True)
    assert time.sessions.of(place) is None


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=200))
def test_few_hosts_are_remembered_and_of_each_the_last_session(steps: list[tuple[int, bool]]) -> None:
    time, last = Ticking(), {}
    for number, (host, forget) in enumerate(steps):
        place = (f"host {host}", 443)
        last.pop(place, None)
        if forget:
            time.sessions.forget(place)
        else:
            time.sessions.keep(place, number, resumed=False)
            last[place] = number
    kept = dict(list(last.items())[-MOST:])
    assert {place: time.sessions.of(place) for place in last} == {place: kept.get(place) for place in last}


def test_contexts_are_shared_by_who_trusts_the_same(paper: Certificate) -> None:
    one = tls.context_for(str(paper.file), dates=True)
    assert tls.context_for(str(paper.file), dates=True) is one
    assert tls.context_for(str(paper.file), dates=False) is not one
    assert one.verify_mode == ssl.CERT_REQUIRED
    assert one.check_hostname
    assert one.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert not one.options & ssl.OP_NO_TICKET
    with socket.socket() as plain, pytest.raises(OSError):
        one.wrap_socket(plain, server_hostname="office.example")
