"""Every kind of bad record gets one sentence that says what to correct, and nothing typed adds a line to any file."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.network import render
from hub.network.countries import COUNTRIES, UP_TO_ELEVEN, highest_channel
from hub.network.hardware import Hardware, Port, Radio
from hub.network.record import BadNetwork, WiFi, decode, encode
from hub.network.rules import adapted, judge, judge_name
from tests.hub.network.places import BOARD, NAME, NO_RADIO, PI, PI_WITH_ADAPTER, network

DEAF = Radio(interface="wlan2", aps=0)
WITH_DEAF = Hardware(radios=(BOARD, DEAF), ports=PI.ports)
SCHOOL = WiFi(name="Escuela", password="12345678")
LONG = "x" * 20


def village(name: str = "Aldea", password: str | None = "12345678"):
    return network(village=WiFi(name=name, password=password))


BAD = {
    "no name": (village(""), PI, "0 bytes"),
    "a name too long": (village("x" * 33), PI, "33 bytes"),
    "a name too long in bytes": (village("ñ" * 17), PI, "34 bytes"),
    "a new line in a name": (village("Aldea\nwpa=0"), PI, "cannot show"),
    "a NUL in a name": (village("Aldea\0"), PI, "cannot show"),
    "an invisible name": (village("\u202eaedlA"), PI, "cannot show"),
    "a name of a space": (village(" "), PI, "cannot show"),
    "a short password": (village(password="1234567"), PI, "7 characters"),
    "a long password": (village(password="x" * 64), PI, "64 characters"),
    "no letter in a password": (village(password=""), PI, "0 characters"),
    "an accent in a password": (village(password="contraseñas"), PI, "cannot type"),
    "a new line in a password": (village(password="12345678\n"), PI, "cannot type"),
    "an open setup network": (network(setup=WiFi(name="hub-setup")), PI, "at least 16"),
    "a short setup password": (network(setup=WiFi(name="hub-setup", password="12345678")), PI, "at least 16"),
    "one name for both": (network(village=WiFi(name="hub-setup-7K")), PI, "same name"),
    "no country": (network(country=""), PI, "no country"),
    "a country in words": (network(country="México"), PI, "no country"),
    "a country in small letters": (network(country="mx"), PI, "no country"),
    "a country with a new line": (network(country="MX\nfoo"), PI, "no country"),
    "channel 12 in Mexico": (network(channel=12), PI, "1 to 11"),
    "channel 14": (network(country="JP", channel=14), PI, "1 to 13"),
    "channel -1": (network(channel=-1), PI, "not allowed"),
    "channel 36": (network(channel=36), PI, "not allowed"),
    "a radio that is not there": (network(radio="wlan7"), PI, "no radio wlan7"),
    "a radio that opens nothing": (network(radio="wlan2"), WITH_DEAF, "cannot open"),
    "a port as a radio": (network(radio="eth0"), PI, "no radio eth0"),
    "a radio with a new line": (network(radio="wlan0\n"), PI, "no name of a radio"),
    "the second network's name as a radio": (network(radio="setup0"), PI, "no name of a radio"),
    "the loopback as a port": (network(access_point="lo"), PI, "no name of a radio"),
    "a port that is not there": (network(access_point="eth7"), PI, "no wired port eth7"),
    "a radio as a port": (network(access_point="wlan0"), PI, "no wired port wlan0"),
    "a telephone as a port": (network(access_point="usb0"), PI_WITH_ADAPTER, "modem or a telephone"),
    "both a radio and an access point": (network(radio="wlan0", access_point="eth0"), PI, "one of the two"),
    "the access point's port as the uplink": (network(access_point="eth0", uplink="cable"), PI, "only wired port"),
    "an uplink by Wi-Fi without its name": (network(uplink="wifi"), PI_WITH_ADAPTER, "without a name"),
    "an uplink by the only radio": (network(uplink="wifi", uplink_wifi=SCHOOL), PI, "only radio"),
    "an uplink by Wi-Fi without radios": (network(uplink="wifi", uplink_wifi=SCHOOL), NO_RADIO, "only radio"),
    "a Wi-Fi for an uplink by cable": (network(uplink="cable", uplink_wifi=SCHOOL), PI, "uplink is another"),
    "a new line in the uplink's name": (
        network(uplink="wifi", uplink_wifi=WiFi(name="a\nb")),
        PI_WITH_ADAPTER,
        "cannot show",
    ),
    "a share below nothing": (network(uplink="cable", share_mb=-1), PI, "write 0 for none"),
    "a share in bytes": (network(uplink="cable", share_mb=50_000_000), PI, "write 0 for none"),
    "a share of no uplink": (network(share_mb=5), PI, "no uplink to share"),
    "an API without TLS": (network(api="http://a.example/api"), PI, "certificate"),
    "an API with a comma": (network(api="https://a.example/a,b"), PI, "certificate"),
    "an API with a new line": (network(api="https://a.example/\naddress=/#/1.1.1.1"), PI, "certificate"),
    "an API at an address": (network(api="https://10.44.0.1/api"), PI, "certificate"),
    "an API with half an address": (network(api="https://[::1"), PI, "certificate"),
    "an API with a user": (network(api="https://a@b.example/api"), PI, "certificate"),
    "a number that no database holds": (network(number=2**64), PI, "cannot be read"),
    "a number below nothing": (network(number=-1), PI, "number below 0"),
}


@pytest.mark.parametrize(("wish", "machine", "words"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_in_one_sentence(wish, machine, words: str) -> None:
    with pytest.raises(BadNetwork) as caught:
        judge(decode(encode(wish)), machine)
    sentence = str(caught.value)
    assert words in sentence
    assert sentence.endswith(".")
    assert len(sentence.splitlines()) == 1


GOOD = {
    "as first boot makes it": (network(), PI),
    "without a radio": (network(), NO_RADIO),
    "accents and signs": (network(village=WiFi(name='Ñandú "libre" #1 \\', password='a "b" #c \\ d$e')), PI),
    "32 bytes and 63 characters": (village("x" * 32, "y" * 63), PI),
    "channel 13 in Spain": (network(country="ES", channel=13), PI),
    "an uplink by a radio that opens nothing": (network(uplink="wifi", uplink_wifi=SCHOOL), WITH_DEAF),
    "an uplink by Wi-Fi beside an access point": (
        network(uplink="wifi", uplink_wifi=SCHOOL, access_point="eth0"),
        PI,
    ),
    "an uplink by a second port": (network(uplink="cable", access_point="eth1"), NO_RADIO),
    "an open uplink": (network(uplink="wifi", uplink_wifi=WiFi(name="Plaza")), PI_WITH_ADAPTER),
    "a share": (network(uplink="modem", share_mb=100), PI_WITH_ADAPTER),
    "an API": (network(api="https://hub.example.org/captive-portal/api"), PI),
}


@pytest.mark.parametrize(("wish", "machine"), GOOD.values(), ids=GOOD)
def test_what_can_be_used_passes_and_stays_the_same(wish, machine) -> None:
    judge(wish, machine)
    assert decode(encode(wish)) == wish


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"village": 1}', b'{"stage": "later"}', b" " * 20_000],
    ids=["nothing", "half", "a list", "null", "not UTF-8", "a number", "a stage that is none", "too long"],
)
def test_an_order_that_is_none_gets_a_sentence(data: bytes) -> None:
    with pytest.raises(BadNetwork, match=r"give the answers again\.$"):
        decode(data)


def test_an_order_with_a_word_that_nobody_knows_is_refused() -> None:
    with pytest.raises(BadNetwork, match="unknown field") as refused:
        decode(encode(network()).replace(b'"channel"', b'"\\u001b[2J\\u202e\\nchanel"'))
    assert str(refused.value).isprintable(), "it is shown on a terminal and in the journal of root"
    with pytest.raises(BadNetwork, match="unknown field"):
        decode(encode(network()).replace(b'"channel"', b'"chanel"'))


def test_channels_go_to_eleven_or_thirteen_and_never_to_fourteen() -> None:
    assert (highest_channel("MX"), highest_channel("US"), highest_channel("ES")) == (11, 11, 13)
    assert {highest_channel(country) for country in COUNTRIES} == {11, 13}
    assert UP_TO_ELEVEN < COUNTRIES
    assert highest_channel("00") is None


# What somebody may type, or write into an order by hand: quotes, comments, new lines of every kind, any letter at all.
WILD = st.text(max_size=40) | st.sampled_from(
    [
        '"',
        "#",
        "'",
        "\\",
        "a\nb=c",
        "a\r\nb",
        "a\x0bb",
        "a\u2028b",
        "\0",
        "$(id)",
        "`id`",
        "%n",
        "{ }",
        '"; drop',
        "ñ" * 16,
    ]
)
WILD_WIFI = st.builds(WiFi, name=WILD, password=st.none() | st.just("12345678")) | st.builds(
    WiFi, name=st.just("Aldea"), password=WILD | st.text("abc \"#'\\=", min_size=16, max_size=63)
)
# One thing at a time is wild, or the first that is wrong would hide the others.
WISHES = st.one_of(
    st.builds(network, village=WILD_WIFI),
    st.builds(network, setup=WILD_WIFI),
    st.builds(network, uplink=st.just("wifi"), uplink_wifi=WILD_WIFI),
    st.builds(network, country=WILD),
    st.builds(network, radio=WILD),
    st.builds(network, access_point=WILD),
    st.builds(network, api=WILD | st.builds("https://a.example/{}".format, WILD)),
)
DIFFERS = re.compile(r"(?<=^country=)[A-Z]{2}$|(?<=^country_code=)[A-Z]{2}$|(?<=,114,)https://[^ ,#\"]*$")
NAMES = re.compile(r"^(ssid2|wpa_psk|    ssid|    psk)=[0-9a-f]+$")


@given(WISHES)
def test_nothing_that_was_typed_adds_a_line_to_any_file(wish) -> None:
    """Whatever passes gives the lines of a record of plain letters, but for names and keys in hexadecimal."""
    try:
        judge(wish, PI_WITH_ADAPTER)
    except BadNetwork:
        return
    plain = replace(
        wish,
        village=WiFi(name="Aldea", password=wish.village.password and "12345678"),
        setup=WiFi(name="Puesta", password=LONG),
        uplink_wifi=wish.uplink_wifi and WiFi(name="Escuela", password=wish.uplink_wifi.password and "12345678"),
        country="MX",
        api=wish.api and "https://a.example/api",
    )
    found, expected = (render.files(one, PI_WITH_ADAPTER, NAME) for one in (wish, plain))
    assert {path: shape(text) for path, text in found.items()} == {path: shape(text) for path, text in expected.items()}


def shape(text: str) -> list[str]:
    """The lines, which are what any program could take for one, without what may differ: names, keys, an address."""
    return [NAMES.sub(r"\1=", DIFFERS.sub("", line)) for line in text.splitlines()]


@given(st.text(min_size=1, max_size=32), st.text("abcdefghij 0123456789\"#'\\", min_size=8, max_size=63))
def test_every_name_that_passes_comes_out_of_hostapds_file_again(name: str, password: str) -> None:
    wish = network(stage="village", village=WiFi(name=name, password=password))
    try:
        judge(wish, PI)
    except BadNetwork:
        return
    text = render.files(wish, PI, NAME)["hostapd-wlan0.conf"]
    (found,) = re.findall(r"^ssid2=(.*)$", text, re.MULTILINE)
    assert bytes.fromhex(found).decode() == name


def test_at_boot_what_lacks_is_left_out_and_said() -> None:
    wish = network(stage="village", radio="wlan1", uplink="wifi", uplink_wifi=SCHOOL, share_mb=5)
    able, lost = adapted(wish, PI)
    judge(able, PI)
    assert (able.radio, able.uplink, able.share_mb) == ("", "none", 0)
    assert "radio that was chosen" in lost
    assert "uplink" in lost
    assert able.village == wish.village
    assert adapted(wish, PI_WITH_ADAPTER) == (wish, "")


def test_an_access_point_whose_port_is_gone_leaves_the_boxs_own_radio() -> None:
    able, lost = adapted(network(stage="village", access_point="eth1"), PI)
    assert (able.access_point, "access point" in lost) == ("", True)


@pytest.mark.parametrize(
    "name", ["hub", "hub.local", "10.44.0.1", "hub home.arpa", "a\nb.c", "HUB.home.arpa", "-.arpa"]
)
def test_a_name_that_some_phone_cannot_open_is_refused(name: str) -> None:
    with pytest.raises(BadNetwork, match=r"as in hub\.home\.arpa"):
        judge_name(name)


@pytest.mark.parametrize("name", ["", "hub.home.arpa", "biblioteca.aldea.example"])
def test_a_name_that_phones_open_passes(name: str) -> None:
    judge_name(name)
    assert name in render.files(network(), PI, name).get("hosts", "")


def test_a_second_radio_that_opens_networks_still_leaves_one_for_the_village() -> None:
    both = Hardware(radios=(BOARD, Radio(interface="wlan9")), ports=(Port(name="eth0"),))
    judge(network(uplink="wifi", uplink_wifi=SCHOOL), both)
    text = render.files(network(stage="village", uplink="wifi", uplink_wifi=SCHOOL), both, NAME)
    assert sorted(path for path in text if path.startswith(("hostapd-", "wpa"))) == [
        "hostapd-wlan9.conf",
        "wpa_supplicant.conf",
        "wpa_supplicant.env",
    ]
