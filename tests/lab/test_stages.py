"""A radio that holds one network shows the setup network, for some minutes the village's, and is left with that."""

from __future__ import annotations

import ipaddress

import msgspec

from hub.addresses import CABLE_ADDRESS, SETUP_NETWORK, VILLAGE_NETWORK
from tests.lab.packets import ACK, NAK, OFFER, Reply
from tests.lab.systems import Android
from tests.lab.village_net import NAME, RECORD, SMALL_BOX

STAFF = f"http://{NAME}/technician"
SETUP, TRIAL, VILLAGE = (
    msgspec.structs.replace(RECORD, number=number, stage=stage)
    for number, stage in enumerate(("setup", "trial", "village"), 1)
)


def is_in(address: str, network: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network)


def test_a_technicians_phone_goes_through_the_stages_of_a_small_radio(other_net) -> None:
    net = other_net(SETUP, SMALL_BOX)
    phone = net.technician()  # the same radio all the time, as its owner sees it
    assert is_in(phone.join().address, SETUP_NETWORK)
    assert phone.browse(STAFF).status == 200
    assert net.box.plan.village is None

    net.box.apply(TRIAL)
    with phone.overhearing() as heard:
        phone.leave()
        phone.join()
        kinds = [reply.kind for frame in heard.frames() if (reply := Reply.read(frame))]
    assert kinds == [NAK, OFFER, ACK], "it is told at once that it is on another network now"
    assert is_in(phone.address, VILLAGE_NETWORK)
    assert phone.fetch(NAME, "/technician").status in {403, 404}
    android = Android(phone)
    assert android.look() == "portal"
    android.sign_in()
    assert android.look() == "partial"

    net.box.apply(SETUP)
    phone.leave()
    assert is_in(phone.join().address, SETUP_NETWORK)
    assert phone.browse(STAFF).status == 200

    net.box.apply(VILLAGE)
    phone.leave()
    assert is_in(phone.join().address, VILLAGE_NETWORK)
    assert android.look() == "partial", "who said yes during the trial is not asked again"
    assert phone.fetch(NAME, "/technician").status in {403, 404}


def test_a_box_with_a_small_radio_is_reached_by_cable_at_every_stage(other_net) -> None:
    net = other_net(SETUP, SMALL_BOX)
    laptop = net.laptop()
    laptop.use("169.254.7.7", 16, "")
    for record in (SETUP, TRIAL, VILLAGE):
        net.box.apply(record)
        assert laptop.browse(f"http://{CABLE_ADDRESS}/technician").status == 200
