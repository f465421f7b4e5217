"""Head office as a process of its own, over a real socket; ended, or killed, when the block ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

import requests


class RunningOffice:
    def __init__(self, folder: Path, port: int = 0, **more: str) -> None:
        self.environ = os.environ | {
            "COLLECTOR_DATA": str(folder / "data"),
            "COLLECTOR_PORT": str(port),
            **{f"COLLECTOR_{name.upper()}": value for name, value in more.items()},
        }

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "collector", *words],
            check=False,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def add_site(self, name: str) -> str:
        answer = self.command("sites", "add", name, "--time-zone", "America/Merida", "--json")
        return json.loads(answer.stdout)["code"]

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "collector", "serve"], env=self.environ, stdout=subprocess.PIPE, stderr=-3, text=True
        )
        line = self.process.stdout.readline()
        found = re.search(r"http://([\d.]+):(\d+)", line)
        assert found, f"no address in {line!r}"
        self.host, self.port = found[1], int(found[2])
        self.address = f"http://{self.host}:{self.port}"
        return self

    def __exit__(self, *error: object) -> None:
        self.kill(signal.SIGKILL)

    def kill(self, number: int) -> int:
        """Send the signal; gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.stdout.close()
        return self.process.wait(timeout=20)

    def get(self, path: str) -> requests.Response:
        return requests.get(self.address + path, timeout=10)

    def raw(self, request: bytes) -> int | None:
        """The status that these bytes get, None if the connection just ends."""
        answer = b""
        with (
            suppress(ConnectionError, OSError),
            socket.create_connection((self.host, self.port), timeout=10) as connection,
        ):
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(100)
        return int(answer.split()[1]) if answer.startswith(b"HTTP/") else None
