"""`POST /usage/events` over a real socket: what is taken, what is refused, and that nobody's address stays."""

from __future__ import annotations

import http.client
import json
import secrets
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from hub.app import create_app, hub_of
from hub.clock import Clock
from hub.server import HubServer
from hub.settings import Settings
from hub.usage.door import Pace
from hub.usage.models import Play
from hub.usage.summary import summary
from tests.hub.serving import serving
from tests.hub.usage.conftest import DOCUMENT, SECOND_VIDEO, VIDEO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = date(2026, 3, 10)
AGENT = "Mozilla/5.0 (Linux; Android 6.0; Kokoxochitl-9)"


class Served:
    """A hub on a free port, its clock certain of an afternoon in March."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data=folder / "hub", port=0, threads=4, flush_every=5)
        self.clock = Clock(since_boot=lambda: 5000.0, boot_id="boot", synchronised=lambda: False)
        self.app = create_app(self.settings, self.clock)
        self.clock.learn(datetime(2026, 3, 10, 20, tzinfo=UTC), "a test")
        with self.app.app_context():
            self.recorder = hub_of().recorder
        self.server = HubServer(self.app, self.settings)
        self.port = int(self.server.effective_port)
        self.cookie = f"visitor={secrets.token_hex(16)}"

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str):
        """One request on a connection of its own: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, {"User-Agent": AGENT} | sent)
        answer = connection.getresponse()
        result = answer.status, answer.headers, answer.read()
        connection.close()
        return result

    def post(self, body: object, **headers: str):
        """Report as the page does; status and the answer's JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content_Type": "application/json", "Cookie": self.cookie} | headers
        status, _, text = self.ask("POST", "/usage/events", raw, **sent)
        return status, json.loads(text)

    def use(self):
        self.recorder.flush()
        with self.app.app_context():
            from hub.site import this_site

            return summary(DAY, this_site().zone)


@pytest.fixture
def served(tmp_path: Path, library_root: Path) -> Iterator[Served]:
    it = Served(tmp_path)
    with serving(it.server):
        yield it


def play(id_: str = "ab" * 16, item: str = VIDEO, intervals=((0, 10),), group: int = 1):
    return {"id": id_, "item": item, "intervals": [list(one) for one in intervals], "group": group}


@pytest.mark.parametrize("kind", ["application/json", "text/plain;charset=UTF-8"])
def test_a_report_is_taken_and_later_listed_as_kept(served: Served, kind: str) -> None:
    report = {"plays": [play()]}
    assert served.post(report, Content_Type=kind) == (202, {"kept": []})
    served.recorder.flush()
    assert served.post(report, Content_Type=kind) == (202, {"kept": ["ab" * 16]})
    assert served.use().plays == 1


def test_the_cookie_of_the_first_page_counts_once_the_phone_has_returned_it(served: Served) -> None:
    status, headers, _ = served.ask("GET", "/")
    cookie = headers["Set-Cookie"]
    assert status == 200
    assert cookie.startswith("visitor=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert served.use().visitors == 0
    _, headers, _ = served.ask("GET", "/", Cookie=cookie.split(";")[0])
    assert headers["Set-Cookie"].split(";")[0] == cookie.split(";")[0]
    _, headers, _ = served.ask("GET", "/", Cookie=cookie.split(";")[0])
    assert headers["Set-Cookie"] is None
    assert served.use().visitors == 1
    assert [language[:2] for language in served.use().languages] == ["es"]


def test_the_first_report_after_the_first_page_counts(served: Served) -> None:
    _, headers, _ = served.ask("GET", "/")
    served.post({"plays": [play()]}, Cookie=headers["Set-Cookie"].split(";")[0])
    assert (served.use().plays, served.use().visitors) == (1, 1)


def test_without_the_cookie_a_report_is_answered_as_kept_and_counts_nothing(served: Served) -> None:
    assert served.post({"plays": [play()]}, Cookie="") == (202, {"kept": ["ab" * 16]})
    assert served.use().plays == 0


def test_stretches_behind_the_end_of_a_video_do_not_count(served: Served) -> None:
    served.post({"plays": [play(intervals=[(50, 64), (300, 900)]), play("cd" * 16, DOCUMENT, [(0, 900)])]})
    assert served.use().seconds_played == 14 + 900


def test_an_empty_report_is_nothing_to_repeat(served: Served) -> None:
    assert served.post({"plays": [play(intervals=[])]}) == (202, {"kept": ["ab" * 16]})
    assert served.post({"plays": []}) == (202, {"kept": []})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"plays":' * 7000,
        b'{"plays": [], "more": ' + b"[" * 60_000,
        b"null",
        {},
        {"plays": {}},
        {"plays": [play()] * 51},
        {"plays": [play("AB" * 16)]},
        {"plays": [play("ab" * 16 + "\n")]},
        {"plays": [play(item="no/such-item")]},
        {"plays": [play(item="x" * 400)]},
        {"plays": [play(intervals=[(0, 1)] * 501)]},
        {"plays": [play(intervals=[(5, 5)])]},
        {"plays": [play(intervals=[(9, 5)])]},
        {"plays": [play(intervals=[(-1, 5)])]},
        {"plays": [play(intervals=[(0, 86_401)])]},
        {"plays": [play(intervals=[(0,)])]},
        b'{"plays":[{"id":"' + b"ab" * 16 + b'","item":"' + VIDEO.encode() + b'","intervals":[[0,NaN]]}]}',
        b'{"plays":[{"id":"' + b"ab" * 16 + b'","item":"' + VIDEO.encode() + b'","intervals":[[0,1e999]]}]}',
        {"plays": [play(group=0)]},
        {"plays": [play(group=201)]},
        {"plays": [play(group=1.5)]},
        {"plays": [play("ef" * 16), play(item="no/such-item")]},
    ],
    ids=lambda body: str(body)[:40],
)
def test_bad_input_gets_one_sentence_and_changes_nothing(served: Served, body: object) -> None:
    status, answer = served.post(body)
    assert status == 400
    assert set(answer) == {"error"}
    assert answer["error"].endswith(".")
    assert "\n" not in answer["error"]
    served.recorder.flush()
    assert Play.select().count() == 0


def test_a_catalogue_that_cannot_be_read_is_said_in_a_sentence(served: Served) -> None:
    library = served.settings.library_root / "catalogues"
    (library / "2-0123456789ab.sqlite").write_bytes(b"not a catalogue")
    (library / "current").unlink()
    (library / "current").symlink_to("2-0123456789ab.sqlite")
    status, answer = served.post({"plays": [play()]})
    assert (status, answer["error"]) == (503, "The list of items cannot be read at the moment; report again later.")


def test_a_body_over_64_kib_is_refused(served: Served) -> None:
    status, answer = served.post(b" " * 65_537)
    assert status == 413
    assert answer["error"].endswith(".")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, 202),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "none"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://hub.example", "Host": "hub.example"}, 202),
        ({"Origin": "http://hub.example:8081", "Host": "hub.example"}, 403),
        ({}, 202),
    ],
)
def test_only_our_own_pages_may_report(served: Served, headers: dict[str, str], status: int) -> None:
    assert served.post({"plays": [play()]}, **headers)[0] == status
    assert served.use().plays == (status == 202)


def test_a_phone_that_reports_too_often_is_told_to_wait_and_others_are_not(served: Served) -> None:
    client = served.app.test_client()
    answers = [
        client.post("/usage/events", json={"plays": []}, environ_overrides={"REMOTE_ADDR": "10.0.0.7"})
        for _ in range(90)
    ]
    assert answers[0].status_code == 202
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Retry-After"] == "10"
    assert answers[-1].json["error"].endswith(".")
    other = client.post("/usage/events", json={"plays": []}, environ_overrides={"REMOTE_ADDR": "10.0.0.8"})
    assert other.status_code == 202


def test_a_bucket_fills_again_and_memory_holds_few_addresses() -> None:
    now = [0.0]
    pace = Pace(rate=1, burst=2, most=3, now=lambda: now[0])
    assert [pace.admits("a") for _ in range(3)] == [True, True, False]
    now[0] = 1.0
    assert [pace.admits("a") for _ in range(2)] == [True, False]
    for address in "bcde":
        pace.admits(address)
    assert len(pace._buckets) == 3


def test_two_phones_two_items_and_a_group_are_told_apart(served: Served) -> None:
    served.post({"plays": [play("01" * 16), play("02" * 16, SECOND_VIDEO, [(0, 100)], group=20)]})
    served.post({"plays": [play("03" * 16)]}, Cookie="visitor=" + "9" * 32)
    use = served.use()
    assert {item.number: (item.plays, item.visitors) for item in use.items} == {2: (2, 2), 3: (1, 1)}
    assert (use.person_seconds, use.seconds_played) == (2020, 120)


def test_neither_address_nor_user_agent_nor_cookie_is_on_the_disk_or_in_the_log(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    client = served.app.test_client()
    client.post(
        "/usage/events",
        json={"plays": [play()]},
        headers={"User-Agent": AGENT, "Cookie": served.cookie},
        environ_overrides={"REMOTE_ADDR": "198.51.100.77"},
    )
    served.post({"plays": [play("cd" * 16)]})
    served.post(b"garbage")
    assert served.use().plays == 1
    token = served.cookie.removeprefix("visitor=")
    held = b"".join(path.read_bytes() for path in served.settings.data.rglob("*") if path.is_file())
    held += caplog.text.encode()
    assert bytes.fromhex("cd" * 16) in held  # the play is there, so the search would find what is
    for secret in (b"198.51.100.77", bytes([198, 51, 100, 77]), b"Kokoxochitl", token.encode(), bytes.fromhex(token)):
        assert secret not in held
