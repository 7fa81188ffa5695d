"""Which runs lie on one line over a parameter: those that differ in it, and by seed, alone."""

from __future__ import annotations

import json
from collections.abc import Sequence

from regene_bench.api import FinishedRun


def lines(runs: Sequence[FinishedRun], swept: str) -> dict[str, list[FinishedRun]]:
    """Sort runs by method and by all parameters but one.

    Args:
        runs: Of any methods.
        swept: The parameter along the axis.

    Returns:
        The runs of each line by its label: the method, and in brackets those parameters in which
        the method's lines differ.
    """
    found: dict[tuple[str, str], list[FinishedRun]] = {}
    rest: dict[tuple[str, str], dict[str, str]] = {}
    for run in runs:
        own = {key: _text(value) for key, value in run.params.items() if key != swept}
        line = (run.method, json.dumps(own, sort_keys=True))
        found.setdefault(line, []).append(run)
        rest[line] = own
    return {
        _label(line[0], rest[line], [own for other, own in rest.items() if other[0] == line[0]]): on
        for line, on in found.items()
    }


def _label(method: str, own: dict[str, str], siblings: Sequence[dict[str, str]]) -> str:
    keys = sorted({key for params in siblings for key in params})
    differing = [key for key in keys if len({params.get(key) for params in siblings}) > 1]
    told = ",".join(f"{key}={own[key]}" for key in differing if key in own)
    return f"{method}[{told}]" if told else method


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
