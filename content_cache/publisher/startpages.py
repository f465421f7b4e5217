"""Finds what opens first in a package, by the file that each kind of package must have; nothing else is read.

SCORM 1.2 and 2004, IMS content packages and Common Cartridge have imsmanifest.xml (IMS CP 1.1.4: the first item that
leads to a resource), H5P has h5p.json, EPUB has META-INF/container.xml (OCF 3: the first rootfile), xAPI and cmi5 have
tincan.xml and cmi5.xml, and a web site has index.html. XML is read to its elements alone: whatever declares a document
type's entities is refused, so that nothing unfolds and nothing is fetched.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from xml.parsers import expat

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[str, int], bytes]

MAX_XML = 8 * 2**20
MAX_DEPTH = 200
PAGES = ("index.html", "index.htm", "index.xhtml")


class _Refused(Exception):
    """The file is not what its name says."""


def find_start(paths: list[str], read: Read) -> str:
    """The path that opens first; empty if nothing says so. `read(path, limit)` gives a file's bytes."""
    have = set(paths)
    for folder in _folders(paths):
        for name, finder in FINDERS.items():
            if folder + name in have and (found := _found(folder, name, finder, have, read)):
                return found
    return _page(paths)


def _folders(paths: list[str]) -> list[str]:
    """Where a manifest may lie: at the top, or in the one folder that holds all, as when that was zipped."""
    tops = {path.partition("/")[0] for path in paths}
    return ["", f"{tops.pop()}/"] if len(tops) == 1 and all("/" in path for path in paths) else [""]


def _found(folder: str, name: str, finder: Callable[[bytes], list[str]], have: set[str], read: Read) -> str:
    """The first page that the file names and the package has, or another file; the file itself if it names none."""
    try:
        named = [
            path for one in finder(_within(read(folder + name, MAX_XML + 1))) if (path := _path(folder, one)) in have
        ]
    except (_Refused, expat.ExpatError, msgspec.MsgspecError, LookupError, ValueError, RecursionError):
        return ""
    named.sort(key=lambda path: not _is_page(path, None))  # keeps the order within the two
    return named[0] if named else "" if name in NEEDS_START else folder + name


def _within(text: bytes) -> bytes:
    if len(text) > MAX_XML:
        raise _Refused
    return text


def _path(folder: str, address: str) -> str:
    """The path of an address within the package, without its query; one that leads out of it is no path of it."""
    parts = urlsplit(address.replace("\\", "/"))
    return "" if parts.scheme or parts.netloc else posixpath.normpath(folder + unquote(parts.path))


def _page(paths: list[str]) -> str:
    """The index nearest to the top, or the only page that lies there."""
    for names in (PAGES, None):
        pages = [path for path in paths if _is_page(path, names)]
        least = min((path.count("/") for path in pages), default=0)
        nearest = sorted(path for path in pages if path.count("/") == least)
        if nearest and (names or len(nearest) == 1):
            return nearest[0]
    return ""


def _is_page(path: str, names: tuple[str, ...] | None) -> bool:
    name = path.rpartition("/")[2].lower()
    return name in names if names else name.endswith((".html", ".htm", ".xhtml"))


def _elements(text: bytes) -> list[tuple[int, str, dict[str, str], list[str]]]:
    """Depth, name without its namespace, attributes and text of each element, in the order in which they begin."""
    found: list[tuple[int, str, dict[str, str], list[str]]] = []
    open_: list[list[str]] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        if len(open_) > MAX_DEPTH:
            raise _Refused
        open_.append([])
        plain = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        found.append((len(open_), name.rpartition(":")[2].lower(), plain, open_[-1]))

    def words(data: str) -> None:
        if open_:
            open_[-1].append(data)

    def entity(*_: object) -> None:
        raise _Refused

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, lambda _: open_.pop()
    parser.CharacterDataHandler, parser.EntityDeclHandler = words, entity
    parser.Parse(text, True)
    return found


def _imsmanifest(text: bytes) -> list[str]:
    """Addresses of the resources that items open, in the items' order; then the pages of all, should no item say."""
    items: list[str] = []
    resources: dict[str, str] = {}
    base = ["", ""]
    for depth, name, attributes, _ in _elements(text):
        if name in ("manifest", "resources") and depth <= 2:
            base[depth - 1] = attributes.get("base", "")
        if name == "item" and (opens := attributes.get("identifierref")):
            items.append(opens)
        if name == "resource" and (href := attributes.get("href")):
            resources[attributes.get("identifier", href)] = "".join(base) + attributes.get("base", "") + href
    if not (items or resources) and b"<manifest" not in text and b":manifest" not in text:
        raise _Refused
    pages = [href for href in resources.values() if _is_page(urlsplit(href).path, None)]
    return [resources[one] for one in items if one in resources] + pages


def _container(text: bytes) -> list[str]:
    found = [attributes.get("full-path", "") for _, name, attributes, _ in _elements(text) if name == "rootfile"]
    if not found:
        raise _Refused
    return found


def _launch(text: bytes) -> list[str]:
    return ["".join(words).strip() for _, name, _, words in _elements(text) if name in ("launch", "url")]


class _H5p(msgspec.Struct):
    """As much of h5p.json as shows that it is one."""

    title: str
    mainLibrary: str  # noqa: N815 (the format's word)


def _h5p(text: bytes) -> list[str]:
    msgspec.json.decode(text, type=_H5p)
    return []  # its player begins with this very file


FINDERS: dict[str, Callable[[bytes], list[str]]] = {
    "imsmanifest.xml": _imsmanifest,
    "META-INF/container.xml": _container,
    "h5p.json": _h5p,
    "cmi5.xml": _launch,
    "tincan.xml": _launch,
}
# Without a page to open these say nothing; an H5P or a cartridge of discussions opens by its own file.
NEEDS_START = ("META-INF/container.xml", "cmi5.xml", "tincan.xml")
