"""What this program calls itself to head office."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    SOFTWARE = f"village-hub {version('village-hub')}"[:64]
except PackageNotFoundError:  # a checkout that was never installed
    SOFTWARE = "village-hub"
