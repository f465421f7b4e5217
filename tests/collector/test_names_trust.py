"""Names are believed as far as head office's own keys go, and no host of content holds anything up."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import pytest
import zstandard

from collector.names.trouble import Trouble, sentence
from collector.names.watch import PATIENCE
from content_cache.publisher.groups import read_groups
from content_cache.publisher.publish import remove_course
from content_cache.trust import keys
from content_cache.trust.publishing import signable
from content_cache.trust.signing import sign
from tests.collector.library import CALLED, HEAD, WORDS, Library, follow, names_of, titles
from tests.collector.running import RunningOffice
from tests.collector.sender import FakeHub, Socket
from tests.simulators.link import ContentServer


def damaged(library: Library) -> int:
    """The file is not what was signed."""
    library.publish(title="Otro")
    number = library.sign()
    blob = read_groups(library.repository).names
    path = next((library.repository / "m").glob(f"{blob.sha256}*"))
    path.write_bytes(path.read_bytes()[::-1])
    return number


def lacking(library: Library) -> int:
    library.publish(title="Otro")
    number = library.sign()
    next((library.repository / "m").glob(f"{read_groups(library.repository).names.sha256}*")).unlink()
    return number


def unsigned(library: Library) -> int:
    shutil.rmtree(library.repository / "metadata")
    return 2


def without_signatures(library: Library) -> int:
    library.publish(title="Otro")
    library.sign()
    path = library.repository / "metadata" / "timestamp.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"signatures": []}))
    return 2


def by_others(library: Library) -> int:
    """All is right, but for whose keys these are."""
    other = Library(library.keys.parent / "other")
    other.publish(title="Falso")
    other.sign()
    other.publish(title="Falso también")
    shutil.rmtree(library.repository)
    shutil.copytree(other.repository, library.repository)
    return other.sign()


def bomb(library: Library) -> int:
    """A megabyte in a few bytes, where a hundred are signed."""
    return library.sign_names(HEAD + bytes(100), packed=zstandard.compress(bytes(2**20)))


def huge(library: Library) -> int:
    return library.sign_names(HEAD, size=2**40)


def endless_window(library: Library) -> int:
    frame = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27, write_content_size=0)
    )
    return library.sign_names(HEAD, packed=b"".join([(made := frame.compressobj()).compress(HEAD), made.flush()]))


ROW = b'{"number":%d,"slug":"a%d"}\n'
ATTACKS = {
    "damaged": (damaged, Trouble.DAMAGED),
    "lacking": (lacking, Trouble.UNREADABLE),
    "unsigned": (unsigned, Trouble.UNREADABLE),
    "without signatures": (without_signatures, Trouble.NOT_OURS),
    "signed by others": (by_others, Trouble.NOT_OURS),
    "a bomb": (bomb, Trouble.DAMAGED),
    "a window of 128 MiB": (endless_window, Trouble.DAMAGED),
    "a terabyte": (huge, Trouble.DAMAGED),
    "a number twice": (lambda one: one.sign_names(HEAD + ROW % (1, 1) + ROW % (1, 2)), Trouble.DAMAGED),
    "a number of 13 digits": (lambda one: one.sign_names(HEAD + ROW % (10**12, 1)), Trouble.DAMAGED),
    "right for a thousand lines": (
        lambda one: one.sign_names(HEAD + b"".join(ROW % (n, n) for n in range(1, 1000)) + b"{"),
        Trouble.DAMAGED,
    ),
    "nothing": (lambda one: one.sign_names(b""), Trouble.DAMAGED),
}


@pytest.mark.parametrize(("attack", "trouble"), ATTACKS.values(), ids=ATTACKS)
def test_whatever_comes_the_names_that_were_there_stay_and_the_page_says_why(small, library, attack, trouble):
    names = names_of(small, library)
    assert follow(names, library.sign()) is None
    assert follow(names, attack(library)) is trouble
    assert titles() == CALLED
    client = small.test_client()
    hub = FakeHub.enrolled(client)
    hub.send(hub.sealed())
    for page in ("/?lang=en", "/sites/dzemul?lang=en"):
        with small.test_request_context("/?lang=en"):
            assert sentence(trouble) in client.get(page).text


def test_content_that_is_older_is_not_gone_back_to_even_if_what_was_verified_is_lost(small, library, tmp_path):
    shutil.copytree(library.repository, tmp_path / "old")
    library.sign()
    shutil.copytree(library.repository / "metadata", tmp_path / "old" / "metadata")
    names = names_of(small, library)
    library.publish(title="Otro")
    assert follow(names, library.sign()) is None
    shutil.rmtree(library.repository)
    shutil.copytree(tmp_path / "old", library.repository)
    assert follow(names, 1) is Trouble.OLDER
    shutil.rmtree(small.extensions["office"].settings.data / "names")
    assert follow(names_of(small, library), 1) is Trouble.OLDER
    assert titles()[1] == "Otro"


def test_content_signed_too_long_ago_brings_no_names(small, tmp_path):
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=500)
    library = Library(tmp_path / "library", long_ago)
    library.publish()
    assert follow(names_of(small, library), library.sign(long_ago)) is Trouble.EXPIRED
    assert titles() == {}


def test_content_of_an_older_version_tells_no_names(small, library):
    sign(library.repository, library.keys, signable(library.repository), WORDS)
    assert follow(names_of(small, library), 1) is Trouble.NONE_YET


def test_new_keys_are_followed_from_root_to_root(small, library):
    names = names_of(small, library)
    follow(names, library.sign())
    for name in ("publisher", "root-1"):
        keys.rotate(library.keys, name, WORDS)
    library.publish(title="Con llaves nuevas")
    assert follow(names, library.sign()) is None
    assert titles()[1] == "Con llaves nuevas"


def test_who_pins_another_root_begins_anew(small, library, tmp_path):
    library.publish("ahorro", title="Ahorro")
    library.publish(title="Otro")
    library.sign()
    library.publish(title="Y otro")
    assert follow(names_of(small, library), library.sign()) is None
    other = Library(tmp_path / "other")
    other.publish(title="De otra oficina")
    assert follow(names_of(small, other), other.sign()) is None
    assert titles() == CALLED | {1: "De otra oficina"}


def test_a_folder_or_a_server_a_whole_copy_or_one_of_plain_files(small, library, tmp_path):
    number = library.sign()
    blob = read_groups(library.repository).names
    path = library.repository / "m" / f"{blob.sha256}.zst"
    path.with_suffix("").write_bytes(zstandard.decompress(path.read_bytes()))
    path.unlink()
    with ContentServer(library.repository) as server:
        assert follow(names_of(small, library, server.url), number) is None
    assert titles() == CALLED


def test_it_is_looked_for_only_when_the_content_is_new(small, library):
    number = library.sign()
    with ContentServer(library.repository) as server:
        names = names_of(small, library, server.url)
        follow(names, number)
        asked = server.paths()
        assert len(asked) == 5
        follow(names, number)
        follow(names_of(small, library, server.url), number)  # as after a restart
        assert server.paths() == asked
        (library.courses / "precio-justo" / "uno.md").write_text("# Otra página\n")
        library.publish("ahorro")
        remove_course("ahorro", library.repository)
        follow(names, library.sign())
        assert len(server.paths()) > len(asked)


@pytest.mark.parametrize(
    "habit", ["hang", "html", "broken", "gone", "endless", "cut_short", "flipped", "gzipped", "redirect"]
)
def test_a_host_that_lies_or_breaks_is_tried_again_some_minutes_later(small, library, habit, monkeypatch):
    monkeypatch.setattr("collector.reading.TIMEOUTS", (0.2, 0.2))
    number, now = library.sign(), [0.0]
    with ContentServer(library.repository) as server:
        server.habit = habit
        names = names_of(small, library, server.url, clock=lambda: now[0])
        assert follow(names, number) in {Trouble.UNREADABLE, Trouble.DAMAGED, Trouble.NOT_OURS}
        server.habit, asked = "honest", len(server.paths())
        assert follow(names, number) is not None
        assert len(server.paths()) == asked
        now[0] = PATIENCE
        assert follow(names, number) is None
    assert titles() == CALLED


def test_a_host_that_drips_is_given_up(small, library, monkeypatch):
    monkeypatch.setattr("collector.names.trust.SECONDS", 0.3)
    with ContentServer(library.repository) as server:
        server.habit = "drip"
        assert follow(names_of(small, library, server.url), library.sign()) is Trouble.UNREADABLE


def test_a_host_that_is_stuck_holds_up_no_upload_and_no_page(tmp_path, library):
    library.sign()
    with ContentServer(library.repository) as server:
        server.habit = "hang"
        settings = {"content": server.url, "content_root": str(library.root)}
        with RunningOffice(tmp_path, **settings) as office:
            hub = FakeHub(Socket(office.address))
            hub.enrol(office.add_site("Dzemul"))
            while not server.asked:
                office.get("/healthz")
            assert hub.send(hub.sealed()).content is None
            assert office.get("/").status_code == 200


def test_a_root_that_is_none_is_nobodys(small, library):
    number = library.sign()
    library.root.write_bytes(b"{}")
    assert follow(names_of(small, library), number) is Trouble.DAMAGED
