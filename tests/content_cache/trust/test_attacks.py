"""What a thief, a liar on the line, or an old stick can do to a hub's trust: nothing, and it says what is the matter.

Each attack comes over real HTTP and from a folder. After it the hub trusts what it trusted before, and takes the
genuine content when it is offered.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Timestamp

from content_cache.errors import ContentError, SourceError
from content_cache.sync.source import FolderSource, HttpSource
from content_cache.trust import keys, protect
from content_cache.trust.anchor import Anchor
from content_cache.trust.errors import Expired, NotSigned, Older, TrustError
from tests.simulators.link import ContentServer
from tests.simulators.office import BEGAN, WORDS, Office, target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from content_cache.sync.source import Source

    Placed = Callable[[Path], Source]

MONTHS = 30


@pytest.fixture(params=["folder", "http"])
def placed(request: pytest.FixtureRequest) -> Iterator[Placed]:
    """Makes a source of a folder: as it lies, or behind a web server."""
    servers: list[ContentServer] = []

    def serve(folder: Path) -> HttpSource:
        servers.append(ContentServer(folder))
        servers[-1].__enter__()
        return HttpSource(servers[-1].url, timeouts=(5, 5))

    yield FolderSource if request.param == "folder" else serve
    for server in servers:
        server.__exit__(None, None, None)


def metadata(office: Office, name: str) -> Path:
    return office.repository / "metadata" / name


def refuses(hub: Anchor, source: Source, error: type[ContentError], now: dt.datetime, words: str = "") -> None:
    """The hub refuses `source` with a sentence and trusts what it trusted."""
    before = hub.targets(), hub.confirmed
    with pytest.raises(error, match=words or None) as raised:
        hub.refresh(source, now=now)
    assert str(raised.value).endswith((".", "`."))
    assert (hub.targets(), hub.confirmed) == before


def test_a_rollback_is_refused(office: Office, hub: Anchor, placed: Placed, tmp_path: Path) -> None:
    older = office.stick(tmp_path / "older")
    office.later(1)
    office.sign("two", 2)
    hub.refresh(placed(office.repository), now=office.now)
    refuses(hub, placed(older.root), Older, office.now, "is older than what this hub knows")
    assert hub.target("all").release == 2


def test_a_freeze_is_not_an_error_and_the_date_of_confirmation_tells(
    office: Office, hub: Anchor, placed: Placed, tmp_path: Path
) -> None:
    frozen = office.stick(tmp_path / "frozen")
    office.later(100)
    office.sign("two", 2)
    confirmed = hub.refresh(placed(frozen.root), now=office.now)
    assert confirmed.issued == BEGAN
    assert hub.target("all") == target("one")


def test_parts_of_two_releases_are_not_mixed(office: Office, hub: Anchor, placed: Placed, tmp_path: Path) -> None:
    office.sign("two", 2)
    mixed = office.stick(tmp_path / "mixed").root / "metadata"
    for name in ("snapshot.json", "targets.json", "bundle"):
        shutil.copy(mixed / f"1.{name}", mixed / f"2.{name}")
    refuses(hub, placed(mixed.parent), TrustError, office.now, "changed or damaged")


def test_targets_of_another_release_are_not_taken_under_a_new_snapshot(
    office: Office, hub: Anchor, placed: Placed, tmp_path: Path
) -> None:
    office.sign("two", 2)
    mixed = office.stick(tmp_path / "mixed").root / "metadata"
    (mixed / "2.bundle").unlink()
    shutil.copy(mixed / "1.targets.json", mixed / "2.targets.json")
    refuses(hub, placed(mixed.parent), TrustError, office.now, "changed or damaged")


def test_keys_of_somebody_else_prove_nothing(office: Office, hub: Anchor, placed: Placed, tmp_path: Path) -> None:
    other = Office(tmp_path / "other")
    for text in ("x", "y", "z"):
        other.sign(text, 9)
    refuses(hub, placed(other.repository), TrustError, office.now, "not signed by head office's keys")


def test_a_root_that_one_stolen_root_key_signed_is_not_followed(
    office: Office, hub: Anchor, placed: Placed, tmp_path: Path
) -> None:
    thief = office.thief(tmp_path / "thief")
    thief.rotate("publisher")
    root = metadata_root(thief, 2)
    root["signatures"] = root["signatures"][:1]
    thief.sign("false", 9)
    (thief.repository / "metadata" / "2.root.json").write_text(json.dumps(root))
    refuses(hub, placed(thief.repository), TrustError, office.now, "not signed by head office's keys")


def metadata_root(office: Office, number: int) -> dict[str, list[object]]:
    found: dict[str, list[object]] = json.loads((office.keys / "roots" / f"{number}.root.json").read_text())
    return found


@pytest.mark.parametrize("name", ["timestamp.json", "2.bundle"])
def test_endless_data_is_cut_off(office: Office, hub: Anchor, name: str) -> None:
    office.sign("two", 2)
    with ContentServer(office.repository) as server:
        server.lies[f"metadata/{name}"] = "endless"
        source = HttpSource(server.url, timeouts=(5, 5))
        if name == "timestamp.json":
            refuses(hub, source, TrustError, office.now, "changed or damaged")
        else:
            hub.refresh(source, now=office.now)
            assert hub.target("all").release == 2


@pytest.mark.parametrize("habit", ["hang", "drip"])
def test_a_source_that_is_slow_is_given_up(office: Office, hub: Anchor, habit: str) -> None:
    with ContentServer(office.repository) as server:
        server.habit = habit
        refuses(hub, HttpSource(server.url, timeouts=(0.3, 0.3), within=0.3), SourceError, office.now)


@pytest.mark.parametrize(
    "habit", ["html", "portal", "truncated", "cut_short", "redirect", "broken", "nonsense", "reset_at_once"]
)
def test_a_lying_server_is_told_from_head_office(office: Office, hub: Anchor, habit: str) -> None:
    office.sign("two", 2)
    with ContentServer(office.repository) as server:
        server.habit = habit
        refuses(hub, HttpSource(server.url, timeouts=(5, 5)), ContentError, office.now)
        server.habit = "honest"
        hub.refresh(HttpSource(server.url), now=office.now)
    assert hub.target("all").release == 2


def test_flipped_bits_are_found(office: Office, hub: Anchor) -> None:
    office.sign("two", 2)
    with ContentServer(office.repository) as server:
        server.habit = "flipped"
        refuses(hub, HttpSource(server.url, timeouts=(5, 5)), TrustError, office.now)


def test_a_hub_that_slept_for_three_rotations_catches_up(office: Office, hub: Anchor, placed: Placed) -> None:
    for name in ("publisher", "timestamp", "root-2"):
        office.later(MONTHS * 30)
        office.rotate(name)
        office.sign(f"after {name}", 2)
    hub.refresh(placed(office.repository), now=office.now)
    assert hub.target("all") == target("after root-2", 2)


def test_a_hub_that_slept_follows_even_if_every_root_key_was_replaced(
    office: Office, hub: Anchor, placed: Placed
) -> None:
    for name in ("root-1", "root-2", "root-3"):
        office.revoke(name)
    office.sign("two", 2)
    hub.refresh(placed(office.repository), now=office.now)
    assert hub.target("all").release == 2


def test_stolen_keys_count_no_more_once_they_are_revoked(
    office: Office, hub: Anchor, placed: Placed, tmp_path: Path
) -> None:
    thief = office.thief(tmp_path / "thief")
    for name in ("publisher", "timestamp"):
        office.revoke(name)
    office.sign("two", 2)
    hub.refresh(placed(office.repository), now=office.now)
    for _ in range(5):
        thief.sign(f"false {_}", 9)
    refuses(hub, placed(thief.repository), TrustError, office.now, "not signed by head office's keys")


def test_a_thief_who_raised_the_numbers_is_recovered_from_by_new_keys(
    office: Office, hub: Anchor, placed: Placed, tmp_path: Path
) -> None:
    """TUF's fast-forward attack: huge numbers would make everything genuine look old."""
    thief = office.thief(tmp_path / "thief")
    for number in range(2, 8):
        thief.sign(f"false {number}", number)
    hub.refresh(placed(thief.repository), now=office.now)
    assert hub.target("all").release == 7
    office.sign("two", 2)
    refuses(hub, placed(office.repository), Older, office.now)
    for name in ("publisher", "timestamp"):
        office.revoke(name)
    office.sign("three", 3)
    hub.refresh(placed(office.repository), now=office.now)
    assert hub.target("all") == target("three", 3)


@pytest.mark.parametrize("hint", [1, 0, -1, True, "2", None, 2**70])
def test_a_wrong_hint_about_roots_only_delays(
    office: Office, hub: Anchor, placed: Placed, hint: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed by the timestamp's key, which a thief may have: new keys are followed all the same, or it is refused."""
    office.rotate("timestamp")
    office.sign("two", 2)
    file = metadata(office, "timestamp.json")
    resigned = _resigned(office, json.loads(file.read_text())["signed"] | {"root": hint})
    file.write_text(resigned)
    hub.refresh(placed(office.repository), now=office.now)
    assert hub.target("all").release == 2


def _resigned(office: Office, signed: dict[str, object]) -> str:
    root = keys.newest(office.keys).signed
    found = keys.find(root, keys.TIMESTAMP, [office.keys], WORDS)
    assert found is not None
    made: Metadata[Timestamp] = Metadata(Timestamp.from_dict(dict(signed)))
    made.sign(CryptoSigner(found.private, keys.key_named(root, keys.TIMESTAMP)))
    return made.to_bytes(keys.COMPACT).decode()


def test_a_timestamp_dated_beyond_the_other_keys_is_refused(
    office: Office, hub: Anchor, placed: Placed, tmp_path: Path
) -> None:
    """The clock's floor rises to that date, so one key on a host in the network must not carry it to 2090."""
    false = office.stick(tmp_path / "false").root
    file = false / "metadata" / "timestamp.json"
    dates = {"issued": "2090-01-01T00:00:00Z", "expires": "2091-01-01T00:00:00Z"}
    file.write_text(_resigned(office, json.loads(file.read_text())["signed"] | {"version": 2**31} | dates))
    refuses(hub, placed(false), Expired, office.now)
    office.sign("two", 2)
    hub.refresh(placed(office.repository), now=office.now)
    assert hub.target("all").release == 2


def test_a_stick_carried_for_forty_days_is_taken(office: Office, hub: Anchor, tmp_path: Path) -> None:
    office.sign("two", 2)
    stick = office.stick(tmp_path / "stick")
    hub.refresh(stick, now=office.later(40))
    assert hub.target("all").release == 2


def test_a_stick_with_all_roots_serves_a_hub_that_never_had_an_uplink(office: Office, tmp_path: Path) -> None:
    for name in ("publisher", "root-1", "timestamp"):
        office.rotate(name)
    office.sign("two", 2)
    hub = office.hub(tmp_path / "far")
    hub.refresh(office.stick(tmp_path / "stick"), now=office.later(40))
    assert hub.target("all").release == 2


def test_a_stick_that_was_tampered_with_is_refused(office: Office, hub: Anchor, tmp_path: Path) -> None:
    office.sign("two", 2)
    stick = office.stick(tmp_path / "stick")
    for path in sorted((stick.root / "metadata").iterdir()):
        if path.name.startswith("2.") and path.suffix == ".json":
            path.write_bytes(path.read_bytes().replace(b'"length"', b'"lenght"'))
    (stick.root / "metadata" / "2.bundle").unlink()
    refuses(hub, stick, TrustError, office.now, "changed or damaged")


def test_a_clock_at_1970_takes_everything_genuine_and_nothing_older(
    office: Office, hub: Anchor, tmp_path: Path
) -> None:
    older = office.stick(tmp_path / "older")
    office.later(200)
    office.sign("two", 2)
    new_year = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert hub.refresh(office.source, now=new_year).issued == office.now
    refuses(hub, older, Older, new_year)


def test_a_clock_in_2090_takes_nothing_new_and_what_is_trusted_stays(office: Office, hub: Anchor) -> None:
    office.sign("two", 2)
    refuses(hub, office.source, Expired, dt.datetime(2090, 1, 1, tzinfo=dt.UTC), "set this box's clock if it is wrong")
    hub.refresh(office.source, now=office.now)
    assert hub.target("all").release == 2


def test_a_root_that_expired_is_still_a_way_to_the_next(office: Office, hub: Anchor) -> None:
    office.later(1300)
    refuses(hub, office.source, Expired, office.now)
    office.rotate()
    office.sign("two", 2)
    hub.refresh(office.source, now=office.now)
    assert hub.target("all").release == 2


def test_an_empty_or_foreign_folder_says_that_it_is_not_signed(hub: Anchor, tmp_path: Path) -> None:
    refuses(hub, FolderSource(tmp_path), NotSigned, BEGAN, "holds no signed content")


class Told:
    """A source that answers with what it was given."""

    name = "somewhere"

    def __init__(self, files: dict[str, bytes], honest: Source) -> None:
        self._files, self._honest = files, honest

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        if path in self._files:
            yield self._files[path]
        else:
            yield from self._honest.read(path, start, end)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
WITHOUT_FLOATS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
NAMES = ["timestamp.json", "2.root.json", "2.snapshot.json", "2.targets.json", "2.bundle"]


def tries(hub: Anchor, files: dict[str, bytes], office: Office) -> None:
    """Whatever comes, it is refused with a sentence, or it is what head office signed."""
    said = "Taken."
    try:
        hub.refresh(Told(files, office.source), now=office.now)
    except (TrustError, SourceError) as error:
        said = str(error)
    assert said.endswith((".", "`."))
    assert hub.targets() in ({"all": target("one")}, {"all": target("two", 2)})


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> tuple[Office, Callable[[], Anchor]]:
    """Head office with a second release under new keys, and hubs that know the first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protect, "ROUNDS", 1000)
        folder = tmp_path_factory.mktemp("village")
        office = Office(folder / "office")
        office.sign("one")
        first = office.hub(folder / "first")
        first.refresh(office.source, now=office.now)
        office.rotate("timestamp")
        office.sign("two", 2)
    made = iter(range(10**9))

    def fresh() -> Anchor:
        return Anchor(shutil.copytree(first.folder, folder / f"hub-{next(made)}"))

    return office, fresh


QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(name=st.sampled_from(NAMES), data=st.binary(max_size=300))
def test_any_bytes_are_refused_with_a_sentence(village, name: str, data: bytes) -> None:
    office, fresh = village
    tries(fresh(), {f"metadata/{name}": data}, office)


@QUICK
@given(name=st.sampled_from(NAMES[:4]), value=JSON, where=st.sampled_from(["all", "signed", "signatures"]))
def test_any_json_is_refused_with_a_sentence(village, name: str, value: object, where: str) -> None:
    office, fresh = village
    genuine = json.loads(metadata(office, name).read_text())
    data = value if where == "all" else genuine | {where: value}
    tries(fresh(), {f"metadata/{name}": json.dumps(data).encode()}, office)


@QUICK
@given(name=st.sampled_from(NAMES[:4]), data=st.data(), value=JSON)
def test_any_field_may_be_anything(village, name: str, data: st.DataObject, value: object) -> None:
    office, fresh = village
    genuine = json.loads(metadata(office, name).read_text())
    at = genuine["signed"]
    while True:
        key = data.draw(st.sampled_from(sorted(at)))
        if not (isinstance(at[key], dict) and at[key] and data.draw(st.booleans())):
            break
        at = at[key]
    at[key] = value
    tries(fresh(), {f"metadata/{name}": json.dumps(genuine).encode()}, office)


@QUICK
@given(field=st.sampled_from(["version", "issued", "expires", "root", "bundle", "meta", "new"]), value=WITHOUT_FLOATS)
def test_who_has_the_timestamps_key_can_break_nothing(village, field: str, value: object) -> None:
    """Signed as it should be, whatever it says."""
    office, fresh = village
    signed = json.loads(metadata(office, "timestamp.json").read_text())["signed"] | {field: value}
    root = keys.newest(office.keys).signed
    found = keys.find(root, keys.TIMESTAMP, [office.keys], WORDS)
    signature = found.private.sign(encode_canonical(signed).encode()).hex()
    by = {"keyid": keys.key_named(root, keys.TIMESTAMP).keyid, "sig": signature}
    tries(fresh(), {"metadata/timestamp.json": json.dumps({"signatures": [by], "signed": signed}).encode()}, office)


@QUICK
@given(name=st.sampled_from(NAMES), at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_bit_may_flip(village, name: str, at: int, bit: int) -> None:
    office, fresh = village
    data = bytearray(metadata(office, name).read_bytes())
    data[at % len(data)] ^= 1 << bit
    tries(fresh(), {f"metadata/{name}": bytes(data)}, office)


@QUICK
@given(root=st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_nothing_but_a_root_can_be_pinned(tmp_path: Path, root: bytes) -> None:
    with pytest.raises(TrustError, match="no root file"):
        Anchor(tmp_path / "new").pin(root)
