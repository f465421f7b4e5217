"""What an item is called. Head office knows the integers; their names come with the catalogue's signed list."""

from __future__ import annotations

from flask_babel import gettext as _


def item_name(number: int) -> str:
    """The name of an item; an integer without a name still counts and shows as such."""
    return str(_("item %(number)s", number=number))
