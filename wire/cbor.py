"""The small part of CBOR (RFC 8949) that crosses the wire, and nothing beside it.

Integers, byte and text strings, arrays, maps keyed by unsigned integers or text, false, true and null, each of definite
length and in its shortest form, map keys never twice. Tags and floats are refused: a general decoder builds dates,
regular expressions, shared and endless structures out of them, and a stranger could make it work for him.

    decode(encode({1: [2, 3]}), items=10)       # {1: [2, 3]}
"""

from __future__ import annotations

from typing import Any

import cbor2

from wire.errors import BadRecord

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)  # major types, RFC 8949 section 3.1
FALSE, NULL = 20, 22
DAMAGED = "The record is damaged or was made by a program we do not know ({}); ask for it to be sent again."


def encode(value: Any) -> bytes:
    """CBOR of `value`; equal values in equal order give equal bytes. Raises BadRecord for what CBOR cannot say."""
    try:
        return cbor2.dumps(value)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError) as error:
        raise BadRecord(DAMAGED.format(f"it cannot be encoded: {error}")) from None


def decode(data: bytes, *, items: int, depth: int = 5) -> Any:
    """The value in `data`, of at most `items` values nested at most `depth` deep. Raises BadRecord."""
    _walk(data, items, depth)
    try:
        value = cbor2.loads(data)
    except (cbor2.CBORError, ValueError) as error:
        raise BadRecord(DAMAGED.format(error)) from None
    if encode(value) != data:
        raise BadRecord(DAMAGED.format("not in the deterministic form"))
    return value


def _walk(data: bytes, items: int, depth: int) -> None:
    """Go over every head without building anything, so that what a head promises is checked before it costs."""
    levels = [(ARRAY, 1)]
    at = seen = 0
    while levels:
        kind, left = levels.pop()
        if not left:
            continue
        levels.append((kind, left - 1))
        major, number, at = _head(data, at)
        seen += 1
        if seen > items or len(levels) > depth:
            raise BadRecord(DAMAGED.format("too large"))
        if kind == MAP and left % 2 == 0 and major not in (UNSIGNED, TEXT):
            raise BadRecord(DAMAGED.format("a map has a key that is neither a number nor text"))
        if major in (BYTES, TEXT):
            at += number
        elif major in (ARRAY, MAP):
            levels.append((major, number * (1 if major == ARRAY else 2)))
    if at != len(data):
        raise BadRecord(DAMAGED.format("cut short or with something behind it"))


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type and argument of the head at `at`, and where it ends (RFC 8949 section 3)."""
    if at >= len(data):
        raise BadRecord(DAMAGED.format("cut short"))
    major, low = data[at] >> 5, data[at] & 31
    if major == TAG or low > 27 or (major == SIMPLE and not FALSE <= low <= NULL):
        raise BadRecord(DAMAGED.format("it holds a kind of value that no record has"))
    if low < 24:
        return major, low, at + 1
    end = at + 1 + (1 << (low - 24))
    return major, int.from_bytes(data[at + 1 : end], "big"), end
