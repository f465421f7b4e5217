"""Head office's nginx before a real collector: hubs resume, limits hold, and the collector knows who is asking."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import socket
import ssl
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import requests
from requests.adapters import HTTPAdapter

from collector.carry.refused import LONGEST_UPLOAD
from hub.db import database
from hub.uplink import tls
from hub.uplink.deliver import Delivered
from hub.uplink.enrol import enrol
from hub.uplink.line import Line, NoAnswer
from hub.uplink.meter import Meter, open_session
from tests.collector.running import RunningOffice
from tests.collector.sender import FakeHub
from tests.conftest import ROOT
from tests.hub.uplink.conftest import MONDAY, Hub, Machine
from tests.simulators.link import make_certificate
from tests.simulators.nginx import Nginx, changed
from tests.town import free_port, until
from wire.exchange import LONGEST_BODY
from wire.parcel import LONGEST_PARCEL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OVERLAY = ROOT / "deploy" / "head-office" / "head-office.rootfs-overlay"
UNITS = OVERLAY / "etc" / "systemd" / "system"
ROTATE = OVERLAY / "usr" / "local" / "lib" / "village-office" / "rotate-tickets"
TOKEN = "cinco palabras que nadie adivina"
KEYS = ("new.key", "old.key", "older.key")


def rotate(folder: Path, **environ: str) -> None:
    """What the unit runs, with another folder."""
    subprocess.run([ROTATE, folder], check=True, timeout=30, env=os.environ | environ)


class Front(Nginx):
    """The configuration as it is, but for addresses and paths."""

    def __init__(self, folder: Path, collector: int) -> None:
        self.paper, self.plain, port = make_certificate(folder), free_port(), free_port()
        self.tickets, self.url = folder / "tickets", f"https://127.0.0.1:{port}"
        self.tickets.mkdir()
        rotate(self.tickets)
        text = (OVERLAY / "etc" / "nginx" / "conf.d" / "village-office.conf").read_text()
        changes = {
            r"listen \[::\]:.*": "",
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "/etc/ssl/village-office/fullchain.pem": str(self.paper.chain),
            "/etc/ssl/village-office/privkey.pem": str(self.paper.chain),
            "/var/lib/village-office-tickets/": f"{self.tickets}/",
            "127.0.0.1:8090": f"127.0.0.1:{collector}",
        }
        super().__init__(folder, changed(text, changes), port, format="$ssl_session_reused $status $body_bytes_sent")

    def handshakes(self) -> list[str]:
        """Of each request so far whether it came over a resumed session: r, or a dot."""
        return [line.split()[0] for line in self.log()]

    def client(self, address: str = "127.0.0.1") -> From:
        return From(self.url, address, str(self.paper.file))


class From:
    """Somebody with an address of her own, in the part of Flask's client that a FakeHub asks for."""

    def __init__(self, url: str, address: str, authority: str) -> None:
        self.url, self.session = url, requests.Session()
        self.session.trust_env, self.session.verify = False, authority
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, _Bound(address))

    def post(self, path: str, data: bytes, **headers: str) -> requests.Response:
        answer = self.session.post(self.url + path, data, headers=headers, timeout=10, allow_redirects=False)
        answer.data = answer.content
        return answer


class _Bound(HTTPAdapter):
    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        super().init_poolmanager(*args, source_address=(self._address, 0), **kwargs)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOffice]:
    made = RunningOffice(tmp_path_factory.mktemp("office"), token=TOKEN, trusted_proxy="127.0.0.1")
    with made as running:
        yield running


@pytest.fixture
def front(office: RunningOffice, tmp_path: Path) -> Iterator[Front]:
    with Front(tmp_path, office.port) as front:
        yield front


def ask(front: Front) -> None:
    """Ask once, over a connection of its own, as a hub's line does."""
    with open_session(Meter()) as session:
        session.get(f"{front.url}/healthz", verify=str(front.paper.file), timeout=10).raise_for_status()


def test_a_hub_enrols_and_uploads_through_it_and_resumes(
    office: RunningOffice, front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "AUTHORITIES", str(front.paper.file))
    hub = Hub(tmp_path / "hub", Machine())
    try:
        hub.counts.play(MONDAY, 3)
        hub.machine.pass_time(days=1)
        enrol(front.url, office.add_site("Dzemul"), hub.settings, hub.clock)
        hub.seal()
        assert hub.send() == Delivered(acknowledged=1)
        front.restart()
        hub.counts.play(MONDAY)
        hub.seal()
        assert hub.send() == Delivered(acknowledged=1)
    finally:
        database.close()
    assert until(lambda: front.handshakes() == [".", "r", "r"]), front.log()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_ticket_holds_over_two_changes_of_keys_and_no_longer(
    front: Front, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = tls.context_for(str(front.paper.file), dates=False)
    monkeypatch.setattr("hub.uplink.meter.kernel_is_synchronised", lambda: False)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[f"TLSv{version.replace('.', '_')}"]
    ask(front)
    for days in (0, 1, 2):  # each time the ticket of the connection before, made under a newer key
        for _ in range(days):
            rotate(front.tickets)
        front.reload()
        ask(front)
    for _ in range(3):
        rotate(front.tickets)
    front.reload()
    ask(front)
    assert until(lambda: front.handshakes() == [".", "r", "r", "r", "."]), front.log()


def test_one_ticket_is_given(front: Front) -> None:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{front.port}", "-tls1_3", "-msg", "-ign_eof"]
    request = b"GET /healthz HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n"
    ended = subprocess.run(command, input=request, capture_output=True, check=False, timeout=30)
    assert ended.stdout.count(b"NewSessionTicket") == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_tls_is_of_this_decade(front: Front, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=front.paper.file)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", front.port), 5) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_an_answer_to_a_hub_has_few_headers(office: RunningOffice, front: Front) -> None:
    hub = FakeHub(front.client())
    hub.enrol(office.add_site("Temax"))
    answer = hub.client.post("/v1/summaries", hub.body([hub.sealed()], b"n" * 16))
    assert set(answer.headers) == {"Server", "Date", "Content-Type", "Content-Length", "Connection"}
    assert sum(len(f"{name}: {text}\r\n") for name, text in answer.headers.items()) < 150


def test_pages_keep_what_browsers_are_told(front: Front) -> None:
    with requests.get(f"{front.url}/sign-in", verify=front.paper.file, timeout=10) as answer:
        assert answer.status_code == 200
        for name in ("Content-Security-Policy", "X-Content-Type-Options", "Strict-Transport-Security"):
            assert name in answer.headers
        assert answer.headers["Content-Encoding"] == "gzip"


def test_who_guesses_must_wait_and_nobody_else_behind_the_proxy(front: Front) -> None:
    guesser, other = (front.client(f"127.0.0.{number}") for number in (2, 3))
    wrong = {"Content-Type": "application/x-www-form-urlencoded"}
    told = [guesser.post("/sign-in", b"token=guess", **wrong).status_code for _ in range(21)]
    assert told == [401] * 20 + [429]
    assert other.post("/sign-in", b"token=guess", **wrong).status_code == 401
    disguised = {"X-Forwarded-For": "127.0.0.9"} | wrong
    assert guesser.post("/sign-in", b"token=guess", **disguised).status_code == 429
    assert other.post("/sign-in", f"token={TOKEN}".encode(), **wrong).status_code == 302


def test_only_the_proxy_is_believed_about_addresses(office: RunningOffice) -> None:
    """Somebody on the host who goes past nginx and names another's address for each guess."""
    direct = From(office.address, "127.0.0.7", "")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    told = [
        direct.post("/sign-in", b"token=guess", **form, **{"X-Forwarded-For": f"10.0.0.{number}"}).status_code
        for number in range(21)
    ]
    assert told == [401] * 20 + [429]


@pytest.mark.parametrize(
    ("path", "most", "spare"),
    [("/v1/summaries", LONGEST_BODY, 0), ("/v1/parcels", LONGEST_PARCEL, 1 << 20), ("/carry", LONGEST_UPLOAD, 1 << 20)],
)
def test_the_largest_that_is_taken_passes_and_more_is_refused(front: Front, path: str, most: int, spare: int) -> None:
    """Of files that people carry a little more passes, so that the collector can say what is wrong in their words."""
    client = front.client()
    largest, larger = client.post(path, bytes(most)), client.post(path, bytes(most + spare + 1))
    assert largest.status_code != 413
    assert larger.status_code == 413
    if path.startswith("/v1/"):
        assert "error" in largest.json(), "the collector looked at it"
        assert larger.json()["error"] == "That is more than is taken at once; send less"


def test_who_sends_twenty_large_files_at_once_and_ends_none_must_wait_and_nobody_else(front: Front) -> None:
    context = ssl.create_default_context(cafile=front.paper.file)
    head = b"POST /carry HTTP/1.1\r\nHost: office\r\nContent-Length: 16000000\r\n\r\n"
    with ExitStack() as all_of_them:
        for _ in range(20):
            plain = all_of_them.enter_context(socket.create_connection(("127.0.0.1", front.port), 5))
            all_of_them.enter_context(context.wrap_socket(plain, server_hostname="127.0.0.1")).sendall(head)
        assert until(lambda: front.client().post("/carry", b"").status_code == 429)
        assert front.client("127.0.0.2").post("/carry", b"").status_code == 422
        with requests.get(f"{front.url}/sign-in", verify=front.paper.file, timeout=10) as page:
            assert page.status_code == 200, "a page is still shown there"


def test_a_form_is_head_offices_own_behind_the_proxy_too(front: Front) -> None:
    """The collector sees the name that the browser asked for, port included."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = [
        front.client().post("/sign-in", f"token={TOKEN}".encode(), **form, Origin=origin)
        for origin in (front.url, "https://elsewhere.example")
    ]
    assert [answer.status_code for answer in sent] == [302, 403]


def test_a_collector_that_does_not_run_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Front(tmp_path, free_port()) as front:
        monkeypatch.setattr(tls, "AUTHORITIES", str(front.paper.file))
        hub = Hub(tmp_path / "hub", Machine())
        try:
            with Line(hub.clock) as line, pytest.raises(NoAnswer) as raised:
                line.post(f"{front.url}/v1/summaries", b"batch")
        finally:
            database.close()
    assert "answered 503 (The collector is not running just now); it is tried again later." in str(raised.value)


def test_without_tls_people_are_led_on_and_hubs_told(front: Front) -> None:
    client = From(f"http://127.0.0.1:{front.plain}", "127.0.0.1", "")
    answer = client.post("/v1/summaries", b"batch")
    assert (answer.status_code, "https alone" in answer.json()["error"]) == (403, True)
    page = client.session.get(f"{client.url}/sites/dzemul?week=3", timeout=10, allow_redirects=False)
    assert (page.status_code, page.headers["Location"]) == (308, "https://127.0.0.1/sites/dzemul?week=3")


def held(folder: Path) -> list[bytes]:
    found = [(folder / name).read_bytes() for name in KEYS]
    assert {len(key) for key in found} == {80}
    return found


def test_keys_move_on_each_day_and_nobody_else_may_read_them(tmp_path: Path) -> None:
    rotate(tmp_path)
    before = held(tmp_path)
    assert len(set(before)) == 3
    rotate(tmp_path)
    assert held(tmp_path)[1:] == before[:2]
    assert held(tmp_path)[0] not in before
    assert {path.name for path in tmp_path.iterdir()} == set(KEYS)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("step", range(8))
def test_a_power_cut_in_the_middle_of_the_change_leaves_three_keys(tmp_path: Path, step: int) -> None:
    tools, keys = tmp_path / "tools", tmp_path / "keys"
    tools.mkdir()
    keys.mkdir()
    rotate(keys)
    before = held(keys)
    for tool in ("openssl", "cp", "mv"):
        real, count = shutil.which(tool), tools / "count"
        shim = f'#!/bin/sh\necho x >> {count}\n[ $(wc -l < {count}) -le {step} ] || exit 1\nexec {real} "$@"\n'
        (tools / tool).write_text(shim)
        (tools / tool).chmod(0o755)
    cut = subprocess.run([ROTATE, keys], check=False, env=os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"})
    assert (cut.returncode == 0) is (step >= 6)
    assert len(set(held(keys)) & set(before)) >= 1 + (step < 6)
    rotate(keys)
    assert len(set(held(keys))) >= 2


def unit(name: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str
    parsed.read_string((UNITS / name).read_text())
    return parsed


def test_the_units_and_the_configuration_name_the_same_things() -> None:
    site = (OVERLAY / "etc" / "nginx" / "conf.d" / "village-office.conf").read_text()
    program, folder = unit("office-tickets.service")["Service"]["ExecStart"].split()
    assert (OVERLAY / program[1:]).samefile(ROTATE)
    assert os.access(ROTATE, os.X_OK)
    assert re.findall(rf"ssl_session_ticket_key {folder}/(.*);", site) == list(KEYS)
    assert unit("office-tickets.timer")["Timer"]["OnCalendar"] == "daily"
    collector = (ROOT / "systemd" / "collector.service").read_text()
    assert "COLLECTOR_TRUSTED_PROXY=127.0.0.1" in collector


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("component absent: systemd-analyze; apt-get install systemd")
    for path in UNITS.iterdir():
        text = re.sub(r"/usr/local/lib/village-office/rotate-tickets", "/bin/true", path.read_text())
        (tmp_path / path.name).write_text(text)
    names = [str(tmp_path / path.name) for path in UNITS.iterdir()]
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names], capture_output=True, text=True, check=False, timeout=60
    )
    complaints = [line for line in ended.stderr.splitlines() if "office-tickets" in line]
    assert not complaints
