"""What dpkg and people read about the package: control, maintainer scripts, copyright, changelog, checksums.

write_control(package, target, version)
write_scripts(package, starting, shipped)
write_documents(package, root, version, epoch, wheels)
write_checksums(package)                    # last: all other files are there
"""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from tree import LIB
from wheels import BuildError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import Message

    from targets import Target

HERE = Path(__file__).resolve().parent
DOCUMENTS = Path("usr/share/doc/village-hub")
MAINTAINER = "Village Hub maintainers <maintainers@village-hub.invalid>"
NEEDS = (
    "python3 (>= {this}), python3 (<< {next})",
    "dnsmasq-base",
    "hostapd",
    "iproute2",
    "iw",
    "nftables",
    "systemd",
    "systemd-timesyncd | time-daemon",
    "tzdata",
    "wireless-regdb",
    "wpasupplicant",
)
CONTROL = """\
Package: village-hub
Version: {version}
Architecture: {arch}
Maintainer: {maintainer}
Installed-Size: {size}
Depends: {needs}
Recommends: systemd-resolved
Section: education
Priority: optional
Description: course library for a village, served over its own Wi-Fi
 A box with this package makes a Wi-Fi network of its own and serves courses on
 it to every phone nearby, without any connection to the Internet. It counts
 what the library is used for without knowing who anyone is, and reports that to
 head office over an uplink that may be slow, metered or often absent.
 .
 It is for a box that does nothing else: it takes port 80, the Wi-Fi and the
 firewall. Whatever it needs from other projects' Python packages is inside.
"""
LICENCE_FILES = ("licenses", "LICENSE*", "LICENCE*", "COPYING*", "NOTICE*")
# Words of trove classifiers, for wheels that name their licence in no other way.
CLASSIFIED = {
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
}
# And of the texts themselves, for those that do not say it anywhere else.
WORDED = {
    "Permission is hereby granted, free of charge": "MIT",
    "Redistribution and use in source and binary forms": "BSD-3-Clause",
    "Apache License": "Apache-2.0",
}


def debian_version(version: str, target: Target) -> str:
    """`0.2.0rc1` for Debian 13 is `0.2.0~rc1+deb13`: before 0.2.0, and newer than the package for Debian 12."""
    return f"{version.replace('rc', '~rc')}+deb{target.debian.number}"


def write_control(package: Path, target: Target, version: str) -> None:
    """Write the control file and the list of files that an administrator may change."""
    major, minor = target.debian.python
    needs = ", ".join(NEEDS).format(this=f"{major}.{minor}", next=f"{major}.{minor + 1}")
    # Policy 5.6.20: in kilobytes of 1024, each file by itself rounded up.
    size = sum(-(-path.stat().st_size // 1024) for path in package.rglob("*") if path.is_file())
    text = CONTROL.format(version=version, arch=target.arch, maintainer=MAINTAINER, size=size, needs=needs)
    (package / "DEBIAN").mkdir(exist_ok=True)
    (package / "DEBIAN" / "control").write_text(text, "utf-8")
    kept = sorted(f"/{path.relative_to(package)}\n" for path in (package / "etc").rglob("*") if path.is_file())
    (package / "DEBIAN" / "conffiles").write_text("".join(kept), "utf-8")


def write_scripts(package: Path, starting: Sequence[str], shipped: Sequence[str]) -> None:
    """Copy the maintainer scripts, with the names of the units in them."""
    (package / "DEBIAN").mkdir(exist_ok=True)
    for source in sorted((HERE / "scripts").iterdir()):
        text = (
            source.read_text("utf-8").replace("@STARTING@", " ".join(starting)).replace("@SHIPPED@", " ".join(shipped))
        )
        (package / "DEBIAN" / source.name).write_text(text, "utf-8")


def write_documents(package: Path, root: Path, version: str, epoch: int, wheels: Sequence[str]) -> None:
    """Write copyright, both changelogs, and which wheels are inside."""
    folder = package / DOCUMENTS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "copyright").write_text(_copyright(package / LIB), "utf-8")
    (folder / "wheels.txt").write_text("".join(f"{line}\n" for line in wheels), "utf-8")
    _pack(folder / "changelog.gz", (root / "CHANGELOG.md").read_text("utf-8"))
    moment = datetime.fromtimestamp(epoch, UTC)
    entry = f"village-hub ({version}) stable; urgency=medium\n\n  * See changelog.gz.\n\n"
    _pack(folder / "changelog.Debian.gz", f"{entry} -- {MAINTAINER}  {moment:%a, %d %b %Y %H:%M:%S} +0000\n")


def _pack(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _copyright(lib: Path) -> str:
    """Who may do what with which file, in the form that Debian reads (DEP-5)."""
    lines = [
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/",
        "Upstream-Name: village-hub",
        "Comment: Python packages of other projects lie below /opt/village-hub/lib as their authors",
        " distribute them; each one's licence lies whole beside it.",
        "",
        "Files: *",
        "Copyright: the Village Hub authors",
        "License: Apache-2.0",
        " On Debian systems the licence lies in /usr/share/common-licenses/Apache-2.0.",
        "",
    ]
    for info in sorted(lib.glob("*.dist-info")):
        if not info.name.startswith("village_hub-"):
            lines += _paragraph(lib, info)
    return "\n".join(lines)


def _paragraph(lib: Path, info: Path) -> list[str]:
    paper = HeaderParser().parsestr((info / "METADATA").read_text("utf-8"))
    files = sorted({path for pattern in LICENCE_FILES for path in info.glob(pattern)})
    texts = sorted(
        {path for found in files for path in (found.rglob("*") if found.is_dir() else [found]) if path.is_file()}
    )
    if not texts:
        raise BuildError(f"{info.name} brings no licence; a package must not pass it on. Ask its authors.")
    return [
        f"Files: opt/village-hub/lib/{info.name}/*",
        *(f" opt/village-hub/lib/{name}" for name in _owned(lib, info)),
        "Copyright: " + "\n ".join(_holders(texts) or [f"the authors of {paper['Name']}"]),
        f"License: {_licence(paper, texts)}",
        *(f" /{'opt/village-hub/lib' / path.relative_to(lib)}" for path in texts),
        "",
    ]


def _owned(lib: Path, info: Path) -> list[str]:
    """Top-level names of a wheel, from pip's record while it is there."""
    record = info / "RECORD"
    tops = {line.split(",")[0].split("/")[0] for line in record.read_text("utf-8").splitlines()}
    tops -= {info.name, "..", "__pycache__"}
    return sorted(f"{top}/*" if (lib / top).is_dir() else top for top in tops if (lib / top).exists())


def _holders(texts: list[Path]) -> list[str]:
    lines = [line.strip(" *#") for path in texts for line in path.read_text("utf-8", "replace").splitlines()]
    found = [line for line in lines if line.lower().startswith("copyright") and any(sign.isdigit() for sign in line)]
    return list(dict.fromkeys(found))


def _licence(paper: Message, texts: Sequence[Path]) -> str:
    for field in (paper["License-Expression"], paper["License"]):
        if field and "\n" not in field:
            return str(field)
    names = [CLASSIFIED[line] for line in paper.get_all("Classifier") or [] if line in CLASSIFIED]
    words = "".join(path.read_text("utf-8", "replace") for path in texts)
    names += [name for phrase, name in WORDED.items() if phrase in words]
    return names[0] if names else "see-file"


def write_checksums(package: Path) -> None:
    """Write what `dpkg --verify` compares files with."""
    kept = (package / "DEBIAN" / "conffiles").read_text("utf-8").split()
    lines = []
    for path in sorted(package.rglob("*")):
        name = str(path.relative_to(package))
        if path.is_file() and not path.is_symlink() and not name.startswith("DEBIAN/") and f"/{name}" not in kept:
            lines.append(f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {name}\n")
    (package / "DEBIAN" / "md5sums").write_text("".join(lines), "utf-8")
