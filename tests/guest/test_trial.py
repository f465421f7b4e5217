"""A radio that holds one network: it shows the village's for a while, and the technician's comes back by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.guest.machine import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.guest.hub import Hub

SHORT = "/run/systemd/system/hub-network-back.timer.d"
SECONDS = 60  # that the trial lasts here; a visit's lasts ten minutes


@pytest.fixture
def one_network(box, hub) -> Iterator[Hub]:
    """The hub on a radio that holds one network at a time."""
    hub.stand(stage="setup")
    box.sh("mkdir -p /run/guest && touch /run/guest/one-network")
    hub.apply()
    yield hub
    box.sh("rm -f /run/guest/one-network")
    hub.apply()


def test_a_radio_that_holds_one_network_shows_the_technicians_first(one_network, phone) -> None:
    own = one_network.own

    assert phone.sees(own.setup.name) == "RSN"
    assert phone.sees(own.village.name) == ""


def test_a_radio_that_holds_one_network_is_left_with_the_villages(one_network, phone) -> None:
    own = one_network.stand(stage="village")

    assert phone.sees(own.setup.name) == ""
    assert phone.join(own.village.name, own.village.password)


def test_a_trial_shows_the_villages_network_and_goes_back_by_itself(box, one_network, phone) -> None:
    own = one_network.own
    box.sh(f"mkdir -p {SHORT} && printf '[Timer]\\nOnActiveSec=\\nOnActiveSec={SECONDS}\\n' > {SHORT}/short.conf")
    box.run("systemctl", "daemon-reload")

    assert one_network.change(stage="trial")["ok"]
    # The trial is over with the timer's next word, instead of in ten minutes.
    box.sh('sed -i \'s/"until":[0-9.]*/"until":0/\' /run/village-hub-net/trial.json')
    shown = phone.sees(own.village.name), phone.sees(own.setup.name)

    assert shown == ("RSN", "")
    until(lambda: phone.sees(own.setup.name) == "RSN", 3 * SECONDS, "the setup network to come back")
    assert phone.sees(own.village.name) == ""
    box.run("rm", "-r", SHORT)
    box.run("systemctl", "daemon-reload")


def test_a_power_cut_in_a_trial_ends_it(box, one_network, phone) -> None:
    own = one_network.own
    assert one_network.change(stage="trial")["ok"]

    box.cut_power()
    box.start()
    one_network.up()

    assert one_network.network.stage == "setup"
    assert phone.sees(own.setup.name) == "RSN"
