"""Why names are not taken in: what head office's people can do about it, a sentence each."""

from __future__ import annotations

from enum import Enum, auto

from flask_babel import gettext as _


class Trouble(Enum):
    """What is in the way."""

    NO_CONTENT = auto()
    NO_ROOT = auto()
    UNREADABLE = auto()
    NOT_OURS = auto()
    OLDER = auto()
    EXPIRED = auto()
    DAMAGED = auto()
    NONE_YET = auto()


NOT_SET_UP = {Trouble.NO_CONTENT, Trouble.NO_ROOT}


class NoNames(Exception):
    """Names cannot be taken in; `str(error)` is for the log."""

    def __init__(self, trouble: Trouble, reason: str) -> None:
        super().__init__(reason)
        self.trouble = trouble


def sentence(trouble: Trouble) -> str:
    """What a page says, in the reader's language."""
    return str(
        {
            Trouble.NO_CONTENT: _(
                "Courses and items have only numbers, since head office was not told where the content is; "
                "set COLLECTOR_CONTENT and COLLECTOR_CONTENT_ROOT."
            ),
            Trouble.NO_ROOT: _(
                "Courses and items have only numbers, since head office does not know the keys that sign the content; "
                "set COLLECTOR_CONTENT_ROOT to the file 1.root.json."
            ),
            Trouble.UNREADABLE: _(
                "New names cannot be taken in: the content cannot be read, or is not signed. "
                "It is tried again by itself."
            ),
            Trouble.NOT_OURS: _(
                "New names are not taken in: the content is not signed with the keys of COLLECTOR_CONTENT_ROOT. "
                "Sign it with the right ones."
            ),
            Trouble.OLDER: _(
                "New names are not taken in: the content there is older than what was known already. "
                "Bring the newest there."
            ),
            Trouble.EXPIRED: _("New names are not taken in: the content was signed too long ago. Sign it anew."),
            Trouble.DAMAGED: _("New names are not taken in: their file is damaged. Publish and sign once more."),
            Trouble.NONE_YET: _(
                "The content tells no names yet; publish it once with this version of content-cache, and sign it."
            ),
        }[trouble]
    )
