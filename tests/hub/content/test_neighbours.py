"""A hub passes on what it has: to the hub beside it, over a real server, and to a stick for the next village."""

from __future__ import annotations

import http.client
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from content_cache.errors import ContentError
from content_cache.library import Library
from content_cache.passing import export
from content_cache.sync.engine import sync
from content_cache.sync.source import FolderSource, HttpSource
from hub.app import create_app
from hub.content import orders
from hub.content.news import trust_of
from hub.content.origin import pin
from hub.content.sync import bring
from hub.server import HubServer
from hub.settings import Settings
from hub.uplink.models import sql
from tests.hub.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.hub.content.conftest import Box, Press

BOOK = 200_000


@pytest.fixture
def seeded(box: Box, press: Press) -> Box:
    """A hub that took in a course of one book."""
    press.course("precio-justo", BOOK)
    press.publish()
    pin(press.root, box.library.root)
    bring(FolderSource(press.repository), box.settings, box.clock, box.library)
    return box


@contextmanager
def answering(box: Box, **settings: bool) -> Iterator[int]:
    told = Settings(data=box.settings.data, port=0, threads=2, reserve_mb=0, **settings)
    server = HubServer(create_app(told, box.clock), told)
    with serving(server):
        yield int(server.effective_port)


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def take(source: FolderSource | HttpSource, press: Press, box: Box, folder: Path) -> Library:
    """What another hub does that knows head office's keys and this place."""
    library = Library(folder)
    anchor = trust_of(folder)
    anchor.pin(press.root.read_bytes())
    anchor.refresh(source, now=box.clock.at_least())
    synced = sync(library, source, anchor.target("all"))
    assert synced.coming == 0
    return library


def test_the_hub_beside_takes_all_of_it_and_believes_head_office_alone(
    seeded: Box, press: Press, tmp_path: Path
) -> None:
    with answering(seeded) as port:
        source = HttpSource(f"http://127.0.0.1:{port}/repository")
        other = take(source, press, seeded, tmp_path / "other")
    assert other.number() == 1
    assert {blob.sha256 for blob in other.store} == {blob.sha256 for blob in seeded.library.store}


def test_what_neighbours_take_is_not_counted_as_use(seeded: Box, press: Press, tmp_path: Path) -> None:
    with answering(seeded) as port:
        take(HttpSource(f"http://127.0.0.1:{port}/repository"), press, seeded, tmp_path / "other")
    assert sql("SELECT coalesce(sum(bytes), 0) FROM batch").fetchone()[0] == 0


def test_parts_of_files_are_given_and_what_never_changes_may_be_kept(seeded: Box) -> None:
    book = max(seeded.library.store, key=lambda blob: blob.size)
    with answering(seeded) as port:
        status, headers, body = ask(port, f"/repository/o/{book.sha256}", Range="bytes=1000-1999")
        assert (status, len(body)) == (206, 1000)
        assert headers["Content-Range"] == f"bytes 1000-1999/{book.size}"
        assert "immutable" in headers["Cache-Control"]
        assert ask(port, f"/repository/o/{book.sha256}", Range=f"bytes={book.size}-")[0] == 416
        status, headers, body = ask(port, f"/repository/o/{book.sha256}", "HEAD")
        assert (status, headers["Content-Length"], body) == (200, str(book.size), b"")
        status, headers, body = ask(port, "/repository/metadata/timestamp.json")
        assert (status, headers["Cache-Control"], body[:1]) == (200, "no-cache", b"{")


@pytest.mark.parametrize(
    "path",
    ["", "catalogue.json", "o/", "o/../../hub.sqlite3", "metadata/../trust/trusted", "m/" + "0" * 64, "x" * 5000],
)
def test_nothing_else_is_given_away(seeded: Box, path: str) -> None:
    with answering(seeded) as port:
        assert ask(port, f"/repository/{path}")[0] == 404


def test_it_is_only_read(seeded: Box) -> None:
    with answering(seeded) as port:
        assert ask(port, "/repository/metadata/timestamp.json", "POST")[0] == 405
        assert ask(port, "/repository/metadata/timestamp.json", "DELETE")[0] == 405


def test_it_can_be_turned_off(seeded: Box) -> None:
    with answering(seeded, neighbours=False) as port:
        assert ask(port, "/repository/metadata/timestamp.json")[0] == 404
        assert ask(port, "/")[0] == 200


def test_a_hub_that_has_nothing_yet_has_nothing_to_give(box: Box) -> None:
    with answering(box) as port:
        assert ask(port, "/repository/metadata/timestamp.json")[0] == 404


def test_a_neighbour_that_has_little_gives_what_it_has(seeded: Box, press: Press, tmp_path: Path) -> None:
    press.course("ahorro", *(20_000 + n for n in range(6)))
    press.publish()
    orders.remove("ahorro")
    bring(FolderSource(press.repository), seeded.settings, seeded.clock, seeded.library)
    with answering(seeded) as port:
        source = HttpSource(f"http://127.0.0.1:{port}/repository")
        library = Library(tmp_path / "other")
        anchor = trust_of(library.root)
        anchor.pin(press.root.read_bytes())
        anchor.refresh(source, now=seeded.clock.at_least())
        synced = sync(library, source, anchor.target("all"))
    assert {one.item.partition("/")[0] for one in synced.left} == {"ahorro"}
    assert max(blob.size for blob in library.store) > BOOK, "what comes after the missing ones in order came"


def test_a_stick_holds_what_is_signed_last_although_it_does_not_serve_here_yet(
    seeded: Box, press: Press, tmp_path: Path
) -> None:
    press.course("ahorro", 30_000)
    press.publish()
    (bad,) = [path for path in (press.repository / "o").iterdir() if 30_000 < path.stat().st_size < 31_000]
    bad.write_bytes(bytes(bad.stat().st_size))
    with pytest.raises(ContentError, match="another hash"):
        bring(FolderSource(press.repository), seeded.settings, seeded.clock, seeded.library, whole=True)
    assert seeded.library.number() == 1
    export(seeded.library, tmp_path / "stick")
    other = Library(tmp_path / "other")
    anchor = trust_of(other.root)
    anchor.pin(press.root.read_bytes())
    stick = FolderSource(tmp_path / "stick")
    anchor.refresh(stick, now=seeded.clock.at_least())
    synced = sync(other, stick, anchor.target("all"))
    assert (synced.number, [one.item for one in synced.left]) == (2, ["ahorro/libro-1"])


def test_a_copy_says_if_other_hubs_can_take_nothing_from_it(seeded: Box, press: Press, tmp_path: Path) -> None:
    press.course("ahorro", 30_000)
    press.publish()
    assert export(seeded.library, tmp_path / "one").problems == ()
    trust_of(seeded.library.root).refresh(FolderSource(press.repository), now=press.now)
    (problem,) = export(seeded.library, tmp_path / "two").problems
    assert "sync, and copy again, or other hubs can take nothing from it." in problem
