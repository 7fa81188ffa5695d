"""Which runs belong together, and the means of their scores: over seeds, and along a parameter."""

from __future__ import annotations

import json
from collections.abc import Sequence

from regene_bench.api import FinishedRun, Measure, half_width


def runs_by_label(runs: Sequence[FinishedRun]) -> dict[str, list[FinishedRun]]:
    """Runs by label, that is by method and parameters: one list over seeds each."""
    groups: dict[str, list[FinishedRun]] = {}
    for run in runs:
        groups.setdefault(run.label, []).append(run)
    return groups


def over_seeds(
    runs: Sequence[FinishedRun],
    measure: Measure,
    class_name: str | None = None,
    *,
    per_image: bool = False,
) -> tuple[float | None, float | None]:
    """Mean of a score over runs, and half of its 95 % interval by Student's t if there are two.

    Args:
        runs: Of one method and set of parameters.
        measure: Which score.
        class_name: The class, for a per-class score.
        per_image: Divide each value by its number of images; a score without one is left out.
    """
    found = [score for run in runs if (score := run.score_of(measure, class_name)) is not None]
    if per_image:
        values = [s.value / s.n_generated for s in found if s.value is not None and s.n_generated]
    else:
        values = [s.value for s in found if s.value is not None]
    return mean_and_half_width(values) if values else (None, None)


def mean_and_half_width(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean, and half of its 95 % interval by Student's t if there are two values."""
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, None
    std = (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
    return mean, half_width(std, len(values))


def runs_by_line(runs: Sequence[FinishedRun], swept: str) -> dict[str, list[FinishedRun]]:
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
