"""`collector hubs` as an operator runs it."""

import json

import pytest
from click.testing import CliRunner

from collector.cli import collector
from collector.errors import NotPossible
from collector.state.look import one_hub


@pytest.fixture
def run(office, database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("COLLECTOR_DATA", str(tmp_path / "office"))
    monkeypatch.setenv("COLLECTOR_DATABASE", database_url)

    def run(*words: str) -> str:
        result = CliRunner().invoke(collector, ["hubs", *words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_hubs_are_listed_shown_and_told(run, hub):
    name = hub.id.hex()
    assert run("list").splitlines()[1:] == ["1 hub."]
    assert "never heard" in run("list")
    assert "nothing decided" in run("list")
    shown = run("set", name, "daily-mb=20", "hours=06-22")
    assert shown.splitlines() == [f"Hub {name} of Dzemul, runs state 0, not yet 1.", "daily-mb=20", "hours=06-22"]
    run("set", name, "hours=", "free-hours=00-05")
    assert json.loads(run("show", name, "--json"))["settings"] == {"daily-mb": "20", "free-hours": "00-05"}
    hub.send(state=2, trouble="daily-mb: no.")
    assert run("show", name).splitlines()[0] == f"Hub {name} of Dzemul, runs state 2 (something could not be done)."
    assert run("show", name).splitlines()[-1] == "The hub could not do this: daily-mb: no."
    assert [row["running"] for row in json.loads(run("list", "--json"))] == [2]


def test_what_cannot_be_is_a_sentence_and_changes_nothing(run, hub):
    name = hub.id.hex()
    for words, sentence in [
        (["set", name, "daily-mb"], "'daily-mb' is no change; write one such as daily-mb=20"),
        (["set", name, "lamp=on"], "There is no setting 'lamp'"),
        (["set", name, "hours=6"], "hours is '6', which no hub would take"),
        (["show", "none"], "No hub is called 'none'; `collector hubs list` shows them."),
    ]:
        with pytest.raises(NotPossible, match=sentence):
            run(*words)
    assert one_hub(name).number == 0
