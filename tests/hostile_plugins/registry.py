"""All hostile plugins."""

from __future__ import annotations

from tests.hostile_plugins import checks, exceptions, identity, returned_values, shared_state

HOSTILE = (
    *shared_state.HOSTILE,
    *identity.HOSTILE,
    *returned_values.HOSTILE,
    *exceptions.HOSTILE,
    *checks.HOSTILE,
)
