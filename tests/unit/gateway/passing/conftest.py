"""The gateway of the rooms around, for tests of what is passed on."""

from __future__ import annotations

from tests.unit.gateway.conftest import gateway, upstream

__all__ = ["gateway", "upstream"]
