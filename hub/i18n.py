"""Languages: Spanish (Mexico) unless the visitor chose another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: Flask) -> None:
    """Teach `app` its languages."""
