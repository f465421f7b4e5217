"""A repository, a server before it, and a library that takes from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from content_cache.library import Library
from tests.simulators.link import ContentServer
from tests.simulators.releases import Releases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path) -> Releases:
    return Releases(tmp_path / "repository")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


@pytest.fixture
def server(shop: Releases) -> Iterator[ContentServer]:
    shop.root.mkdir()
    with ContentServer(shop.root) as made:
        yield made
