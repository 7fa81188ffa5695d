"""What a metric declares."""

from __future__ import annotations

import json
import typing

from regene_bench.base.hashing import canonical_json
from regene_bench.evaluation.metric import Direction
from regene_bench.testing.contract import require
from regene_bench.testing.metrics.subject import MetricSubject
from regene_bench.training.capabilities import CAPABILITIES

_REQUIREMENTS = {*CAPABILITIES, "labels"}


def columns_are_declared(subject: MetricSubject) -> None:
    """A metric declares its columns: each with a name of its own, a direction that exists, and a
    summary; and it requires only what there is to require.

    Mend: set ``columns = (Column("name", "lower", summary="…"),)``; directions are higher, lower,
    reference and none.
    """
    columns = getattr(subject.metric_class, "columns", ())
    names = [column.name for column in columns]
    require(bool(names), "it has no columns")
    require(len(set(names)) == len(names), f"two columns have the same name: {', '.join(names)}")
    for column in columns:
        known = typing.get_args(Direction)
        require(column.direction in known, f"{column.name} has the direction {column.direction!r}")
        require(bool(column.summary.strip()), f"{column.name} has no summary")
    unknown = set(subject.metric_class.requires) - _REQUIREMENTS
    require(not unknown, f"requires names {', '.join(sorted(unknown))}, which nobody offers")


def options_survive_json(subject: MetricSubject) -> None:
    """It works without options, and its options become JSON and come back equal.

    Mend: give every field of ``Config`` a default and a plain type.
    """
    config = subject.metric_class().config
    text = canonical_json(config.model_dump(mode="json"))
    back = type(config).model_validate(json.loads(text))
    require(back == config, f"{config!r} came back from JSON as {back!r}")
