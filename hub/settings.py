"""Every setting of a hub, in one table: name, default, unit, explanation.

Each is read from the environment as `HUB_<NAME>`. A bad value stops start-up with one sentence:

    settings = Settings.load()          # raises BadSetting
    settings.database                   # PosixPath('var/hub/hub.sqlite3')

What belongs to the place where the box stands (its name, its time zone, head office's address) is not here:
`hub setup` keeps that in the database (see hub/site.py).
"""

from __future__ import annotations

import dataclasses
import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.addresses import networks
from hub.errors import HubError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.addresses import Network

NAME = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*", re.IGNORECASE)  # RFC 1123, section 2.1


class BadSetting(HubError):
    """A value that cannot be used; the sentence names the setting and what it takes."""

    exit_code = 64


def setting(default: Any, unit: str, explanation: str) -> Any:
    """One row of the table; the field's name is the setting's."""
    return field(default=default, metadata={"unit": unit, "explanation": explanation})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The table. Paths derive from `data`, so one folder holds all that a hub must not lose."""

    data: Path = setting(Path("var/hub"), "folder", "Everything the hub keeps lies here.")
    host: str = setting("127.0.0.1", "address", "Address the web process listens on; 0.0.0.0 on a box.")
    port: int = setting(8080, "TCP port", "Port of the pages.")
    content_port: int = setting(8081, "TCP port", "Port kept for packages from elsewhere, another origin.")
    threads: int = setting(8, "threads", "Requests answered at the same time; files need none.")
    connections: int = setting(1000, "connections", "Phones connected at the same time, slow ones included.")
    idle_timeout: int = setting(60, "seconds", "A connection that moves no byte for so long is closed.")
    wifi_mbit: int = setting(0, "Mbit per second", "Speed of the Wi-Fi that media shares evenly; 0 lets it run free.")
    flush_every: float = setting(4.0, "seconds", "Longest time that counts wait in memory; 5 at most.")
    upload_every: int = setting(900, "seconds", "Pause between two uploads while the budget allows them.")
    seal_open_days: bool = setting(False, "yes or no", "Also report a day that is not over (demonstrations).")
    roll_up_every: int = setting(300, "seconds", "Pause between two roll-ups of usage into site-days.")
    reserve_mb: int = setting(200, "MB", "Free disk that downloads leave for people's answers.")
    keep_days: int = setting(35, "days", "Raw usage is kept so long after head office acknowledged it.")
    snapshot_every: int = setting(86_400, "seconds", "Pause between two snapshots of the database.")
    verify_rate_mb: int = setting(2, "MB per second", "Speed of the slow check of stored content.")
    content_every: int = setting(21_600, "seconds", "Pause between two looks for new content that nobody told of.")
    sticks: Path = setting(Path("/media"), "folder", "Content is looked for on what is plugged in and mounted below.")
    content_kbit: int = setting(0, "kbit per second", "Speed of content over the uplink; 0 lets it run free.")
    neighbours: bool = setting(True, "yes or no", "Whether neighbour hubs may take content from /repository.")
    message_command: str = setting("", "command", "Sends a short message: the bytes on its input. Empty: none is sent.")
    message_to: str = setting("", "number", "Where short messages go; the last word of HUB_MESSAGE_COMMAND.")
    message_bytes: int = setting(140, "bytes", "Room in a short message: 140 for totals, 340 for courses.")
    message_after: int = setting(3, "days", "So long head office must be silent before a short message goes.")
    messages_a_day: int = setting(2, "messages", "At most so many short messages a day.")
    programme: Path = setting(
        Path("programme.toml"), "file", "The programme's name, logo and colour; looked for in HUB_DATA."
    )

    name: str = setting("", "name", "The hub's name on its own network, as in hub.home.arpa; empty on a laptop.")
    portal_api: str = setting(
        "", "https address", "The portal's API (RFC 8908), on a host that has a certificate; told by DHCP."
    )
    staff_from: str = setting("", "networks", "Staff pages answer these alone, as in 10.45.0.0/24; empty: all.")
    run: Path = setting(Path("run"), "folder", "State that ends with the machine's run; looked for in HUB_DATA.")
    machine: Path = setting(Path("/"), "folder", "Root of the machine whose sys/, proc/ and boot/ are read.")
    answers: Path = setting(
        Path("boot/firmware/hub-setup.toml"), "file", "The five answers by file; looked for in HUB_MACHINE."
    )
    card_test_mb: int = setting(0, "MB", "Free disk that the test of the card spans; 0 is all but the reserve.")

    @property
    def database(self) -> Path:
        return self.data / "hub.sqlite3"

    @property
    def run_folder(self) -> Path:
        return self.data / self.run

    @property
    def leases_file(self) -> Path:
        """What dnsmasq wrote of the phones that have an address (hub/network/)."""
        return self.machine / "run/village-hub-net/leases"

    @cached_property
    def staff_networks(self) -> tuple[Network, ...]:
        """The networks from which staff pages answer; none named: from anywhere."""
        return networks(self.staff_from)

    @property
    def answers_file(self) -> Path:
        return self.machine / self.answers

    @property
    def library_root(self) -> Path:
        return self.data / "library"

    @property
    def keys(self) -> Path:
        return self.data / "keys"

    @property
    def snapshots(self) -> Path:
        return self.data / "snapshots"

    @property
    def programme_file(self) -> Path:
        return self.data / self.programme

    @property
    def reserve_bytes(self) -> int:
        return self.reserve_mb * 1_000_000

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read `HUB_*` from `environ`; raises BadSetting with a sentence for the first bad value."""
        given: dict[str, Any] = {}
        for row in dataclasses.fields(cls):
            text = environ.get(f"HUB_{row.name.upper()}")
            if text is not None:
                given[row.name] = _parse(f"HUB_{row.name.upper()}", text, type(row.default))
        _refuse_unknown(cls, environ)
        settings = cls(**given)
        _check(settings)
        return settings


def _parse(name: str, text: str, kind: type[Any]) -> Any:
    """Turn `text` into `kind`, which is the type of the setting's default."""
    if kind is bool:
        if text.lower() not in {"yes", "no", "true", "false", "1", "0"}:
            raise BadSetting(f"{name} is {text!r}; write yes or no.")
        return text.lower() in {"yes", "true", "1"}
    try:
        return Path(text) if issubclass(kind, Path) else kind(text)
    except ValueError:
        raise BadSetting(f"{name} is {text!r}; write a number, for instance 10.") from None


def _refuse_unknown(cls: type[Settings], environ: Mapping[str, str]) -> None:
    known = {f"HUB_{row.name.upper()}" for row in dataclasses.fields(cls)}
    for name in environ:
        if name.startswith("HUB_") and name not in known:
            raise BadSetting(f"{name} is no setting of the hub; see docs/operating/settings.md for the list.")


def _check(settings: Settings) -> None:
    for name in ("port", "content_port"):
        if not 0 <= getattr(settings, name) <= 65535:
            raise BadSetting(f"HUB_{name.upper()} is {getattr(settings, name)}; write a port from 0 to 65535.")
    for name in (
        "threads",
        "connections",
        "upload_every",
        "roll_up_every",
        "snapshot_every",
        "idle_timeout",
        "content_every",
    ):
        if getattr(settings, name) < 1:
            raise BadSetting(f"HUB_{name.upper()} must be 1 or more; leave it out for the default.")
    for name in ("message_after", "messages_a_day", "content_kbit", "card_test_mb"):
        if getattr(settings, name) < 0:
            raise BadSetting(f"HUB_{name.upper()} must be 0 or more; leave it out for the default.")
    _check_addresses(settings)
    if not 140 <= settings.message_bytes <= 32_768:
        raise BadSetting("HUB_MESSAGE_BYTES must be 140 for an SMS, or 340 and more; leave it out for the default.")
    if not 0 < settings.flush_every <= 5:
        raise BadSetting("HUB_FLUSH_EVERY must be over 0 and at most 5 seconds; leave it out for the default.")


def _check_addresses(settings: Settings) -> None:
    if settings.name and not NAME.fullmatch(settings.name):
        raise BadSetting(f"HUB_NAME is {settings.name!r}; write a host's name without port or slash, as hub.home.arpa.")
    if settings.portal_api and not settings.portal_api.startswith("https://"):
        raise BadSetting("HUB_PORTAL_API must begin with https://, since phones ask nothing else; or leave it out.")
    try:
        networks(settings.staff_from)
    except ValueError as error:
        raise BadSetting(
            f"HUB_STAFF_FROM has a part that is no network ({error}); write for instance 10.45.0.0/24 127.0.0.0/8."
        ) from None
