"""What a view costs a phone: requests and bytes on the wire, headers included, as Chromium's network log counts them.

weight = weigh(page, lambda: page.goto(address))
weight.requests, weight.bytes       # all of it; weight.media of these bytes are films, posters and files
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

MOST_BYTES, MOST_REQUESTS, MOST_LATER = 30_000, 6, 15_000


@dataclass(frozen=True)
class Weight:
    """The cost of one view."""

    requests: int
    bytes: int
    media: int


def weigh(page: Page, view: Callable[[], object]) -> Weight:
    """The cost of what `view` makes the page fetch until its network is quiet."""
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    asked: dict[str, str] = {}
    sizes: dict[str, int] = {}
    free: set[str] = set()

    def ask(event: dict[str, Any]) -> None:
        asked[event["requestId"]] = event["request"]["url"]

    def take(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = sizes.get(event["requestId"], 0) + int(event["encodedDataLength"])

    wire.on("Network.requestWillBeSent", ask)
    wire.on("Network.requestServedFromCache", lambda event: free.add(event["requestId"]))
    wire.on("Network.dataReceived", take)
    wire.on(
        "Network.loadingFinished", lambda event: sizes.update({event["requestId"]: int(event["encodedDataLength"])})
    )
    view()
    page.wait_for_load_state("networkidle")
    wire.detach()
    paid = [name for name in asked if name not in free and sizes.get(name, 1)]
    media = sum(sizes.get(name, 0) for name in paid if "/media/" in asked[name])
    return Weight(len(paid), sum(sizes.get(name, 0) for name in paid), media)
