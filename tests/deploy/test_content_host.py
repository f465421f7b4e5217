"""The content host: its nginx serves a repository at few bytes and nothing else; its job renews the date and is watched."""

from __future__ import annotations

import configparser
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from content_cache.cli import content_cache
from content_cache.sync.source import HttpSource
from content_cache.trust import keys as key_files
from content_cache.trust import protect
from content_cache.trust.anchor import Anchor
from hub.uplink.meter import Meter, open_session
from tests.conftest import ROOT
from tests.content_cache.making import course
from tests.simulators.link import make_certificate
from tests.simulators.nginx import Nginx, changed
from tests.simulators.office import BEGAN, WORDS
from tests.town import free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OVERLAY = ROOT / "deploy" / "content-host" / "content-host.rootfs-overlay" / "etc"
UNITS = OVERLAY / "systemd" / "system"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small repository that is signed, and its keys beside it."""
    folder = tmp_path_factory.mktemp("content")
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protect, "ROUNDS", 1000)
        key_files.create(folder / "keys", WORDS, bare_timestamp=True)
        patch.setenv("CONTENT_CACHE_PASSPHRASE", "cinco palabras que nadie adivina")
        words = ["publish", course(folder / "course"), "--to", folder / "repository", "--keys", folder / "keys"]
        assert CliRunner().invoke(content_cache, list(map(str, words))).exit_code == 0
    return folder / "repository"


class ContentHost(Nginx):
    """The configuration as it is, but for addresses and paths."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.secure, certificate = free_port(), make_certificate(folder)
        port, self.authority = free_port(), certificate.file
        text = (OVERLAY / "nginx" / "conf.d" / "village-content.conf").read_text()
        changes = {
            r"listen \[::\]:.*": "",
            "listen 80;": f"listen 127.0.0.1:{port};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.secure} ssl;",
            "/etc/ssl/village-content/fullchain.pem": str(certificate.chain),
            "/etc/ssl/village-content/privkey.pem": str(certificate.chain),
            "/srv/village-content;": f"{repository};",
        }
        super().__init__(folder, changed(text, changes), port, format="$request_method $ssl_session_reused")

    def ask(self, request: str) -> tuple[str, bytes]:
        """Head and body of the answer to a request on a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as line:
            line.sendall(f"{request}\r\nHost: c\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: line.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        return head.decode(), body

    def get(self, path: str, *headers: str) -> tuple[str, bytes]:
        return self.ask("\r\n".join([f"GET {path} HTTP/1.1", *headers]))


@pytest.fixture(scope="module")
def nginx(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContentHost]:
    with ContentHost(tmp_path_factory.mktemp("nginx"), repository) as host:
        yield host


def an_object(repository: Path) -> str:
    return "/o/" + max((repository / "o").iterdir(), key=lambda path: path.stat().st_size).name


def test_a_hub_takes_its_content_from_it(nginx: ContentHost, repository: Path, tmp_path: Path) -> None:
    anchor = Anchor(tmp_path / "trust")
    anchor.pin((repository / "metadata" / "1.root.json").read_bytes())
    anchor.refresh(HttpSource(f"http://127.0.0.1:{nginx.port}"), now=BEGAN.replace(year=1970))
    assert anchor.target("all").release == 1


def test_headers_are_few(nginx: ContentHost, repository: Path) -> None:
    for path in ("/metadata/timestamp.json", an_object(repository)):
        head, body = nginx.get(path, "Accept-Encoding: gzip")
        assert head.startswith("HTTP/1.1 200 OK")
        assert len(head) < 200
        assert body == (repository / path[1:]).read_bytes()
        names = {line.partition(":")[0] for line in head.split("\r\n")[1:]}
        assert names == {"Server", "Date", "Content-Length", "Connection", "Cache-Control", "Accept-Ranges"}


def test_everything_but_the_timestamp_may_be_kept_for_ever(nginx: ContentHost, repository: Path) -> None:
    assert "Cache-Control: max-age=31536000, immutable" in nginx.get(an_object(repository))[0]
    assert "Cache-Control: no-cache" in nginx.get("/metadata/timestamp.json")[0]


def test_a_download_goes_on_where_it_broke_off(nginx: ContentHost, repository: Path) -> None:
    path = an_object(repository)
    head, body = nginx.get(path, "Range: bytes=3-9")
    assert head.startswith("HTTP/1.1 206")
    assert body == (repository / path[1:]).read_bytes()[3:10]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/catalogue.json",
        "/groups.json",
        "/numbers.jsonl",
        "/metadata/",
        "/o/",
        "/metadata/9.root.json",
        "/../keys/timestamp.key",
    ],
)
def test_what_is_not_for_hubs_is_not_there_and_says_so_in_few_bytes(nginx: ContentHost, path: str) -> None:
    head, body = nginx.get(path)
    assert head.startswith(("HTTP/1.1 404", "HTTP/1.1 400"))
    assert len(body) < 200
    if "404" in head:
        assert len(head) + len(body) < 150


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PROPFIND"])
def test_nothing_can_be_done_but_reading(nginx: ContentHost, repository: Path, method: str) -> None:
    assert nginx.ask(f"{method} {an_object(repository)} HTTP/1.1")[0].startswith(("HTTP/1.1 404", "HTTP/1.1 405"))


def test_a_link_out_of_the_repository_is_not_followed(nginx: ContentHost, repository: Path) -> None:
    link = repository / "o" / ("f" * 64)
    link.symlink_to("/etc/passwd")
    try:
        assert nginx.get(f"/o/{link.name}")[0].startswith("HTTP/1.1 404")
    finally:
        link.unlink()


@pytest.mark.parametrize(("version", "speaks"), [("-tls1_3", True), ("-tls1_2", True), ("-tls1_1", False)])
def test_tls_is_of_this_decade_and_gives_one_ticket(nginx: ContentHost, version: str, speaks: bool) -> None:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{nginx.secure}", version, "-msg", "-ign_eof"]
    request = b"GET /metadata/timestamp.json HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n"
    ended = subprocess.run(command, input=request, capture_output=True, check=False, timeout=30)
    assert (b"HTTP/1.1 200 OK" in ended.stdout) is speaks
    assert ended.stdout.count(b"NewSessionTicket") == (1 if speaks else 0)


def test_a_hubs_second_connection_resumes(nginx: ContentHost, repository: Path) -> None:
    before = len(nginx.log())
    for _ in range(3):
        with open_session(Meter()) as session:
            session.verify = str(nginx.authority)
            came = HttpSource(f"https://127.0.0.1:{nginx.secure}", session).read("metadata/timestamp.json")
            assert b"".join(came) == (repository / "metadata" / "timestamp.json").read_bytes()
    assert until(lambda: nginx.log()[before:] == ["GET .", "GET r", "GET r"]), nginx.log()


def unit(name: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str
    parsed.read_string((UNITS / name).read_text())
    return parsed


def test_the_job_does_what_its_unit_says(repository: Path, tmp_path: Path) -> None:
    """The commands of the unit, with the paths of a host put in: the key alone is there, as systemd hands it over."""
    host = tmp_path / "srv"
    shutil.copytree(repository, host)
    (tmp_path / "credentials").mkdir()
    shutil.copy(repository.parent / "keys" / "timestamp.key", tmp_path / "credentials")
    lines = [
        line for line in (UNITS / "content-renew.service").read_text().splitlines() if line.startswith("ExecStart=")
    ]
    assert len(lines) == 2
    for line in lines:
        program, *words = line.partition("=")[2].split()
        assert program == "/opt/village-hub/bin/content-cache"
        put_in = {"/srv/village-content": str(host), "%d": str(tmp_path / "credentials")}
        ended = CliRunner().invoke(content_cache, [put_in.get(word, word) for word in words])
        assert ended.exit_code == 0, ended.output
    assert (host / "metadata" / "timestamp.json").read_bytes() != (
        repository / "metadata" / "timestamp.json"
    ).read_bytes()


def test_the_job_runs_daily_and_its_failure_is_told() -> None:
    service, timer = unit("content-renew.service"), unit("content-renew.timer")
    assert timer["Timer"]["OnCalendar"] == "daily"
    assert timer["Timer"]["Persistent"] == "yes"
    assert (UNITS / service["Unit"]["OnFailure"]).exists()
    assert service["Service"]["LoadCredential"].startswith("timestamp.key:")


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("component absent: systemd-analyze; apt-get install systemd")
    for path in UNITS.iterdir():
        text = (
            path.read_text()
            .replace("/opt/village-hub/bin/content-cache", "/bin/true")
            .replace("/usr/bin/logger", "/bin/true")
        )
        (tmp_path / path.name).write_text(text)
    names = [str(tmp_path / path.name) for path in UNITS.iterdir()]
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names], capture_output=True, text=True, check=False, timeout=60
    )
    complaints = [line for line in ended.stderr.splitlines() if "content-renew" in line]
    assert not complaints
