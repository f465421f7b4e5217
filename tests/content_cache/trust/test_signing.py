"""What signing leaves for readers, also when it is cut off, and what it refuses."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from content_cache.errors import RepositoryError
from content_cache.sync.source import FolderSource
from content_cache.trust import bundle, keys, signing
from content_cache.trust.checking import look
from content_cache.trust.errors import BadKeys
from content_cache.trust.signing import renew, sign
from content_cache.trust.targets import Target
from tests.simulators.office import BEGAN, WORDS, Office, target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from content_cache.trust.anchor import Anchor


class PowerCut(BaseException):
    """The end of a process, at a write."""


def cut_at(monkeypatch: pytest.MonkeyPatch, module: object, number: int) -> None:
    """Let the write of that number, and all after it, not happen."""
    real: Callable[..., None] = module.write_file
    left = [number]

    def write(path: Path, data: object, **how: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise PowerCut
        real(path, data, **how)

    monkeypatch.setattr(module, "write_file", write)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_metadata_stays_small(office: Office) -> None:
    """What a check and a change cost a hub, before HTTP."""
    many = {f"group-{n}": a_target(n) for n in range(3)}
    sign(office.repository, office.keys, many, WORDS, now=office.now)
    sizes = {name: len(data) for name, data in files(office.repository / "metadata").items()}
    assert sizes["timestamp.json"] < 700
    assert sizes["2.bundle"] < 1300


def a_target(number: int) -> Target:
    deltas = {hashlib.sha256(bytes([number, old])).hexdigest()[:16]: 20_000 + old for old in range(6)}
    sha256 = hashlib.sha256(bytes([number])).hexdigest()
    return Target(sha256=sha256, size=40_000, packed=9_000, release=12, deltas=deltas)


def test_all_that_is_known_of_a_catalogue_arrives(office: Office, hub: Anchor) -> None:
    signed = {"yucatan": a_target(1), "all": a_target(2)}
    sign(office.repository, office.keys, signed, WORDS, now=office.now)
    hub.refresh(office.source, now=office.now)
    assert hub.targets() == signed


def test_the_same_input_at_the_same_time_gives_the_same_bytes(office: Office, tmp_path: Path) -> None:
    copies = [tmp_path / "a", tmp_path / "b"]
    for copy in copies:
        shutil.copytree(office.repository, copy)
        sign(copy, office.keys, {"all": target("two", 2)}, WORDS, now=office.now)
        renew(copy, office.keys, WORDS, now=office.now)
    assert files(copies[0] / "metadata") == files(copies[1] / "metadata")


def test_signing_again_what_is_signed_writes_nothing(office: Office) -> None:
    before = files(office.repository / "metadata")
    assert not office.sign("one").changed
    assert files(office.repository / "metadata") == before


def test_signing_again_much_later_renews_the_timestamp_alone(office: Office) -> None:
    office.later(2)
    again = office.sign("one")
    assert (again.changed, again.snapshot, again.issued) == (True, 1, office.now)


def test_the_editor_and_the_host_sign_by_turns_and_no_number_falls(office: Office, hub: Anchor, tmp_path: Path) -> None:
    """Neither copies the other's timestamp back: the second that each signs in is number enough."""
    host = shutil.copytree(office.repository, tmp_path / "host")
    for day in range(1, 9):
        office.later(1)
        renew(host, office.keys, WORDS, now=office.now)
        hub.refresh(FolderSource(host), now=office.now)
        if day % 3 == 0:
            office.sign(f"day {day}", day)
            shutil.copytree(office.repository, host, dirs_exist_ok=True)
            hub.refresh(FolderSource(host), now=office.now)
    assert hub.target("all") == target("day 6", 6)


def test_two_signings_in_one_second_have_two_numbers(office: Office) -> None:
    assert office.sign("two", 2).timestamp + 1 == office.sign("three", 3).timestamp


def test_what_is_signed_for_half_its_time_is_signed_anew(office: Office) -> None:
    office.later(201)
    assert office.sign("one").snapshot == 2


def test_a_new_root_makes_everything_be_signed_anew(office: Office) -> None:
    office.rotate("root-3")
    signed = office.sign("one")
    assert (signed.changed, signed.root, signed.snapshot) == (True, 2, 2)


def test_renewing_changes_the_timestamp_alone(office: Office) -> None:
    before = files(office.repository / "metadata")
    office.later(1)
    renewed = office.renew()
    assert (renewed.timestamp, renewed.snapshot, renewed.issued) == (office.now.timestamp(), 1, office.now)
    after = files(office.repository / "metadata")
    assert {name for name in after if after[name] != before.get(name)} == {"timestamp.json"}


@pytest.mark.parametrize("number", range(5))
def test_a_signing_that_is_cut_off_leaves_the_old_set_and_can_be_repeated(
    office: Office, hub: Anchor, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Targets, snapshot, bundle, root, timestamp: five writes."""
    office.rotate("publisher")
    with monkeypatch.context() as patch:
        cut_at(patch, signing, number)
        with pytest.raises(PowerCut):
            office.sign("two", 2)
    hub.refresh(office.source, now=office.now)
    assert hub.target("all") == target("one")
    office.sign("two", 2)
    hub.refresh(office.source, now=office.now)
    assert hub.target("all").release == 2
    numbers = [path.name.partition(".")[0] for path in (office.repository / "metadata").glob("*.snapshot.json")]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("name", ["publisher", "timestamp", "root-2"])
@pytest.mark.parametrize("number", range(2))
def test_a_rotation_that_is_cut_off_leaves_keys_that_sign(
    office: Office, name: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key, then the root that names it: two writes."""
    from content_cache.trust import protect

    with monkeypatch.context() as patch:
        cut_at(patch, protect if number == 0 else keys, 0)
        with pytest.raises(PowerCut):
            office.rotate(name)
    assert office.sign("two", 2).root == 1
    office.rotate(name)
    assert office.sign("three", 3).root == 2


def test_a_rotation_that_lacks_only_its_last_step_is_completed(office: Office) -> None:
    office.rotate("publisher")
    (office.keys / "publisher.key").rename(office.keys / "publisher.next.key")
    assert office.sign("two", 2).root == 2
    assert (office.keys / "publisher.key").exists()


def test_a_clock_behind_the_last_signing_is_refused(office: Office) -> None:
    office.now -= dt.timedelta(hours=1)
    for command in (office.renew, lambda: office.sign("two", 2)):
        with pytest.raises(BadKeys, match="the last signing was at 2026-10-01T12:00:00Z; set the clock"):
            command()


def test_a_root_past_its_date_signs_nothing(office: Office) -> None:
    office.later(1201)
    with pytest.raises(BadKeys, match="The root expired on 2030-01-13; give it a new date"):
        office.sign("two", 2)


def test_renewing_does_not_cover_what_ends_by_itself(office: Office) -> None:
    office.later(401)
    with pytest.raises(RepositoryError, match="too old"):
        office.renew()
    office.sign("one")
    office.renew()


def test_renewing_by_a_replaced_key_is_refused(office: Office, tmp_path: Path) -> None:
    host = tmp_path / "host"
    host.mkdir()
    shutil.copy(office.keys / "timestamp.key", host)
    office.rotate("timestamp")
    office.sign("one")
    with pytest.raises(BadKeys, match="The timestamp's key of root 2 is not in"):
        renew(office.repository, host, WORDS, now=office.now)


def test_keys_that_lag_behind_the_repository_sign_nothing(office: Office, tmp_path: Path) -> None:
    copy = shutil.copytree(office.keys, tmp_path / "copy")
    office.rotate("publisher")
    office.sign("two", 2)
    with pytest.raises(BadKeys, match=r"has root 2, which .* lacks"):
        sign(office.repository, copy, {"all": target("x", 3)}, WORDS, now=office.now)
    keys.rotate(copy, "publisher", WORDS, now=office.now)
    with pytest.raises(BadKeys, match="was signed with other keys"):
        sign(office.repository, copy, {"all": target("x", 3)}, WORDS, now=office.now)


def test_a_damaged_timestamp_is_not_signed_over(office: Office) -> None:
    (office.repository / "metadata" / "timestamp.json").write_bytes(b"{")
    with pytest.raises(RepositoryError, match="bring it back from a copy, or its number would fall"):
        office.sign("two", 2)


def test_old_snapshots_go_and_roots_stay(office: Office, tmp_path: Path) -> None:
    office.rotate()
    for number in range(2, 14):
        office.sign(f"release {number}", number)
    names = set(files(office.repository / "metadata"))
    assert {"1.root.json", "2.root.json", "13.snapshot.json", "6.targets.json", "6.bundle"} <= names
    assert not {"5.snapshot.json", "5.targets.json", "5.bundle"} & names
    office.hub(tmp_path / "late").refresh(office.source, now=office.now)


def test_a_bundle_unfolds_to_what_was_packed_and_not_to_more_than_its_limit() -> None:
    assert bundle.unpack(bundle.pack(b"{1}", b"{2}")) == (b"{1}", b"{2}")
    assert bundle.unpack(bundle.pack(b"1", b"0" * bundle.LONGEST_UNPACKED)) is None
    assert bundle.unpack(b"no") is None


def test_a_look_tells_what_ends_soon_and_what_to_do(office: Office) -> None:
    def problems(days: float) -> list[str]:
        return list(look(FolderSource(office.repository), now=BEGAN + dt.timedelta(days=days)).problems)

    assert problems(2.9) == []
    (missed,) = problems(4)
    assert missed.startswith("Nothing was signed since 2026-10-01")
    assert "see to the job that renews it daily (content-renew.timer)." in missed
    office.later(341)
    office.renew()
    assert [problem.partition(";")[2] for problem in problems(341)] == [" run `content-cache sign`."] * 2
    office.sign("one")
    office.later(800)
    office.sign("one")
    assert [problem[:45] for problem in problems(1141)] == ["What signs the root ends on 2030-01-13, and h"]


def test_a_look_at_json_is_dates_and_numbers(office: Office) -> None:
    import msgspec

    found = json.loads(msgspec.json.encode(look(FolderSource(office.repository), now=office.now)))
    assert (found["snapshot"], found["issued"]) == (1, "2026-10-01T12:00:00Z")
    assert sorted(found["expires"]) == ["root", "snapshot", "targets", "timestamp"]
