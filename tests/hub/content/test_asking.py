"""Villagers ask for lessons: one of each counts, from our own pages, at a person's pace, and nobody knows who it was."""

from __future__ import annotations

import secrets
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from hub.content.asking import BURST, MOST_REMEMBERED, Asking
from hub.content.models import asked
from tests.hub.content.conftest import ITEM
from tests.hub.technician.conftest import ORIGIN, Bench

if TYPE_CHECKING:
    from werkzeug.test import TestResponse


def want(
    bench: Bench,
    visitor: str | None = None,
    *,
    item: str = ITEM,
    cookies: str = "",
    address: str = "127.0.0.1",
    **headers: str,
) -> TestResponse:
    held = "; ".join(filter(None, [f"visitor={visitor}" if visitor else "", cookies]))
    sent = {"Origin": ORIGIN, "Cookie": held, **headers}
    client = bench.app.test_client(use_cookies=False)
    return client.post(f"/items/{item}/ask", headers=sent, environ_overrides={"REMOTE_ADDR": address})


def visitor() -> str:
    return secrets.token_hex(16)


def test_each_visitor_counts_once(waiting: Bench) -> None:
    one = visitor()
    assert [want(waiting, one).status_code for _ in range(3)] == [303] * 3
    assert asked() == {ITEM: 1}
    want(waiting, visitor())
    assert asked() == {ITEM: 2}


def test_a_phone_that_says_it_asked_does_not_count_again(waiting: Bench) -> None:
    one = visitor()
    cookie = want(waiting, one).headers["Set-Cookie"].partition(";")[0]
    waiting.boot("second boot")
    assert want(waiting, one, cookies=cookie).location == f"/items/{ITEM}/asked"
    assert asked() == {ITEM: 1}


def test_phones_without_cookies_count_together_as_one(waiting: Bench) -> None:
    for _ in range(3):
        assert want(waiting).status_code == 303
    assert asked() == {ITEM: 1}


def test_many_at_once_count_once_each(waiting: Bench) -> None:
    phones = [visitor() for _ in range(5)]
    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(lambda one: want(waiting, one).status_code, phones * 4))
    assert set(codes) == {303}
    assert asked() == {ITEM: 5}


def test_nothing_tells_who_asked(waiting: Bench) -> None:
    one = visitor()
    want(waiting, one, address="10.0.0.77")
    with closing(sqlite3.connect(waiting.settings.database)) as file:
        rows = "\n".join(line for line in file.iterdump() if "INSERT" in line)
    assert ITEM in rows
    assert one not in rows
    assert "10.0.0.77" not in rows


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}],
)
def test_only_our_own_pages_ask(waiting: Bench, headers: dict[str, str]) -> None:
    assert want(waiting, visitor(), **headers).status_code == 403
    assert asked() == {}


def test_a_phone_asks_at_a_persons_pace(waiting: Bench) -> None:
    codes = [want(waiting, visitor(), address="10.0.0.77").status_code for _ in range(BURST + 3)]
    assert codes == [303] * BURST + [429] * 3
    assert want(waiting, visitor(), address="10.0.0.78").status_code == 303
    assert asked() == {ITEM: BURST + 1}


@pytest.mark.parametrize("item", ["precio-justo/nada", "nada/costos", "x/y%00", "%2e%2e/costos", "a" * 300 + "/b"])
def test_what_is_not_there_cannot_be_asked_for(waiting: Bench, item: str) -> None:
    assert want(waiting, visitor(), item=item).status_code == 404
    assert asked() == {}


def test_what_is_here_is_shown_and_not_counted(waiting: Bench) -> None:
    assert want(waiting, visitor(), item="precio-justo/precio").location == "/items/precio-justo/precio"
    assert asked() == {}


def test_on_an_empty_hub_there_is_nothing_to_ask_for(bench: Bench) -> None:
    assert want(bench, visitor()).status_code == 404


@pytest.mark.parametrize("body", [b"", b"\xff" * 1000, b"a=" + b"b" * 100_000])
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "application/json", "multipart/form-data", "\x7f"]
)
def test_what_is_sent_along_is_not_looked_at(waiting: Bench, body: bytes, kind: str) -> None:
    client = waiting.app.test_client(use_cookies=False)
    answer = client.post(f"/items/{ITEM}/ask", data=body, content_type=kind, headers={"Origin": ORIGIN})
    assert answer.status_code == 303


def test_memory_is_bounded_and_forgets_the_oldest() -> None:
    asking = Asking()
    assert all(asking.counts(str(number), ITEM) for number in range(MOST_REMEMBERED + 1))
    assert not asking.counts(str(MOST_REMEMBERED), ITEM)
    assert asking.counts("0", ITEM)
