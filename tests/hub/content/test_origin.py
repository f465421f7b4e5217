"""Where content comes from: what `hub setup` is told once, and whose bytes cost the uplink something."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from content_cache.errors import Absent
from content_cache.trust.errors import OtherKeys, TrustError
from hub.content.models import state
from hub.content.news import trust_of
from hub.content.origin import BadPlace, check_place, configure, is_near, opened, pin
from hub.db import database, open_database
from hub.uplink.budget import Rules
from hub.uplink.ledger import set_rules
from hub.uplink.models import Ledger
from tests.simulators.office import Office

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.hub.content.conftest import Box


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("text", "place"),
    [("https://content.example/repository/", "https://content.example/repository"), ("/media/usb", "/media/usb")],
)
def test_places_are_kept_without_a_slash_at_their_end(text: str, place: str) -> None:
    assert check_place(text) == place


@pytest.mark.parametrize(
    "text", ["ftp://x/y", "https://", "http://x:99999/", "https://x/y?z", "http://a b/c", "http://["]
)
def test_what_is_no_place_gets_a_sentence(text: str) -> None:
    with pytest.raises(BadPlace, match="no place of content; write one such as"):
        check_place(text)


def test_what_is_not_told_stays_and_a_new_place_is_looked_at_soon(box: Box) -> None:
    configure("https://content.example", "norte")
    configure(None, "sur")
    known = state()
    assert (known.url, known.group, known.wanted) == ("https://content.example", "sur", True)
    with pytest.raises(BadPlace, match="no group"):
        configure(None, "Norte y Sur")


def test_bytes_of_a_server_are_counted_and_a_neighbours_are_not_if_a_technician_names_it(
    box: Box, tmp_path: Path
) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "one").write_bytes(b"x" * 5000)
    with serving(tmp_path / "served") as url:
        assert is_near(url)
        with opened(url, box.clock, by_hand=True) as (source, budget):
            assert b"".join(source.read("one")) == b"x" * 5000
        assert budget is None
        assert Ledger.select().count() == 0
        set_rules(Rules(daily=100_000))
        with opened(url, box.clock) as (source, budget):
            assert b"".join(source.read("one")) == b"x" * 5000
        assert budget == 85_714, "a tenth is kept for counts, a twentieth goes for headers"
    row = Ledger.get()
    assert row.kind == "content"
    assert 5000 < row.down < 7000


def test_a_folder_needs_no_line(box: Box, tmp_path: Path) -> None:
    with opened(str(tmp_path), box.clock) as (source, _), pytest.raises(Absent):
        list(source.read("metadata/timestamp.json"))


def test_a_name_that_leads_nowhere_is_not_near() -> None:
    assert not is_near(f"http://{'a' * 70}/")
    assert not is_near("http://8.8.8.8/")
    assert is_near("http://[fe80::1]:8080/repository")


@pytest.fixture
def root(tmp_path: Path, quick_keys: None) -> Path:
    office = Office(tmp_path / "office")
    return office.keys / "roots" / "1.root.json"


def test_a_root_is_pinned_once_and_another_only_if_that_is_meant(
    box: Box, root: Path, tmp_path: Path, quick_keys: None
) -> None:
    library = box.settings.library_root
    pin(root, library)
    pin(root, library)
    other = Office(tmp_path / "other").keys / "roots" / "1.root.json"
    with pytest.raises(OtherKeys):
        pin(other, library)
    pin(other, library, replace=True)
    assert trust_of(library).pinned


def test_what_is_no_root_gets_a_sentence(box: Box, tmp_path: Path) -> None:
    with pytest.raises(BadPlace, match="cannot be read"):
        pin(tmp_path / "absent", box.settings.library_root)
    (tmp_path / "root.json").write_text("{}")
    with pytest.raises(TrustError, match="no root file"):
        pin(tmp_path / "root.json", box.settings.library_root)


def test_hub_setup_takes_all_of_it_and_asks_nothing(tmp_path: Path, root: Path) -> None:
    words = ["--name", "Dzemul", "--content-url", "https://content.example/repository/", "--content-root", str(root)]
    command = [sys.executable, "-m", "hub", "setup", *words, "--content-group", "norte"]
    environ = os.environ | {"HUB_DATA": str(tmp_path / "new")}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Courses of the group norte come from https://content.example/repository." in done.stdout
    again = subprocess.run(
        [*command[:4], "--json"], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(again.stdout)["group"] == "norte"
    open_database(tmp_path / "new" / "hub.sqlite3")
    assert state().wanted
    database.close()
    assert trust_of(tmp_path / "new" / "library").pinned
