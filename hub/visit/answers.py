"""The five answers of a technician: one typed record for the page and for the file hub-setup.toml.

    judge(Answers(wifi=WiFiAnswer(name="Aula", open=True)), known)      # the same, in order; raises BadAnswer
    network = network_of(answers, own, number=3, stage="village")       # the record that root is asked to put in force

What is not answered is None. All here is pure: nothing is read or written, and whatever is wrong is one sentence in
the reader's language that names the part and the field.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from flask_babel import gettext as _
from msgspec import Meta, Struct

from hub.errors import HubError
from hub.network.countries import highest_channel
from hub.network.record import SHARE_MB, Network, Stage, WiFi
from hub.technician.passwords import weakness
from hub.technician.place import LONGEST_NAME
from hub.uplink.budget import BadRule, Rules, changed
from hub.uplink.enrol import NotEnrolled, check_address
from hub.visit.zones import STATES, find_zone, near_zones, place_named, zone_of
from wire.enrol import code_id
from wire.errors import BadRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hub.visit.own import Own

Part = Literal["office", "place", "wifi", "uplink", "administrator"]
PARTS: tuple[Part, ...] = ("office", "place", "wifi", "uplink", "administrator")
Text = Annotated[str, Meta(max_length=255)]
Amount = Annotated[str, Meta(max_length=20)] | float
LONGEST_WIFI = 32  # bytes of a network's name (IEEE 802.11)
PASSWORD = re.compile(r"[ -~]{8,63}")  # of WPA2, ASCII that can be seen (IEEE 802.11i, annex H.4)
ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


class BadAnswer(HubError):
    """An answer that cannot be used. `say` gives the sentence in the language of whoever reads it."""

    exit_code = 64

    def __init__(self, part: Part, field: str, say: Callable[[], str]) -> None:
        super().__init__(part, field)
        self.part, self.field, self.say = part, field, say

    def __str__(self) -> str:
        return self.say()


class OfficeAnswer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Head office: its address and the one-time code it gave for this site; both empty for none yet.

    `kit`: a kit was taken, which says all of it by itself.
    """

    address: Text = ""
    code: Text = ""
    kit: bool = False


class PlaceAnswer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What people call the site, and its time zone: by a `state`, a key or name of zones.STATES, or by name."""

    name: Text
    state: Text = ""
    time_zone: Text = ""


class WiFiAnswer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The village's network. An empty name or password is the box's own; `open`: no password. `channel` 0: the best.

    `radio` and `access_point` name interfaces, empty for the box's own choice (hub/network/record.py).
    """

    name: Text = ""
    password: Text = ""
    open: bool = False
    country: Text = "MX"
    channel: int = 0
    radio: Text = ""
    access_point: Text = ""


class UplinkAnswer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The way out, and what it may carry: MB and hours in the words of hub/uplink/budget.py, empty for no limit.

    `villagers_mb` is what villagers' phones may take of it in 24 hours, beside all that; 0 nothing.
    """

    kind: Literal["cable", "wifi", "modem", "none"]
    wifi_name: Text = ""
    wifi_password: Text = ""
    daily_mb: Amount = ""
    monthly_mb: Amount = ""
    hours: Text = ""
    free_hours: Text = ""
    villagers_mb: int = 0


class AdministratorAnswer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who looks after the hub. The password is kept as a hash alone (hub/technician/passwords.py)."""

    name: Text = "admin"
    password: Text


class Answers(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All five."""

    office: OfficeAnswer | None = None
    place: PlaceAnswer | None = None
    wifi: WiFiAnswer | None = None
    uplink: UplinkAnswer | None = None
    administrator: AdministratorAnswer | None = None


def judge(answers: Answers, names: Iterable[str] = ()) -> Answers:
    """The same in its canonical form. `names` are those that a password must not be. Raises BadAnswer."""
    place = answers.place and judge_place(answers.place)
    names = {*names, place.name} if place else set(names)
    return Answers(
        office=answers.office and judge_office(answers.office),
        place=place,
        wifi=answers.wifi and judge_wifi(answers.wifi),
        uplink=answers.uplink and judge_uplink(answers.uplink),
        administrator=answers.administrator and judge_administrator(answers.administrator, names),
    )


def judge_office(answer: OfficeAnswer) -> OfficeAnswer:
    """Address and code belong together. Raises BadAnswer."""
    address, code = answer.address.strip(), answer.code.strip()
    if not address and not code:
        return OfficeAnswer(kit=answer.kit)
    if not code:
        raise BadAnswer(
            "office", "code", lambda: _("The code is missing; type the one that head office gave for this site.")
        )
    if not address:
        raise BadAnswer(
            "office", "address", lambda: _("Head office's address is missing; type it as it stands beside the code.")
        )
    address = address if "://" in address else f"https://{address}"
    try:
        address = check_address("" if re.search(r"\s", address) else address)
    except NotEnrolled:
        raise BadAnswer(
            "office", "address", lambda: _("That is no address of head office; write it as in https://office.example.")
        ) from None
    try:
        code_id(code)
    except BadRecord:
        raise BadAnswer(
            "office",
            "code",
            lambda: _("The code has a wrong letter or digit; compare it with head office's, sign by sign."),
        ) from None
    return OfficeAnswer(address=address, code=code)


def judge_place(answer: PlaceAnswer) -> PlaceAnswer:
    """Name in one line, state by its key, zone by its name. Raises BadAnswer."""
    name = " ".join(answer.name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadAnswer(
            "place",
            "name",
            lambda: _("A place has a name of 1 to %(count)d letters, as in Dzemul.", count=LONGEST_NAME),
        )
    if answer.time_zone.strip():
        return PlaceAnswer(name=name, time_zone=_zone(answer.time_zone))
    state = place_named(answer.state) if answer.state.strip() else None
    if state is None:
        raise BadAnswer("place", "state", lambda: _("The place is missing, for the time zone; choose the state."))
    return PlaceAnswer(name=name, state=state, time_zone=STATES[state].zone)


def _zone(text: str) -> str:
    found = find_zone(text)
    if found:
        return found
    near = " · ".join(near_zones(text))

    def say() -> str:
        if near:
            return _("No time zone has that name. Perhaps you mean: %(zones)s.", zones=near)
        return _("No time zone has that name; write a large city of the same time, as in Bogota.")

    raise BadAnswer("place", "time_zone", say)


def judge_wifi(answer: WiFiAnswer) -> WiFiAnswer:
    """Raises BadAnswer. Whether the radio can do it, root finds out (hub/network)."""
    name = answer.name.strip()
    if name and not is_wifi_name(name):
        raise BadAnswer("wifi", "name", lambda: _("The Wi-Fi's name is too long; take at most 32 letters."))
    if not answer.open and answer.password and not PASSWORD.fullmatch(answer.password):
        raise BadAnswer("wifi", "password", _wifi_password)
    country = answer.country.strip().upper()
    highest = highest_channel(country)
    if highest is None:
        raise BadAnswer("wifi", "country", lambda: _("A country is two letters, as in MX."))
    if not 0 <= answer.channel <= highest:
        raise BadAnswer(
            "wifi", "channel", lambda: _("Take a channel from 1 to %(count)d, or 0 for the emptiest.", count=highest)
        )
    return msgspec.structs.replace(answer, name=name, password="" if answer.open else answer.password, country=country)


def refuse_same_name(answer: WiFiAnswer, own: Own) -> None:
    """Raises BadAnswer if phones could not tell the village's network from the technician's."""
    if answer.name == own.setup.name:
        raise BadAnswer(
            "wifi", "name", lambda: _("The technician's own network has that name; give the village's another one.")
        )


def judge_uplink(answer: UplinkAnswer) -> UplinkAnswer:
    """Raises BadAnswer."""
    if answer.kind == "wifi":
        if not is_wifi_name(answer.wifi_name.strip()):
            raise BadAnswer(
                "uplink", "wifi_name", lambda: _("Which Wi-Fi the hub is to use is missing; type its name.")
            )
        if answer.wifi_password and not PASSWORD.fullmatch(answer.wifi_password):
            raise BadAnswer("uplink", "wifi_password", _wifi_password)
    rules_of(answer, Rules())
    if not 0 <= answer.villagers_mb <= SHARE_MB:
        raise BadAnswer("uplink", "villagers_mb", villagers_share)
    if answer.kind == "none":
        answer = msgspec.structs.replace(answer, villagers_mb=0)
    if answer.kind != "wifi":
        return msgspec.structs.replace(answer, wifi_name="", wifi_password="")
    return msgspec.structs.replace(answer, wifi_name=answer.wifi_name.strip())


def villagers_share() -> str:
    """What a number of MB for villagers must be."""
    return _("Write how many MB a day all villagers together may use, from 1 to %(count)d.", count=SHARE_MB)


def rules_of(answer: UplinkAnswer, known: Rules) -> Rules:
    """What the link may carry by this answer; what it does not say is without a limit. Raises BadAnswer."""
    told = {
        "daily": f"{answer.daily_mb}".strip() or "none",
        "monthly": f"{answer.monthly_mb}".strip() or "none",
        "hours": answer.hours.strip() or "none",
        "free": answer.free_hours.strip() or "none",
    }
    try:
        return changed(known, **told)
    except BadRule:
        raise BadAnswer(
            "uplink", "daily_mb", lambda: _("Write MB as a number such as 25, and choose both hours or none.")
        ) from None


def judge_administrator(answer: AdministratorAnswer, names: Iterable[str]) -> AdministratorAnswer:
    """Raises BadAnswer for a name that is none, or a password that is easy to guess."""
    name = answer.name.strip().lower()
    if not ACCOUNT.fullmatch(name):
        raise BadAnswer(
            "administrator",
            "name",
            lambda: _("The administrator's name takes letters a to z, digits, dots and dashes alone, as in rosa."),
        )
    forbidden = {*names, name}
    if weakness(answer.password, forbidden) is not None:
        raise BadAnswer("administrator", "password", lambda: weakness(answer.password, forbidden) or "")
    return AdministratorAnswer(name=name, password=answer.password)


def is_wifi_name(name: str) -> bool:
    """Whether a network may be called so."""
    return 1 <= len(name.encode("utf-8", "replace")) <= LONGEST_WIFI and name.isprintable()


def _wifi_password() -> str:
    return _("A Wi-Fi's password has 8 to 63 letters, digits or signs, without accents.")


def village_of(answer: WiFiAnswer | None, own: Own) -> WiFi:
    """The village's network as it was answered; what was not is the box's own."""
    if answer is None:
        return own.village
    name = answer.name or own.village.name
    return WiFi(name=name, password=None if answer.open else answer.password or own.village.password)


def network_of(answers: Answers, own: Own, number: int, stage: Stage) -> Network:
    """The record that root is asked to put in force."""
    wifi, uplink = answers.wifi or WiFiAnswer(), answers.uplink
    out = uplink and uplink.kind == "wifi"
    return Network(
        number=number,
        stage=stage,
        village=village_of(answers.wifi, own),
        setup=own.setup,
        country=wifi.country,
        channel=wifi.channel,
        radio=wifi.radio,
        access_point=wifi.access_point,
        uplink=uplink.kind if uplink else "none",
        uplink_wifi=WiFi(name=uplink.wifi_name, password=uplink.wifi_password or None) if uplink and out else None,
        share_mb=uplink.villagers_mb if uplink else 0,
    )


def zone_for(answer: PlaceAnswer) -> str:
    """The zone that was answered; Mexico City's for what no longer is one."""
    return answer.time_zone or zone_of(answer.state) or "America/Mexico_City"
