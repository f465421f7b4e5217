"""The routes of usage."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("usage", __name__, template_folder="templates")
