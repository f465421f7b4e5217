"""A head office on SQLite and, with the same tests, on a real PostgreSQL started for this session."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.app import create_app
from collector.db import database, open_database
from collector.settings import Settings
from content_cache.trust import protect
from setup import ROOT, compile_catalogues
from tests.collector.library import Library
from tests.collector.sender import NOW, FakeHub


@pytest.fixture(scope="session", autouse=True)
def _spanish_is_compiled() -> None:
    compile_catalogues(ROOT / "collector" / "translations")


def _postgresql_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


class Cluster:
    """A PostgreSQL of our own, on a Unix socket in `folder`: `control("stop", "-m", "fast")`, `control("start")`."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs = folder, programs
        self.url = f"postgresql://office@/postgres?host={folder}"
        self.runner = []
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "postgres", "postgres")
            self.runner = ["runuser", "-u", "postgres", "--"]
        self._run("initdb", "-D", folder / "data", "-U", "office", "-A", "trust")

    def control(self, *words: str) -> None:
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off"
        self._run("pg_ctl", "-D", self.folder / "data", "-o", options, "-l", self.folder / "log", "-w", *words)

    def _run(self, program: str, *words: object) -> None:
        subprocess.run([*self.runner, self.programs / program, *words], check=True, stdout=-3, cwd=self.folder)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Removed at the end."""
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("component absent: PostgreSQL's initdb; apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        running = Cluster(Path(name), programs)
        running.control("start")
        try:
            yield running
        finally:
            running.control("stop", "-m", "immediate")


@pytest.fixture(scope="session")
def postgresql(cluster: Cluster) -> str:
    """Its address."""
    return cluster.url


@contextmanager
def _database(postgresql: str) -> Iterator[str]:
    """Address of a database of our own in that cluster."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgresql.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def fresh_postgresql(postgresql: str) -> Iterator[str]:
    """Address of an empty database in that cluster."""
    with _database(postgresql) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: str) -> Iterator[str]:
    """A database whose tables are made, for one test after the other: making them takes longer than most tests."""
    with _database(postgresql) as url:
        open_database(url)
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "office.sqlite3"
    open_database(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "office.sqlite3")
        return f"sqlite:///{tmp_path / 'office.sqlite3'}"
    url = request.getfixturevalue("migrated_postgresql")
    _empty(url)
    return url


def _empty(url: str) -> None:
    """Take every row out of every table, whoever still holds one."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        tables = ", ".join(name for (name,) in names if name != "schema_migration")
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database without a table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'office.sqlite3'}"
    return request.getfixturevalue("fresh_postgresql")


@pytest.fixture
def office(database_url: str, tmp_path: Path):
    """The application, its clock standing at NOW."""
    app = create_app(Settings(data=tmp_path / "office", database=database_url), clock=lambda: NOW / 1000)
    yield app
    if not database.is_closed():
        database.close()


@pytest.fixture
def client(office):
    return office.test_client()


@pytest.fixture
def hub(office) -> FakeHub:
    """A hub enrolled for the site Dzemul."""
    return FakeHub.enrolled(office.test_client())


@pytest.fixture
def small(tmp_path: Path):
    """An office on SQLite, for what does not depend on the database."""
    yield create_app(Settings(data=tmp_path / "small"), clock=lambda: NOW / 1000)
    if not database.is_closed():
        database.close()


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Four numbers: the course El precio justo, and Tus costos, Hoja de costos, Un puesto."""
    monkeypatch.setattr(protect, "ROUNDS", 1000)
    library = Library(tmp_path / "library")
    library.publish()
    return library
