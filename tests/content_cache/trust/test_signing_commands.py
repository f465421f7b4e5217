"""`content-cache keys`, `sign`, `renew`, and the commands that sign as they end, as an operator runs them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from content_cache.cli import content_cache
from content_cache.errors import SourceError
from content_cache.sync.source import FolderSource
from content_cache.trust.anchor import Anchor
from content_cache.trust.errors import BadKeys
from content_cache.trust.passphrases import Passphrases
from tests.content_cache.making import course
from tests.simulators.link import ContentServer
from tests.simulators.office import BEGAN

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "cinco palabras que nadie adivina"
# Hubs go by their own clock; these commands by the machine's.
NOW = BEGAN.replace(year=1970)


def run(*arguments: object, words: str | None = WORDS) -> Result:
    environ = {"CONTENT_CACHE_PASSPHRASE": words, "CONTENT_CACHE_KEYS": None}
    return CliRunner().invoke(content_cache, [str(one) for one in arguments], env=environ)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    assert run("keys", "create", tmp_path / "keys").exit_code == 0
    return tmp_path / "keys"


def hub(tmp_path: Path, keys: Path) -> Anchor:
    anchor = Anchor(tmp_path / "hub")
    anchor.pin((keys / "roots" / "1.root.json").read_bytes())
    return anchor


def test_what_is_published_with_keys_is_what_a_hub_takes(tmp_path: Path, keys: Path) -> None:
    repository = tmp_path / "repository"
    published = run("publish", course(tmp_path / "course"), "--to", repository, "--keys", keys)
    assert published.exit_code == 0
    assert published.output.splitlines()[-1].startswith("Signed as number 1, on ")
    anchor = hub(tmp_path, keys)
    anchor.refresh(FolderSource(repository), now=NOW)
    assert anchor.target("all").release == 1
    again = run("publish", tmp_path / "course", "--to", repository, "--keys", keys)
    assert again.output.splitlines() == ["Nothing changed; release 1 stays.", "It is signed already, as number 1."]


def test_removing_a_course_is_signed_as_well(tmp_path: Path, keys: Path) -> None:
    repository = tmp_path / "repository"
    run("publish", course(tmp_path / "course"), "--to", repository, "--keys", keys)
    removed = run("remove", "precio-justo", "--from", repository, "--keys", keys)
    assert removed.output.splitlines()[-1].startswith("Signed as number 2, on ")


def test_verify_tells_unsigned_from_signed_from_not_the_newest(tmp_path: Path, keys: Path) -> None:
    repository = tmp_path / "repository"
    run("publish", course(tmp_path / "course"), "--to", repository)
    unsigned = run("verify", repository)
    assert unsigned.exit_code == 0
    assert "is not signed; sign it with `content-cache sign`" in unsigned.output
    assert run("sign", repository, "--keys", keys).output.startswith("Signed as number 1, on ")
    assert "It is signed as number 1, last on " in run("verify", repository).output
    run("remove", "precio-justo", "--from", repository)
    behind = run("verify", repository, "--json")
    assert behind.exit_code == 66
    assert "is not the newest release there; run `content-cache sign" in json.loads(behind.stdout)["problems"][0]


def test_verify_finds_signatures_that_were_tampered_with(tmp_path: Path, keys: Path) -> None:
    repository = tmp_path / "repository"
    run("publish", course(tmp_path / "course"), "--to", repository, "--keys", keys)
    file = repository / "metadata" / "timestamp.json"
    file.write_bytes(file.read_bytes().replace(b'"bundle":true', b'"bundle":null'))
    found = run("verify", repository)
    assert found.exit_code == 66
    assert "is not signed by head office's keys" in found.output


def test_keys_lie_apart_and_any_two_root_keys_replace_another(tmp_path: Path) -> None:
    keys, sticks = tmp_path / "keys", [tmp_path / name for name in "abc"]
    apart = [word for stick in sticks for word in ("--root-in", stick)]
    assert run("keys", "create", keys, *apart).exit_code == 0
    assert sorted(path.name for path in keys.iterdir()) == ["publisher.key", "roots", "timestamp.key"]
    one = run("keys", "rotate", keys, "publisher", "--root-in", sticks[0])
    assert isinstance(one.exception, BadKeys)
    assert "2 root keys are needed and 1 found" in str(one.exception)
    two = run("keys", "rotate", keys, "publisher", "--root-in", sticks[0], "--root-in", sticks[2], "--json")
    assert json.loads(two.stdout)["root"] == 2
    found = run("keys", "list", keys, "--root-in", sticks[1]).output
    assert f"{sticks[1]}/root-2.key" in found
    assert found.count("not here") == 2
    lost = run("keys", "revoke", keys, "root-1", "--root-in", sticks[0], "--root-in", sticks[2])
    assert "2 root keys other than root-1 are needed and 1 found" in str(lost.exception)
    assert run("keys", "revoke", keys, "root-1", "--root-in", sticks[1], "--root-in", sticks[2]).exit_code == 0


def test_key_files_are_their_owners_and_under_a_passphrase(keys: Path) -> None:
    files = sorted(keys.glob("*.key"))
    assert len(files) == 5
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")


def test_openssl_reads_the_key_files(keys: Path) -> None:
    command = ["openssl", "pkey", "-in", keys / "publisher.key", "-passin", f"pass:{WORDS}", "-noout", "-text"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert ended.stdout.startswith("ED25519 Private-Key:"), ended.stderr


def test_only_the_timestamps_key_is_left_bare_and_only_when_asked(tmp_path: Path) -> None:
    run("keys", "create", tmp_path / "keys", "--bare-timestamp")
    bare = [file.name for file in (tmp_path / "keys").glob("*.key") if b"ENCRYPTED" not in file.read_bytes()]
    assert bare == ["timestamp.key"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [("corta", "needs 12 characters or more"), (None, "set CONTENT_CACHE_PASSPHRASE or give --passphrase-file")],
)
def test_no_keys_are_made_without_a_passphrase_that_holds(tmp_path: Path, words: str | None, sentence: str) -> None:
    ended = run("keys", "create", tmp_path / "keys", words=words)
    assert isinstance(ended.exception, BadKeys)
    assert sentence in str(ended.exception)
    assert not list((tmp_path / "keys").glob("*.key"))


def test_keys_are_never_written_over(keys: Path) -> None:
    before = (keys / "publisher.key").read_bytes()
    ended = run("keys", "create", keys)
    assert "is there already; keys are never overwritten" in str(ended.exception)
    assert (keys / "publisher.key").read_bytes() == before


def test_a_passphrase_may_come_from_a_file_and_a_wrong_one_says_which_key(tmp_path: Path, keys: Path) -> None:
    repository, file = tmp_path / "repository", tmp_path / "words"
    run("publish", course(tmp_path / "course"), "--to", repository)
    file.write_text("otra cosa muy distinta\n")
    ended = run("sign", repository, "--keys", keys, "--passphrase-file", file, words=None)
    assert f"does not open {keys / 'timestamp.key'}" in str(ended.exception)
    file.write_text(WORDS + "\n")
    assert run("sign", repository, "--keys", keys, "--passphrase-file", file, words=None).exit_code == 0


def test_the_host_renews_with_the_timestamps_key_alone(tmp_path: Path) -> None:
    repository, keys, host = tmp_path / "repository", tmp_path / "keys", tmp_path / "host"
    run("keys", "create", keys, "--bare-timestamp")
    run("publish", course(tmp_path / "course"), "--to", repository, "--keys", keys)
    host.mkdir()
    (keys / "timestamp.key").rename(host / "timestamp.key")
    renewed = run("renew", repository, "--keys", host, "--json", words=None)
    assert json.loads(renewed.stdout)["snapshot"] == 1
    assert run("renew", repository, "--check").exit_code == 0


def test_a_host_is_looked_at_over_the_network(tmp_path: Path, keys: Path) -> None:
    repository = tmp_path / "repository"
    run("publish", course(tmp_path / "course"), "--to", repository, "--keys", keys)
    with ContentServer(repository) as server:
        assert run("renew", server.url, "--check").output.startswith("Number 1, last signed on ")
        server.habit = "html"
        assert isinstance(run("renew", server.url, "--check").exception, SourceError)


class Asked:
    """A person who types what stands on a list."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.prompts = list(answers), []

    def __call__(self, prompt: str) -> str:
        self.prompts.append(prompt)
        return self.answers.pop(0)


def test_a_person_chooses_a_passphrase_once_and_keeps_it_for_the_other_keys() -> None:
    person = Asked(WORDS, WORDS, "", "otra cosa muy distinta", "otra cosa muy distinta")
    words = Passphrases(ask=person)
    assert words.for_new("root-1") == WORDS.encode()
    assert words.for_new("root-2") == WORDS.encode()
    assert words.for_new("root-3") == b"otra cosa muy distinta"
    assert person.prompts[2] == "New passphrase of root-2 (empty: the same as before)"


def test_a_passphrase_that_was_mistyped_is_not_taken() -> None:
    with pytest.raises(BadKeys, match="not the same; start again"):
        Passphrases(ask=Asked(WORDS, WORDS + "x")).for_new("root-1")


def test_a_person_is_asked_only_for_what_no_known_passphrase_opens() -> None:
    person = Asked("la segunda")
    words = Passphrases([b"la primera"], person)
    opening = words.to_open("publisher")
    assert next(opening) == b"la primera"
    assert person.prompts == []
    assert next(opening) == b"la segunda"
    assert list(Passphrases([b"x"]).to_open("publisher")) == [b"x"]


def test_renew_without_keys_or_signatures_says_what_to_do(tmp_path: Path, keys: Path) -> None:
    repository = tmp_path / "repository"
    run("publish", course(tmp_path / "course"), "--to", repository)
    assert run("renew", repository).exit_code == 2
    assert "is not signed yet" in str(run("renew", repository, "--keys", keys).exception)
    assert "is not signed" in str(run("renew", repository, "--check").exception)


def test_an_error_ends_with_its_code_and_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "content_cache", "renew", str(tmp_path), "--check"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CONTENT_CACHE_")}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environ)
    assert ended.returncode == 78
    assert ended.stderr.startswith("content-cache: ")
    assert ended.stderr.count("\n") == 1
