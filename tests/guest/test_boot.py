"""The real package under a real systemd: what a box is after its first start."""

from __future__ import annotations

from tests.guest.machine import until


def test_every_unit_of_the_hub_comes_up_and_none_fails(box) -> None:
    until(
        lambda: box.sh("systemctl is-active hub-web hub-worker", check=False).split() == ["active", "active"],
        120,
        "the hub",
    )
    until(lambda: not box.sh("systemctl list-jobs --no-legend"), 120, "the last job of the start")

    assert box.sh("systemctl --failed --no-legend --plain") == ""


def test_the_box_answers_by_its_own_port(box) -> None:
    asking = "curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1/healthz"

    assert until(lambda: box.sh(asking, check=False) == "200", 120, "the first answer")
