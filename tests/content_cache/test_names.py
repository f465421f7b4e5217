"""The file of names for head office: every integer ever given, whatever became of what it stood for."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest

from content_cache.library import Library
from content_cache.publisher.groups import read_groups, write_groups
from content_cache.publisher.pruning import prune
from content_cache.publisher.publish import publish, remove_course
from content_cache.publisher.staging import stage, withdraw
from content_cache.publisher.verify import verify_repository
from content_cache.records import EVERYTHING
from content_cache.sync.engine import sync
from content_cache.sync.source import HttpSource
from content_cache.trust import protect
from content_cache.trust.checking import look
from content_cache.trust.publishing import sign_repository
from tests.content_cache.making import ITEMS, course, unpacked_file
from tests.simulators.link import ContentServer
from tests.simulators.office import WORDS, Office
from wire.names import decode_names, encode_names

if TYPE_CHECKING:
    from pathlib import Path

    from wire.names import Name


def text(root: Path) -> bytes:
    blob = read_groups(root).names
    assert blob is not None
    return unpacked_file(root, f"m/{blob.sha256}")


def names(root: Path) -> dict[int, Name]:
    """As head office reads them."""
    return {name.number: name for name in decode_names(text(root).splitlines(keepends=True))}


def without_names(root: Path) -> None:
    """Make it a repository of a version that made no names."""
    groups = read_groups(root)
    everything = groups.group(EVERYTHING)
    bare = tuple(msgspec.structs.replace(one, names=None) for one in everything.releases)
    for name in {one.names.sha256 for one in everything.releases if one.names}:
        (root / "m" / name).unlink(missing_ok=True)
        (root / "m" / f"{name}.zst").unlink(missing_ok=True)
    write_groups(root, groups.with_group(msgspec.structs.replace(everything, releases=bare)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of one course."""
    publish(course(tmp_path / "c"), tmp_path / "r")
    return tmp_path / "r"


def test_every_course_and_item_is_named_with_title_kind_and_course(root: Path) -> None:
    found = names(root)
    assert [(name.number, name.slug, name.kind, name.course) for name in found.values()] == [
        (1, "precio-justo", None, None),
        (2, "precio-justo/costos", "reading", 1),
        (3, "precio-justo/hoja", "document", 1),
        (4, "precio-justo/puesto", "image", 1),
    ]
    assert found[2].titles == {"es-MX": "Tus costos"}
    assert all(name.published for name in found.values())


def test_the_publisher_writes_byte_for_byte_what_the_wire_defines(root: Path, tmp_path: Path) -> None:
    remove_course("precio-justo", root)
    assert text(root) == b"".join(encode_names(names(root).values()))


def test_an_item_that_is_gone_keeps_its_name_and_number(root: Path, tmp_path: Path) -> None:
    course(tmp_path / "c", items=ITEMS.partition("  - item: puesto")[0])
    publish(tmp_path / "c", root)
    assert (names(root)[4].titles, names(root)[4].published) == ({"es-MX": "Un puesto"}, False)
    assert names(root)[3].published


def test_a_removed_course_keeps_its_names_over_later_releases_and_after_old_ones_went(
    root: Path, tmp_path: Path
) -> None:
    remove_course("precio-justo", root)
    publish(course(tmp_path / "d", slug="ahorro", title="Ahorro"), root)
    prune(root, 1)
    found = names(root)
    assert [found[number].published for number in range(1, 9)] == [False] * 4 + [True] * 4
    assert found[1].titles == {"es-MX": "El precio justo"}
    assert found[5].titles == {"es-MX": "Ahorro"}
    assert verify_repository(root).problems == ()


def test_what_returns_is_called_as_it_is_called_now(root: Path, tmp_path: Path) -> None:
    remove_course("precio-justo", root)
    publish(course(tmp_path / "c", title="Precio justo, otra vez"), root)
    assert (names(root)[1].titles, names(root)[1].published) == ({"es-MX": "Precio justo, otra vez"}, True)
    assert len(names(root)) == 4


def test_a_release_that_is_withdrawn_takes_its_titles_with_it(root: Path, tmp_path: Path) -> None:
    publish(course(tmp_path / "c", title="Mal escrito"), root)
    withdraw(root)
    assert names(root)[1].titles == {"es-MX": "El precio justo"}


def test_a_page_that_was_edited_leaves_the_names_as_they_are(root: Path, tmp_path: Path) -> None:
    before = read_groups(root).names
    (tmp_path / "c" / "uno.md").write_text("# Costos\n\nOtra cosa.\n")
    assert publish(tmp_path / "c", root).changed
    assert read_groups(root).names == before


def test_a_group_of_sites_changes_no_name(root: Path) -> None:
    before = read_groups(root).names
    stage(root, "norte", ["precio-justo"])
    assert read_groups(root).names == before
    assert [group.newest.names is None for group in read_groups(root).groups] == [False, True]


def test_the_same_history_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        publish(course(tmp_path / "c"), tmp_path / name)
        publish(course(tmp_path / "d", slug="ahorro"), tmp_path / name)
        remove_course("precio-justo", tmp_path / name)
    assert text(tmp_path / "a") == text(tmp_path / "b")


def test_a_repository_of_an_older_version_gets_its_names_without_a_new_release(root: Path, tmp_path: Path) -> None:
    publish(course(tmp_path / "d", slug="ahorro"), root)
    remove_course("ahorro", root)
    before = text(root)
    without_names(root)
    assert not publish(tmp_path / "c", root).changed
    assert read_groups(root).release == 3
    assert text(root) == before


def test_what_lost_its_title_long_ago_keeps_its_slug_and_its_course(root: Path, tmp_path: Path) -> None:
    publish(course(tmp_path / "d", slug="ahorro"), root)
    remove_course("ahorro", root)
    prune(root, 1)
    without_names(root)
    publish(tmp_path / "c", root)
    name = names(root)[6]
    assert (name.slug, name.titles, name.course, name.published) == ("ahorro/costos", {}, 5, False)


def test_names_that_a_disk_damaged_are_made_again(root: Path, tmp_path: Path) -> None:
    before, blob = text(root), read_groups(root).names
    path = next((root / "m").glob(f"{blob.sha256}*"))
    path.write_bytes(b"x" * path.stat().st_size)
    assert [problem for problem in verify_repository(root).problems if blob.sha256 in problem]
    publish(tmp_path / "c", root)
    assert text(root) == before
    assert verify_repository(root).problems == ()


@pytest.fixture
def office(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Head office, which signs the repository."""
    monkeypatch.setattr(protect, "ROUNDS", 1000)
    office = Office(tmp_path / "office")
    shutil.copytree(root, office.repository)
    sign_repository(office.repository, office.keys, WORDS, now=office.now)
    return office


def test_names_are_signed_as_a_target_that_hubs_pass_over(office: Office, tmp_path: Path) -> None:
    hub = office.hub(tmp_path / "hub")
    hub.refresh(office.source, now=office.now)
    assert set(hub.targets()) == {"all"}
    assert hub.names() == read_groups(office.repository).names
    assert look(office.source, now=office.now).names == hub.names()
    listed = json.loads((office.repository / "metadata" / "1.targets.json").read_text())["signed"]["targets"]
    assert list(listed) == ["catalogues/all", "names"]


def test_names_alone_are_news_to_sign_and_to_nobody_else(office: Office, tmp_path: Path) -> None:
    hub = office.hub(tmp_path / "hub")
    hub.refresh(office.source, now=office.now)
    before = hub.targets()
    without_names(office.repository)
    assert sign_repository(office.repository, office.keys, WORDS, now=office.later(1)).changed
    publish(tmp_path / "c", office.repository)
    assert sign_repository(office.repository, office.keys, WORDS, now=office.later(1)).changed
    hub.refresh(office.source, now=office.now)
    assert hub.targets() == before


def test_names_cost_a_hub_under_a_hundred_bytes_when_there_is_news_and_none_when_there_is_not(
    office: Office, root: Path, tmp_path: Path
) -> None:
    """A timestamp is all that "nothing new" costs, and it does not tell of names; news come in the bundle."""
    bare = office.thief(tmp_path / "bare")
    shutil.rmtree(bare.repository / "metadata")
    without_names(bare.repository)
    sign_repository(bare.repository, bare.keys, WORDS, now=office.now)

    def size(one: Office, name: str) -> int:
        return (one.repository / "metadata" / name).stat().st_size

    assert abs(size(office, "timestamp.json") - size(bare, "timestamp.json")) <= 1  # the length of a length
    assert 0 < size(office, "1.bundle") - size(bare, "1.bundle") <= 100


def test_a_hub_that_takes_it_all_never_asks_for_names(office: Office, tmp_path: Path) -> None:
    hub, library = office.hub(tmp_path / "hub"), Library(tmp_path / "library")
    with ContentServer(office.repository) as server:
        source = HttpSource(server.url)
        hub.refresh(source, now=office.now)
        sync(library, source, hub.target("all"))
        asked = server.paths()
    assert library.catalogue().item("precio-justo/costos")
    assert len(asked) > 3
    assert not [path for path in asked if hub.names().sha256 in path]
