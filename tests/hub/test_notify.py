"""What systemd is told, to the letter of sd_notify(3), and what it hands over."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from hub.notify import notify, passed_socket, watchdog_pace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("abstract", [False, True], ids=["a file", "abstract"])
def test_words_go_in_one_message(tmp_path: Path, abstract: bool) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + path if abstract else path)
        manager.settimeout(5)
        assert notify("READY=1", "STATUS=ok", environ={"NOTIFY_SOCKET": f"@{path}" if abstract else path})
        assert manager.recv(100) == b"READY=1\nSTATUS=ok"


@pytest.mark.parametrize("address", [None, "", "relative/path", "/nobody/listens/here", "@nobody-listens-here"])
def test_where_nobody_listens_nothing_is_said_and_nothing_is_wrong(address: str | None) -> None:
    assert notify("READY=1", environ={} if address is None else {"NOTIFY_SOCKET": address}) is False


@pytest.mark.parametrize(
    ("environ", "pace"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 20.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 20.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_a_watchdog_is_fed_three_times_as_often_as_it_waits(environ: dict[str, str], pace: float | None) -> None:
    assert watchdog_pace(environ) == pace


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_FDS": "1", "LISTEN_PID": "1"},
        {"LISTEN_FDS": "2", "LISTEN_PID": str(os.getpid())},
    ],
)
def test_a_socket_that_was_passed_to_somebody_else_is_left_alone(environ: dict[str, str]) -> None:
    assert passed_socket(environ) is None
