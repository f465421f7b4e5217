"""How long the hub has been up since a moment, power cuts left out: the only span that a box without a clock can tell.

up_since(link.made, clock.moment())     # seconds
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peewee import fn

from hub.usage.models import Batch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.clock import Moment


def up_since(then: Moment, now: Moment) -> float:
    """Seconds up between the two. A boot that was over counts until its last sign of life, known to a minute."""
    if then.boot == now.boot:
        return seconds_up(then, now, {})
    rows: Any = (
        Batch.select(Batch.boot, fn.MAX(Batch.ended))
        .where((Batch.boot >= then.boot) & (Batch.boot < now.boot))
        .group_by(Batch.boot)
        .tuples()
    )
    return seconds_up(then, now, dict(rows))


def seconds_up(then: Moment, now: Moment, ends: Mapping[int, float]) -> float:
    """The same from plain values: `ends` are the last seconds known of the boots before the running one."""
    if then.boot == now.boot:
        return now.seconds - then.seconds
    first = max(ends.get(then.boot, 0.0) - then.seconds, 0.0)
    between = sum(end for boot, end in ends.items() if then.boot < boot < now.boot)
    return first + between + now.seconds
