r"""Whole numbers in as few bytes as they need: seven bits in each byte, the lowest first, the top bit says more follow.

    write(300)                  # b"\xac\x02"
    Reader(b"\xac\x02").number()        # 300

Only the shortest form is read, so that one number has one spelling.
"""

from __future__ import annotations

from wire.errors import BadRecord

LONGEST = 8  # bytes: 56 bits, three more than any number of the wire has
CUT = "The message is cut short; send the original again."


def write(value: int) -> bytes:
    """`value`, 0 or more."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


class Reader:
    """Takes values off the front of `data`. Its methods raise BadRecord where there is not what they look for."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        piece = self._data[self._at : self._at + count]
        if len(piece) < count:
            raise BadRecord(CUT)
        self._at += count
        return piece

    def number(self) -> int:
        """The number that comes next."""
        value = 0
        for shift in range(0, 7 * LONGEST, 7):
            if self._at >= len(self._data):
                raise BadRecord(CUT)
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                if not byte and shift:
                    raise BadRecord("The message has a number that is not in its shortest form; update the program.")
                return value
        raise BadRecord("The message holds a number out of range; update the program that made it.")

    def numbers(self, count: int) -> list[int]:
        """The next `count` numbers."""
        return [self.number() for _ in range(count)]

    def pieces(self, size: int) -> list[bytes]:
        """Whatever is left, in pieces of `size`."""
        found = []
        while self._at < len(self._data):
            found.append(self.take(size))
        return found
