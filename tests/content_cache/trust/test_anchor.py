"""What a hub believes, and what it costs to ask."""

from __future__ import annotations

import datetime as dt
import errno
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from content_cache.errors import Absent, ContentError, SourceError
from content_cache.sync.source import HttpSource
from content_cache.trust import kept
from content_cache.trust.anchor import Anchor
from content_cache.trust.errors import Expired, NoSuchGroup, NotPinned, NotSigned, Older, OtherKeys, TrustError
from tests.simulators.link import ContentServer, Link
from tests.simulators.office import BEGAN, Office, target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from content_cache.sync.source import Source


class Counted:
    """A source that remembers what was read from it, and may lack or replace files."""

    def __init__(self, source: Source, **replaced: bytes | None) -> None:
        self.name, self._source, self.asked = source.name, source, []
        self.replaced: dict[str, bytes | None] = dict(replaced)

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        self.asked.append(path.removeprefix("metadata/"))
        if path not in self.replaced:
            yield from self._source.read(path, start, end)
        elif (data := self.replaced[path]) is not None:
            yield data[start:end]
        else:
            raise Absent(f"no {path}; look elsewhere.")


def test_a_hub_trusts_what_head_office_signed(office: Office, hub: Anchor) -> None:
    assert hub.target("all") == target("one")
    assert hub.confirmed is not None
    assert (hub.confirmed.issued, hub.confirmed.snapshot) == (BEGAN, 1)
    assert hub.confirmed.expires == BEGAN + dt.timedelta(days=400)


def test_trust_outlives_the_process(hub: Anchor) -> None:
    again = Anchor(hub.folder)
    assert (again.target("all"), again.confirmed) == (hub.target("all"), hub.confirmed)


def test_a_check_is_one_request_and_a_change_two(office: Office, hub: Anchor) -> None:
    source = Counted(office.source)
    hub.refresh(source, now=office.now)
    office.later(1)
    office.renew()
    hub.refresh(source, now=office.now)
    assert source.asked == ["timestamp.json"] * 2
    source.asked.clear()
    office.sign("two", 2)
    assert hub.refresh(source, now=office.now).snapshot == 2
    assert source.asked == ["timestamp.json", "2.bundle"]
    assert hub.target("all").release == 2


def test_a_look_takes_one_connection_also_where_there_is_no_newer_root(office: Office, tmp_path: Path) -> None:
    hub = office.hub(tmp_path / "new")
    with ContentServer(office.repository) as server, Link(server.port) as link:
        hub.refresh(HttpSource(f"http://127.0.0.1:{link.port}"), now=office.now)
        assert [one.path for one in server.asked] == [
            "metadata/2.root.json",
            "metadata/timestamp.json",
            "metadata/1.bundle",
        ]
        assert link.connections == 1


def test_a_renewed_timestamp_confirms_what_is_there(office: Office, hub: Anchor) -> None:
    office.later(3)
    office.renew()
    confirmed = hub.refresh(office.source, now=office.now)
    assert (confirmed.issued, confirmed.snapshot) == (office.now, 1)


def test_new_keys_are_followed_at_the_price_of_their_roots(office: Office, hub: Anchor) -> None:
    office.rotate("publisher")
    office.sign("two", 2)
    source = Counted(office.source)
    hub.refresh(source, now=office.now)
    assert source.asked == ["timestamp.json", "2.root.json", "2.bundle"]
    assert hub.target("all").release == 2


@pytest.mark.parametrize("bundle", [None, b"", b"<html>", b"\x28\xb5\x2f\xfd" + b"\0" * 100])
def test_a_bundle_that_is_absent_or_lies_is_done_without(office: Office, hub: Anchor, bundle: bytes | None) -> None:
    office.sign("two", 2)
    source = Counted(office.source)
    source.replaced["metadata/2.bundle"] = bundle
    hub.refresh(source, now=office.now)
    assert source.asked == ["timestamp.json", "2.bundle", "2.snapshot.json", "2.targets.json"]
    assert hub.target("all").release == 2


def test_the_bundle_of_another_release_is_done_without(office: Office, hub: Anchor) -> None:
    first = (office.repository / "metadata" / "1.bundle").read_bytes()
    office.sign("two", 2)
    source = Counted(office.source)
    source.replaced["metadata/2.bundle"] = first
    hub.refresh(source, now=office.now)
    assert hub.target("all").release == 2


def test_a_hub_without_keys_says_how_to_get_them(office: Office, tmp_path: Path) -> None:
    anchor = Anchor(tmp_path / "new")
    assert not anchor.pinned
    assert anchor.confirmed is None
    with pytest.raises(NotPinned, match="hub setup --content-root"):
        anchor.refresh(office.source, now=office.now)
    with pytest.raises(NotPinned):
        anchor.target("all")
    assert not anchor.folder.exists()


def test_other_keys_are_pinned_only_by_an_operator_who_means_it(office: Office, hub: Anchor, tmp_path: Path) -> None:
    other = Office(tmp_path / "other")
    other.sign("false")
    hub.pin(office.root)
    with pytest.raises(OtherKeys):
        hub.pin(other.root)
    assert hub.target("all") == target("one")
    hub.pin(other.root, replace=True)
    assert hub.confirmed is None
    hub.refresh(other.source, now=other.now)
    assert hub.target("all") == target("false")


@pytest.mark.parametrize("root", [b"", b"{}", b"[]", b"null", b"<html>", b"9" * 200_000])
def test_what_is_no_root_is_not_pinned(tmp_path: Path, root: bytes) -> None:
    with pytest.raises(TrustError, match="no root file"):
        Anchor(tmp_path / "new").pin(root)


def test_a_root_that_was_changed_is_not_pinned(office: Office, tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="no root file"):
        Anchor(tmp_path / "new").pin(office.root.replace(b'"threshold":2', b'"threshold":1'))


def test_groups_that_nothing_is_signed_for_are_named(hub: Anchor) -> None:
    with pytest.raises(NoSuchGroup, match=r"'yucatan'.*take one it did: all"):
        hub.target("yucatan")


def test_a_folder_without_signatures_says_so(hub: Anchor, office: Office, tmp_path: Path) -> None:
    (office.repository / "metadata" / "timestamp.json").unlink()
    with pytest.raises(NotSigned, match="content-cache sign"):
        hub.refresh(office.source, now=office.now)


def test_time_is_what_is_told_and_not_the_machines(office: Office, hub: Anchor) -> None:
    """The machine's clock is far from all of these, on one side or the other."""
    hub.refresh(office.source, now=dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
    hub.refresh(office.source, now=BEGAN + dt.timedelta(days=399))
    office.sign("two", 2)
    with pytest.raises(Expired, match="set this box's clock"):
        hub.refresh(office.source, now=BEGAN + dt.timedelta(days=401))
    assert hub.target("all") == target("one")


def test_a_refresh_that_breaks_off_leaves_the_whole_set_and_is_taken_up_again(office: Office, hub: Anchor) -> None:
    office.sign("two", 2)
    source = Counted(office.source)
    for name in ("2.bundle", "2.snapshot.json"):
        source.replaced[f"metadata/{name}"] = None
    with pytest.raises(SourceError, match="is not whole"):
        hub.refresh(source, now=office.now)
    assert hub.target("all") == target("one")
    assert hub.confirmed is not None
    assert hub.confirmed.snapshot == 1
    hub.refresh(office.source, now=office.now)
    assert hub.target("all").release == 2


def test_what_was_seen_once_is_not_gone_back_from_even_if_it_never_became_whole(
    office: Office, hub: Anchor, tmp_path: Path
) -> None:
    stick = office.stick(tmp_path / "stick")
    office.sign("two", 2)
    source = Counted(office.source)
    for name in ("2.bundle", "2.snapshot.json"):
        source.replaced[f"metadata/{name}"] = None
    with pytest.raises(SourceError):
        hub.refresh(source, now=office.now)
    with pytest.raises(Older):
        hub.refresh(stick, now=office.now)


def test_a_hub_passes_its_trust_on(office: Office, hub: Anchor, tmp_path: Path) -> None:
    office.rotate("timestamp")
    office.sign("two", 2)
    hub.refresh(office.source, now=office.now)
    for path, data in hub.metadata().items():
        place = tmp_path / "next" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    other = office.hub(tmp_path / "neighbour")
    other.refresh(type(office.source)(tmp_path / "next"), now=office.now)
    assert other.target("all") == hub.target("all")


@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda data: b"", lambda data: data[:-1] + b"?"])
def test_a_damaged_record_of_trust_is_begun_again_from_the_pinned_root(office: Office, hub: Anchor, damage) -> None:
    office.rotate("root-1")
    office.sign("two", 2)
    hub.refresh(office.source, now=office.now)
    file = hub.folder / "trusted"
    file.write_bytes(damage(file.read_bytes()))
    assert hub.confirmed is None
    with pytest.raises(NoSuchGroup, match="none"):
        hub.target("all")
    hub.refresh(office.source, now=office.now)
    assert hub.target("all").release == 2


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "No space left"), "There is no room under"),
        (OSError(errno.EROFS, "Read-only"), "check its"),
    ],
)
def test_what_cannot_be_written_down_is_not_trusted_and_says_why(
    office: Office, hub: Anchor, error: OSError, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.sign("two", 2)
    with monkeypatch.context() as patch:
        patch.setattr(kept, "write_file", lambda *_args: (_ for _ in ()).throw(error))
        with pytest.raises(ContentError, match=says):
            hub.refresh(office.source, now=office.now)
    assert hub.target("all") == target("one")
    hub.refresh(office.source, now=office.now)
    assert hub.target("all").release == 2


def test_a_refresh_that_was_killed_leaves_nothing_behind(office: Office, hub: Anchor) -> None:
    """Killed for real, at the moment when python-tuf has written and nothing is kept yet."""
    office.sign("two", 2)
    program = (
        "import os, signal, sys, datetime as dt\n"
        "from pathlib import Path\n"
        "from content_cache.sync.source import FolderSource\n"
        "from content_cache.trust import kept\n"
        "from content_cache.trust.anchor import Anchor\n"
        "kept.save = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Anchor(Path(sys.argv[1])).refresh(FolderSource(Path(sys.argv[2])), now=dt.datetime(1970, 1, 1, tzinfo=dt.UTC))\n"
    )
    command = [sys.executable, "-c", program, str(hub.folder), str(office.repository)]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    assert list(hub.folder.glob("work-*"))
    assert hub.target("all") == target("one")
    hub.refresh(office.source, now=office.now)
    assert hub.target("all").release == 2
    assert not list(hub.folder.glob("work-*"))


def test_a_check_that_finds_nothing_new_writes_nothing(office: Office, hub: Anchor) -> None:
    before = (hub.folder / "trusted").stat().st_ino
    hub.refresh(office.source, now=office.now)
    assert (hub.folder / "trusted").stat().st_ino == before
    assert {path.name for path in hub.folder.iterdir()} == {"trusted", "pinned.root.json"}
