"""A hub with one release takes in the delta to the next: what it makes is right, and what it cannot make it names."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import pytest

from content_cache.delta.apply import Place, apply
from content_cache.delta.format import read_delta, reader_of
from content_cache.delta.make import BUNDLED, SMALL
from content_cache.delta.pairing import named_files_of
from content_cache.delta.release import write_bundle, write_delta
from content_cache.delta.route import ranges_for
from content_cache.errors import ContentError, NoSpace
from tests.simulators.deltas import Hub, Releases

if TYPE_CHECKING:
    from pathlib import Path

    from content_cache.records import Blob


def noise(count: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(count)


def page(number: int, said: str = "") -> bytes:
    return f"<html><title>{number}</title><p>{noise(1000, number).hex()}{said}</p></html>".encode()


OLD = {"costos": {f"pagina-{number:02}.html": page(number) for number in range(20)} | {"foto.jpg": noise(50_000)}}
NEW = {
    "costos": OLD["costos"]
    | {"pagina-03.html": page(3, " Guarda tus recibos."), "pagina-04.html": page(4, " Suma todo.")}
    | {"pagina-99.html": page(99), "otra.png": noise(3000, 5), "vacio.txt": b""}
}


class Town:
    """A repository of two releases, the delta between them, and a hub that has the first."""

    def __init__(self, folder: Path, old: dict[str, dict[str, bytes]], new: dict[str, dict[str, bytes]]) -> None:
        self.releases = Releases(folder / "repository")
        self.repository = self.releases.repository
        self.old, self.new = self.releases.release(old), self.releases.release(new)
        self.edge = write_delta(self.repository, self.old, self.new)
        self.path = self.releases.root / self.edge.path
        self.hub = Hub(folder / "hub")
        self.hub.stock(self.repository, self.old)

    def update(self) -> list[Blob]:
        """Take in the delta; what of the new release is then missing."""
        self.records, self.files = self.hub.update(self.path, self.old, self.new)
        return self.hub.missing(self.new)


def test_a_hub_has_the_new_release_after_its_delta(tmp_path: Path) -> None:
    town = Town(tmp_path, OLD, NEW)
    assert town.update() == []
    assert (town.records.made, town.files.made, town.files.failed) == (3, 5, ())
    assert town.edge.bytes == town.path.stat().st_size < 6_000


def test_the_same_releases_make_the_same_bytes(tmp_path: Path) -> None:
    one, other = (Town(tmp_path / name, OLD, NEW) for name in ("one", "other"))
    assert one.path.read_bytes() == other.path.read_bytes()


def test_a_delta_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    town = Town(tmp_path, OLD, NEW)
    town.path.write_bytes(b"kept")
    assert write_delta(town.repository, town.old, town.new).bytes == 4


def test_nothing_is_left_behind_by_making_one(tmp_path: Path) -> None:
    town = Town(tmp_path, OLD, NEW)
    assert list((town.releases.root / "incoming").iterdir()) == []


def test_what_is_here_already_is_not_made_again(tmp_path: Path) -> None:
    town = Town(tmp_path, OLD, NEW)
    town.update()
    town.update()
    assert (town.files.made, town.files.here) == (0, 5)


def test_a_delta_leads_to_any_release_forward_or_back(tmp_path: Path) -> None:
    town = Town(tmp_path, NEW, OLD)
    assert town.update() == []


def test_a_course_may_come_and_another_go(tmp_path: Path) -> None:
    town = Town(tmp_path, OLD | {"ventas": {"a.html": page(70)}}, NEW | {"ahorro": {"b.html": page(71)}})
    assert town.update() == []


def test_a_renamed_page_with_an_edit_is_a_small_patch(tmp_path: Path) -> None:
    old, new = {"c": {"a/guia.html": noise(20_000)}}, {"c": {"b/guia.html": noise(20_000) + b"more"}}
    town = Town(tmp_path, old, new)
    assert town.update() == []
    assert town.edge.bytes < 600


def test_a_large_file_with_an_insertion_is_a_small_patch(tmp_path: Path) -> None:
    film = noise(5_000_000)
    town = Town(tmp_path, {"c": {"film.mp4": film}}, {"c": {"film.mp4": b"new" + film[:70_000] + b"x" + film[70_000:]}})
    assert town.update() == []
    assert town.edge.bytes < 1000


def test_a_large_text_is_patched_though_it_lies_packed(tmp_path: Path) -> None:
    text = b"".join(noise(40, seed).hex().encode() + b"\n" for seed in range(13_500))
    changed = text.replace(b"ab01", b"cd02")
    town = Town(tmp_path, {"c": {"rows.csv": text}}, {"c": {"rows.csv": changed}})
    assert (town.update(), len(text) > SMALL) == ([], True)
    assert town.edge.bytes < 2_000


def test_a_file_may_grow_from_small_to_large(tmp_path: Path) -> None:
    town = Town(tmp_path, {"c": {"a.bin": noise(500_000)}}, {"c": {"a.bin": noise(500_000) + noise(100_000, 2) * 9}})
    assert town.update() == []


def test_new_films_are_left_to_be_fetched_as_objects(tmp_path: Path) -> None:
    new = {"c": {"a.mp4": noise(300_000, 2), "b.mp4": noise(2_000_000, 3)}}
    town = Town(tmp_path, {"c": {"a.mp4": noise(300_000), "b.mp4": noise(2_000_000)}}, new)
    assert [blob.size for blob in town.update()] == [300_000, 2_000_000]
    assert (town.files.failed, town.edge.bytes < 600) == ((), True)


def test_small_new_files_ride_in_the_delta_and_large_ones_do_not(tmp_path: Path) -> None:
    new = {"c": {"a.jpg": noise(10), "b.jpg": noise(BUNDLED - 1, 2), "c.jpg": noise(BUNDLED, 3)}}
    town = Town(tmp_path, {"c": {"a.jpg": noise(10)}}, new)
    assert [blob.size for blob in town.update()] == [BUNDLED]


def test_a_gone_old_file_fails_only_what_leaned_on_it(tmp_path: Path) -> None:
    other = {"a.html": noise(900, 50)}, {"a.html": noise(900, 50) + b"."}
    town = Town(tmp_path, {"c": {"a.html": noise(900)}, "d": other[0]}, {"c": {"a.html": noise(901)}, "d": other[1]})
    town.hub.store.path(hashlib.sha256(noise(900)).hexdigest()).unlink()
    (missing,) = town.update()
    assert missing.size == 901
    assert [town.hub.blobs(town.new)[place] for place in town.files.failed] == [missing]


def test_a_damaged_old_file_gives_no_wrong_bytes(tmp_path: Path) -> None:
    town = Town(tmp_path, {"c": {"a.bin": noise(2_000_000)}}, {"c": {"a.bin": noise(2_000_000) + b"end"}})
    (blob,) = town.hub.blobs(town.old)
    damaged = bytearray(noise(2_000_000))
    damaged[1_000_000] ^= 1
    town.hub.store.path(blob.sha256).write_bytes(damaged)
    assert [blob.size for blob in town.update()] == [2_000_003]
    assert town.files.failed == (0,)


def test_files_that_nobody_wants_are_not_made(tmp_path: Path) -> None:
    town = Town(tmp_path, OLD, NEW)
    read = reader_of(town.path)
    town.hub.take_records(read, town.old, town.new)
    places = [place for place, blob in enumerate(town.hub.blobs(town.new)) if blob.size == 3000]
    told: list[int] = []
    done = town.hub.take_files(read, town.old, town.new, wanted=places.__contains__, done=told.append)
    assert (done.made, done.bytes, told) == (1, 3000, places)


def test_the_ranges_of_one_file_are_enough_to_make_it(tmp_path: Path) -> None:
    town = Town(tmp_path, OLD, NEW)
    whole = town.path.read_bytes()
    town.hub.take_records(reader_of(town.path), town.old, town.new)
    delta, new = read_delta(reader_of(town.path)), town.hub.blobs(town.new)
    places = [place for place, blob in enumerate(new) if blob.size == 3000]
    ((start, end),) = ranges_for(delta.files, new, places.__contains__, request=0)
    holes = bytes(start - delta.start) + whole[start:end]
    part = whole[: delta.start] + holes
    done = town.hub.take_files(lambda at, count: part[at : at + count], town.old, town.new)
    assert set(places).isdisjoint(done.failed)
    assert done.made >= 1


def test_a_delta_cut_short_fails_what_lay_behind_the_cut(tmp_path: Path) -> None:
    town = Town(tmp_path, OLD, NEW)
    whole = town.path.read_bytes()
    town.path.write_bytes(whole[:-1])
    town.update()
    assert town.files.failed
    town.path.write_bytes(whole)
    assert town.update() == []


def test_records_come_first_and_each_is_checked(tmp_path: Path) -> None:
    town = Town(tmp_path, OLD, NEW)
    read = reader_of(town.path)
    (town.hub.record(town.old.sha256)).write_bytes(b"{}")
    assert town.hub.take_records(read, town.old, town.new).failed == (0, 1, 2)
    assert not town.hub.record(town.new.sha256).exists()


def test_a_delta_for_another_catalogue_makes_nothing_of_it(tmp_path: Path) -> None:
    town, other = Town(tmp_path / "a", OLD, NEW), Town(tmp_path / "b", NEW, OLD)
    done = town.hub.take_records(reader_of(other.path), town.old, town.new)
    assert (done.made, done.failed) == (0, (0, 1, 2))


def test_a_full_disk_says_so_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(tmp_path, OLD, NEW)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("content_cache.deposit.Deposit.put", full)
    with pytest.raises(NoSpace):
        town.update()
    monkeypatch.undo()
    assert town.update() == []


def test_what_the_reader_raises_is_passed_on(tmp_path: Path) -> None:
    town = Town(tmp_path, OLD, NEW)

    class Cut(ContentError):
        pass

    def read(start: int, count: int) -> bytes:
        if start > 8:
            raise Cut("The line broke; try again.")
        return reader_of(town.path)(start, count)

    with pytest.raises(Cut):
        town.hub.take_records(read, town.old, town.new)


def test_a_bundle_brings_the_small_files_of_a_course_and_needs_nothing(tmp_path: Path) -> None:
    town = Town(tmp_path, {"leer": {"a.txt": b"a"}}, NEW)
    (entry,) = town.repository.release(town.new.sha256, town.new.size, town.new.packed).head.courses
    size = write_bundle(town.repository, entry)
    path = town.releases.root / "b" / entry.manifest
    assert size == path.stat().st_size
    assert write_bundle(town.repository, entry) == size
    hub = Hub(tmp_path / "empty")
    blobs = [one.blob for one in named_files_of(town.repository, entry)]
    assert size < sum(blob.size if blob.packed is None else blob.packed for blob in blobs)
    with hub.store.filling(), hub.store.batch() as batch:
        read = reader_of(path)
        done = apply(read_delta(read).files, read, old=[], new=blobs, into=Place(hub.store.path, batch))
    assert (done.made, done.failed) == (len(blobs), ())


def test_a_course_of_one_small_file_has_no_bundle(tmp_path: Path) -> None:
    town = Town(tmp_path, OLD, {"c": {"a.txt": b"a", "b.mp4": noise(BUNDLED)}})
    (entry,) = town.repository.release(town.new.sha256, town.new.size, town.new.packed).head.courses
    assert write_bundle(town.repository, entry) is None
    assert not (town.releases.root / "b").exists()
