"""What a metric declares before it measures: its columns, options and extractors."""

from __future__ import annotations

import json
import typing

from regene_bench.base.errors import PluginError
from regene_bench.base.hashing import canonical_json
from regene_bench.evaluation.metric import Direction
from regene_bench.plan.columns import refuse_borrowed_columns
from regene_bench.testing.check import Broken, require
from regene_bench.testing.metrics.measured import MetricSubject
from regene_bench.training.capabilities import CAPABILITIES

_REQUIREMENTS = {*CAPABILITIES, "labels"}
_OPTIONS = ("extractor", "reference")
# stands for any name
_SOME_EXTRACTOR = "efficientnet_lite0"


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


def columns_are_its_own(subject: MetricSubject) -> None:
    """No metric of another distribution reports one of its columns: leaderboards know a score by
    its column, and ``run`` refuses such a metric.

    Mend: name the column otherwise; ``fid`` is always that of regene-bench.
    """
    try:
        refuse_borrowed_columns(subject.host, subject.entry)
    except PluginError as error:
        # the hint is for those who did not write it
        raise Broken(error.message) from None


def options_survive_json(subject: MetricSubject) -> None:
    """It works without options, and its options become JSON and come back equal.

    Mend: give every field of ``Config`` a default and a plain type.
    """
    config = subject.metric_class().config
    text = canonical_json(config.model_dump(mode="json"))
    back = type(config).model_validate(json.loads(text))
    require(back == config, f"{config!r} came back from JSON as {back!r}")


def options_are_an_extractor_and_a_split(subject: MetricSubject) -> None:
    """It has no other options than ``extractor`` and ``reference``, since rows tell scores apart by
    these alone, and the properties ``extractors`` and ``reference`` say what they were set to.

    Mend: make what else can be chosen a constant, or a metric with a column of its own; return
    ``(self.config.extractor,)`` and ``self.config.reference`` from the properties.
    """
    metric, fields = subject.metric_class, set(subject.metric_class.Config.model_fields)
    others = sorted(fields - set(_OPTIONS))
    require(not others, f"it has the options {', '.join(others)}, which no row says")
    if "extractor" in fields:
        names = metric(metric.Config.model_validate({"extractor": _SOME_EXTRACTOR})).extractors
        require(
            _SOME_EXTRACTOR in names,
            f"with extractor={_SOME_EXTRACTOR}, extractors says {', '.join(names) or 'none'}",
        )
    for split in ("train", "test") if "reference" in fields else ():
        said = metric(metric.Config.model_validate({"reference": split})).reference
        require(said == split, f"with reference={split}, reference says {said}")


def extractors_are_declared(subject: MetricSubject) -> None:
    """It asks for features of no extractor but those that ``extractors`` names: these are prepared
    before the first run, and a row names one.

    Mend: return every name from the property ``extractors``, and give each score
    ``card=evaluation.card(name)``.
    """
    # measuring asks for them
    _ = subject.good
    unknown = sorted(subject.asked_for - set(subject.metric_class().extractors))
    require(not unknown, f"it asked for {', '.join(unknown)}, which extractors does not name")
