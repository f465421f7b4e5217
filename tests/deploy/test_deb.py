"""What the packages for boxes carry, for each release and machine; nothing is installed here."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.deploy.packages import QUICK, Package, build, run_build

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.conftest import Built

sys.path.insert(0, str(ROOT / "deploy" / "deb"))

import itertools

from papers import debian_version
from targets import DEBIANS, Target
from wheels import slim, unmet

pytestmark = pytest.mark.timeout(600)  # the first test to ask waits until all packages are built
TARGETS = [Target(debian, arch) for debian in DEBIANS.values() for arch in ("amd64", "arm64")]
ELF_MACHINES = {"amd64": 62, "arm64": 183}  # EM_X86_64 and EM_AARCH64, elf(5)
LIB = "opt/village-hub/lib"


@pytest.fixture(params=TARGETS, ids=[f"{target.debian.name}-{target.arch}" for target in TARGETS])
def target(request: pytest.FixtureRequest) -> Target:
    return request.param


@pytest.fixture
def package(target: Target, packages: Built) -> Package:
    return Package(packages[target.debian.number, target.arch])


def test_native_modules_are_for_that_machine_that_python_and_that_library(package: Package, target: Target) -> None:
    native = [name for name in package.files() if re.search(r"\.so(\.|$)", name)]
    assert len(native) > 5
    tags = {f"cpython-{target.python.replace('.', '')}-", "abi3"}
    for name in native:
        content = package.read(name)
        assert content[:4] == b"\x7fELF", name
        assert int.from_bytes(content[18:20], "little") == ELF_MACHINES[target.arch], name
        assert any(tag in name for tag in tags), name
        assert max(map(int, re.findall(rb"GLIBC_2\.(\d+)", content)), default=0) <= target.debian.glibc, name


def test_it_asks_for_that_python_and_no_other(package: Package, target: Target) -> None:
    major, minor = target.debian.python
    assert f"python3 (>= {major}.{minor}), python3 (<< {major}.{minor + 1})" in package.field("Depends")
    assert package.field("Architecture") == target.arch


def test_a_programme_of_head_office_and_of_editors_stays_at_home(package: Package) -> None:
    tops = {name.split("/")[3].lower() for name in package.files() if name.startswith(LIB)}
    assert {"hub", "content_cache", "wire", "flask"} <= tops
    assert not tops & {"collector", "psycopg", "yaml", "webvtt", "libzim", "pytest", "pip", "setuptools", "bin"}


def test_all_units_but_head_offices_are_there(package: Package) -> None:
    ours = {path.name for path in (ROOT / "systemd").iterdir() if path.is_file()} - {"collector.service", "README.md"}
    there = {name.rsplit("/", 1)[1] for name in package.files() if name.startswith("usr/lib/systemd/system/")}
    assert ours == {name for name in there if name != "village-hub.conf"}
    assert {"hub-web.service", "hub-worker.service", "hub.target"} <= ours


def test_only_root_may_write_and_nothing_runs_with_anothers_rights(package: Package) -> None:
    for name, entry in package.entries.items():
        assert (entry.uid, entry.gid) == (0, 0), name
        assert entry.mode == (0o755 if entry.isdir() or name in PROGRAMS else 0o644), name


PROGRAMS = {"usr/bin/hub", "opt/village-hub/bin/hub", "opt/village-hub/bin/content-cache"}


def test_it_tells_nothing_of_where_it_was_built_and_keeps_no_secret(package: Package) -> None:
    telling = [str(ROOT).encode(), b"/village-hub-deb-", b"PRIVATE KEY-----\n"]
    everything = {name: package.read(name) for name in package.files()}
    everything |= {name: text.encode() for name, text in package.control.items()}
    strays = {(name, word) for name, content in everything.items() for word in telling if word in content}
    assert not strays
    assert not [name for name in everything if name.endswith(("direct_url.json", "RECORD", ".pyc", ".pyi", ".c"))]


def test_settings_alone_are_the_administrators(package: Package) -> None:
    assert package.control["conffiles"].split() == ["/etc/village-hub/hub.env"]
    assert not [name for name in package.files() if name.startswith("etc/") and name != "etc/village-hub/hub.env"]


def test_dpkg_can_verify_every_file_but_settings(package: Package) -> None:
    listed = {line.split("  ", 1)[1] for line in package.control["md5sums"].splitlines()}
    assert listed == set(package.files()) - {"etc/village-hub/hub.env"}


def test_every_wheel_brings_its_licence_and_stands_in_the_copyright_file(package: Package) -> None:
    text = package.read("usr/share/doc/village-hub/copyright").decode()
    wheels = {name.split("/")[3] for name in package.files() if ".dist-info/" in name}
    others = {name for name in wheels if not name.startswith("village_hub-")}
    assert len(others) > 20
    assert {name for name in others if f"Files: {LIB}/{name}/*" not in text} == set()
    licences = re.findall(rf"^ /({LIB}/.*)$", text, re.MULTILINE)
    assert {name for name in licences if name not in package.entries} == set()
    assert "License: see-file" not in text
    listed = package.read("usr/share/doc/village-hub/wheels.txt").decode()
    names = re.findall(r"^([\w.-]+)==\S+ --hash=sha256:[0-9a-f]{64}$", listed, re.MULTILINE)
    assert len(names) == len(listed.splitlines()) >= len(others)


def test_it_knows_when_it_was_built_and_a_box_without_a_clock_starts_no_earlier(package: Package) -> None:
    built = re.search(
        r"^BUILT = datetime\((.*), tzinfo=UTC\)", package.read(f"{LIB}/hub/clock.py").decode(), re.MULTILINE
    )
    log = ["git", "-C", str(ROOT), "log", "-1", "--format=%cd", "--date=format:%Y, %-m, %-d, %-H, %-M, %-S"]
    last = subprocess.run(log, capture_output=True, text=True, check=True, env={"TZ": "UTC", "PATH": "/usr/bin"})
    assert built is not None
    assert built[1] == last.stdout.strip()
    assert {entry.mtime for entry in package.entries.values()} == {package.entries["usr/lib/clock-epoch"].mtime}


def test_babel_keeps_the_languages_of_the_pages(package: Package) -> None:
    kept = {name.rsplit("/", 1)[1] for name in package.files() if "/babel/locale-data/" in name}
    assert {"root.dat", "en.dat", "es.dat", "es_MX.dat"} <= kept
    assert not [name for name in kept if not re.match(r"(root|en|es)[_.]|LICENSE", name)]


def test_it_is_small_enough_for_an_uplink_and_a_card(package: Package) -> None:
    assert package.path.stat().st_size < 15_000_000  # packed in haste: a release is a fifth smaller
    assert int(package.field("Installed-Size")) < 70_000  # in KiB


def test_the_same_sources_give_the_same_bytes_elsewhere_and_later(packages: Built, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels.txt"
    wheels.write_bytes(Package(packages["13", "arm64"]).read("usr/share/doc/village-hub/wheels.txt"))
    elsewhere = {"TMPDIR": str(tmp_path), "TZ": "Asia/Tokyo", "LC_ALL": "C", "DPKG_DEB_THREADS_MAX": "1"}
    options = ("--wheels", str(wheels))
    again = build(tmp_path / "again", ["13"], ["arm64"], *options, environ=QUICK | elsewhere, umask=0o077)
    assert again["13", "arm64"].read_bytes() == packages["13", "arm64"].read_bytes()


def test_versions_follow_each_other_as_dpkg_sees_them() -> None:
    twelve, thirteen = Target(DEBIANS["12"], "arm64"), Target(DEBIANS["13"], "arm64")
    order = [("0.1.0", twelve), ("0.1.0", thirteen), ("0.2.0rc1", twelve), ("0.2.0", twelve), ("0.10.0", twelve)]
    versions = [debian_version(*each) for each in order]
    for older, newer in itertools.pairwise(versions):
        assert subprocess.run(["dpkg", "--compare-versions", older, "lt", newer], check=False).returncode == 0


def test_without_a_connection_the_build_says_so_in_a_sentence(tmp_path: Path) -> None:
    nowhere = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}
    done = run_build(tmp_path / "out", ["13"], ["arm64"], environ=nowhere)
    assert done.returncode == 69
    assert "check the connection" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").iterdir())


def a_wheel(lib: Path, name: str, version: str, *needs: str) -> None:
    """What pip leaves of a wheel that needs others."""
    info = lib / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {each}" for each in needs)]
    (info / "METADATA").write_text("\n".join(lines) + "\n\n")


def test_what_only_the_targets_python_needs_is_missed_though_pip_does_not(tmp_path: Path) -> None:
    a_wheel(tmp_path, "eins", "1.0", 'zwei>=2; python_version < "3.12"', 'drei; extra == "much"', "Vier_Vier>1")
    a_wheel(tmp_path, "vier.vier", "1.5")
    missing = "eins needs zwei>=2 and None is there"
    assert unmet(tmp_path, Target(DEBIANS["12"], "arm64")) == [missing]
    assert unmet(tmp_path, Target(DEBIANS["13"], "arm64")) == []
    a_wheel(tmp_path, "zwei", "1.9")
    assert unmet(tmp_path, Target(DEBIANS["12"], "arm64")) == [missing.replace("None", "1.9")]


def test_slimming_keeps_every_language_that_the_pages_learn(tmp_path: Path) -> None:
    data = tmp_path / "babel" / "locale-data"
    data.mkdir(parents=True)
    for name in ("root", "en", "en_GB", "es_MX", "yua", "yue", "ar"):
        (data / f"{name}.dat").touch()
    (tmp_path / "hub" / "translations" / "yua").mkdir(parents=True)
    (tmp_path / "hub" / "translations" / "es_MX").mkdir()
    slim(tmp_path)
    assert {path.stem for path in data.iterdir()} == {"root", "en", "en_GB", "es_MX", "yua"}
