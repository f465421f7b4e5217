"""The client workflow of the TUF specification, case by case, over HTTP.

The public suite tuf-conformance asks the same of any client. No package registry carries it, so it runs where somebody
put it (`TUF_CONFORMANCE=folder`; benchmarks/README.md says what came of it), and these are its kinds of cases, written
anew, for wherever it is not.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from tuf.api.metadata import DelegatedRole, Delegations, Targets

from content_cache.errors import Absent, ContentError
from content_cache.sync.source import HttpSource
from content_cache.trust import kept
from content_cache.trust.anchor import Anchor
from content_cache.trust.errors import Expired, Older, TrustError
from content_cache.trust.fetching import SourceFetcher, signed_part
from tests.conftest import ROOT
from tests.simulators.link import ContentServer
from tests.simulators.tuf_repository import ENDS, NOW, TufRepository

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT = Path(__file__).parent.parent / "conformance_client.py"


class Client:
    """Our Anchor before a repository on a web server, as the suite sees a client."""

    def __init__(self, folder: Path) -> None:
        self.repository = TufRepository(folder / "repository")
        self.server = ContentServer(self.repository.folder)
        self.anchor = Anchor(folder / "trust")
        self.anchor.pin((self.repository.folder / "metadata" / "1.root.json").read_bytes())

    @property
    def source(self) -> HttpSource:
        return HttpSource(self.server.url, timeouts=(5, 5))

    def refresh(self, now: dt.datetime = NOW) -> None:
        self.server.asked.clear()
        self.anchor.refresh(self.source, now=now)

    def fails(self, error: type[ContentError] = TrustError, now: dt.datetime = NOW) -> None:
        with pytest.raises(error):
            self.refresh(now)

    @property
    def asked(self) -> list[str]:
        """What was asked for, without what all paths share."""
        return [one.path.removeprefix("metadata/").removesuffix(".json") for one in self.server.asked]

    def trusted(self, role: str) -> int | None:
        """The version that is trusted of a role, as far as it came."""
        known = kept.load(self.anchor.folder)
        assert known is not None
        data = known.roots[-1] if role == "root" else known.seen.get(role, b"")
        return signed_part(data).get("version")

    def download(self, *names: str) -> list[bytes]:
        folder = self.anchor.folder.parent / "files"
        folder.mkdir(exist_ok=True)
        with self.anchor.updating(SourceFetcher(self.source, hinted=False), NOW) as updater:
            updater.target_dir = str(folder)
            infos = [updater.get_targetinfo(name) for name in names]
            return [Path(updater.download_target(info)).read_bytes() for info in infos if info]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    made = Client(tmp_path)
    with made.server:
        yield made


def test_the_first_refresh_asks_in_the_order_of_the_specification(client: Client) -> None:
    client.refresh()
    assert client.asked == ["2.root", "timestamp", "1.snapshot", "1.targets"]
    client.refresh()
    assert client.asked == ["2.root", "timestamp"]


def test_each_role_that_changed_is_taken(client: Client) -> None:
    client.refresh()
    client.repository.targets.version = 2
    client.repository.publish("targets")
    client.refresh()
    assert client.asked == ["2.root", "timestamp", "2.snapshot", "2.targets"]
    assert [client.trusted(role) for role in ("root", "timestamp", "snapshot", "targets")] == [1, 2, 2, 2]


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_unsigned_metadata_of_any_role_is_refused(client: Client, role: str) -> None:
    client.repository.signers[role] = []
    client.repository.hashes = False
    client.repository.publish("targets")
    client.fails()
    assert client.trusted(role) is None


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_metadata_that_is_absent_breaks_the_refresh(client: Client, role: str) -> None:
    number = "" if role == "timestamp" else "1."
    (client.repository.folder / "metadata" / f"{number}{role}.json").unlink()
    client.fails(ContentError)
    assert client.anchor.confirmed is None


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_metadata_with_another_hash_than_named_is_refused(client: Client, role: str) -> None:
    client.refresh()
    client.repository.targets.version = 2
    client.repository.publish("targets")
    client.repository.signed(role).expires += dt.timedelta(days=1)
    client.repository.write(role)
    client.fails()
    assert client.trusted(role) == 1


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_metadata_of_another_type_is_refused(client: Client, role: str) -> None:
    """Every role has the same key here, so nothing but the type tells them apart."""
    repository = client.repository
    repository.hashes = False
    signer = repository.signers["root"][0]
    for each in ("timestamp", "snapshot", "targets"):
        repository.root.add_key(signer.public_key, each)
        repository.signers[each].append(signer)
    repository.new_root()
    number = "" if role == "timestamp" else f"{repository.signed(role).version}."
    (repository.folder / "metadata" / f"{number}{role}.json").write_bytes(
        (repository.folder / "metadata" / "2.root.json").read_bytes()
    )
    client.fails()
    assert client.trusted(role) is None


def test_metadata_is_kept_to_the_byte(client: Client) -> None:
    path = client.repository.folder / "metadata" / "timestamp.json"
    path.write_bytes(path.read_bytes() + b"\n\n")
    client.refresh()
    known = kept.load(client.anchor.folder)
    assert known is not None
    assert known.seen["timestamp"] == path.read_bytes()


def test_fields_that_nobody_knows_are_borne(client: Client) -> None:
    for role in ("root", "timestamp", "snapshot", "targets"):
        client.repository.signed(role).unrecognized_fields["x"] = {"y": ["z", 1, None]}
    client.repository.new_root()
    client.repository.publish("targets")
    client.refresh()
    assert client.trusted("root") == 2


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets"])
def test_what_expired_is_refused_and_followed_again_once_it_is_renewed(client: Client, role: str) -> None:
    client.refresh()
    later = ENDS + dt.timedelta(days=1)
    repository = client.repository
    for each in ("root", "timestamp", "snapshot", "targets"):
        repository.signed(each).expires = later if each != role else ENDS
    repository.targets.version = 2
    repository.new_root()
    repository.publish("targets")
    client.fails(Expired, now=ENDS)
    repository.signed(role).expires = later
    repository.targets.version = 3
    repository.new_root()
    repository.publish("targets")
    client.refresh(now=ENDS)
    assert client.trusted("targets") == 3


def test_a_root_that_expired_in_between_is_passed_over(client: Client) -> None:
    client.repository.root.expires = NOW - dt.timedelta(days=1)
    client.repository.new_root()
    client.repository.root.expires = ENDS
    client.repository.new_root()
    client.refresh()
    assert client.trusted("root") == 3


def test_an_expired_timestamp_still_keeps_from_going_back(client: Client) -> None:
    client.repository.timestamp.expires = NOW + dt.timedelta(days=7)
    client.repository.confirm()
    client.refresh()
    client.repository.timestamp.expires = ENDS
    client.repository.timestamp.version = 0
    client.repository.confirm()
    client.fails(Older, now=NOW + dt.timedelta(days=18))


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_a_version_that_falls_is_refused(client: Client, role: str) -> None:
    repository = client.repository
    repository.hashes = False
    repository.targets.version = repository.snapshot.version = repository.timestamp.version = 5
    repository.publish("targets")
    client.refresh()
    before = client.trusted(role)
    if role == "timestamp":
        repository.timestamp.version = 3
        repository.confirm()
    elif role == "snapshot":
        repository.snapshot.version = 2
        repository.publish()
    else:
        repository.targets.version = 4
        repository.publish("targets")
    client.fails(Older)
    assert client.trusted(role) == before


def test_a_role_may_not_vanish_from_the_snapshot(client: Client) -> None:
    client.refresh()
    del client.repository.snapshot.meta["targets.json"]
    client.repository.snapshot.version += 1
    client.repository.write("snapshot")
    client.repository.confirm()
    client.fails()
    assert client.trusted("snapshot") == 1


@pytest.mark.parametrize("role", ["timestamp", "snapshot"])
def test_new_keys_recover_from_versions_that_were_raised(client: Client, role: str) -> None:
    repository = client.repository
    repository.signed(role).version = 99_999
    repository.publish("targets") if role == "snapshot" else repository.confirm()
    client.refresh()
    repository.signed(role).version = 3
    repository.replace_keys(role)
    if role == "snapshot":
        repository.replace_keys("timestamp")
    repository.new_root()
    repository.publish()
    client.refresh()
    assert client.trusted(role) == 4


def test_a_file_under_another_number_is_refused(client: Client) -> None:
    """2.root.json that says it is root 3."""
    client.repository.root.version = 2
    client.repository.new_root()
    folder = client.repository.folder / "metadata"
    (folder / "3.root.json").rename(folder / "2.root.json")
    client.fails(Older)
    assert client.trusted("root") == 1


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_a_threshold_that_is_not_met_is_refused(client: Client, role: str) -> None:
    client.repository.root.roles[role].threshold = 2
    client.repository.new_root()
    client.repository.publish("targets")
    client.fails()
    client.repository.add_key(role)
    client.repository.targets.version = 2
    client.repository.new_root()
    client.repository.publish("targets")
    client.refresh()


@pytest.mark.parametrize("how", ["signature", "keyid"])
def test_one_key_counts_once(client: Client, how: str) -> None:
    """A threshold of two is not met by one key's signature twice, nor by its id named twice."""
    repository = client.repository
    repository.root.roles["timestamp"].threshold = 2
    repository.new_root()
    repository.confirm()
    path = repository.folder / "metadata" / "timestamp.json"
    made = json.loads(path.read_text())
    made["signatures"].append(made["signatures"][0] if how == "signature" else made["signatures"][0] | {"sig": "00"})
    path.write_text(json.dumps(made))
    client.fails()


def test_a_wrong_signature_beside_enough_right_ones_is_borne(client: Client) -> None:
    client.repository.add_key("timestamp")
    client.repository.new_root()
    client.repository.confirm()
    path = client.repository.folder / "metadata" / "timestamp.json"
    made = json.loads(path.read_text())
    made["signatures"][1]["sig"] = "ab" * 64
    path.write_text(json.dumps(made))
    client.refresh()


ROTATIONS = {
    "one more key": (["a"], ["a", "b"], ["a", "b"], True),
    "another key, signed by both": (["a"], ["b"], ["a", "b"], True),
    "another key, signed by the old one": (["a"], ["b"], ["a"], False),
    "another key, signed by the new one": (["a"], ["b"], ["b"], False),
    "two of three, one replaced": (["a", "b", "c"], ["a", "b", "d"], ["a", "b"], True),
    "two of three, one replaced, by one old": (["a", "b", "c"], ["a", "b", "d"], ["a", "d"], False),
    "two of three, two replaced": (["a", "b", "c"], ["a", "d", "e"], ["a", "b", "d"], True),
    "two of three, signed by the new": (["a", "b", "c"], ["a", "d", "e"], ["d", "e"], False),
}


@pytest.mark.parametrize("case", ROTATIONS)
def test_a_root_is_followed_if_enough_old_and_enough_new_keys_signed(tmp_path: Path, case: str) -> None:
    old, new, signed_by, taken = ROTATIONS[case]
    client = Client(tmp_path)
    repository = client.repository
    pool = {name: repository.add_key("root") for name in "abcde"}
    first = repository.signers["root"][0]
    _only(repository, [pool[name] for name in old], 2 if len(old) > 1 else 1)
    repository.root.version = 0
    repository.new_root()
    client.anchor = Anchor(tmp_path / "other")
    client.anchor.pin((repository.folder / "metadata" / "1.root.json").read_bytes())
    for name in new:
        repository.root.add_key(pool[name].public_key, "root")
    _only(repository, [pool[name] for name in new], 2 if len(new) > 2 else 1)
    repository.signers["root"] = [pool[name] for name in signed_by]
    repository.new_root()
    assert first not in repository.signers["root"]
    with client.server:
        if taken:
            client.refresh()
        else:
            client.fails()
    assert client.trusted("root") == (2 if taken else 1)


def _only(repository: TufRepository, signers: list[object], threshold: int) -> None:
    """Let the root's keys be those of `signers` alone."""
    repository.root.roles["root"].keyids = [signer.public_key.keyid for signer in signers]
    repository.root.roles["root"].threshold = threshold
    repository.signers["root"] = list(signers)


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_keys_of_other_roles_rotate(client: Client, role: str) -> None:
    client.refresh()
    client.repository.replace_keys(role)
    client.repository.new_root()
    client.fails()
    client.repository.targets.version = 2
    client.repository.publish("targets")
    client.refresh()


def test_a_target_is_what_was_signed(client: Client) -> None:
    client.repository.add_file("a/curso.txt", b"hola")
    client.repository.targets.version = 2
    client.repository.publish("targets")
    assert client.download("a/curso.txt") == [b"hola"]
    place = next((client.repository.folder / "targets" / "a").iterdir())
    place.write_bytes(b"hole")
    with pytest.raises(Exception, match="Observed hash"):
        client.download("a/curso.txt")


@pytest.mark.parametrize("name", ["rol", "ro/l", "../rol", ".", "rol?", "ñandú"])
def test_delegated_roles_are_followed_whatever_they_are_called(client: Client, name: str) -> None:
    repository = client.repository
    signer = repository.add_key("targets")
    role = DelegatedRole(name, [signer.public_key.keyid], 1, terminating=True, paths=["d/*"])
    repository.targets.delegations = Delegations({signer.public_key.keyid: signer.public_key}, {name: role})
    quoted = quote(name, "")
    repository.delegated[quoted] = Targets(version=1, expires=ENDS)
    repository.signers[quoted] = [signer]
    repository.add_file("d/curso.txt", b"hola", quoted)
    repository.targets.version = 2
    repository.new_root()
    repository.write(quoted)
    repository.publish("targets")
    repository.snapshot.meta[f"{name}.json"] = repository.snapshot.meta.pop(f"{quoted}.json")
    repository.write("snapshot")
    repository.confirm()
    fetcher = SourceFetcher(AsAsked(repository.folder), hinted=False)
    with client.anchor.updating(fetcher, NOW) as updater:
        assert updater.get_targetinfo("d/curso.txt")
        assert updater.get_targetinfo("d/otro.txt") is None


class AsAsked:
    """Files that are called as they are asked for; a web server would unquote their names."""

    name = "somewhere"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        if not (self._folder / path).exists():
            raise Absent(f"no {path}; look elsewhere.")
        yield (self._folder / path).read_bytes()


@pytest.mark.conformance
@pytest.mark.timeout(900)
def test_the_public_suite_finds_nothing(tmp_path: Path) -> None:
    suite = Path(os.environ["TUF_CONFORMANCE"])
    assert (suite / "tuf_conformance").is_dir(), f"TUF_CONFORMANCE={suite} holds no tuf_conformance"
    entry = f"{sys.executable} {CLIENT}"
    command = [sys.executable, "-m", "pytest", "tuf_conformance", "-q", "-p", "no:randomly", "--entrypoint", entry]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=suite, env=environ, capture_output=True, text=True, check=False, timeout=880)
    assert ended.returncode == 0, ended.stdout[-3000:]


def test_the_adapter_speaks_the_suites_language(client: Client, tmp_path: Path) -> None:
    for role in ("root", "timestamp", "snapshot", "targets"):  # the adapter goes by the machine's clock
        client.repository.signed(role).expires = ENDS.replace(year=9999)
    client.repository.new_root()
    client.repository.add_file("curso.txt", b"hola")
    client.repository.targets.version = 2
    client.repository.publish("targets")
    folder = tmp_path / "metadata"
    folder.mkdir()

    def run(*words: object) -> int:
        command = [sys.executable, str(CLIENT), "--metadata-dir", str(folder), *map(str, words)]
        return subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False, timeout=60).returncode

    there = ["--metadata-url", f"{client.server.url}/metadata/"]
    assert run("init", client.repository.folder / "metadata" / "1.root.json") == 0
    assert run(*there, "refresh") == 0
    assert sorted(path.name for path in folder.glob("*.json")) == [
        "root.json",
        "snapshot.json",
        "targets.json",
        "timestamp.json",
    ]
    wanted = [
        "--target-name",
        "curso.txt",
        "--target-dir",
        tmp_path,
        "--target-base-url",
        f"{client.server.url}/targets/",
    ]
    assert run(*there, *wanted, "download") == 0
    assert (tmp_path / "curso.txt").read_bytes() == b"hola"
    client.repository.signers["timestamp"] = []
    client.repository.confirm()
    assert run(*there, "refresh") == 1
