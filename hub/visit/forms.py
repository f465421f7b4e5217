"""The forms of the five answers as a browser sends them: text in every field, and their records out of it.

OfficeForm, PlaceForm, WiFiForm, UplinkForm, AdministratorForm: each has `answer()`.
"""

from __future__ import annotations

from typing import Annotated

from flask_babel import gettext as _
from msgspec import Meta, Struct

from hub.visit.answers import (
    AdministratorAnswer,
    Answers,
    BadAnswer,
    OfficeAnswer,
    PlaceAnswer,
    UplinkAnswer,
    WiFiAnswer,
    villagers_share,
)

Text = Annotated[str, Meta(max_length=255)]
KINDS = ("cable", "wifi", "modem", "none")


class OfficeForm(Struct, kw_only=True):
    """`none`: there is no head office yet. `stick` is the place of a kit on a stick."""

    address: Text = ""
    code: Text = ""
    none: Text = ""
    stick: Text = ""

    @classmethod
    def of(cls, known: Answers) -> OfficeForm:
        return cls(address=known.office.address if known.office else "")

    def answer(self) -> OfficeAnswer:
        if self.none:
            return OfficeAnswer()
        if not self.address.strip() and not self.code.strip():
            raise BadAnswer(
                "office",
                "code",
                lambda: _("Type head office's address and code, choose its kit, or say that there is none yet."),
            )
        return OfficeAnswer(address=self.address, code=self.code)


class PlaceForm(Struct, kw_only=True):
    """`other` is a time zone by name, for where no state is right."""

    name: Text = ""
    state: Text = ""
    other: Text = ""

    @classmethod
    def of(cls, known: Answers) -> PlaceForm:
        place = known.place
        return cls(name=place.name, state=place.state, other="" if place.state else place.time_zone) if place else cls()

    def answer(self) -> PlaceAnswer:
        return PlaceAnswer(name=self.name, state=self.state, time_zone=self.other)


class WiFiForm(Struct, kw_only=True):
    """Empty name and password are the box's own."""

    name: Text = ""
    password: Text = ""
    open: Text = ""
    country: Text = "MX"
    channel: Text = "0"
    radio: Text = ""
    access_point: Text = ""

    @classmethod
    def of(cls, known: Answers) -> WiFiForm:
        if known.wifi is None:
            return cls()
        wifi = known.wifi
        return cls(
            name=wifi.name,
            password=wifi.password,
            open="yes" if wifi.open else "",
            country=wifi.country,
            channel=str(wifi.channel),
            radio=wifi.radio,
            access_point=wifi.access_point,
        )

    def answer(self) -> WiFiAnswer:
        return WiFiAnswer(
            name=self.name,
            password=self.password,
            open=bool(self.open),
            country=self.country,
            channel=int(self.channel) if self.channel.isdecimal() and len(self.channel) < 4 else 0,
            radio=self.radio,
            access_point=self.access_point,
        )


class UplinkForm(Struct, kw_only=True):
    """Hours are two fields each, as choices on the page. `share`: villagers' phones may use `villagers` MB a day."""

    kind: Text = ""
    wifi_name: Text = ""
    wifi_password: Text = ""
    daily: Text = ""
    monthly: Text = ""
    first: Text = ""
    last: Text = ""
    free_first: Text = ""
    free_last: Text = ""
    share: Text = ""
    villagers: Text = ""

    @classmethod
    def of(cls, known: Answers) -> UplinkForm:
        if known.uplink is None:
            return cls()
        link = known.uplink
        first, _dash, last = link.hours.partition("-")
        free_first, _dash, free_last = link.free_hours.partition("-")
        return cls(
            kind=link.kind,
            wifi_name=link.wifi_name,
            wifi_password=link.wifi_password,
            daily=_typed(link.daily_mb),
            monthly=_typed(link.monthly_mb),
            first=first,
            last=last,
            free_first=free_first,
            free_last=free_last,
            share="yes" if link.villagers_mb else "",
            villagers=str(link.villagers_mb or ""),
        )

    def answer(self) -> UplinkAnswer:
        kind = next((one for one in KINDS if one == self.kind), None)
        if kind is None:
            raise BadAnswer("uplink", "kind", lambda: _("Choose how the hub reaches the Internet, or no way yet."))
        return UplinkAnswer(
            kind=kind,  # type: ignore[arg-type]
            wifi_name=self.wifi_name,
            wifi_password=self.wifi_password,
            daily_mb=self.daily[:20],
            monthly_mb=self.monthly[:20],
            hours=_hours(self.first, self.last),
            free_hours=_hours(self.free_first, self.free_last),
            villagers_mb=self._villagers_mb() if self.share and kind != "none" else 0,
        )

    def _villagers_mb(self) -> int:
        """The number beside the switch; on without one is a mistake, not off."""
        typed = self.villagers.strip()
        if not (typed.isascii() and typed.isdecimal() and len(typed) < 10 and int(typed)):
            raise BadAnswer("uplink", "villagers_mb", villagers_share)
        return int(typed)


def _typed(amount: str | float) -> str:
    """A number as a person writes it: a file may say 20, which is read as 20.0."""
    return amount if isinstance(amount, str) else f"{amount:.6f}".rstrip("0").rstrip(".")


def _hours(first: str, last: str) -> str:
    return "" if first == last else f"{first}-{last}"


class AdministratorForm(Struct, kw_only=True):
    """The password is typed twice."""

    name: Text = "admin"
    password: Text = ""
    again: Text = ""

    @classmethod
    def of(cls, _known: Answers) -> AdministratorForm:
        return cls()

    def answer(self) -> AdministratorAnswer:
        if self.password != self.again:
            raise BadAnswer(
                "administrator",
                "again",
                lambda: _("The two passwords are not the same; type the same one twice."),
            )
        return AdministratorAnswer(name=self.name, password=self.password)
