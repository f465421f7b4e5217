"""Head office tells hubs which content is the newest, and people when it was last signed."""

import datetime as dt
from dataclasses import replace

import pytest

from collector.content import Content
from tests.collector.sender import NOW
from tests.simulators.link import ContentServer

ISSUED = dt.datetime.fromtimestamp(NOW / 1000, dt.UTC) - dt.timedelta(hours=5)


def write_timestamp(folder, number=12, issued=ISSUED):
    (folder / "metadata").mkdir(parents=True, exist_ok=True)
    signed = f'{{"_type":"timestamp","issued":"{issued:%Y-%m-%dT%H:%M:%SZ}","meta":{{"snapshot.json":{{"version":{number}}}}}}}'
    (folder / "metadata" / "timestamp.json").write_text(f'{{"signatures":[],"signed":{signed}}}')
    return folder


@pytest.fixture
def shown(office, tmp_path):
    """Head office with a repository beside it."""
    folder = write_timestamp(tmp_path / "repository")
    office.extensions["office"] = replace(office.extensions["office"], content=Content(str(folder)))
    return folder


def test_an_answer_tells_the_number_of_the_newest_content_in_few_bytes(office, hub, tmp_path):
    without = hub.send()
    assert without.content is None
    plain = len(hub.last_body)
    folder = write_timestamp(tmp_path / "repository")
    office.extensions["office"] = replace(office.extensions["office"], content=Content(str(folder)))
    assert hub.send().content == 12
    assert len(hub.last_body) - plain <= 6


def test_the_number_is_looked_up_at_most_once_a_minute(tmp_path):
    now = [0.0]
    content = Content(str(write_timestamp(tmp_path)), clock=lambda: now[0])
    assert content.newest() == (12, ISSUED)
    write_timestamp(tmp_path, number=13)
    assert content.newest().number == 12
    now[0] = 61.0
    assert content.newest().number == 13


@pytest.mark.parametrize(
    "text", ["", "{}", "<html>", '{"signed":{}}', '{"signed":{"meta":{},"issued":"2026-01-01T00:00:00Z"}}']
)
def test_what_cannot_be_read_is_not_told(tmp_path, text):
    write_timestamp(tmp_path)
    (tmp_path / "metadata" / "timestamp.json").write_text(text)
    assert Content(str(tmp_path)).newest() is None
    assert Content(str(tmp_path / "none")).newest() is None
    assert Content("").newest() is None


def test_the_repository_may_lie_on_a_server(tmp_path):
    write_timestamp(tmp_path)
    with ContentServer(tmp_path) as server:
        assert Content(server.url).newest() == (12, ISSUED)
        server.habit = "html"
        assert Content(server.url).newest() is None
    assert Content(server.url).newest() is None


def test_while_a_thread_watches_nobody_else_asks_the_place(tmp_path):
    now = [0.0]
    with ContentServer(write_timestamp(tmp_path)) as server:
        content = Content(server.url, clock=lambda: now[0])
        content.watched = True
        assert content.newest() is None
        assert server.paths() == []
        assert content.look() == content.newest() == (12, ISSUED)
        now[0] = 1000.0
        assert content.newest() == (12, ISSUED)
        assert len(server.paths()) == 1


def test_the_home_page_says_when_content_was_last_signed(client, shown):
    page = client.get("/?lang=en").text
    assert "Last signed as the newest: 5 hours ago." in page
    assert "renewed daily" not in page


def test_a_renewal_that_was_missed_for_three_days_is_an_alarm(office, client, shown):
    office.extensions["office"] = replace(office.extensions["office"], clock=lambda: NOW / 1000 + 3 * 86_400)
    page = client.get("/?lang=en").text
    assert '<p class="alarm">Last signed as the newest: 3 days ago. It is renewed daily;' in page


def test_the_probe_tells_number_and_time(client, shown):
    assert client.get("/healthz").json == {
        "status": "ok",
        "content": {"number": 12, "issued": "2026-03-01T11:00:00+00:00"},
    }
