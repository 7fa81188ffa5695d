"""The model card: what a stranger reads first, and what the Hub reads."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Final

from regene_bench.harness.model_description import ModelDescription
from regene_bench.leaderboard.directions import BETTER
from regene_bench.leaderboard.record import RunRecord, ScoreRow

CARD: Final = "README.md"
_TASK: Final = "class-conditional-image-generation"


def card_of(
    description: ModelDescription,
    record: RunRecord,
    pictures: Sequence[str],
    licence: str = "",
    *,
    has_weights: bool,
    keeps_sampling_state: bool,
) -> str:
    """Write a model card in Markdown under the Hub's YAML.

    Args:
        description: What the model is.
        record: The run that trained it, with its scores.
        pictures: Names of pictures beside the card.
        licence: As the Hub spells it; none is asserted if empty.
        has_weights: Whether it has weights at all.
        keeps_sampling_state: Whether it generates without the benchmark's data.
    """
    protocol = description.protocol
    title = f"{description.method} on {protocol.name}"
    shape = protocol.data.shape
    totals = [s for s in record.scores if s.status == "ok" and s.class_name is None]
    lines = [
        f"# {_line(title)}",
        "",
        f"A generator of images of {shape.n_classes} classes, {shape.channels}×{shape.height}×"
        f"{shape.width}, trained and measured by regene-bench: method `{description.method}` of "
        f"{_line(description.distribution)} {_line(description.distribution_version)}, preset "
        f"{description.preset}, seed {description.seed}, {_line(protocol.title)} "
        f"(protocol version {protocol.version}).",
        "",
        *(f"![{name}]({name})\n" for name in pictures),
        "## Use it",
        "",
        *_use(description),
        "",
        _needs(description, has_weights, keeps_sampling_state),
        "Images go in and come out as float32 in [0, 1], without normalisation.",
        "",
        "Classes: " + ", ".join(_line(name) for name in description.class_names) + ".",
        "",
        "## Scores",
        "",
        f"Of {record.run_id}, with the conventions of the protocol; all rows are in `scores.json`.",
        "",
        "| score | value | better | compared with |",
        "|---|---|---|---|",
        *(_row(score) for score in totals),
        "",
        "## Parameters",
        "",
        "```json",
        json.dumps(description.params, indent=2, ensure_ascii=False),
        "```",
        "",
    ]
    return f"---\n{_front(title, description, totals, licence)}---\n\n" + "\n".join(lines)


def _front(
    title: str, description: ModelDescription, totals: Sequence[ScoreRow], licence: str
) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    protocol = description.protocol
    results = [
        EvalResult(
            task_type=_TASK,
            dataset_type=protocol.data.source,
            dataset_name=protocol.title,
            dataset_config=f"{protocol.name} v{protocol.version} {description.preset}",
            dataset_split=score.reference_split,
            metric_type=score.metric,
            metric_name=score.metric
            if score.extractor_id is None
            else f"{score.metric} ({score.extractor_id})",
            metric_value=score.value,
        )
        for score in totals
        if score.value is not None and math.isfinite(score.value)
    ]
    data = ModelCardData(
        library_name="regene-bench",
        tags=["regene-bench", _TASK, description.method],
        model_name=title,
        license=licence or None,
        eval_results=results or None,
    )
    return str(data.to_yaml()).rstrip("\n") + "\n"


def _use(description: ModelDescription) -> list[str]:
    if description.is_of_a_file:
        return [
            "The method was a file of its author, not an installed plugin, so `regene_bench.load` "
            "refuses this model: files are not executed to load one. The weights can be read with "
            "safetensors."
        ]
    first = json.dumps(description.class_names[0], ensure_ascii=False)
    return [
        "```python",
        "import regene_bench",
        "",
        'model = regene_bench.load("FOLDER")  # or "hf://USER/NAME"',
        f"images = model.generate({first}).images  # float32 [1, C, H, W] in [0, 1]",
        "```",
    ]


def _needs(description: ModelDescription, has_weights: bool, keeps_state: bool) -> str:
    if not has_weights:
        return "The method trains nothing; it draws from the benchmark's data, which must be here."
    if keeps_state:
        return "It needs no data: what it draws from is kept with the weights."
    return (
        "Where the method draws from training images, it reads the data set "
        f"`{description.protocol.data.source}` when it first generates."
    )


def _row(score: ScoreRow) -> str:
    better = BETTER.get(score.direction, "")
    against = score.reference_split or ""
    name = score.metric + (f" ({score.extractor_id})" if score.extractor_id else "")
    return f"| {_line(name)} | {score.value:.6g} | {_line(better)} | {_line(against)} |"


def _line(text: str) -> str:
    plain = " ".join(text.split())
    return re.sub(r"([\\`*_|\[\]<>#])", r"\\\1", plain)
