"""`hub content …`, as a technician runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from content_cache.errors import ContentError, DamagedBlob, NoWayBack
from content_cache.trust.errors import NotPinned
from hub.commands.content import command
from hub.content.models import PINNED, REMOVED, state, wished
from hub.content.orders import NoSuchSubject
from hub.content.origin import BadPlace, pin
from hub.errors import HubError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hub.content.conftest import Box, Press


@pytest.fixture
def hub(box: Box, press: Press, monkeypatch) -> Box:
    """A hub that knows head office's keys, and a repository with one course."""
    monkeypatch.setenv("HUB_DATA", str(box.settings.data))
    monkeypatch.setenv("HUB_RESERVE_MB", "0")
    press.course("precio-justo", 150_000)
    press.publish()
    pin(press.root, box.library.root)
    return box


def run(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(command, [str(word) for word in words])
    if isinstance(done.exception, HubError | ContentError):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


def test_sync_takes_what_is_new_from_a_place_and_says_so(hub: Box, press: Press) -> None:
    assert run("sync", "--from", press.repository).startswith("This hub now serves release 1: 1 course, 2 items; ")
    assert run("sync", "--from", press.repository).startswith("This hub serves release 1: 1 course, 2 items; ")
    press.course("ahorro")
    press.publish()
    assert json.loads(run("sync", "--from", press.repository, "--json"))["number"] == 2


def test_sync_without_any_place_says_how_to_name_one(hub: Box) -> None:
    with pytest.raises(BadPlace, match="name a folder or an address with --from"):
        run("sync")


def test_a_hub_that_knows_no_keys_takes_nothing(box: Box, press: Press, monkeypatch) -> None:
    monkeypatch.setenv("HUB_DATA", str(box.settings.data))
    press.course("precio-justo")
    press.publish()
    with pytest.raises(NotPinned):
        run("sync", "--from", press.repository)


def test_a_rollback_serves_the_release_before_and_the_one_it_left_waits_for_force(hub: Box, press: Press) -> None:
    run("sync", "--from", press.repository)
    with pytest.raises(NoWayBack):
        run("rollback")
    press.course("ahorro")
    press.publish()
    run("sync", "--from", press.repository)
    assert run("rollback") == "This hub serves release 1 again; a newer one is taken when it comes.\n"
    assert hub.library.number() == 1
    assert "Release 2 is not taken, since a rollback left it" in run("sync", "--from", press.repository)
    assert hub.library.number() == 1
    assert "now serves release 2" in run("sync", "--from", press.repository, "--force")


def test_an_export_seeds_another_hub(hub: Box, press: Press, tmp_path: Path, monkeypatch) -> None:
    run("sync", "--from", press.repository)
    stick = tmp_path / "stick" / "village-hub"
    assert run("export", "--to", stick).startswith(f"{stick} holds release 1-")
    assert "1 KB copied" in run("export", "--to", stick), "what lies there already stays"
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "other"))
    pin(press.root, tmp_path / "other" / "library")
    assert "now serves release 1" in run("sync", "--from", stick)


def test_what_is_ordered_is_noted_and_the_worker_is_told(hub: Box, press: Press) -> None:
    run("sync", "--from", press.repository)
    assert run("pin", "precio-justo") == "precio-justo is pinned: it comes first and stays.\n"
    assert wished(PINNED) == {"precio-justo"}
    assert state().wanted
    run("unpin", "precio-justo")
    run("remove", "precio-justo/libro-1")
    assert (wished(PINNED), wished(REMOVED)) == (set(), {"precio-justo/libro-1"})
    run("bring-back", "precio-justo/libro-1")
    assert wished(REMOVED) == set()
    with pytest.raises(NoSuchSubject, match="hub content list"):
        run("pin", "no-such-course")


def test_list_and_status_tell_what_is_here(hub: Box, press: Press) -> None:
    assert "library is empty" in run("list")
    assert "Nobody said where courses come from" in run("status")
    run("sync", "--from", press.repository)
    run("pin", "precio-justo")
    assert run("list").splitlines() == [
        "precio-justo: El precio justo (151 KB here, pinned)",
        "1 course in release 1.",
    ]
    assert "Content was last confirmed on 2026-03-02." in run("status").splitlines()
    told = json.loads(run("status", "--json"))
    assert told["confirmed"] == "2026-03-02"
    assert told["totals"]["items"] == 2


def test_verify_finds_what_changed_and_has_it_brought_again(hub: Box, press: Press) -> None:
    run("sync", "--from", press.repository)
    assert "whole." in run("verify")
    book = max(hub.library.store, key=lambda blob: blob.size)
    hub.library.store.path(book.sha256).write_bytes(b"rot")
    assert f"Blob {book.sha256} is damaged or missing." in run("verify", code=DamagedBlob.exit_code)
    assert state().wanted
    run("sync", "--from", press.repository)
    assert "whole." in run("verify")
