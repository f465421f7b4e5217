"""What lies beyond the box's uplink: a router's name server, and a web server far away.

with Internet(namespace, tmp_path) as internet:
    internet.served                     # what was asked of the web server, for instance ["/10"]
"""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from tests.town import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.namespaces import Namespace

# Ours, the uplink's router, and a server far away, in a net that no name server takes for a private one.
LAN, HOME, OUTSIDE = "192.168.1.2", "192.168.1.1", "93.184.216.34"


class Internet:
    """Beyond the uplink: a name server that leads all names to a web server, which answers as many bytes as are asked.

    It is on port 443 and speaks without TLS, which neither the rules nor the counters would see anyway. `served` is the paths that it was asked for.
    """

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        self.namespace = namespace
        self.log = folder / "internet.log"
        self.served: list[str] = []
        served = self.served

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                served.append(self.path)
                size = int(self.path.strip("/") or 0)
                self.send_response(200)
                self.send_header("Content-Length", str(size))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(bytes(size))

            def log_message(self, *_args: object) -> None:
                pass

        with namespace.entered():
            self.server = ThreadingHTTPServer((OUTSIDE, 443), Answer)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self.thread.start()
        # One name that would lead a browser back into the network that lends the uplink (DNS rebinding).
        names = [f"--address=/#/{OUTSIDE}", f"--address=/rebind.example.org/{HOME}", f"--listen-address={HOME}"]
        alone = [
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
            "--bind-interfaces",
            "--local=/#/",
        ]
        self.names = self.namespace.start("dnsmasq", *alone, *names, "--user=root", "--log-facility=-", log=self.log)
        assert until(lambda: "started, version" in self.log.read_text()), self.log.read_text()
        return self

    def __exit__(self, *_error: object) -> None:
        self.names.terminate()
        self.names.wait(20)
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
