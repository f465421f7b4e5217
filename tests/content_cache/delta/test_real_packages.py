"""One edit inside a real package, published: it travels as a few dozen bytes of patch and the hashes it changes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from content_cache.delta.difference import difference
from content_cache.delta.format import read_delta, reader_of
from content_cache.delta.publishing import edges_in
from content_cache.publisher.groups import read_groups
from content_cache.publisher.publish import publish
from content_cache.records import Blob
from content_cache.repository import Repository
from tests.content_cache.making import course
from tests.simulators.deltas import Hub

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared data beside the repository")
PACKAGE = "  - item: juego\n    kind: package\n    title: Un juego\n    file: juego.zip\n"
REAL = ["scorm12/es_actividad-evaluable_scorm12.zip", "h5p/multiple-choice-2-6.h5p", "html5zip/default_package.zip"]


def repacked(source: Path, target: Path, edit: bytes = b"") -> None:
    """The package, its largest script with `edit` in the middle."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        scripts = [one for one in old.infolist() if one.filename.endswith((".js", ".html"))]
        largest = max(scripts, key=lambda one: one.file_size)
        for one in old.infolist():
            data = old.read(one)
            half = data.find(b"\n", len(data) // 2) if one is largest else -1
            new.writestr(one, data[:half] + edit + data[half:] if half >= 0 else data)


@pytest.mark.parametrize("name", REAL)
def test_an_edited_line_in_a_package_costs_a_few_dozen_bytes(tmp_path: Path, name: str) -> None:
    folder, root = course(tmp_path / "c", items=PACKAGE), tmp_path / "r"
    repacked(DATA / name, folder / "juego.zip")
    publish(folder, root)
    repacked(DATA / name, folder / "juego.zip", b"\n/* corregido en marzo */")
    publish(folder, root)
    (edge,) = edges_in(root)
    delta = read_delta(reader_of(root / edge.path))
    assert (delta.files.count, delta.records.count) == (1, 3)
    assert delta.files.packed < 100
    assert edge.bytes < 400
    assert difference(root, 1).bytes == edge.bytes
    old, new = (Blob(one.sha256, one.size, one.packed) for one in read_groups(root).group("all").releases)
    hub = Hub(tmp_path / "hub")
    hub.stock(Repository(root), old)
    hub.update(root / edge.path, old, new)
    assert hub.missing(new) == []
