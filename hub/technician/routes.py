"""The routes of technician."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("technician", __name__, template_folder="templates")
