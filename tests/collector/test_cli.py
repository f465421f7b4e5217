import json
import re
import signal
import socket
import subprocess
import sys

import pytest

from collector.errors import BadSetting
from collector.settings import Settings
from tests.collector.running import RunningOffice


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_stops_cleanly_when_asked(tmp_path, number):
    with RunningOffice(tmp_path) as office:
        assert office.get("/healthz").json() == {"status": "ok"}
        assert office.kill(number) == 0


def test_a_port_in_use_is_one_sentence_and_exit_code_69(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = RunningOffice(tmp_path, port).command("serve")
    assert answer.returncode == 69
    assert answer.stderr.splitlines()[-1] == (
        f"collector: Port {port} is in use; stop the program that listens there or set COLLECTOR_PORT."
    )


def test_listening_to_the_world_without_a_token_is_refused(tmp_path):
    answer = RunningOffice(tmp_path, host="0.0.0.0").command("serve")
    assert answer.returncode == 64
    assert answer.stderr.strip().endswith("set COLLECTOR_TOKEN first.")


def test_a_database_that_is_not_there_is_one_sentence_and_exit_code_74(tmp_path):
    answer = RunningOffice(tmp_path, database="postgresql://nobody@127.0.0.1:1/none").command("serve")
    assert answer.returncode == 74
    assert answer.stderr.strip().endswith("start it or mend COLLECTOR_DATABASE.")


def test_a_site_is_added_with_a_code_and_listed(tmp_path):
    office = RunningOffice(tmp_path)
    said = office.command("sites", "add", "Dzemul", "--time-zone", "America/Merida")
    assert "Site dzemul (Dzemul)" in said.stdout
    assert re.fullmatch(r"(\w{4}-){4}\w{4}", said.stdout.splitlines()[-1])
    again = json.loads(office.command("sites", "code", "dzemul", "--json").stdout)
    assert again["site"] == "dzemul"
    assert again["code"] != said.stdout.splitlines()[-1]
    listed = json.loads(office.command("sites", "list", "--json").stdout)
    assert [(row["id"], row["last_heard"], row["totals"]["plays"]) for row in listed] == [("dzemul", None, 0)]
    assert office.command("sites", "list").stdout.splitlines()[-1] == "1 site."


def test_a_wrong_time_zone_is_a_sentence_and_adds_nothing(tmp_path):
    office = RunningOffice(tmp_path)
    answer = office.command("sites", "add", "Dzemul", "--time-zone", "Yucatan")
    assert (answer.returncode, answer.stderr.strip().split(";")[-1]) == (
        65,
        " write one such as America/Merida or America/Mexico_City.",
    )
    assert office.command("sites", "list").stdout == "0 sites.\n"


def test_help_imports_neither_flask_nor_the_database():
    watch = "import sys; sys.argv = ['collector', '--help']\nfrom collector.cli import main\ntry: main()\nexcept SystemExit: pass\nprint(sorted({'flask', 'peewee', 'cryptography', 'waitress', 'babel'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"
    assert "sites" in answer.stdout


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"COLLECTOR_PORT": "eighty"}, "COLLECTOR_PORT is 'eighty'; write a number"),
        ({"COLLECTOR_PORT": "70000"}, "write a port from 0 to 65535"),
        ({"COLLECTOR_PROT": "80"}, "COLLECTOR_PROT is no setting"),
        ({"COLLECTOR_DATABASE": "mysql://x"}, "must begin with sqlite:/// or postgresql://"),
        ({"COLLECTOR_TOKEN": "short"}, "easy to guess"),
        ({"COLLECTOR_TRUSTED_PROXY": "nginx", "COLLECTOR_TOKEN": "x" * 16}, "write the address it connects from"),
        ({"COLLECTOR_TRUSTED_PROXY": "127.0.0.1"}, "set COLLECTOR_TOKEN first"),
    ],
)
def test_a_bad_setting_is_named(environ, sentence):
    with pytest.raises(BadSetting, match=sentence):
        Settings.load(environ)


def test_settings_come_from_the_environment():
    settings = Settings.load({"COLLECTOR_PORT": "9000", "COLLECTOR_DATA": "/srv/office", "HOME": "/root"})
    assert (settings.port, settings.database_url) == (9000, "sqlite:////srv/office/collector.sqlite3")


def test_every_setting_and_exit_code_is_on_the_page_for_operators():
    import dataclasses

    from collector import errors
    from setup import ROOT

    page = (ROOT / "docs/operating/collector.md").read_text("utf-8")
    for row in dataclasses.fields(Settings):
        assert f"| COLLECTOR_{row.name.upper()} |" in page
        assert row.metadata["explanation"] in page
    for kind in errors.CollectorError.__subclasses__():
        assert f"\n| {kind.exit_code} |" in page


def test_a_file_that_is_no_database_is_one_sentence(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database, and long enough to look at" * 50)
    answer = RunningOffice(tmp_path, database=f"sqlite:///{tmp_path / 'notes.txt'}").command("sites", "list")
    assert (answer.returncode, len(answer.stderr.splitlines())) == (74, 1)
    assert answer.stderr.strip().endswith("mend COLLECTOR_DATABASE.")
