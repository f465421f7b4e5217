"""Two releases on their way to a village, and what must hold of it whatever happened: old or new, never a mix.

shipment = Shipment(tmp_path)               # publishes and signs release 1 and 2, and takes release 1 into `before`
village = shipment.village(folder)          # a library with release 1, as a copy on the disk that is to suffer
subprocess.run(shipment.command(village))   # takes release 2 in, as a process of its own
shipment.assert_sound(village)              # what serves is right, item by item
shipment.finish(village)                    # a later sync ends whole
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from content_cache.library import Library
from content_cache.publisher.publish import publish
from content_cache.repository import Repository
from content_cache.sync.engine import sync
from content_cache.sync.source import FolderSource, HttpSource
from content_cache.trust import protect
from content_cache.trust.anchor import Anchor
from content_cache.trust.keys import create
from content_cache.trust.passphrases import Passphrases
from content_cache.trust.publishing import sign_repository
from tests.content_cache.making import PDF, yaml

if TYPE_CHECKING:
    import pytest

    from content_cache.records import ItemLine
    from content_cache.sync.source import Source
    from content_cache.sync.synced import Synced

ITEMS = """\
  - item: costos
    kind: reading
    title: Tus costos
    file: uno.md
  - item: ahorro
    kind: reading
    title: Ahorrar
    file: dos.md
  - item: hoja
    kind: document
    title: Hoja de costos
    file: hoja.pdf
  - item: plano
    kind: document
    title: Plano del puesto
    file: plano.pdf
"""
ADDED = """\
  - item: gastos
    kind: reading
    title: Tus gastos
    file: tres.md
"""
SYNC = """
import sys
from pathlib import Path
from content_cache.errors import ContentError
from tests.faults.shipping import bring, source_of
try:
    print(bring(Path(sys.argv[1]), source_of(sys.argv[2])).release)
except ContentError as error:
    sys.exit(str(error))
"""
PUBLISH = """
import sys
from pathlib import Path
from content_cache.publisher.publish import publish
from content_cache.trust.passphrases import Passphrases
from content_cache.trust.publishing import sign_repository
courses, repository, keys = map(Path, sys.argv[1:])
publish(courses, repository)
sign_repository(repository, keys, Passphrases.found([]))
"""


class Shipment:
    """Head office's `repository` with both releases, and `before`: a library that has the first."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, large: int = 300_000) -> None:
        monkeypatch.setenv("CONTENT_CACHE_PASSPHRASE", "una frase para las pruebas")
        monkeypatch.setattr(protect, "ROUNDS", 1000)
        self.folder = folder
        self.repository, self.before = folder / "repository", folder / "before"
        self.courses, self.keys = folder / "courses", folder / "keys"
        self._large = large
        create(self.keys, Passphrases.found([]))
        self.lines: dict[int, dict[str, ItemLine]] = {}
        self.publish(1)
        anchor = Anchor(self.before / "trust")
        anchor.pin((self.keys / "roots" / "1.root.json").read_bytes())
        assert self.finish(self.before, 1) == 1
        self.publish(2)

    def publish(self, release: int, repository: Path | None = None) -> None:
        """Publish and sign that release, to a copy of the repository if one is given."""
        there = repository or self.repository
        self.write(release)
        publish(self.courses, there)
        sign_repository(there, self.keys, Passphrases.found([]))
        self.lines[release] = lines(there)

    def write(self, release: int) -> None:
        """The course as release 1 has it, or changed, with an item more."""
        self.courses.mkdir(exist_ok=True)
        edited = f" Edición {release}." * 40
        (self.courses / "uno.md").write_text(f"# Costos\n\nLo que gastas.{edited}\n", encoding="utf-8")
        (self.courses / "dos.md").write_text("# Ahorrar\n\nCada semana.\n", encoding="utf-8")
        (self.courses / "tres.md").write_text("# Gastos\n\nApunta todo.\n", encoding="utf-8")
        (self.courses / "hoja.pdf").write_bytes(PDF + noise(release, self._large))
        same = noise(0, 200_000)
        (self.courses / "plano.pdf").write_bytes(PDF + same[:90_000] + edited.encode() + same[90_000:])
        items = ITEMS if release == 1 else ITEMS + ADDED
        (self.courses / "course.yaml").write_text(yaml("precio-justo", items), encoding="utf-8")

    def village(self, folder: Path) -> Path:
        """A library with release 1 in `folder`."""
        return shutil.copytree(self.before, folder, symlinks=True)

    def copy(self, folder: Path, repository: Path | None = None) -> Path:
        return shutil.copytree(repository or self.repository, folder)

    def publishing(self, repository: Path) -> list[str]:
        """What publishes the courses as they are, and signs, in a process of its own."""
        return [sys.executable, "-c", PUBLISH, str(self.courses), str(repository), str(self.keys)]

    def take_from(self, repository: Path, village: Path) -> int:
        """A sync from there; the number of the release that serves after it."""
        assert bring(village, FolderSource(repository)).coming == 0
        return self.assert_sound(village)

    def hub(self, data: Path, *arguments: str) -> subprocess.Popen[str]:
        """The hub's own command, on a box whose library has release 1 to begin with."""
        if not data.exists():
            data.mkdir()
            self.village(data / "library")
        environ = {**os.environ, "HUB_DATA": str(data), "HUB_RESERVE_MB": "0"}
        command = [sys.executable, "-m", "hub", "content", *arguments]
        return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def command(self, village: Path, source: Path | str | None = None) -> list[str]:
        """What takes in the newest release in a process of its own."""
        return [sys.executable, "-c", SYNC, str(village), str(source or self.repository)]

    def finish(self, village: Path, number: int = 2) -> int:
        """A later sync, undisturbed; nothing may be missing and nothing left over after it."""
        library, synced = Library(village), bring(village, FolderSource(self.repository))
        assert (synced.number, synced.coming, synced.problems) == (number, 0, ())
        self.assert_sound(village)
        catalogue = library.catalogue()
        assert catalogue is not None
        with contextlib.closing(catalogue):
            assert {item: catalogue.line(item) for item in self.lines[number]} == self.lines[number]
        library.sweep()
        left = [
            str(path.relative_to(village))
            for path in village.rglob("*")
            if path.name.startswith(".new-") or path.suffix == ".part"
        ]
        assert not left, left
        return synced.number

    def assert_sound(self, village: Path, *, crowded: bool = False) -> int:
        """What serves opens, each item is as one release or the other has it, and all it says is here is right.

        On a `crowded` disk an item may be coming, since it made room. Returns the number of the release.
        """
        library = Library(village)
        catalogue = library.catalogue()
        assert catalogue is not None
        with contextlib.closing(catalogue):
            assert all(library.store.verify(blob.sha256) for blob in catalogue.blobs())
            for item in catalogue.items("precio-justo"):
                known = [release[item.id] for release in self.lines.values() if item.id in release]
                assert catalogue.line(item.id) in known or (crowded and item.coming)
        return library.number()


def noise(seed: int, size: int) -> bytes:
    """Bytes that nothing can pack."""
    return b"".join(hashlib.sha256(b"%d %d" % (seed, number)).digest() for number in range(size // 32))


def bring(village: Path, source: Source) -> Synced:
    """What a hub's job does: look at what is signed, then bring it."""
    anchor = Anchor(village / "trust")
    anchor.refresh(source, now=dt.datetime.now(dt.UTC))
    return sync(Library(village), source, anchor.target("all"))


def source_of(place: str) -> Source:
    """What is at an address, or in a folder."""
    return HttpSource(place) if place.startswith("http") else FolderSource(Path(place))


def lines(repository: Path) -> dict[str, ItemLine]:
    """The items of the newest release, by id."""
    reader = Repository(repository)
    return {f"{entry.slug}/{item.item}": item for entry in reader.head()[0].courses for item in reader.course(entry)[1]}
