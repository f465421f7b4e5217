import threading

import pytest

from collector.errors import NotPossible
from collector.sites.enrol import add_site, another_code
from tests.collector.sender import NOW, FakeHub, a_code


def test_a_hub_with_a_code_learns_its_site_and_head_offices_key_and_time(client):
    welcome = FakeHub(client).enrol(a_code("Dzemul del Sur"))
    assert (welcome.site, welcome.name, welcome.time_zone) == ("dzemul-del-sur", "Dzemul del Sur", "America/Merida")
    assert welcome.time == NOW


def test_the_same_hub_that_lost_the_answer_is_welcomed_again(client):
    hub, code = FakeHub(client), a_code()
    assert hub.enrol(code).collector_key == hub.enrol(code).collector_key


def test_a_code_serves_one_hub_only(client):
    code = a_code()
    FakeHub(client).enrol(code)
    refusal = client.post("/v1/enrol", data=FakeHub(client).enrolment(code))
    assert refusal.status_code == 409
    assert refusal.json["error"] == "Another hub has used this code already; ask head office for a new one."


def test_of_two_hubs_that_race_for_a_code_one_wins(office):
    code = a_code()
    hubs = [FakeHub(office.test_client()) for _ in range(6)]
    codes = []

    def race(hub):
        codes.append(hub.client.post("/v1/enrol", data=hub.enrolment(code)).status_code)

    threads = [threading.Thread(target=race, args=[hub]) for hub in hubs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200] + [409] * 5


def test_a_code_is_forgotten_once_its_hub_has_uploaded(client):
    hub, code = FakeHub(client), a_code()
    hub.enrol(code)
    hub.send()
    assert client.post("/v1/enrol", data=hub.enrolment(code)).status_code == 400


def test_a_stranger_cannot_take_a_hubs_id_with_a_code_of_his_own(client, hub):
    thief = FakeHub(client)
    thief.id = hub.id
    refusal = client.post("/v1/enrol", data=thief.enrolment(a_code("Elsewhere")))
    assert refusal.status_code == 409
    assert hub.send(hub.sealed()).acknowledged


def test_a_refused_hub_leaves_the_code_free(client, hub):
    thief, code = FakeHub(client), a_code("Elsewhere")
    thief.id = hub.id
    client.post("/v1/enrol", data=thief.enrolment(code))
    assert FakeHub(client).enrol(code).site == "elsewhere"


def test_a_code_older_than_30_days_opens_nothing(client, office):
    office.test_client().get("/healthz")
    _, code = add_site("Old", "America/Merida", NOW - 31 * 86_400_000)
    refusal = client.post("/v1/enrol", data=FakeHub(client).enrolment(code))
    assert refusal.status_code == 400
    assert "ask head office for a new one" in refusal.json["error"]


def test_who_guesses_codes_must_wait(client):
    wrong = a_code()
    guess = wrong[:-1] + ("0" if wrong[-1] != "0" else "1")
    answers = [client.post("/v1/enrol", data=FakeHub(client).enrolment(guess)) for _ in range(25)]
    assert [answer.status_code for answer in answers] == [400] * 20 + [429] * 5
    assert "wait" in answers[-1].json["error"]
    assert FakeHub(client).enrol(wrong).site == "dzemul"


def test_a_site_gets_another_hub_by_another_code(client, hub):
    site, code = another_code("dzemul", NOW)
    assert FakeHub(client).enrol(code).site == site.id == "dzemul"


def test_sites_of_one_name_have_different_addresses(office):
    assert [add_site("San José", "America/Merida", NOW)[0].id for _ in range(3)] == [
        "san-jose",
        "san-jose-2",
        "san-jose-3",
    ]
    assert add_site("Ñ" * 3, "America/Merida", NOW)[0].id == "nnn"
    assert add_site("村", "America/Merida", NOW)[0].id == "site"


@pytest.mark.parametrize(
    ("name", "zone"), [("", "America/Merida"), ("x" * 121, "America/Merida"), ("A", "Mars"), ("\0", "UTC")]
)
def test_a_site_needs_a_name_and_a_time_zone(office, name, zone):
    with pytest.raises(NotPossible, match=r"(again|Mexico_City)\.$"):
        add_site(name, zone, NOW)
