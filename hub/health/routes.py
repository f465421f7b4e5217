"""The routes of health."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("health", __name__, template_folder="templates")
