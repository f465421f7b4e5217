"""Whose word decides about a certificate's dates: the wall clock's, but only while it holds network time."""

from __future__ import annotations

import ssl

import pytest

from hub.uplink import meter


@pytest.mark.parametrize("synchronised", [True, False])
def test_dates_are_checked_while_the_kernel_holds_network_time(synchronised: bool, monkeypatch) -> None:
    monkeypatch.setattr(meter, "kernel_is_synchronised", lambda: synchronised)
    with meter.open_session(meter.Meter()) as session:
        context = session.get_adapter("https://").poolmanager.connection_pool_kw["ssl_context"]
    assert bool(context.verify_flags & meter.NO_CHECK_TIME) is not synchronised
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
