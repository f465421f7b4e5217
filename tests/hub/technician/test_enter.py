"""The one-time link, over its whole life."""

from __future__ import annotations

import http.client
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from hub.db import writing
from hub.server import HubServer
from hub.settings import Settings
from hub.site import Site
from hub.technician.models import EntryLink, StaffSession, Technician
from hub.usage.models import Batch

if TYPE_CHECKING:
    from tests.hub.technician.conftest import Bench

HOUR = 3600


def test_looking_at_the_link_does_not_use_it_up(bench: Bench) -> None:
    link = bench.link()
    for _ in range(3):
        page = bench.browser().get(link)
        assert page.status_code == 200
        assert "<button>" in page.text
        assert "Set-Cookie" not in page.headers
    assert bench.browser().client.head(link).status_code == 200
    assert bench.browser().post(link).status_code == 303


def test_a_link_lets_one_person_in_and_leads_to_choosing_a_password(bench: Bench) -> None:
    browser = bench.browser()
    entered = browser.post(bench.link())
    assert (entered.status_code, entered.location) == (303, "/technician/password")
    cookie = entered.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/technician" in cookie
    assert browser.get("/technician").location == "/technician/password"
    chosen = browser.choose("tres gatos cantan")
    assert (chosen.status_code, chosen.location) == (303, "/technician")
    assert browser.get("/technician").status_code == 200
    assert bench.browser().sign_in("tres gatos cantan").status_code == 303


def test_a_used_link_is_refused_with_what_to_do(bench: Bench) -> None:
    link = bench.link()
    bench.browser().post(link)
    again = bench.browser()
    for answer in (again.get(link), again.post(link)):
        assert answer.status_code == 410
        assert "hub setup" in answer.text
    assert again.token is None


def test_a_new_link_voids_the_one_before(bench: Bench) -> None:
    first, second = bench.link(), bench.link()
    assert bench.browser().post(first).status_code == 410
    assert bench.browser().post(second).status_code == 303


def test_a_link_survives_a_restart_and_ends_after_24_hours_up(bench: Bench) -> None:
    link = bench.link()
    bench.boot("first boot", seconds=1000 + 23.9 * HOUR)
    assert bench.browser().get(link).status_code == 200
    bench.seconds = 1000 + 24 * HOUR
    assert bench.browser().get(link).status_code == 410
    assert bench.browser().post(link).status_code == 410


def test_hours_without_power_do_not_age_a_link_and_hours_up_do_over_power_cuts(bench: Bench) -> None:
    link = bench.link()
    for boot in (1, 2):
        Batch.create(epoch=1, boot=boot, began=0, ended=10 * HOUR, bytes=0, downloads=0)
        bench.boot(f"boot after {boot}", seconds=60)
    assert bench.browser().get(link).status_code == 200  # 20 hours up and a minute
    bench.seconds = 5 * HOUR
    assert bench.browser().post(link).status_code == 410


def test_a_link_from_a_snapshot_is_worthless_after_a_restore(bench: Bench) -> None:
    link = bench.link()
    with writing():
        Site.update(epoch=Site.epoch + 1).execute()
    assert bench.browser().post(link).status_code == 410


def test_neither_links_nor_sessions_nor_passwords_lie_in_the_database_as_they_are(bench: Bench) -> None:
    link, browser = bench.link(), bench.browser()
    browser.post(link)
    unused = bench.link()
    browser.choose("tres gatos cantan")
    assert EntryLink.select().count() == StaffSession.select().count() == Technician.select().count() == 1
    files = [path.read_bytes() for path in bench.settings.data.rglob("hub.sqlite3*")]
    secrets = (link.rpartition("/")[2], unused.rpartition("/")[2], browser.token or "", "tres gatos cantan")
    assert not [secret for secret in secrets for content in files if secret.encode() in content]
    assert Technician.get().password.startswith("scrypt:32768:8:1$")


@pytest.mark.parametrize("token", ["x", "a" * 26, "A" * 5000, "%00", "..%2f..", "%F0%9F%92%A9", "a b", "'--"])
def test_a_token_that_was_never_made_gets_a_sentence(bench: Bench, token: str) -> None:
    bench.link()
    for answer in (
        bench.browser().get(f"/technician/enter/{token}"),
        bench.browser().post(f"/technician/enter/{token}"),
    ):
        assert answer.status_code in {404, 410}
        assert "Go to the start" in answer.text


def test_of_many_who_press_the_button_at_once_one_gets_in(bench: Bench) -> None:
    server = HubServer(bench.app, Settings(data=bench.settings.data, port=0, threads=8))
    thread = threading.Thread(target=server.serve)
    thread.start()
    port = int(server.effective_port)
    together = threading.Barrier(8)

    def press(link: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        together.wait(20)
        connection.request("POST", link, headers={"Origin": f"http://127.0.0.1:{port}", "Content-Length": "0"})
        status = connection.getresponse().status
        connection.close()
        return status

    try:
        for _ in range(5):
            with ThreadPoolExecutor(8) as pool:
                assert sorted(pool.map(press, [bench.link()] * 8)) == [303] + [410] * 7
    finally:
        server.stop()
        thread.join(20)
