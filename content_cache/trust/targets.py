"""What the signed targets.json says: which catalogue is each site group's, and which deltas lead to it.

One target is for head office alone: `names`, what all numbers ever given are called. Hubs pass over it.
"""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from content_cache.records import Blob, Number, Sha256, Size

CATALOGUES = "catalogues/"
NAMES = "names"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A catalogue that head office signed.

    `packed` is the size of c/<sha256>.zst, if it lies packed; `deltas` are the bytes of each delta that leads to it, by
    the first 16 digits of the catalogue that it starts from.
    """

    sha256: Sha256
    size: Size
    release: Number
    packed: Size | None = None
    deltas: dict[str, Size] = {}


def read_targets(signed: dict[str, Any]) -> dict[str, Target]:
    """The catalogues that the signed part of targets.json names; entries that are none of ours are passed over."""
    found = {}
    for path, entry in signed.get("targets", {}).items():
        group = path.removeprefix(CATALOGUES)
        if group != path:
            with contextlib.suppress(msgspec.MsgspecError, KeyError, TypeError):
                fields = {**entry["custom"], "sha256": entry["hashes"]["sha256"], "size": entry["length"]}
                found[group] = msgspec.convert(fields, Target)
    return found


def read_names(signed: dict[str, Any]) -> Blob | None:
    """The record of names that the signed part of targets.json names, if it does."""
    with contextlib.suppress(msgspec.MsgspecError, KeyError, TypeError):
        entry = signed["targets"][NAMES]
        fields = {**entry.get("custom", {}), "sha256": entry["hashes"]["sha256"], "size": entry["length"]}
        return msgspec.convert(fields, Blob)
    return None
