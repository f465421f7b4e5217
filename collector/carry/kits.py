"""Makes the kit of a site: the one file by which a box becomes its hub without a line (see wire/kit.py).

data = make_kit("dzemul", office, Kits(address="https://office.example"))

Its code is good for a year, since a village without a line may lie months away, and for one hub.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from collector.errors import NotPossible
from collector.sites.enrol import another_code
from wire.errors import BadRecord
from wire.kit import LONGEST_ROOT, Kit, seal_kit
from wire.messages import VERSION

if TYPE_CHECKING:
    from collector.office import Office

GOOD_FOR = 366 * 86_400_000  # milliseconds
LONGEST_ADDRESS = 300
FIRST_ROOT = "metadata/1.root.json"
GROUP = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?")
log = logging.getLogger("collector")


class Kits(NamedTuple):
    """What a kit tells besides: head office's address, whose keys sign the content, and for which group."""

    address: str | None = None
    content_root: bytes | None = None
    group: str | None = None


def make_kit(site_id: str, office: Office, more: Kits, *, voids: bool = False) -> bytes:
    """The file; with each call a code of its own, which `voids` those that no hub has used. Raises NotPossible."""
    root = more.content_root or office.settings.root or first_root(office.settings.content)
    if root is not None and len(root) > LONGEST_ROOT:
        raise NotPossible(f"A content root has at most {LONGEST_ROOT} bytes; give head office's 1.root.json.")
    if more.group and not GROUP.fullmatch(more.group):
        raise NotPossible(
            f"{more.group[:80]!r} is no group of sites; write small letters, digits, dashes, as in norte."
        )
    now = office.now()
    site, code = another_code(site_id, now, good_for=GOOD_FOR, voids=voids)
    place = office.settings.content
    kit = Kit(
        code=code,
        site=site.id,
        name=site.name,
        time_zone=site.time_zone,
        collector_key=office.key.public_key().public_bytes_raw(),
        sealing_key=office.public_sealing_key,
        until=now + GOOD_FOR,
        speaks=VERSION,
        address=more.address,
        content_place=place if place.startswith(("http://", "https://")) else None,
        content_root=root,
        group=more.group,
    )
    try:
        return seal_kit(kit, office.key)
    except BadRecord as error:
        raise NotPossible(str(error)) from None


def check_address(text: str) -> str:
    """`text` as an address without a slash at its end. Raises NotPossible."""
    try:
        parts = urlsplit(text.strip())
        good = parts.scheme in {"http", "https"} and parts.hostname and not parts.query and parts.port != 0
    except ValueError:
        good = False
    if not good or len(text) > LONGEST_ADDRESS:
        raise NotPossible(f"{text[:80]!r} is no address of head office; write one such as https://office.example.")
    return text.strip().rstrip("/")


def read_root(path: Path) -> bytes:
    """The content root in the file `path`. Raises NotPossible."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotPossible(f"{path} cannot be read ({error.strerror}); give head office's 1.root.json.") from None


def first_root(content: str) -> bytes | None:
    """The first root of the repository that the settings name, if that is a folder here."""
    if not content or "://" in content:
        return None
    try:
        return (Path(content) / FIRST_ROOT).read_bytes()
    except OSError as error:
        log.warning("no content root for a kit: %s", error)
        return None
