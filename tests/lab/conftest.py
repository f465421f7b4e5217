"""One lab for all tests of a process; whoever changes the box itself asks for `other_net`, or puts back what it changed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.lab.village_net import BOX, RECORD, VillageNet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hub.network.hardware import Hardware
    from hub.network.record import Network
    from tests.lab.phone import Phone


@pytest.fixture(scope="session")
def _lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VillageNet]:
    with VillageNet(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def net(_lab: VillageNet) -> Iterator[VillageNet]:
    """The lab as the technician left it. A test that changes the box finds it put back for the next."""
    yield _lab
    if _lab.box.changed:
        _lab.box.put_back()
    _lab.let_go()


@pytest.fixture
def phone(net: VillageNet) -> Phone:
    """A phone that has joined the village's Wi-Fi."""
    joined = net.phone()
    joined.join()
    return joined


@pytest.fixture
def other_net(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., VillageNet]]:
    """`other_net(record, hardware)`: a lab of another kind, gone with the test."""
    with contextlib.ExitStack() as held:

        def make(record: Network = RECORD, hardware: Hardware = BOX, *, pages: bool = True) -> VillageNet:
            folder = tmp_path_factory.mktemp("other")
            return held.enter_context(VillageNet(folder, record, hardware, pages=pages))

        yield make
