"""Hub and head office learn each other's key for sealing: at enrolment, or later by batches and answers."""

import logging
import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from collector.sites.models import Hub
from collector.state.draft import Draft
from collector.state.store import current, save, sealed_for
from tests.collector.sender import FakeHub, a_code
from wire.sealing import NotOurs
from wire.state import open_state


def office_of(office):
    return office.extensions["office"]


def tell(office, hub, **settings: str) -> int:
    return save(hub.id.hex(), current(hub.id.hex()).number, Draft(settings=settings), office_of(office))


def test_enrolment_exchanges_the_keys(office, hub):
    assert bytes(Hub.get_by_id(hub.id.hex()).sealing_key) == hub.public_sealing
    assert hub.welcome.sealing_key == office_of(office).public_sealing_key


def test_a_hub_one_version_behind_enrols_and_uploads_as_ever(office, client):
    hub = FakeHub(client)
    hub.sealing = None
    assert hub.enrol(a_code()).sealing_key is None
    tell(office, hub, name="Dzemul")
    answer = hub.send(hub.sealed())
    assert len(answer.acknowledged) == 1
    assert (answer.sealing_key, answer.state, answer.configuration) == (None, None, 1)


def test_a_hub_enrolled_earlier_tells_its_key_with_a_batch_and_is_told_ours(office, client):
    hub = FakeHub(client)
    hub.sealing = None
    hub.enrol(a_code())
    tell(office, hub, name="Dzemul")
    hub.sealing = X25519PrivateKey.generate()
    answer = hub.send(sealing_key=hub.public_sealing)
    assert answer.sealing_key == office_of(office).public_sealing_key
    assert open_state(answer.state, hub.office, hub.sealing).settings == {"name": "Dzemul"}
    assert hub.send().sealing_key is None


def test_a_change_of_a_hubs_key_is_taken_from_its_batch_and_logged(office, hub, caplog):
    tell(office, hub, name="Dzemul")
    before, hub.sealing = hub.sealing, X25519PrivateKey.generate()
    with caplog.at_level(logging.WARNING, "collector"):
        answer = hub.send(sealing_key=hub.public_sealing)
    assert hub.id.hex() in caplog.text
    assert open_state(answer.state, hub.office, hub.sealing).number == 1
    with pytest.raises(NotOurs):
        open_state(answer.state, hub.office, before)


def test_an_enrolment_alone_changes_no_key_of_a_hub_that_is_known(office, client):
    hub, code = FakeHub(client), a_code()
    hub.enrol(code)
    before, hub.sealing = hub.public_sealing, X25519PrivateKey.generate()
    assert hub.enrol(code).sealing_key is None
    assert bytes(Hub.get_by_id(hub.id.hex()).sealing_key) == before


def test_a_key_that_seals_nothing_blocks_no_upload(office, hub):
    tell(office, hub, name="Dzemul")
    answer = hub.send(hub.sealed(), sealing_key=bytes(32))
    assert len(answer.acknowledged) == 1
    assert answer.state is None


def test_a_hub_gets_its_state_until_it_says_that_it_runs_it(office, hub):
    tell(office, hub, name="Dzemul")
    assert tell(office, hub, name="Dzemul Centro") == 2
    assert open_state(hub.send(state=1).state, hub.office, hub.sealing).number == 2
    assert hub.send(state=2).state is None
    row = Hub.get_by_id(hub.id.hex())
    assert (row.running, row.trouble) == (2, "")
    assert sealed_for(hub.id, 2, office_of(office)) is None


def test_nobody_but_the_hub_can_read_its_state(office, hub):
    tell(office, hub, name=secrets.token_hex(8))
    secret = current(hub.id.hex()).draft.settings["name"]
    sealed = hub.send().state
    assert secret.encode() not in sealed
    with pytest.raises(NotOurs):
        open_state(sealed, hub.office, X25519PrivateKey.generate())
