"""What root says of a network that it did not put in force, in the reader's language, and which answer mends it.

    said("There is no radio wlan1; plug it in, or leave the choice to the hub.")
    # Said(part="wifi", sentence="No hay ningún radio wlan1; …", exact=True)

Root speaks English, to the log and to operators (hub/network); a technician has the page. What an answer on the page
can bring about is here in her words. Anything else, a file that its program refuses for instance, is the box's own
fault: then the sentence says what helps, `exact` is False, and root's own words stand below it for whoever is called.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from flask_babel import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub.visit.answers import Part


class Said(NamedTuple):
    """`part` is the question to answer again."""

    part: Part
    sentence: str
    exact: bool


def said(words: str) -> Said:
    """Root's sentence for a technician."""
    for part, pattern, say in KNOWN:
        found = re.match(pattern, words)
        if found:
            return Said(part, say(found["name"] if found.groupdict() else ""), True)
    sentence = _(
        "Something in the box does not start. Restart it; if that does not help, take the file for head office along."
    )
    return Said("wifi", sentence, False)


def _only_radio(_name: str) -> str:
    return _(
        "The only radio carries the village's Wi-Fi. Plug in a USB Wi-Fi adapter to use another Wi-Fi, or choose"
        " another way to the Internet."
    )


KNOWN: tuple[tuple[Part, str, Callable[[str], str]], ...] = (
    (
        "wifi",
        r"There is no radio (?P<name>\S+);",
        lambda name: _("There is no radio %(name)s; plug it in, or leave the choice to the box.", name=name),
    ),
    (
        "wifi",
        r"The radio (?P<name>\S+) cannot open",
        lambda name: _("The radio %(name)s cannot open a network for phones; choose another.", name=name),
    ),
    (
        "wifi",
        r"The village's Wi-Fi is on a radio or on",
        lambda _name: _("A radio and an access point were chosen; choose one of the two."),
    ),
    (
        "wifi",
        r"There is no wired port (?P<name>\S+);",
        lambda name: _("There is no port %(name)s; plug it in, or choose another.", name=name),
    ),
    (
        "wifi",
        r"(?P<name>\S+) is a modem or a telephone;",
        lambda name: _("%(name)s is a modem or a telephone; choose another port for the access point.", name=name),
    ),
    ("uplink", r"The only radio carries|No radio is left for", _only_radio),
    (
        "uplink",
        r"The only wired port is the access point's",
        lambda _name: _(
            "The only port is the access point's. Choose another way to the Internet, or plug in a USB network adapter."
        ),
    ),
    (
        "wifi",
        r"The radio (?P<name>\S+) opens no network",
        lambda name: _(
            "The radio %(name)s does not open the network; choose another radio, or plug in a USB Wi-Fi adapter.",
            name=name,
        ),
    ),
    (
        "wifi",
        r"This order was cut off before",
        lambda _name: _("The power went while the network was being changed; give the answer again."),
    ),
    (
        "wifi",
        r".*Part of the machine is missing: ",
        lambda _name: _("A radio or an adapter that was there is missing; plug it in again."),
    ),
)
