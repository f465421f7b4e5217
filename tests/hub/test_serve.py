"""`hub serve` and `hub web` as processes: together they start, together they end, and trouble is one sentence."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.town import ROOT, Town, until


def hub(town: Town, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "hub", *arguments]
    return subprocess.Popen(
        command, env=town.environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_web_and_worker_start_and_end_together(tmp_path: Path) -> None:
    town = Town(tmp_path)
    serving = hub(town, "serve")
    assert until(lambda: town.answers("web"))
    serving.send_signal(signal.SIGTERM)
    out, _ = serving.communicate(timeout=30)
    assert serving.returncode == 0, out
    assert not town.answers("web")


def test_the_end_of_one_ends_the_other(tmp_path: Path) -> None:
    town = Town(tmp_path)
    serving = hub(town, "serve")
    assert until(lambda: town.answers("web"))
    children = Path(f"/proc/{serving.pid}/task/{serving.pid}/children").read_text().split()
    assert len(children) == 2
    os.kill(int(children[1]), signal.SIGKILL)
    out, _ = serving.communicate(timeout=30)
    assert serving.returncode != 0, out
    assert not town.answers("web")


def test_a_port_in_use_ends_with_a_sentence_and_its_exit_code(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        web = hub(Town(tmp_path, {"HUB_PORT": port}), "web")
        out, _ = web.communicate(timeout=30)
    assert web.returncode == 69
    assert f"Cannot listen on 127.0.0.1:{port}" in out
    assert "Traceback" not in out


def test_a_bad_setting_ends_with_a_sentence_and_its_exit_code(tmp_path: Path) -> None:
    for name, value in {
        "HUB_PORT": "many",
        "HUB_FLUSH_EVERY": "60",
        "HUB_PROT": "80",
        "HUB_UPLOAD_EVERY": "0",
        "HUB_PORTAL_API": "http://hub.example.org/captive-portal/api",
    }.items():
        web = hub(Town(tmp_path, {name: value}), "web")
        out, _ = web.communicate(timeout=30)
        assert web.returncode == 64
        assert name in out
        assert len(out.strip().splitlines()) == 1
