"""What only PostgreSQL can do to us: two processes that migrate at once, and a server that goes away."""

import signal
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg

from tests.collector.running import RunningOffice
from tests.collector.sender import FakeHub, Socket


def test_processes_that_start_at_once_migrate_once(fresh_postgresql, tmp_path):
    office = RunningOffice(tmp_path, database=fresh_postgresql)
    words = [sys.executable, "-m", "collector", "sites", "list"]
    started = [subprocess.Popen(words, env=office.environ, stdout=-1, text=True) for _ in range(3)]
    assert [process.communicate(timeout=60)[0] for process in started] == ["0 sites.\n"] * 3


def test_connections_cut_by_the_server_are_made_anew(fresh_postgresql, tmp_path):
    with RunningOffice(tmp_path, database=fresh_postgresql) as office:
        hub = FakeHub(Socket(office.address))
        hub.enrol(office.add_site("Dzemul"))
        hub.send(hub.sealed())
        with psycopg.connect(fresh_postgresql, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database()"
            )
        assert hub.send(hub.sealed(revision=3)).acknowledged
        assert office.get("/api/v1/sites").json()[0]["totals"]["plays"] == 3
        assert office.kill(signal.SIGTERM) == 0


def test_while_the_database_is_away_hubs_and_people_are_told_to_try_again(fresh_postgresql, tmp_path):
    with RunningOffice(tmp_path, database=fresh_postgresql) as office:
        name = urlsplit(fresh_postgresql).path[1:]
        with psycopg.connect(fresh_postgresql.replace(name, "postgres", 1), autocommit=True) as admin:
            admin.execute(f"ALTER DATABASE {name} RENAME TO {name}x")
            answer = office.get("/healthz")
            assert (answer.status_code, answer.json()["error"]) == (
                503,
                "The database cannot be reached just now; try again in a minute.",
            )
            assert office.get("/").status_code == 503
            admin.execute(f"ALTER DATABASE {name}x RENAME TO {name}")
        assert office.get("/healthz").status_code == 200
