"""Files for hubs, kept for a few days until whoever brought a file takes the answer along.

token = keep(taken, now)        # stands in the address of the file, and cannot be guessed
find(token)                     # the Reply, None if there is none any more
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from collector.carry.models import Reply
from collector.db import writing

if TYPE_CHECKING:
    from collector.carry.take import Taken

KEPT = 7 * 86_400_000  # milliseconds
OF_A_HUB = 20  # so many of one hub; an older one goes, since the newest says all that it said


def keep(taken: Taken, now: int) -> str | None:
    """Keep the file to take back; None if there is none."""
    if taken.reply is None:
        return None
    token = secrets.token_urlsafe(18)
    with writing():
        Reply.delete().where(Reply.made < now - KEPT).execute()
        newest = Reply.select(Reply.token).where(Reply.hub == taken.hub).order_by(Reply.made.desc(), Reply.token)
        others = [row.token for row in newest.offset(OF_A_HUB - 1).limit(1000)]
        Reply.delete().where(Reply.token.in_(others)).execute()
        Reply.create(token=token, hub=taken.hub, data=taken.reply, made=now)
    return token


def find(token: str, now: int) -> Reply | None:
    """The file of that name, unless it is too old."""
    row: Reply | None = Reply.get_or_none((Reply.token == token) & (Reply.made >= now - KEPT))
    return row
