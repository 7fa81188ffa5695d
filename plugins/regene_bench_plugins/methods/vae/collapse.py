"""Posterior collapse: an encoder that has stopped saying anything (Bowman et al. 2016)."""

from __future__ import annotations

from torch import Tensor

# Burda et al. 2016, appendix C.
ACTIVE_VARIANCE = 0.01
_SILENT_NATS = 0.01
_NEARLY_ALL = 0.95


def active_units(means: Tensor) -> int:
    """Dimensions in which posterior means ``[N, D]`` vary by more than 0.01 over images."""
    return int((means.double().var(dim=0, correction=0) > ACTIVE_VARIANCE).sum())


def collapse_note(active: int, divergences: Tensor) -> str:
    """Say that a posterior has collapsed, or nothing.

    It has if no unit is active, or if nearly all (95 %) dimensions carry less than 0.01 nat.

    Args:
        active: As of ``active_units``.
        divergences: Mean divergence of the posterior from the prior in each dimension, ``[D]``,
            nats.
    """
    silent, total = int((divergences < _SILENT_NATS).sum()), len(divergences)
    if active and silent < _NEARLY_ALL * total:
        return ""
    return (
        f"posterior collapse: {active} of {total} latent dimensions are active, "
        f"{silent} carry less than {_SILENT_NATS} nat"
    )
