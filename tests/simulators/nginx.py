"""A real nginx for the length of a block, with a configuration of a test's own or one of deploy/ with other paths.

site = changed(CONF.read_text(), {"listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;"})
with Nginx(tmp_path, site, port) as nginx:
    ...
    nginx.restart()
    nginx.log()         # the lines of its access log, in the form that `format` gives
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIN = """pid {folder}/pid; daemon off; worker_processes 1; error_log {folder}/error.log; {user}
events {{}}
http {{
    log_format told '{format}';
    access_log {folder}/access.log told;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    include {folder}/site.conf;
}}
"""


class Nginx:
    """Ends with the block; skips the test where there is none."""

    def __init__(self, folder: Path, site: str, port: int, *, format: str = "$request $status") -> None:  # noqa: A002
        if shutil.which("nginx") is None:
            pytest.skip("component absent: nginx; apt-get install nginx-light")
        self.folder, self.port = folder, port
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "site.conf").write_text(site)
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user, format=format))

    def __enter__(self) -> Self:
        checked = subprocess.run(self._command("-t"), capture_output=True, text=True, check=False, timeout=30)
        assert checked.returncode == 0, checked.stderr
        assert "warn" not in checked.stderr
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._server = subprocess.Popen(self._command(), stderr=subprocess.DEVNULL)
        wait_for(self.port)

    def stop(self) -> None:
        self._server.terminate()
        self._server.wait(20)

    def restart(self) -> None:
        self.stop()
        self.start()

    def reload(self) -> None:
        """As `systemctl reload` does: new workers by the files as they are now; returns once they serve."""
        before = self._workers()
        self._server.send_signal(signal.SIGHUP)
        for _ in range(200):
            if self._workers() and not self._workers() & before:
                return
            time.sleep(0.05)
        pytest.fail("nginx did not reload")

    def _workers(self) -> set[str]:
        process = self._server.pid
        return set(Path(f"/proc/{process}/task/{process}/children").read_text().split())

    def log(self) -> list[str]:
        return (self.folder / "access.log").read_text().splitlines()

    def _command(self, *words: str) -> list[str]:
        return ["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), *words]


def changed(text: str, changes: Mapping[str, str]) -> str:
    """A configuration with other paths and addresses; patterns with a backslash are regular expressions."""
    for old, new in changes.items():
        text, found = re.subn(old if "\\" in old else re.escape(old), new, text)
        assert found, f"{old} is not in the configuration"
    return text


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("nginx does not listen")
