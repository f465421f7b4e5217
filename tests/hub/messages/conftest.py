"""The hub with a clock of its own and counts that a test sets, as the uplink's tests have it."""

from tests.hub.uplink.conftest import hub, machine, office

__all__ = ["hub", "machine", "office"]
