"""What a Kolibri moves for an update of a channel from another Kolibri, driven by its own commands on the same wire.

    with Wire() as wire:
        moved = update(wire, {"docs.zip": path, ...}, {"docs.zip": newer, ...}, work)     # bytes: channel, contents

Kolibri comes from PyPI into an environment of its own under var/, once. A channel is a database of nodes and files
named by their MD5; one is made here of the files given, version 1 and then 2. The other Kolibri takes version 1 in
over the wire, then version 2 as its pages do it: fetch the newer database beside the old one, take it in, fetch what
is missing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.servers import ROOT
from benchmarks.wire import free_port, wait_until_it_listens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from benchmarks.wire import Wire

RELEASE = "kolibri==0.19.5"
HOME = ROOT / "var" / "kolibri"
CHANNEL, TOP = "c" * 32, "a" * 32
# Extension of a file: the node's kind, and the preset that its file is for.
KINDS = {".zip": ("html5", "html5_zip"), ".mp4": ("video", "high_res_video"), ".pdf": ("document", "document")}
# Kolibri's content schema, version 1, as far as it is read.
TABLES = """
CREATE TABLE content_contenttag (id, tag_name);
CREATE TABLE content_language (id, lang_code, lang_subcode, lang_name, lang_direction);
CREATE TABLE content_localfile (id, extension, available, file_size);
CREATE TABLE content_contentnode (id, license_name, license_description, title, coach_content, content_id, channel_id,
  description, sort_order, license_owner, author, kind, available, options, grade_levels, resource_types,
  learning_activities, accessibility_labels, categories, learner_needs, duration, lft, rght, tree_id, level, lang_id,
  parent_id);
CREATE TABLE content_assessmentmetadata (id, assessment_item_ids, number_of_assessments, mastery_model, randomize,
  is_manipulable, contentnode_id);
CREATE TABLE content_channelmetadata (id, name, description, tagline, author, version, thumbnail, last_updated,
  min_schema_version, root_id);
CREATE TABLE content_contentnode_has_prerequisite (id INTEGER PRIMARY KEY, from_contentnode_id, to_contentnode_id);
CREATE TABLE content_contentnode_related (id INTEGER PRIMARY KEY, from_contentnode_id, to_contentnode_id);
CREATE TABLE content_contentnode_tags (id INTEGER PRIMARY KEY, contentnode_id, contenttag_id);
CREATE TABLE content_file (id, preset, supplementary, thumbnail, priority, contentnode_id, lang_id, local_file_id);
"""


class Moved(NamedTuple):
    """Bytes both ways: of the channel's database, and of finding out and fetching what is new in it."""

    channel: int
    contents: int


class Kolibri:
    """One Kolibri: its home, and its commands."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ = os.environ | {"KOLIBRI_HOME": str(home), "KOLIBRI_LISTEN_ADDRESS": "127.0.0.1"}

    def manage(self, *arguments: object) -> None:
        """Run one of its commands to its end."""
        command = [program(), "manage", *map(str, arguments)]
        done = subprocess.run(command, env=self.environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-1000:]

    def take_in(self, folder: Path) -> None:
        """The channel from a folder, and its files."""
        for more in (["--no_upgrade"], []) if (self.home / "content" / "databases").is_dir() else ([],):
            self.manage("importchannel", "disk", CHANNEL, folder, *more)
        self.manage("importcontent", "disk", CHANNEL, folder)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Answer other Kolibris, for the length of the block."""
        port, zip_port = free_port(), free_port()
        command = [program(), "start", "--foreground", f"--port={port}", f"--zip-port={zip_port}"]
        server = subprocess.Popen(command, env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until_it_listens(port, 60)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(60)


def update(wire: Wire, old: Mapping[str, Path], new: Mapping[str, Path], work: Path) -> Moved:
    """Bytes that a second Kolibri moves to go from a channel of the files `old` to one of `new`."""
    near, far = Kolibri(work / "near"), Kolibri(work / "far")
    for version, files in enumerate((old, new), start=1):
        make_channel(work / f"version-{version}" / "content", files, version)
    far.take_in(work / "version-1")
    near.manage("migrate")  # or the first command would make its database, which takes longer than it waits
    with far.serving() as url:
        _fetch(near, wire, url)
        far.take_in(work / "version-2")
        moved = _fetch(near, wire, url)
    assert all(_stored(near.home / "content", path).is_file() for path in new.values())
    return moved


def _fetch(near: Kolibri, wire: Wire, url: str) -> Moved:
    start = wire.bytes()
    for more in (["--no_upgrade"], []):
        near.manage("importchannel", "network", CHANNEL, f"--baseurl={url}", *more)
    middle = wire.bytes()
    near.manage("importcontent", "network", f"--baseurl={url}", CHANNEL)
    return Moved(middle - start, wire.bytes() - middle)


def make_channel(content: Path, files: Mapping[str, Path], version: int) -> None:
    """A folder as an export to a stick has it: the channel's database and its files."""
    (content / "databases").mkdir(parents=True)
    with sqlite3.connect(content / "databases" / f"{CHANNEL}.sqlite3") as database:
        database.executescript(TABLES)
        _node(database, TOP, "Biblioteca", "topic", (1, 2 * len(files) + 2), None)
        for place, (name, path) in enumerate(files.items(), start=1):
            _file(database, name, path, (2 * place, 2 * place + 1))
            stored = _stored(content, path)
            stored.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, stored)
        channel = (CHANNEL, "Biblioteca", "", None, "", version, "", None, "1", TOP)
        database.execute(f"INSERT INTO content_channelmetadata VALUES ({', '.join('?' * 10)})", channel)
    database.close()


def _node(
    database: sqlite3.Connection, node: str, title: str, kind: str, place: tuple[int, int], parent: str | None
) -> None:
    database.execute(
        "INSERT INTO content_contentnode (id, license_name, title, coach_content, content_id, channel_id, description, "
        "sort_order, license_owner, author, kind, available, options, lft, rght, tree_id, level, parent_id) "
        "VALUES (?, 'CC BY', ?, 0, ?, ?, '', ?, '', '', ?, 0, '{}', ?, ?, 1, ?, ?)",
        (node, title, _md5(node.encode()), CHANNEL, place[0], kind, *place, 1 if parent else 0, parent),
    )


def _file(database: sqlite3.Connection, name: str, path: Path, place: tuple[int, int]) -> None:
    node, digest, (kind, preset) = _md5(name.encode()), _md5(path.read_bytes()), KINDS[path.suffix]
    _node(database, node, name, kind, place, TOP)
    row = (digest, path.suffix[1:], path.stat().st_size)
    database.execute("INSERT INTO content_localfile VALUES (?, ?, 0, ?)", row)
    row = (_md5(name.encode() + b"file"), preset, node, digest)
    database.execute("INSERT INTO content_file VALUES (?, ?, 0, 0, 1, ?, NULL, ?)", row)


def _stored(content: Path, path: Path) -> Path:
    digest = _md5(path.read_bytes())
    return content / "storage" / digest[0] / digest[1] / f"{digest}{path.suffix}"


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def zipped(path: Path, folder: Path) -> None:
    """The folder as an HTML5 package of a channel: a zip, packed as those who make channels pack it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(folder.rglob("*")):
            if each.is_file():
                archive.write(each, each.relative_to(folder))


def program() -> str:
    """Kolibri's command; installs it if it is not there (a minute, 300 MB); raises CalledProcessError if it cannot."""
    command = HOME / "bin" / "kolibri"
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
        subprocess.run([HOME / "bin" / "pip", "install", "--quiet", RELEASE], check=True, stderr=subprocess.DEVNULL)
    return str(command)
