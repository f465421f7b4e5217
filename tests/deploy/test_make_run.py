"""What a newcomer types first: `make run`, its second start, its end, and its sentences when something is in the way."""

from __future__ import annotations

import ast
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import types
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.town import ROOT, free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

LAPTOP = ROOT / "deploy" / "laptop"


@contextmanager
def make_run(folder: Path, environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """`make run` after its set-up, with what it printed so far."""
    command = [sys.executable, str(LAPTOP / "run.py"), str(folder)]
    process = subprocess.Popen(
        command, env=os.environ | environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")))
    reader.start()
    try:
        yield process, lines
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def settings(folder: Path) -> dict[str, str]:
    return {
        "HUB_DATA": str(folder / "hub"),
        "HUB_PORT": str(free_port()),
        "COLLECTOR_DATA": str(folder / "collector"),
        "COLLECTOR_PORT": str(free_port()),
    }


def seen(lines: list[str], text: str) -> bool:
    return any(text in line for line in list(lines))


def test_it_starts_enrols_prints_addresses_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    environ = settings(tmp_path)
    hub, office = (f"http://localhost:{environ[name]}" for name in ("HUB_PORT", "COLLECTOR_PORT"))
    with make_run(tmp_path, environ) as (process, lines):
        assert until(lambda: seen(lines, "Ctrl-C stops all"), 60), lines
        assert seen(lines, f"{hub}/technician/enter/")
        assert b"Ponle precio justo" in urllib.request.urlopen(hub, timeout=10).read()
        assert b"Aldea de muestra" in urllib.request.urlopen(office, timeout=10).read()
        assert until(lambda: seen(lines, "INFO collector: content 1 names ")), lines
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    for name in ("HUB_PORT", "COLLECTOR_PORT"):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(environ[name]))) != 0
    with make_run(tmp_path, environ) as (process, lines):
        assert until(lambda: seen(lines, "Ctrl-C stops all"), 60), lines
        assert not seen(lines, "/technician/enter/")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_killing_it_leaves_nothing_running(tmp_path: Path) -> None:
    environ = settings(tmp_path)
    with make_run(tmp_path, environ) as (process, lines):
        assert until(lambda: seen(lines, "Ctrl-C stops all"), 60), lines
        process.kill()
        process.wait()
        for name in ("HUB_PORT", "COLLECTOR_PORT"):
            address = ("127.0.0.1", int(environ[name]))
            assert until(lambda address=address: socket.socket().connect_ex(address) != 0, 20)


def test_a_port_in_use_gets_one_sentence_that_names_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environ = settings(tmp_path) | {"HUB_PORT": str(taken.getsockname()[1])}
        with make_run(tmp_path, environ) as (process, lines):
            assert process.wait(30) == 1
            assert until(lambda: len(lines) == 1)
            assert "make run HUB_PORT=" in lines[0]


@pytest.fixture
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", LAPTOP / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_old_python_can_read_the_sentence_about_itself(bootstrap: ModuleType, monkeypatch, capsys) -> None:
    ast.parse((LAPTOP / "bootstrap.py").read_text(), feature_version=(3, 4))
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit):
        bootstrap.check_machine()
    assert "needs Python 3.11 or later and this is 3.9" in capsys.readouterr().err


def test_a_full_disk_is_told_before_anything_is_set_up(bootstrap: ModuleType, monkeypatch, capsys) -> None:
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda _: types.SimpleNamespace(free=1))
    with pytest.raises(SystemExit):
        bootstrap.check_machine()
    assert "free some space" in capsys.readouterr().err


def test_setting_up_again_does_nothing_until_what_it_reads_changes(bootstrap: ModuleType) -> None:
    first = bootstrap.fingerprint(["dev"])
    assert bootstrap.fingerprint(["dev"]) == first
    assert bootstrap.fingerprint(["dev", "zim"]) != first
