"""A village without a radio: the box with its real services, phones on a bridge, a cable, and the Internet beyond.

    with VillageNet(tmp_path) as net:
        phone = net.phone()                 # on the village's Wi-Fi; may talk to the box alone
        staff = net.technician()            # on the setup network
        laptop = net.laptop()               # plugged into the box's cable
        net.box.restart_web()               # hub-web anew, all else stays
        net.box.reboot()                    # /run is empty, another boot
        net.box.apply(Network(...))         # as `hub network apply` does
        net.internet.served                 # what villagers asked of a server beyond the uplink

Its files are those that `hub network apply` writes, so the rules and names are the box's own; where systemd-networkd
would run, `Box.apply` does what its files say. A radio is a bridge whose ports are isolated, as hostapd's ap_isolate
does it. Everything lives in namespaces of this process (namespaces.py) and in `tmp_path`; programs are stopped by id.
"""

from __future__ import annotations

import configparser
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Self

from hub.network import render
from hub.network.hardware import Hardware, Port, Radio
from hub.network.plan import SECOND, place
from hub.network.record import Network, WiFi
from tests.lab.dhcp import ANDROID_WANTS
from tests.lab.internet import HOME, LAN, OUTSIDE, Internet
from tests.lab.namespaces import Namespace, need
from tests.lab.phone import RADIO, Phone
from tests.town import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hub.network.firewall import Shared
    from hub.network.plan import Plan

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "hub.home.arpa"
CABLE = "eth0"
# A radio that holds two networks; one that holds one; and a port for an access point beside it.
RESOLV = "/run/resolv.conf"
BOX = Hardware(radios=(Radio(interface="wlan0", aps=2),), ports=(Port(name=CABLE),), resolv=RESOLV)
SMALL_BOX = Hardware(radios=(Radio(interface="wlan0", aps=1),), ports=(Port(name=CABLE),), resolv=RESOLV)
BOX_WITH_TWO_PORTS = Hardware(
    radios=(Radio(interface="wlan0", aps=1),), ports=(Port(name=CABLE), Port(name="eth1")), resolv=RESOLV
)
RECORD = Network(
    number=1,
    stage="village",
    village=WiFi(name="Biblioteca", password="12345678"),
    setup=WiFi(name="Biblioteca-setup", password="a long password of the box"),
)
# A program of the box: its own /run, as on a box, and a boot of its own.
AS_ON_A_BOX = """
mount --bind "$LAB_RUN" /run
mount --bind "$LAB_BOOT" /proc/sys/kernel/random/boot_id
exec "$@"
"""


class VillageNet:
    """The whole of it. `record` is what the technician ordered, `hardware` what the box has; `pages`: with hub-web."""

    def __init__(self, folder: Path, record: Network = RECORD, hardware: Hardware = BOX, *, pages: bool = True) -> None:
        need("dnsmasq", "nft", "unshare")
        self.held = contextlib.ExitStack()
        self.devices = contextlib.ExitStack()
        self.folder = folder
        self.record = record
        self.hardware = hardware
        self.pages = pages
        self.ports = 0

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as held:
            hub = held.enter_context(Namespace())
            lan = held.enter_context(Namespace())
            self._wire(hub, lan)
            self.lan = lan
            self.box = held.enter_context(Box(hub, self.folder, self.record, self.hardware, pages=self.pages))
            self.internet = held.enter_context(Internet(lan, self.folder))
            self.held = held.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self.let_go()
        self.held.close()

    def let_go(self) -> None:
        """All phones leave; what they had in the village stays as it is."""
        self.devices.close()

    def _wire(self, hub: Namespace, lan: Namespace) -> None:
        """The box's interfaces, and beyond its cable a switch with a router that knows the way to the Internet."""
        bridges = [radio.interface for radio in self.hardware.radios]
        bridges += [SECOND, *(port.name for port in self.hardware.ports if port.name != CABLE)]
        hub.ip(
            "link set lo up",
            # Of their own: a bridge would take the lowest of its ports', another one with each phone that comes or goes.
            *(
                f"link add {name} address 02:00:00:00:00:{number:02x} type bridge mcast_snooping 0"
                for number, name in enumerate(bridges, 1)
            ),
            *(f"link set {name} addrgenmode none" for name in bridges),
            f"link add {CABLE} type veth peer name box netns {lan.path}",
            *(f"link set {name} up" for name in (*bridges, CABLE)),
        )
        # A radio's frames from phone to phone pass no rules of the box; nor may a bridge's, were the kernel built for it.
        hub.run(
            "sh",
            "-c",
            'for file in /proc/sys/net/bridge/bridge-nf-call-*; do test ! -e "$file" || echo 0 > "$file"; done',
        )
        # What comes after these are ports of bridges, which stand for nothing on a box and say nothing of their own.
        off = "/proc/sys/net/ipv6/conf/default/disable_ipv6"
        hub.run("sh", "-c", f"test ! -e {off} || echo 1 > {off}")
        lan.ip(
            "link set lo up",
            "link add switch address 02:00:00:00:01:01 type bridge mcast_snooping 0",
            "link set box master switch up",
            "link set switch up",
            f"addr add {HOME}/24 dev switch",
            f"addr add {OUTSIDE}/32 dev lo",
        )

    def phone(self, wants: bytes = ANDROID_WANTS, host_name: str = "", *, isolated: bool = True) -> Phone:
        """A phone within reach of the village's Wi-Fi that has not joined yet."""
        assert self.box.plan.village, "nothing carries the village's network now"
        return self._device(self.box.namespace, self.box.plan.village, wants, host_name, isolated=isolated)

    def technician(self) -> Phone:
        """A phone on the setup network."""
        assert self.box.plan.setup, "nothing carries the setup network now"
        return self._device(self.box.namespace, self.box.plan.setup, ANDROID_WANTS, "", isolated=True)

    def laptop(self) -> Phone:
        """A laptop plugged into the switch that the box's cable goes to."""
        return self._device(self.lan, "switch", ANDROID_WANTS, "", isolated=False)

    def _device(self, where: Namespace, bridge: str, wants: bytes, host_name: str, *, isolated: bool) -> Phone:
        namespace = self.devices.enter_context(Namespace())
        self.ports += 1
        port = f"p{self.ports}"
        where.ip(
            f"link add {port} type veth peer name {RADIO} netns {namespace.path}",
            f"link set {port} master {bridge} up",
            f"bridge link set dev {port} isolated {'on' if isolated else 'off'}",
        )
        namespace.ip("link set lo up", f"link set {RADIO} up")
        return Phone(namespace, wants, host_name)


class Box:
    """The box: what `hub network apply` writes, dnsmasq, nftables and hub-web."""

    def __init__(
        self, namespace: Namespace, folder: Path, record: Network, hardware: Hardware, *, pages: bool = True
    ) -> None:
        self.namespace = namespace
        self.wanted = ["dnsmasq", "web"] if pages else ["dnsmasq"]
        self.folder = folder
        self.record = record
        self.hardware = hardware
        self.run = in_memory()
        self.boot = folder / "boot_id"
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.hours = 0.0  # since the boot, added to this machine's own
        self.first = record
        self.linked: list[str] = []

    def __enter__(self) -> Self:
        try:
            self.power_on()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.power_off()
        self.run.rmdir()

    def power_on(self) -> None:
        """Another boot: nothing is left in /run."""
        for name in ("village-hub", "village-hub-net", "systemd/network"):
            (self.run / name).mkdir(parents=True, exist_ok=True)
        (self.run / "resolv.conf").write_text(f"nameserver {HOME}\n")  # as systemd-resolved writes it
        self.boot.write_text(f"{uuid.uuid4()}\n")
        self.hours = 0.0
        self.apply(self.record)
        if "web" in self.wanted:
            self.start_web()

    def power_off(self) -> None:
        """The plug is pulled."""
        for name in list(self.running):
            self.stop(name, signal.SIGKILL)
        subprocess.run(["find", self.run, "-mindepth", "1", "-delete"], check=True)

    def reboot(self) -> None:
        self.power_off()
        self.power_on()

    @property
    def plan(self) -> Plan:
        """Which interface carries what."""
        return place(self.record, self.hardware)

    @property
    def changed(self) -> bool:
        """Whether a test left the box other than it found it."""
        return self.unwell or self.record != self.first

    @property
    def unwell(self) -> bool:
        """Whether a service does not run, or runs in another time."""
        ended = [name for name, process in self.running.items() if process.poll() is not None]
        return bool(self.hours or ended or set(self.running) != set(self.wanted))

    def put_back(self) -> None:
        """As it was made; what is not broken goes on."""
        if not self.unwell:
            self.apply(self.first)
            return
        self.record = self.first
        self.reboot()

    def apply(self, record: Network, shared: Shared | None = None) -> None:
        """Put `record` in force."""
        self.record = record
        self.files = render.files(record, self.hardware, NAME, shared=shared)
        for path, text in self.files.items():
            file = self.run / "village-hub-net" / "current" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self._link_up()
        self.namespace.run("nft", "-f", "-", given=self.files["nftables.nft"])
        self.start_names()

    def _link_up(self) -> None:
        """What systemd-networkd and systemd-sysctl do with their files."""
        lines = []
        for radio in (*(radio.interface for radio in self.hardware.radios), SECOND):
            lines += [f"addr flush dev {radio}", f"link set {radio} addrgenmode none"]
        for path, text in self.files.items():
            if path.startswith("network/"):
                lines += _as_networkd(text)
        if lines != self.linked:  # networkd leaves alone what has not changed
            self.namespace.ip(*lines)
        self.linked = lines
        _name, _, value = self.files["forwarding.conf"].partition(" = ")
        self.namespace.run("sh", "-c", "cat > /proc/sys/net/ipv4/ip_forward", given=value)

    def start_names(self) -> None:
        """dnsmasq, anew; returns when it answers."""
        self.stop("dnsmasq")
        self._start(
            "dnsmasq", "dnsmasq", "--keep-in-foreground", "--conf-file=/run/village-hub-net/current/dnsmasq.conf"
        )
        self._wait("dnsmasq", lambda: "started, version" in self.log("dnsmasq"))

    def start_web(self) -> None:
        """hub-web, anew; returns when it answers."""
        self.stop("web")
        self._start("web", sys.executable, "-m", "hub", "web")
        self._wait("web", self._answers)

    def restart_web(self, hours: float = 0.0) -> None:
        """hub-web ends and starts; `hours` have gone by since the boot when it does (time_namespaces(7))."""
        self.hours += hours
        self.start_web()

    @contextlib.contextmanager
    def listening(self, *ports: int) -> Iterator[None]:
        """Other servers on the box, at all of its addresses, such as ssh's: they take connections and say nothing."""
        with contextlib.ExitStack() as held:
            for port in ports:
                server = held.enter_context(self.namespace.socket(socket.AF_INET, socket.SOCK_STREAM))
                server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                server.bind(("0.0.0.0", port))
                server.listen()
            yield

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        process = self.running.pop(name, None)
        if process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, how)
            process.wait(20)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def program(self, *command: str) -> str:
        """What another program of the box says, for instance `hub doctor`; it must end well."""
        done = subprocess.run(
            ["nsenter", f"--net={self.namespace.path}", *self._as_on_a_box(), *command],
            env=self._environ(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def _start(self, name: str, *command: str) -> None:
        (self.folder / f"{name}.log").write_text("")
        self.running[name] = self.namespace.start(
            *self._as_on_a_box(), *command, log=self.folder / f"{name}.log", environ=self._environ(), folder=ROOT
        )

    def _as_on_a_box(self) -> list[str]:
        later = ["--time", f"--boottime={int(self.hours * 3600)}", "--fork"] if self.hours else []
        return ["unshare", "--mount", "--propagation=private", *later, "sh", "-euc", AS_ON_A_BOX, "sh"]

    def _environ(self) -> dict[str, str]:
        outside = {name: text for name, text in os.environ.items() if not name.startswith(("HUB_", "COLLECTOR_"))}
        return {
            **outside,
            "LAB_RUN": str(self.run),
            "LAB_BOOT": str(self.boot),
            "HUB_DATA": str(self.folder / "data"),
            "HUB_RUN": "/run/village-hub",
            "HUB_HOST": "0.0.0.0",
            "HUB_PORT": "80",
            "HUB_NAME": NAME,
            "HUB_STAFF_FROM": "10.45.0.0/24 169.254.0.0/16 127.0.0.0/8",
            "HUB_WIFI_MBIT": "40",
        }

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        assert until(lambda: ready() or self.running[name].poll() is not None), f"{name} is late: {self.log(name)}"
        assert self.running[name].poll() is None, f"{name} ended: {self.log(name)}"

    def _answers(self) -> bool:
        with (
            contextlib.suppress(OSError),
            contextlib.closing(self.namespace.socket(socket.AF_INET, socket.SOCK_STREAM)) as line,
        ):
            line.settimeout(10)
            line.connect(("127.0.0.1", 80))
            line.sendall(f"GET /healthz HTTP/1.0\r\nHost: {NAME}\r\n\r\n".encode())
            answer = http.client.HTTPResponse(line)
            answer.begin()
            return answer.status < 600
        return False


def in_memory() -> Path:
    """A folder for /run, which is a tmpfs on a box: dnsmasq writes its leases to it, and waits until they are there."""
    memory = Path("/dev/shm")
    made = Path(tempfile.mkdtemp(prefix="village-lab-", dir=memory if os.access(memory, os.W_OK) else None))
    made.chmod(0o755)  # dnsmasq is nobody when it reads what is in there
    return made


def _as_networkd(text: str) -> list[str]:
    """The commands that do as a .network file says; "DHCP" gives the address that the router's own would give."""
    told = configparser.ConfigParser(strict=False, interpolation=None)
    told.optionxform = str
    told.read_string(text)
    lines = []
    for interface in told["Match"]["Name"].split():
        lines += [f"addr flush dev {interface}"]
        if told["Network"].get("LinkLocalAddressing") == "no":
            lines += [f"link set {interface} addrgenmode none"]
        lines += [
            f"addr add {told[section]['Address']} brd + dev {interface}"
            for section in ("Network", "Address")
            if told.has_option(section, "Address")
        ]
        if told["Network"].get("DHCP") == "ipv4":
            lines += [f"addr add {LAN}/24 dev {interface}"]
            if told["DHCPv4"].get("UseGateway", "yes") == "yes":
                lines += [f"route replace default via {HOME}"]
    return lines
