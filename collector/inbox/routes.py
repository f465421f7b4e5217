"""POST /v1/summaries: a hub's signed batch in, head office's signed answer out."""

from __future__ import annotations

from flask import Blueprint, request

from collector.inbox.receive import receive
from collector.office import office

blueprint = Blueprint("inbox", __name__)


@blueprint.post("/v1/summaries")
def summaries() -> tuple[bytes, dict[str, str]]:
    """Answer with what was acknowledged and what was refused, or a sentence if the batch itself is no good."""
    return receive(request.get_data(), office()), {"Content-Type": "application/cose"}
