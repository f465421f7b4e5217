"""The file that makes a box the hub of a site without a line: head office's keys, the one-time code, and the place.

The box believes head office from then on, seals what it counts, and hands its enrolment to whoever carries files. The
file is signed by the key that it names: that shows damage, and nothing else. Who brings it vouches for it, as a
technician vouches for a code that he types; so it is taken from a technician alone, and kept like a key until it has
served.

    data = seal_kit(Kit(code="K7QM-3T5X-9D2B-HJ4W-P6RE", site="dzemul", ...), office_key)
    open_kit(data)                      # the Kit, or BadRecord
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta, Struct

from wire import cose, messages
from wire.enrol import code_id
from wire.errors import BadRecord
from wire.messages import OLDEST, Count, Kind, PublicKey, Time

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SUFFIX = ".kit"
LONGEST = 14 << 10  # a technician's form takes 16 KiB
LONGEST_ROOT = 10 << 10
FOREIGN = "This is no kit of head office, or it is damaged; take a fresh copy of the file that head office made."


class Kit(Struct, frozen=True, kw_only=True):
    """What a hub is set up with. `collector_key` signs and `sealing_key` opens at head office, which reads messages up
    to the version `speaks`. The code is good `until` then (Unix milliseconds).

    `address` is head office's, for a hub that has a line or gets one. `content_place` and `group` say where courses
    come from and for whom, `content_root` (a 1.root.json) by whose keys they are believed.
    """

    code: Annotated[str, Meta(max_length=64)]
    site: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    time_zone: Annotated[str, Meta(min_length=1, max_length=64)]
    collector_key: PublicKey
    sealing_key: PublicKey
    until: Time
    speaks: Count = OLDEST
    address: Annotated[str, Meta(max_length=300)] | None = None
    content_place: Annotated[str, Meta(max_length=300)] | None = None
    content_root: Annotated[bytes, Meta(max_length=LONGEST_ROOT)] | None = None
    group: Annotated[str, Meta(max_length=80)] | None = None


OUTER = {2: "collector_key", 3: "sealed"}
KIT = {
    2: "code", 3: "site", 4: "name", 5: "time_zone", 6: "sealing_key", 7: "until", 8: "speaks",
    9: "address", 10: "content_place", 11: "content_root", 12: "group",
}  # fmt: skip


class _Outer(Struct, frozen=True):
    collector_key: PublicKey
    sealed: Annotated[bytes, Meta(max_length=LONGEST)]


def seal_kit(kit: Kit, key: Ed25519PrivateKey) -> bytes:
    """The file. Raises BadRecord if it would be refused."""
    public = key.public_key().public_bytes_raw()
    if kit.collector_key != public:
        raise BadRecord("A kit is signed by the key that it names; give head office's own.")
    fields = msgspec.structs.asdict(kit)
    told = {number: name for number, name in KIT.items() if fields[name] is not None}
    sealed = cose.sign(messages.write(Kind.KIT, told, fields), key, code_id(kit.code).encode())
    data = messages.write(Kind.KIT, OUTER, {"collector_key": public, "sealed": sealed})
    open_kit(data)
    return data


def open_kit(data: bytes) -> Kit:
    """What the file says, once its signature holds. Raises BadRecord."""
    if len(data) > LONGEST:
        raise BadRecord(FOREIGN)
    outer = _outer(data)
    plain = cose.verify(outer.sealed, Ed25519PublicKey.from_public_bytes(outer.collector_key))
    fields = messages.named(messages.read(plain, Kind.KIT, items=64), KIT)
    kit = messages.typed({"collector_key": outer.collector_key, **fields}, Kit)
    code_id(kit.code)
    return kit


def _outer(data: bytes) -> _Outer:
    """The parts of the file; whatever else is in it, one sentence says it: people pick the wrong file."""
    try:
        fields: dict[str, Any] = messages.named(messages.read(data, Kind.KIT, items=16), OUTER)
        return messages.typed(fields, _Outer)
    except BadRecord:
        raise BadRecord(FOREIGN) from None
