"""A head office on SQLite and, with the same tests, on a real PostgreSQL started for this session."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.app import create_app
from collector.db import database
from collector.settings import Settings
from setup import ROOT, compile_catalogues
from tests.collector.sender import NOW, FakeHub


@pytest.fixture(scope="session", autouse=True)
def _spanish_is_compiled() -> None:
    compile_catalogues(ROOT / "collector" / "translations")


def _postgresql_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Address of a cluster of our own, on a Unix socket in a temporary folder, removed at the end."""
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("component absent: PostgreSQL's initdb; apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        folder, runner = Path(name), []
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(folder, "postgres", "postgres")
            runner = ["runuser", "-u", "postgres", "--"]
        data = folder / "data"
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        start = [programs / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start"]
        subprocess.run(
            [*runner, programs / "initdb", "-D", data, "-U", "office", "-A", "trust"], check=True, stdout=-3, cwd=folder
        )
        subprocess.run([*runner, *start], check=True, stdout=-3, cwd=folder)
        try:
            yield f"postgresql://office@/postgres?host={folder}"
        finally:
            stop = [programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"]
            subprocess.run([*runner, *stop], check=True, stdout=-3, cwd=folder)


@pytest.fixture
def fresh_postgresql(postgresql: str) -> Iterator[str]:
    """Address of an empty database in that cluster."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield postgresql.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
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
