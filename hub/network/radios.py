"""Which radios and ports this machine has: what `iw` prints and what lies in /sys, read into plain values.

    hardware = look(Path("/"), run)             # run(["iw", "phy"]) gives text
    parse_phys(text), parse_interfaces(text)    # pure, and tested with what real adapters print
    emptiest(text)                              # of `iw dev wlan0 scan`: 1, 6 or 11

A radio can hold several networks if one of its driver's "valid interface combinations" says so. How many phones it
holds no driver says; what is known of the firmware of some stands in LIMITS.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hub.network.hardware import Clients, Hardware, Port, Radio
from hub.network.plan import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[[list[str]], str]

# Telephones and modems on USB that look like a network card. cdc_ncm and cdc_ether are some adapters' as well: those
# are a way out, and no cable for a laptop.
MODEM_DRIVERS = frozenset({"rndis_host", "cdc_ether", "cdc_ncm", "cdc_mbim", "qmi_wwan", "huawei_cdc_ncm", "ipheth"})
ETHERNET = "1"  # ARPHRD_ETHER, of a network card's file `type`
# Firmware for many phones, of Broadcom's chips on a Raspberry Pi: (what its name or version has, phones).
# raspberrypi/documentation#2520, raspberrypi/linux#3010, iiab/iiab#823.
MANY = (("minimal", 19), ("7.45.18.0", 24), ("7.45.98.38", 24), ("7.45.98.45", 24))
USUAL = Clients(4, 10, "the usual firmware of a Raspberry Pi's own radio")
# ath9k_htc's firmware has eight places, one its own (ATH9K_HTC_MAX_STA in the kernel's htc.h).
LIMITS = {"ath9k_htc": Clients(7, 7, "the firmware of this adapter")}
BANDS = (("2.4", 2400, 2500), ("5", 5000, 5900))  # GHz, and the MHz between which its channels lie


class Phy(NamedTuple):
    """One radio as `iw phy` tells it. `combinations`: lists of (modes, how many), with the total."""

    number: int
    name: str
    modes: frozenset[str]
    bands: tuple[str, ...]
    combinations: tuple[tuple[tuple[tuple[frozenset[str], int], ...], int], ...]

    @property
    def aps(self) -> int:
        if "AP" not in self.modes:
            return 0
        return max([1, *(min(most, total) for limits, total in self.combinations for most in _most(limits, "AP"))])

    @property
    def aps_while_joined(self) -> int:
        """Networks it opens while it has joined another: one of the same combination is taken by that."""
        if "AP" not in self.modes:
            return 0
        found = [0]
        for limits, total in self.combinations:
            if not list(_most(limits, "managed")):
                continue
            for modes, most in limits:
                if "AP" in modes:
                    shared = "managed" in modes and not any("managed" in of and of != modes for of, _ in limits)
                    found.append(min(most - shared, total - 1))
        return max(found)


def _most(limits: tuple[tuple[frozenset[str], int], ...], mode: str) -> Iterator[int]:
    return (most for modes, most in limits if mode in modes)


def parse_phys(text: str) -> list[Phy]:
    """The radios of `iw phy`."""
    return [_phy(part) for part in re.split(r"^Wiphy ", text, flags=re.MULTILINE)[1:]]


def _phy(text: str) -> Phy:
    modes = re.search(r"Supported interface modes:\n((?:\s+\* .*\n)+)", text)
    found = re.findall(r"\* ([\w/ -]+)", modes[1]) if modes else []
    usable = [float(mhz) for mhz, rest in re.findall(r"\* (\d+(?:\.\d+)?) MHz(.*)", text) if "disabled" not in rest]
    bands = [name for name, low, high in BANDS if any(low < mhz < high for mhz in usable)]
    name = text.split("\n", 1)[0].strip()
    index = re.search(r"wiphy index: (\d+)", text) or re.search(r"(\d+)$", name)
    return Phy(int(index[1]) if index else 0, name, frozenset(found), tuple(bands), tuple(_combinations(text)))


def _combinations(text: str) -> Iterator[tuple[tuple[tuple[frozenset[str], int], ...], int]]:
    """Each starts with a star; its `total` may stand on the next line."""
    part = re.search(r"valid interface combinations:\n(.*?)(?=\n\t?\S|\n\tDevice|\Z)", text, re.DOTALL)
    for one in re.split(r"^\s+\* ", part[1] if part else "", flags=re.MULTILINE)[1:]:
        limits = [
            (frozenset(word.strip() for word in modes.split(",")), int(most))
            for modes, most in re.findall(r"#\{ ([^}]*) \} <= (\d+)", one)
        ]
        total = re.search(r"total <= (\d+)", one)
        yield tuple(limits), int(total[1]) if total else 1


def parse_interfaces(text: str) -> dict[int, tuple[str, str]]:
    """Of `iw dev`: {index of the radio: (interface, address)}, the first of each, but for those that hostapd made."""
    found: dict[int, tuple[str, str]] = {}
    for part in re.split(r"^phy#", text, flags=re.MULTILINE)[1:]:
        named = re.findall(r"^\tInterface (\S+)\n((?:\t\t.*\n?)*)", part, re.MULTILINE)
        plain = [(name, lines) for name, lines in named if name != SECOND]
        for name, lines in sorted(plain, key=lambda one: _index(one[1]))[:1]:
            address = re.search(r"addr ([0-9a-f:]{17})", lines)
            found[int(part.split(maxsplit=1)[0])] = (name, address[1] if address else "")
    return found


def _index(lines: str) -> int:
    found = re.search(r"ifindex (\d+)", lines)
    return int(found[1]) if found else 0


def emptiest(text: str) -> int:
    """Of `iw dev … scan`: the one of channels 1, 6 and 11 that hears least of others; 6 if all are silent."""
    heard = dict.fromkeys((6, 1, 11), 0.0)
    for part in re.split(r"^BSS ", text, flags=re.MULTILINE)[1:]:
        mhz, level = re.search(r"freq: (\d+)", part), re.search(r"signal: (-?[\d.]+)", part)
        if mhz is None or not 2412 <= int(mhz[1]) <= 2484:
            continue
        # A network on a channel disturbs four on either side, the less the further.
        channel, power = (int(mhz[1]) - 2407) // 5, 10 ** (float(level[1] if level else -80) / 10)
        for mine in heard:
            heard[mine] += power * max(0.0, 1 - abs(channel - mine) / 5)
    return min(heard, key=lambda channel: heard[channel])


def look(machine: Path, run: Run) -> Hardware:
    """The machine whose /sys lies below `machine`. `run` gives a command's output, "" if it failed."""
    interfaces = parse_interfaces(run(["iw", "dev"]))
    phys = [phy for phy in parse_phys(run(["iw", "phy"])) if phy.number in interfaces]
    radios = [_radio(machine, phy, *interfaces[phy.number]) for phy in phys]
    resolved = machine / "run/systemd/resolve/resolv.conf"
    return Hardware(
        radios=tuple(sorted(radios, key=lambda radio: radio.interface)),
        ports=tuple(_ports(machine / "sys/class/net")),
        resolv=f"/{resolved.relative_to(machine)}" if resolved.exists() else "/etc/resolv.conf",
    )


def _radio(machine: Path, phy: Phy, interface: str, address: str) -> Radio:
    device = machine / "sys/class/net" / interface / "device"
    driver = _driver(device)
    usb = "/usb" in str(device.resolve()) if device.exists() else False
    firmware = _firmware(machine, device) if driver == "brcmfmac" and not usb else ""
    return Radio(
        interface=interface,
        phy=phy.name,
        driver=driver,
        bus="usb" if usb else "board",
        address=address,
        bands=phy.bands,
        aps=phy.aps,
        aps_while_joined=phy.aps_while_joined,
        clients=broadcom(firmware) if driver == "brcmfmac" and not usb else LIMITS.get(driver),
        firmware=firmware,
    )


def broadcom(firmware: str) -> Clients:
    """How many phones the radio of a Raspberry Pi holds with `firmware` (its file's name and version)."""
    for mark, phones in MANY:
        if mark in firmware:
            return Clients(19, phones, f"firmware for many phones: {firmware}")
    return USUAL


def _driver(device: Path) -> str:
    return (device / "driver").resolve().name if (device / "driver").exists() else ""


# By the SDIO number of the chip: Raspberry Pi 3 and Zero W; Zero 2 W; 3B+, 4 and 5.
_CHIPS = {"0xa9a6": "43430", "0xa9bf": "43455"}


def _firmware(machine: Path, device: Path) -> str:
    """The file that the chip was loaded from, links followed, and the version that stands in it."""
    chip = _CHIPS.get(_read(device / "device").lower(), "43455")
    file = machine / f"lib/firmware/brcm/brcmfmac{chip}-sdio.bin"
    target = _followed(machine, file)
    try:
        version = re.search(rb"Version: ([\d.]{5,20})", target.read_bytes())
    except OSError:
        return ""
    return " ".join([target.name, version[1].decode() if version else ""]).strip()


def _followed(machine: Path, file: Path) -> Path:
    """Where links lead within `machine`, also absolute ones, as Raspberry Pi OS has them in /etc/alternatives."""
    for _ in range(8):
        if not file.is_symlink():
            break
        target = file.readlink()
        file = machine / str(target).lstrip("/") if target.is_absolute() else file.parent / target
    return file


def _ports(folder: Path) -> Iterator[Port]:
    """Wired ports: cards with a device behind them, or, in a container, what is called as they are."""
    for card in sorted(folder.iterdir()) if folder.is_dir() else []:
        wireless = (card / "phy80211").exists() or (card / "wireless").exists()
        made = not (card / "device").exists() and not re.match(r"(eth|en|host)\d", card.name)
        wwan = card.name.startswith("wwan")
        if wireless or made or (_read(card / "type") != ETHERNET and not wwan):
            continue
        driver = _driver(card / "device")
        modem = wwan or driver in MODEM_DRIVERS
        yield Port(name=card.name, driver=driver, modem=modem, carrier=_read(card / "carrier") == "1")


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def advice(radio: Radio) -> str:
    """A sentence for who leaves the radio to a class of phones; "" if nothing speaks against it."""
    if radio.clients is None or radio.clients.high >= 30:
        return ""
    return (
        f"The radio {radio.interface} holds {radio.clients.low} to {radio.clients.high} phones at once"
        f" ({radio.clients.why}); for more, plug in a USB Wi-Fi adapter or an access point on the cable."
    )
