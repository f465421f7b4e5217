import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.enrol import (
    Enrolment,
    Welcome,
    code_id,
    new_code,
    open_enrolment,
    open_welcome,
    seal_enrolment,
    seal_welcome,
)
from wire.errors import BadRecord

CODE = "K7QM-3T5X-9D2B-HJ4W-P6RE"
OTHER = "K7QM-3T5X-9D2B-HJ4W-P6RF"
NONCE = b"n" * 16
ENROLMENT = Enrolment(code_id="K7QM", hub=b"12345678", public_key=b"p" * 32, nonce=NONCE, software="0.1")
WELCOME = Welcome(
    site="dzemul",
    name="Dzemul",
    time_zone="America/Merida",
    collector_key=b"c" * 32,
    time=1_772_000_000_000,
    nonce=NONCE,
)


def test_a_code_is_five_groups_without_letters_that_are_misread():
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)


def test_hub_and_head_office_exchange_keys_under_the_code():
    assert open_enrolment(seal_enrolment(ENROLMENT, CODE), {"K7QM": CODE}.get) == ENROLMENT
    assert open_welcome(seal_welcome(WELCOME, CODE), CODE, NONCE) == WELCOME


def test_sealing_keys_are_exchanged_with_the_others_by_whoever_has_one():
    asked = Enrolment(code_id="K7QM", hub=b"12345678", public_key=b"p" * 32, nonce=NONCE, sealing_key=b"s" * 32)
    assert open_enrolment(seal_enrolment(asked, CODE), {"K7QM": CODE}.get) == asked
    told = msgspec.structs.replace(WELCOME, sealing_key=b"o" * 32)
    assert open_welcome(seal_welcome(told, CODE), CODE, NONCE) == told


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_sealing_key_of_another_length_is_not_sent(length):
    with pytest.raises(BadRecord, match="not valid"):
        seal_welcome(msgspec.structs.replace(WELCOME, sealing_key=bytes(length)), CODE)


def test_a_time_beyond_all_clocks_is_not_sent():
    with pytest.raises(BadRecord, match="not valid"):
        seal_welcome(msgspec.structs.replace(WELCOME, time=7_258_118_400_000), CODE)


def test_a_code_may_be_typed_in_small_letters_without_dashes_and_with_o_for_zero():
    typed = "k7qm 3t5x9d2bhj4w-p6re"
    assert open_enrolment(seal_enrolment(ENROLMENT, typed), {"K7QM": CODE}.get) == ENROLMENT
    assert code_id("olil-0000-0000-0000-0000") == "0111"


@pytest.mark.parametrize("typed", ["", "K7QM", CODE + "X", "K7QM-3T5X-9D2B-HJ4W-P6R!", "ÑÑÑÑ-3T5X-9D2B-HJ4W-P6RE"])
def test_what_is_no_code_is_said_so(typed):
    with pytest.raises(BadRecord, match="five groups"):
        code_id(typed)


def test_a_code_one_letter_off_opens_nothing():
    with pytest.raises(BadRecord, match="seal does not fit"):
        open_enrolment(seal_enrolment(ENROLMENT, OTHER), {"K7QM": CODE}.get)
    with pytest.raises(BadRecord, match="seal does not fit"):
        open_welcome(seal_welcome(WELCOME, OTHER), CODE, NONCE)


def test_an_unknown_code_is_named_by_its_first_group_only():
    with pytest.raises(BadRecord) as error:
        open_enrolment(seal_enrolment(ENROLMENT, CODE), {}.get)
    assert "K7QM" in str(error.value)
    assert "3T5X" not in str(error.value)


def test_the_secret_does_not_cross_the_wire():
    for body in (seal_enrolment(ENROLMENT, CODE), seal_welcome(WELCOME, CODE)):
        assert b"K7QM" in body
        assert not any(group.encode() in body for group in CODE.split("-")[1:])


def test_a_welcome_to_another_request_is_not_believed():
    with pytest.raises(BadRecord, match="another request"):
        open_welcome(seal_welcome(WELCOME, CODE), CODE, b"m" * 16)


def test_an_enrolment_sent_back_is_no_welcome():
    with pytest.raises(BadRecord, match="no welcome"):
        open_welcome(seal_enrolment(ENROLMENT, CODE), CODE, NONCE)


@given(st.data())
def test_whoever_stands_between_can_alter_nothing(data):
    for body, read in (
        (seal_enrolment(ENROLMENT, CODE), lambda body: open_enrolment(body, {"K7QM": CODE}.get)),
        (seal_welcome(WELCOME, CODE), lambda body: open_welcome(body, CODE, NONCE)),
    ):
        changed = bytearray(body)
        changed[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
        with pytest.raises(BadRecord):
            read(bytes(changed))


@given(st.binary(max_size=200))
def test_garbage_is_a_bad_record(data):
    with pytest.raises(BadRecord):
        open_enrolment(data, {"K7QM": CODE}.get)
    with pytest.raises(BadRecord):
        open_welcome(data, CODE, NONCE)
