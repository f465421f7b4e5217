"""A wire of its own, on which every byte is counted: what a hub and a server say to each other costs this much.

    with Wire() as wire:
        with wire.serve(repository, tls=True) as host:
            before = wire.bytes()
            requests.get(host.url + "/metadata/timestamp.json", verify=host.authority)
            print(wire.bytes() - before)

Inside the block the calling thread, and all threads and programs that it starts, live in a network namespace whose
only interface is a loopback with an Ethernet's MTU of 1500 and without offloads, so that each packet is one as it
would cross an uplink. `bytes()` is the sum of the total length of all IPv4 packets, both ways: TCP's handshakes and
acknowledgements, TLS and HTTP are in it; name look-ups and the framing of the link are not.
Needs root, `ip` and `nginx`.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import re
import select
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from benchmarks.chain import Chain, Leaf
from benchmarks.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

MTU = 1500
QUIET = 0.1  # seconds; twice the longest that Linux delays an acknowledgement
CLONE_NEWNET = 0x40000000
SIOCETHTOOL = 0x8946
# ETHTOOL_STSO, SGSO, SGRO (linux/ethtool.h): one packet for each, as on a cable.
OFFLOADS = (0x1F, 0x24, 0x2C)
LISTENER = "wire.socket"

NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; user root;
events {{ worker_connections 64; }}
http {{ access_log {folder}/access.log; sendfile on; tcp_nopush on; server_tokens off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {servers} }}
"""
ANY_FILES = "server {{ {listen} root {root}; }}"
# What head office's own host has, but for where it listens and how often it may be asked.
CONTENT_HOST = ROOT / "deploy/content-host/content-host.rootfs-overlay/etc/nginx/conf.d/village-content.conf"
CHANGES = {
    r"^\s*listen .*\n": "",
    r"server_name .*;": "{listen}",
    r"/etc/ssl/village-content/fullchain.pem": "{folder}/chain.pem",
    r"/etc/ssl/village-content/privkey.pem": "{folder}/key.pem",
    r"/srv/village-content": "{root}",
    r"rate=20r/s": "rate=9999r/s",
}


HEAD_OFFICE = ROOT / "deploy/head-office/head-office.rootfs-overlay/etc/nginx/conf.d/village-office.conf"
OFFICE_CHANGES = {
    r"^server \{\{\n    listen 80;(.*\n)*?\}\}\n": "",  # what it says to who comes without TLS
    r"^\s*listen .*\n": "",
    r"server_name .*;": "{listen}",
    r"/etc/ssl/village-office/fullchain.pem": "{folder}/chain.pem",
    r"/etc/ssl/village-office/privkey.pem": "{folder}/key.pem",
    r"/var/lib/village-office-tickets": "{folder}",
    r"server 127.0.0.1:8090;": "server unix:{root};",
}
TICKETS = ("new.key", "old.key", "older.key")


@dataclass(frozen=True)
class Host:
    """A server on the wire: where it answers, the file of the authority that its certificate hangs on, its folder."""

    url: str
    authority: str | None
    folder: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def requests(self) -> list[str]:
        """The lines of its log: what was asked of it, in order."""
        return (self.folder / "access.log").read_text().splitlines()


class Wire:
    """The namespace; the thread that enters is the one that leaves."""

    def __enter__(self) -> Self:
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _call("unshare", CLONE_NEWNET)
        self._loopback()
        return self

    def __exit__(self, *_error: object) -> None:
        _call("setns", self._home, CLONE_NEWNET)
        os.close(self._home)

    def _loopback(self) -> None:
        Path("/proc/thread-self/../../../sys/net/ipv6/conf/all/disable_ipv6").resolve().write_text("1")
        subprocess.run(["ip", "link", "set", "lo", "mtu", str(MTU), "up"], check=True)
        with socket.socket() as any_socket:
            for command in OFFLOADS:
                value = ctypes.create_string_buffer(struct.pack("II", command, 0))
                request = struct.pack("16sP", b"lo", ctypes.addressof(value))
                fcntl.ioctl(any_socket, SIOCETHTOOL, request)

    def bytes(self) -> int:
        """Bytes that crossed so far, once the wire has been quiet for a moment."""
        before = -1
        while (now := _received()) != before:
            before = now
            time.sleep(QUIET)
        return now

    @contextlib.contextmanager
    def serve(self, root: Path, *, tls: bool) -> Iterator[Host]:
        """Serve a repository as head office's host does, for the length of the block."""
        with self._nginx(_template(CONTENT_HOST, CHANGES), root, tls=tls) as host:
            yield host

    @contextlib.contextmanager
    def serve_office(self, collector: Path, certificate: str) -> Iterator[Host]:
        """Stand before a collector that listens on a socket file, as head office's nginx does.

        `certificate` is public (a chain of Let's Encrypt's sizes), private (one small leaf), or empty for plain HTTP.
        """
        text = _template(HEAD_OFFICE, OFFICE_CHANGES)
        if not certificate:
            text = re.sub(r"^\s*ssl_.*\n", "", text, flags=re.MULTILINE)
        with self._nginx(text, collector, tls=bool(certificate), private=certificate == "private") as host:
            yield host

    @contextlib.contextmanager
    def serve_any(self, root: Path) -> Iterator[Host]:
        """Serve the files of any folder over plain HTTP, for the length of the block."""
        with self._nginx(ANY_FILES, root, tls=False) as host:
            yield host

    @contextlib.contextmanager
    def _nginx(self, servers: str, root: Path, *, tls: bool, private: bool = False) -> Iterator[Host]:
        with tempfile.TemporaryDirectory(prefix="wire-") as name:
            folder, port = Path(name), free_port()
            folder.chmod(0o755)
            (Leaf if private else Chain).make().write(folder)
            for name_of_key in TICKETS:
                (folder / name_of_key).write_bytes(os.urandom(80))
            config, ssl = folder / "nginx.conf", " ssl" * tls
            listen = f"listen 127.0.0.1:{port}{ssl}; listen unix:{folder}/{LISTENER}{ssl};"
            config.write_text(
                NGINX.format(folder=folder, servers=servers.format(listen=listen, root=root, folder=folder))
            )
            authority = str(folder / "authority.pem") if tls else None
            server = subprocess.Popen(["nginx", "-c", str(config), "-p", name], stderr=subprocess.DEVNULL)
            try:
                wait_until_it_listens(port)
                yield Host(f"{'https' if tls else 'http'}://localhost:{port}", authority, folder)
            finally:
                server.terminate()
                server.wait(20)

    @contextlib.contextmanager
    def cutting(self, host: Host, every: int) -> Iterator[Cutter]:
        """A way to `host` that breaks each time `every` bytes came down it (IP and TCP headers included)."""
        cutter = Cutter(host, every)
        try:
            yield cutter
        finally:
            cutter.close()


class Cutter:
    """Listens on the wire and passes on to nginx's socket file, which is no wire; breaks each connection in time.

    Each connection may carry so many, and ends with a reset. What a link that breaks has in flight is lost as well, but
    never came to the hub; here all of it comes.
    """

    def __init__(self, host: Host, every: int) -> None:
        self._target, self._every = str(host.folder / LISTENER), every
        self.url = f"{host.url.partition(':')[0]}://localhost:{(port := free_port())}"
        self.cuts = self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no further connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.connections += 1
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        """Pass bytes on both ways. One thread for each connection: a socket that another reads would not close."""
        left = self._every * (MTU - 52) // MTU  # 20 bytes of IP and 32 of TCP with timestamps in each full packet
        with contextlib.suppress(OSError), near, far:
            while left:
                for ready in select.select([near, far], [], [])[0]:
                    data = ready.recv(16384 if ready is near else min(16384, left))
                    if not data:
                        return
                    (far if ready is near else near).sendall(data)
                    left -= len(data) if ready is far else 0
            while struct.unpack("i", fcntl.ioctl(near, termios.TIOCOUTQ, bytes(4)))[0]:
                time.sleep(0.001)  # what still waits here would not cross, and was counted
            self.cuts += 1
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no farewell


def free_port() -> int:
    """A port that nobody in this namespace listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_listens(port: int, seconds: float = 20) -> None:
    """Return once somebody answers on `port`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.01)
    raise TimeoutError(f"nobody listens on {port}")


def _template(conf: Path, changes: dict[str, str]) -> str:
    """A configuration of deploy/, as a template."""
    text = conf.read_text().replace("{", "{{").replace("}", "}}")
    for pattern, change in changes.items():
        text, found = re.subn(pattern, change, text, flags=re.MULTILINE)
        assert found, f"{conf.name} has no {pattern} any more"
    return text


def _call(name: str, *arguments: int) -> None:
    """A system call of the C library that Python 3.11 has no name for (setns(2), unshare(2))."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}; run as root")


def _received() -> int:
    """What the loopback of this thread's namespace received: on a loopback, whatever anybody sent."""
    for line in Path("/proc/thread-self/net/dev").read_text().splitlines():
        name, _, counters = line.partition(":")
        if name.strip() == "lo":
            return int(counters.split()[0])
    raise FileNotFoundError("lo")
