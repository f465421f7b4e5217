"""What a publication makes beside its release: bundles and deltas, each once, and never at its own expense."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from content_cache.delta.frames import pack
from content_cache.delta.publishing import BACK, INDEX, edges_in
from content_cache.delta.release import write_bundle
from content_cache.delta.route import decode_edges
from content_cache.publisher.groups import read_groups
from content_cache.publisher.publish import publish
from content_cache.publisher.staging import stage
from content_cache.records import Blob
from content_cache.repository import Repository
from tests.content_cache.making import course
from tests.simulators.deltas import Hub, Releases

if TYPE_CHECKING:
    from pathlib import Path

    from content_cache.records import CourseEntry


def publish_again(folder: Path, root: Path, said: str) -> None:
    (folder / "uno.md").write_text(f"# Costos\n\n{said}\n", encoding="utf-8")
    publish(folder, root)


def catalogues(root: Path) -> list[Blob]:
    return [Blob(one.sha256, one.size, one.packed) for one in read_groups(root).group("all").releases]


def test_a_publication_makes_deltas_from_the_six_releases_before(tmp_path: Path) -> None:
    folder, root = course(tmp_path / "course"), tmp_path / "repository"
    for number in range(9):
        publish_again(folder, root, f"Frase {number}.")
    names = [one.sha256[:16] for one in catalogues(root)]
    found = edges_in(root)
    assert sorted(names.index(one.old) for one in found if one.new == names[-1]) == list(range(8 - BACK, 8))
    assert decode_edges((root / INDEX).read_bytes()) == (
        found,
        {one.sha256[:16]: Blob(one.sha256, one.size) for one in catalogues(root)},
    )


def test_the_delta_of_a_publication_brings_a_hub_the_next_release(tmp_path: Path) -> None:
    folder, root = course(tmp_path / "course"), tmp_path / "repository"
    publish(folder, root)
    publish_again(folder, root, "Otra frase.")
    old, new = catalogues(root)
    hub = Hub(tmp_path / "hub")
    hub.stock(Repository(root), old)
    (edge,) = edges_in(root)
    hub.update(root / edge.path, old, new)
    assert hub.missing(new) == []


def test_publishing_again_unchanged_makes_nothing(tmp_path: Path) -> None:
    folder, root = course(tmp_path / "course"), tmp_path / "repository"
    publish(folder, root)
    publish_again(folder, root, "Otra frase.")
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert not publish(folder, root).changed
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_each_course_names_its_bundle(tmp_path: Path) -> None:
    folder, root = course(tmp_path / "course"), tmp_path / "repository"
    publish(folder, root)
    (entry,) = Repository(root).head()[0].courses
    assert entry.bundle == (root / "b" / entry.manifest).stat().st_size


def test_a_delta_that_cannot_be_made_fails_no_publication(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, root = course(tmp_path / "course"), tmp_path / "repository"
    publish(folder, root)

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("content_cache.delta.publishing.write_delta", fail)
    monkeypatch.setattr("content_cache.delta.publishing.write_bundle", fail)
    (folder / "uno.md").write_text("# Costos\n\nOtra.\n", encoding="utf-8")
    published = publish(folder, root)
    assert published.number == 2
    assert [note for note in published.notes if "No delta from release 1 could be made" in note]
    assert [note for note in published.notes if "could not be bundled" in note]


FILES = {f"{number:03}.html": random.Random(number).randbytes(20_000).hex().encode() for number in range(70)}
EDITED = FILES | {"050.html": b"another page" * 50}


def entries(releases: Releases) -> list[CourseEntry]:
    """A course before and after an edit."""
    catalogues = [releases.release({"c": FILES}), releases.release({"c": EDITED})]
    return [releases.repository.release(one.sha256, one.size, one.packed).head.courses[0] for one in catalogues]


@pytest.mark.parametrize("damage", [False, True])
def test_a_bundle_after_an_edit_is_what_it_would_be_made_from_nothing(tmp_path: Path, damage: bool) -> None:
    releases = Releases(tmp_path)
    before, after = entries(releases)
    path = tmp_path / "b" / after.manifest
    write_bundle(releases.repository, after)
    whole = path.read_bytes()
    path.unlink()
    write_bundle(releases.repository, before)
    if damage:
        with (tmp_path / "b" / before.manifest).open("r+b") as file:
            file.seek(-5000, 2)
            file.write(b"damaged")
    write_bundle(releases.repository, after, before)
    assert path.read_bytes() == whole


def test_only_the_frames_that_an_edit_touches_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    releases = Releases(tmp_path)
    before, after = entries(releases)
    write_bundle(releases.repository, before)
    packed: list[int] = []
    monkeypatch.setattr("content_cache.delta.frames.pack", lambda data, _: packed.append(len(data)) or b"frame")
    write_bundle(releases.repository, after, before)
    assert 0 < sum(packed) < sum(map(len, FILES.values())) / 2


def test_what_groups_and_releases_have_in_common_is_packed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, root = course(tmp_path / "course"), tmp_path / "repository"
    (folder / "uno.md").write_text("palabras sobre precios\n" * 1000, encoding="utf-8")
    publish(folder, root)
    stage(root, "norte", ["precio-justo"])
    publish_again(folder, root, "palabras sobre precios\n" * 1000)
    packed: list[int] = []
    monkeypatch.setattr(
        "content_cache.delta.frames.pack", lambda data, base: packed.append(len(data)) or pack(data, base)
    )
    publish_again(folder, root, "otras palabras sobre precios\n" * 1000)
    newest = {group.releases[-1].sha256[:16] for group in read_groups(root).groups}
    assert len([one for one in edges_in(root) if one.new in newest]) == 4
    # From each of two releases before, for two groups, and in the bundle: five frames.
    assert len([size for size in packed if size > 20_000]) == 3
