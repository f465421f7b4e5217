"""Signing in and out, and what strangers try."""

from __future__ import annotations

import threading
import time

import pytest
from werkzeug.security import check_password_hash

from hub.db import writing
from hub.site import Site
from hub.technician import passwords
from hub.technician.attempts import FREE, TOGETHER
from hub.technician.links import administrator
from hub.technician.models import StaffSession, Technician
from hub.technician.sessions import LASTS
from tests.hub.technician.conftest import PASSWORD, Bench

STAFF_PAGES = ("/technician", "/technician/", "/technician/password")


@pytest.mark.parametrize("path", STAFF_PAGES)
def test_a_stranger_is_sent_to_sign_in_and_shown_nothing(bench: Bench, path: str) -> None:
    answer = bench.browser().get(path)
    assert (answer.status_code, answer.location) == (303, "/technician/sign-in")
    assert "form_token" not in answer.text


def test_the_right_name_and_password_open_the_page(bench: Bench) -> None:
    bench.keep_password()
    browser = bench.browser()
    answer = browser.sign_in(name="  Admin ")
    assert (answer.status_code, answer.location) == (303, "/technician")
    assert browser.get("/technician").status_code == 200


def test_a_wrong_password_and_an_unknown_name_look_the_same(bench: Bench) -> None:
    bench.keep_password()
    known = bench.browser().sign_in("wrong wrong wrong")
    unknown = bench.browser().sign_in("wrong wrong wrong", name="nadie")
    assert known.status_code == unknown.status_code == 403
    assert known.text == unknown.text.replace("nadie", "admin")


def test_an_unknown_name_costs_the_same_computation(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.keep_password()
    parameters = []

    def watched(hashed: str, password: str) -> bool:
        parameters.append(hashed.split("$", 1)[0])
        return check_password_hash(hashed, password)

    monkeypatch.setattr(passwords, "check_password_hash", watched)
    for name in ("admin", "nadie", ""):
        bench.browser().sign_in("wrong wrong wrong", name=name)
    assert parameters == ["scrypt:32768:8:1"] * 3


def test_an_account_without_a_password_lets_nobody_in(bench: Bench) -> None:
    administrator()
    for password in ("", "None", "admin"):
        assert bench.browser().sign_in(password).status_code == 403
    assert StaffSession.select().count() == 0


def test_signing_out_ends_the_session_and_not_only_the_cookie(bench: Bench) -> None:
    browser = bench.signed_in()
    token = browser.token
    assert browser.post("/technician/sign-out", form_token=browser.form_token()).location == "/technician/sign-in"
    assert browser.token is None
    browser.client.set_cookie("staff", token or "", path="/technician")
    assert browser.get("/technician").status_code == 303


def test_a_session_ends_after_twelve_hours_up_and_survives_a_restart(bench: Bench) -> None:
    browser = bench.signed_in()
    bench.boot("first boot", seconds=bench.seconds + LASTS - 1)
    later = bench.browser()
    later.client.set_cookie("staff", browser.token or "", path="/technician")
    assert later.get("/technician").status_code == 200
    bench.seconds += 1
    assert later.get("/technician").status_code == 303
    assert later.sign_in().status_code == 303
    assert StaffSession.select().count() == 1  # what has run out is removed


def test_a_session_of_a_snapshot_is_worthless_after_a_restore(bench: Bench) -> None:
    browser = bench.signed_in()
    with writing():
        Site.update(epoch=Site.epoch + 1).execute()
    assert browser.get("/technician").status_code == 303


def test_a_session_planted_by_somebody_else_is_never_taken_up(bench: Bench) -> None:
    bench.keep_password()
    browser = bench.browser()
    browser.client.set_cookie("staff", "a" * 26, path="/technician")
    browser.sign_in()
    assert browser.token != "a" * 26
    attacker = bench.browser()
    attacker.client.set_cookie("staff", "a" * 26, path="/technician")
    assert attacker.get("/technician").status_code == 303


def test_signing_in_again_ends_the_session_that_the_browser_had(bench: Bench) -> None:
    browser = bench.signed_in()
    first = browser.token
    browser.sign_in()
    other = bench.browser()
    other.client.set_cookie("staff", first or "", path="/technician")
    assert other.get("/technician").status_code == 303


def test_a_new_password_needs_the_current_one_and_ends_all_other_sessions(bench: Bench) -> None:
    browser, elsewhere = bench.signed_in(), bench.browser()
    elsewhere.sign_in()
    assert "current password is not right" in browser.choose("tres gatos cantan", current="guess guess").text
    assert elsewhere.get("/technician").status_code == 200
    before = browser.token
    assert browser.choose("tres gatos cantan", current=PASSWORD).status_code == 303
    assert browser.token != before
    assert browser.get("/technician").status_code == 200
    assert elsewhere.get("/technician").status_code == 303
    assert bench.browser().sign_in(PASSWORD).status_code == 403


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [
        ("short", None, "too short"),
        ("tres gatos cantan", "tres gatos cantaN", "not the same"),
        ("aaaaaaaaaaaaaaaa", None, "easy to guess"),
        ("1234567890", None, "easy to guess"),
        ("x" * 150 + "abcdefgh" * 10, None, "too long"),
        ("Dzemul 2026!!", None, "a name with little added"),
        ("Village Hub 1", None, "a name with little added"),
        ("Contraseña123", None, "a name with little added"),
    ],
)
def test_a_weak_password_is_refused_with_what_to_do(bench: Bench, password: str, again: str | None, says: str) -> None:
    with writing():
        Site.update(name="Dzemul").execute()
    browser = bench.browser()
    browser.post(bench.link())
    answer = browser.choose(password, again)
    assert answer.status_code == 422
    assert says in answer.text
    assert Technician.get().password is None
    assert browser.get("/technician").location == "/technician/password"


def test_a_composed_and_a_decomposed_accent_are_the_same_password(bench: Bench) -> None:
    browser = bench.browser()
    browser.post(bench.link())
    browser.choose("caf\u00e9 con ma\u00edz")
    assert bench.browser().sign_in("cafe\u0301 con mai\u0301z").status_code == 303


@pytest.mark.parametrize("path", ["/technician/sign-out", "/technician/password"])
@pytest.mark.parametrize("token", [None, "", "0" * 64, "ñ" * 64])
def test_a_form_without_the_sessions_token_changes_nothing(bench: Bench, path: str, token: str | None) -> None:
    browser = bench.signed_in()
    fields = {"password": "tres gatos cantan", "again": "tres gatos cantan", "current": PASSWORD}
    answer = browser.post(path, **fields, **({} if token is None else {"form_token": token}))
    assert answer.status_code == 403
    assert browser.get("/technician").status_code == 200
    assert bench.browser().sign_in().status_code == 303


def test_the_token_of_another_session_is_worthless(bench: Bench) -> None:
    first, second = bench.signed_in(), bench.browser()
    second.sign_in()
    assert first.post("/technician/sign-out", form_token=second.form_token()).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:8081"},
        {"Origin": "http://localhost@evil.example"},
        {"Origin": "http://[::"},
        {"Origin": ""},
        {"Referer": "http://evil.example/http://localhost/"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
def test_a_form_sent_by_another_page_is_refused_before_it_is_read(bench: Bench, headers: dict[str, str]) -> None:
    bench.keep_password()
    link, browser = bench.link(), bench.browser()
    for path, fields in (("/technician/sign-in", {"name": "admin", "password": PASSWORD}), (link, {})):
        answer = browser.post(path, origin=None, headers=headers, **fields)
        assert answer.status_code == 403
        assert "open the page again" in answer.text
    assert browser.token is None
    assert bench.browser().post(link).status_code == 303


@pytest.mark.parametrize(
    "headers", [{"Referer": "http://localhost/technician/sign-in"}, {"Sec-Fetch-Site": "same-origin"}]
)
def test_a_browser_that_sends_no_origin_may_show_itself_otherwise(bench: Bench, headers: dict[str, str]) -> None:
    bench.keep_password()
    answer = bench.browser().post("/technician/sign-in", origin=None, headers=headers, name="admin", password=PASSWORD)
    assert answer.status_code == 303


def test_one_who_guesses_is_slowed_down_and_told_how_long(bench: Bench) -> None:
    bench.keep_password()
    browser = bench.browser()
    assert [browser.sign_in("wrong").status_code for _ in range(FREE)] == [403] * FREE
    answer = browser.sign_in()
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Wait" in answer.text
    other = browser.client.post(
        "/technician/sign-in",
        data={"name": "admin", "password": PASSWORD},
        headers={"Origin": "http://localhost"},
        environ_base={"REMOTE_ADDR": "10.0.0.9"},
    )
    assert other.status_code == 303  # others are not held up


def test_one_who_changes_addresses_is_slowed_down_as_well(bench: Bench) -> None:
    bench.keep_password()
    attempts = bench.app.extensions["staff_attempts"]
    for number in range(TOGETHER):
        assert attempts.ask(f"10.0.0.{number}") == 0
    assert bench.browser().sign_in().status_code == 429


def test_addresses_are_neither_stored_nor_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.keep_password()
    client = bench.app.test_client()
    for _ in range(FREE + 2):
        client.post(
            "/technician/sign-in",
            data={"name": "admin", "password": "wrong"},
            headers={"Origin": "http://localhost", "User-Agent": "NaviPhone 77"},
            environ_base={"REMOTE_ADDR": "10.98.76.54"},
        )
    kept = caplog.text.encode() + b"".join(
        path.read_bytes() for path in bench.settings.data.rglob("*") if path.is_file()
    )
    assert b"10.98.76.54" not in kept
    assert b"NaviPhone" not in kept


def test_many_at_once_are_turned_away_instead_of_holding_every_thread(bench: Bench) -> None:
    bench.keep_password()
    entered, leave = threading.Semaphore(0), threading.Event()

    def hold() -> None:
        with passwords._turn():
            entered.release()
            leave.wait(20)

    def queue() -> None:
        with passwords._turn():
            pass

    threads = [
        threading.Thread(target=hold),
        *(threading.Thread(target=queue) for _ in range(passwords.MOST_WAITING - 1)),
    ]
    try:
        threads[0].start()
        assert entered.acquire(timeout=20)
        for thread in threads[1:]:
            thread.start()
        while passwords._admitted._value:  # until all places are taken
            time.sleep(0.01)
        answer = bench.browser().sign_in()
        assert answer.status_code == 429
        assert "Wait" in answer.text
    finally:
        leave.set()
        for thread in threads:
            thread.join(20)
    assert bench.browser().sign_in().status_code == 303


def test_no_answer_sends_a_person_elsewhere_whatever_the_host_and_the_query_say(bench: Bench) -> None:
    bench.keep_password()
    client = bench.app.test_client()
    for query in ("?next=//evil.example", "?next=https://evil.example", "?url=//evil.example"):
        answer = client.post(
            f"/technician/sign-in{query}",
            data={"name": "admin", "password": PASSWORD, "next": "//evil.example"},
            headers={"Host": "evil.example", "Origin": "http://evil.example"},
        )
        assert answer.location == "/technician"
    stranger = bench.app.test_client()
    assert stranger.get("/technician/password", headers={"Host": "evil.example"}).location == "/technician/sign-in"


def test_nothing_of_the_staff_side_may_be_kept(bench: Bench) -> None:
    browser = bench.signed_in()
    for path in (*STAFF_PAGES, "/technician/sign-in", bench.link(), "/technician/enter/nothing"):
        for answer in (browser.get(path), bench.browser().get(path)):
            assert answer.headers["Cache-Control"] == "no-store", path
