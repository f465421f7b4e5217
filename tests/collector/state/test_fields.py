"""Head office offers the settings that a hub takes, by the hub's own names and rules."""

import pytest

from collector.errors import NotPossible
from collector.state.fields import EXAMPLES, FIELDS, checked, typed, wrong_in
from hub.clock import Clock
from hub.db import database, open_database, writing
from hub.downlink.settings import SETTINGS, set_all

GOOD = {
    "name": ["San José de la Montaña", "x" * 80, "0"],
    "time-zone": ["America/Mexico_City", "UTC"],
    "daily-mb": ["0.1", "20.5", "none", "10000000"],
    "monthly-mb": ["400", "none"],
    "hours": ["00-24", "22-06", "none"],
    "free-hours": ["00-05", "none"],
    "content-url": ["http://10.0.0.2:8080/repository", "/srv/repository"],
    "content-group": ["all", "norte-2"],
    "collector-url": ["https://office.example:8443/village"],
}
BAD = {
    "name": ["x" * 81, "a\x07b"],
    "time-zone": ["America/Mérida", "Merida", "../etc/passwd"],
    "daily-mb": ["much", "-1", "0", "0.09", "10000001", "nan", "inf", "1e3", "٢"],
    "monthly-mb": ["20 MB", "0"],
    "hours": ["6-22", "24-06", "06-25", "06 to 22", "0٢-22"],
    "free-hours": ["always"],
    "content-url": ["content.example", "ftp://content.example", "https://", "https://[", "https://a/?b"],
    "content-group": ["Norte", "-norte", "norte sur"],
    "collector-url": ["/srv", "office.example", "https://office.example/#a", "https://office.example:0"],
}


@pytest.fixture
def box(tmp_path):
    open_database(tmp_path / "hub.sqlite3")
    Clock()
    yield
    database.close()


def test_head_office_offers_what_a_hub_takes_and_nothing_else():
    assert [field.name for field in FIELDS] == list(SETTINGS) == list(GOOD) == list(BAD)


def test_what_head_office_lets_pass_a_hub_takes(box):
    good = [{field.name: value} for field in FIELDS for value in [field.example, *GOOD[field.name]]]
    with writing():
        assert [checked(told) for told in good] == good
        assert [set_all(told, {}).troubles for told in good] == [[]] * len(good)


def test_what_no_hub_would_take_is_refused_with_an_example():
    for name, values in BAD.items():
        for value in values:
            assert wrong_in({name: value}) == {name: EXAMPLES[name]}, (name, value)
            with pytest.raises(NotPossible, match="which no hub would take; write it as in"):
                checked({name: value})


def test_what_is_typed_is_read_kindly():
    assert typed({"name": "  San   José ", "hours": "", "daily-mb": "Ninguno"}) == {
        "name": "San José",
        "daily-mb": "none",
    }


def test_a_setting_that_no_hub_has_is_refused_by_name():
    with pytest.raises(NotPossible, match="There is no setting 'lamp'; those that a hub takes are name, time-zone"):
        checked({"lamp": "on"})
