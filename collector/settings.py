"""Every setting of head office, in one table: name, default, unit, explanation.

Each is read from the environment as `COLLECTOR_<NAME>`, or from a credential of that name, which systemd hands to the
service as a file (LoadCredential=, systemd.exec(5)) and nobody else can read. A bad value stops start-up with one
sentence:

    settings = Settings.load()          # raises BadSetting
    settings.port                       # 8090
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.errors import BadSetting

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
SHORTEST_TOKEN = 16
LONGEST_ROOT = 128 << 10  # as much as hubs take of one


def setting(default: Any, unit: str, explanation: str) -> Any:
    """One row of the table; the field's name is the setting's."""
    return field(default=default, metadata={"unit": unit, "explanation": explanation})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The table."""

    data: Path = setting(Path("var/collector"), "folder", "Head office's key lies here, and its SQLite database.")
    database: str = setting(
        "", "URL", "sqlite:///path or postgresql://user@host/name; empty: collector.sqlite3 in the data folder."
    )
    host: str = setting("127.0.0.1", "address", "Address to listen on; anything but loopback needs a token.")
    port: int = setting(8090, "TCP port", "Port of the pages and of the hubs' uploads.")
    token: str = setting("", "text", "Whoever reads pages or API must know it; 16 characters or more. Empty: open.")

    trusted_proxy: str = setting(
        "", "address", "The web server in front, whose word on who is asking is believed; needs a token. Empty: none."
    )
    content: str = setting(
        "",
        "folder or URL",
        "The repository that hubs take content from; answers tell them its number. Empty: none.",
    )
    content_root: str = setting(
        "",
        "file",
        "The 1.root.json of the keys that sign the content; names of courses are taken in by it. Empty: numbers only.",
    )

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.data / 'collector.sqlite3'}"

    @property
    def root(self) -> bytes:
        """The root of trust in the content; empty if none is set. Raises BadSetting."""
        if not self.content_root:
            return b""
        try:
            with Path(self.content_root).open("rb") as file:
                return file.read(LONGEST_ROOT)
        except OSError as error:
            raise BadSetting(
                f"COLLECTOR_CONTENT_ROOT cannot be read ({error.strerror}); name the file 1.root.json that "
                "`content-cache keys create` made, or leave it out."
            ) from None

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read `COLLECTOR_*` from `environ` and credentials; raises BadSetting for the first bad value."""
        known = {f"COLLECTOR_{row.name.upper()}": row for row in dataclasses.fields(cls)}
        given = {}
        # What is handed over so is newer than what an old file of the environment may still say.
        for name, text in ({**environ} | _credentials(environ.get("CREDENTIALS_DIRECTORY"))).items():
            if name in known:
                given[known[name].name] = _parse(name, text, type(known[name].default))
            elif name.startswith("COLLECTOR_"):
                raise BadSetting(f"{name} is no setting of head office; docs/operating/collector.md lists them.")
        settings = cls(**given)
        _check(settings)
        return settings


def _credentials(folder: str | None) -> dict[str, str]:
    """The settings that lie there, each as a file of its name; a line's end after the text is none of it."""
    found = {}
    for path in sorted(Path(folder).glob("COLLECTOR_*")) if folder else []:
        try:
            found[path.name] = path.read_text().rstrip("\n")
        except (OSError, ValueError) as error:
            raise BadSetting(f"The credential {path.name} cannot be read ({error}); write it again.") from None
    return found


def _parse(name: str, text: str, kind: type) -> Any:
    """Turn `text` into `kind`, which is the type of the setting's default."""
    if issubclass(kind, Path):
        return Path(text)
    try:
        return int(text) if kind is int else text
    except ValueError:
        raise BadSetting(f"{name} is {text!r}; write a number, for instance 8090.") from None


def _check(settings: Settings) -> None:
    if not 0 <= settings.port <= 65535:
        raise BadSetting(f"COLLECTOR_PORT is {settings.port}; write a port from 0 to 65535.")
    if not settings.database_url.startswith(("sqlite:///", "postgresql://")):
        raise BadSetting("COLLECTOR_DATABASE must begin with sqlite:/// or postgresql://; mend it or leave it out.")
    if settings.token and len(settings.token) < SHORTEST_TOKEN:
        raise BadSetting(f"COLLECTOR_TOKEN is easy to guess; take {SHORTEST_TOKEN} random characters or more.")
    if settings.trusted_proxy:
        _check_proxy(settings)
    if settings.host not in LOOPBACK and not settings.token:
        raise BadSetting(
            f"Listening on {settings.host} would show every figure to anyone who finds it; set COLLECTOR_TOKEN first."
        )


def _check_proxy(settings: Settings) -> None:
    """Whoever may speak for others is named by the address that connections come from."""
    try:
        ip_address(settings.trusted_proxy)
    except ValueError:
        raise BadSetting(
            f"COLLECTOR_TRUSTED_PROXY is {settings.trusted_proxy!r}; write the address it connects from, as 127.0.0.1."
        ) from None
    if not settings.token:
        raise BadSetting("The server in front would show every figure to anyone; set COLLECTOR_TOKEN first.")
