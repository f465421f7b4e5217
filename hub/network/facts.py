"""What the technician's page and `hub network show` tell of the network in force, without any secret.

facts(keep, hardware, "hub.home.arpa")["always_both"]     # False: the one radio shows one of two networks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from hub.addresses import SETUP_ADDRESS, VILLAGE_ADDRESS
from hub.network.keep import seconds_of_boot
from hub.network.others import others
from hub.network.plan import place
from hub.network.radios import advice

if TYPE_CHECKING:
    from hub.network.hardware import Hardware, Radio
    from hub.network.keep import Keep


def facts(keep: Keep, hardware: Hardware, name: str) -> dict[str, Any]:
    """Plain values for JSON. `radio` carries the village's Wi-Fi, or would; `advice` is on its limits."""
    network, trial = keep.wanted(), keep.running_trial()
    machine = {
        "radios": [_radio(radio) for radio in hardware.radios],
        "ports": [asdict(port) for port in hardware.ports],
        "name": name,
    }
    if network is None:
        return {
            **machine,
            "stage": "setup",
            "always_both": False,
            "address": "",
            "radio": "",
            "advice": "",
            "warnings": [],
        }
    plan = place(network, hardware)
    carries = plan.village_radio or (None if network.access_point else plan.setup_radio)
    return {
        **machine,
        "stage": network.stage,
        "village": plan.village or "",
        "setup": plan.setup or "",
        "radio": carries.interface if carries else "",
        "access_point": network.access_point,
        "uplink": network.uplink,
        "share_mb": network.share_mb,
        "always_both": plan.always_both,
        "address": VILLAGE_ADDRESS if plan.village else SETUP_ADDRESS if plan.setup else "",
        "advice": advice(carries) if carries else "",
        "warnings": others(keep.root, plan),
        "trial_seconds": round(trial.until - seconds_of_boot()) if trial else 0,
    }


def _radio(radio: Radio) -> dict[str, Any]:
    return {**asdict(radio), "clients": radio.clients and asdict(radio.clients), "advice": advice(radio)}
