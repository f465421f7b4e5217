"""The package for a Pi, in a fresh arm64 Debian: it serves, counts and reports, each of its instructions carried out by QEMU.

The kernel stays this machine's, so that no systemd, radio or card of a Pi is tried here. The first test to ask waits
some minutes for a fresh system.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from content_cache.publisher.publish import publish
from content_cache.trust import keys
from content_cache.trust.publishing import sign_repository
from tests.deploy.boxes import Box, arm64_programs, fresh, need_boxes
from tests.deploy.packages import Package
from tests.deploy.test_deb_installed import DRAW, IMPORT_ALL, PUBLISHING, doctor
from tests.simulators.office import WORDS
from tests.town import ITEM, QUICK, SAMPLES, Phone, Town, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.conftest import Built

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module", params=["12", "13"])
def pi(request: pytest.FixtureRequest, packages: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A box on which the package was installed."""
    need_boxes()
    package = packages[request.param, "arm64"]
    needs = [words.split("|")[0].split()[0] for words in Package(package).field("Depends").split(",")]
    with arm64_programs(), Box(fresh(request.param, needs, "arm64"), tmp_path_factory.mktemp("pi") / "box") as box:
        box.install(package)
        yield box


@pytest.fixture
def box(pi: Box, tmp_path: Path) -> Iterator[Box]:
    """One of one's own."""
    with Box(pi, tmp_path / "box") as mine:
        yield mine


def test_all_of_the_program_is_there_and_runs(box: Box) -> None:
    assert box.run("uname", "-m").strip() == "aarch64"
    assert "0.1.0" in box.run("hub", "--version")
    lacking = [line.split() for line in box.run("python3", "-IS", "-c", IMPORT_ALL).splitlines()]
    assert {name for _, name in lacking} <= PUBLISHING
    assert box.run("python3", "-IS", "-c", DRAW).startswith("%PDF-")
    box.run("hub", "setup", "--name", "Dzemul", "--time-zone", "America/Merida", "--without-head-office", "--json")
    assert doctor(box)["database"]


def test_it_serves_counts_and_reports_what_another_kind_of_machine_reads(box: Box, tmp_path: Path) -> None:
    """What an arm64 hub seals and signs, read by head office on this machine, and the other way."""
    with Town(tmp_path / "town") as town:
        town.folder.mkdir()
        given = box.root / "srv"
        publish(SAMPLES, given / "repository")
        keys.create(tmp_path / "keys", WORDS)
        sign_repository(given / "repository", tmp_path / "keys", WORDS)
        shutil.copy(tmp_path / "keys/roots/1.root.json", given / "1.root.json")
        town.start("collector")
        town.run("collector", "sites", "add", "Dzemul", "--time-zone", "America/Merida", "--json")
        town.run("collector", "sites", "kit", "dzemul", "-o", str(given / "dzemul.kit"), "--address", town.office)
        (given / "dzemul.kit").chmod(0o644)
        with (box.root / "etc/village-hub/hub.env").open("a") as settings:
            settings.writelines(f"{name}={value}\n" for name, value in QUICK.items())
            settings.write(f"HUB_HOST=127.0.0.1\nHUB_PORT={town.ports['web']}\nHUB_NAME=\n")
        content = ("--content-url", "/srv/repository", "--content-root", "/srv/1.root.json")
        box.run("hub", "setup", "--kit", "/srv/dzemul.kit", *content, "--json")
        box.run("hub", "content", "sync")
        with running(box, town):
            status, page = town.ask("GET", f"/items/{ITEM}", Accept_Language="es-MX")
            assert (status, b"</html>" in page) == (200, True)
            film = re.search(rb'src="(/media/[^"]+)"', page)
            assert film
            status, part = town.ask("GET", film[1].decode(), Range="bytes=1000-1999")
            assert (status, len(part)) == (206, 1000)
            phone = Phone(town)
            phone.play(ITEM, [[0, 40]])
            phone.insist()
        box.run("hub", "carry", "export", "/var/lib/village-hub/up.vhub")
        shutil.copy(box.root / "var/lib/village-hub/up.vhub", tmp_path / "up.vhub")
        town.run("collector", "import", "--replies", str(given), str(tmp_path / "up.vhub"))
        assert town.at_head_office()["plays"] == 1
        (reply,) = given.glob("*.vhub")
        box.run("hub", "carry", "import", f"/srv/{reply.name}")
        assert '"pending":0' in box.run("hub", "uplink", "status", "--json").replace(" ", "")


@contextlib.contextmanager
def running(box: Box, town: Town) -> Iterator[None]:
    process = box.start("hub", "web", network=True)
    try:
        assert until(lambda: town.answers("web"), 120)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
