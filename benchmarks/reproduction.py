"""Prints, as Markdown, what runs say of claims of the ReGene paper, beside what the paper reports.

``trials``: candidates in latent space for each image, by class, a column for each ``pool`` (Table
2). ``losses``: accuracy, reconstruction error and candidates for each loss of the classifier, and
their ratio to cross-entropy's (Fig. 16). The runs are not carried out here: docs/reproduction.md
has the commands. Several seeds are averaged.

Usage: python benchmarks/reproduction.py trials|losses RESULTS BENCHMARK
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow.dataset as ds

from regene_bench.plan.reported import ReportedNumber, reported_numbers
from regene_bench.plugins.host import load_plugins

LOSSES = ("cross_entropy", "hinge", "cosine", "mse")
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("claim", choices=("trials", "losses"))
    parser.add_argument("results", type=Path)
    parser.add_argument("benchmark")
    given = parser.parse_args()
    folder = given.results / "leaderboard" / given.benchmark
    rows: list[Row] = ds.dataset(folder, format="parquet").to_table().to_pylist()
    rows = [row for row in rows if row["method"] == "regene" and row["status"] == "ok"]
    reported = reported_numbers(load_plugins(), given.benchmark)
    table = trials(rows, reported) if given.claim == "trials" else losses(rows, reported)
    print("\n".join(table))


def trials(rows: Sequence[Row], reported: Sequence[ReportedNumber]) -> Iterator[str]:
    """A row a class, a column a pool, and the paper's counts for each image."""
    column, found = "trials_latent", defaultdict[tuple[str, str], list[float]](list)
    for row in rows:
        if row["metric"] == column and row["class"] is not None:
            pool = json.loads(row["params"])["pool"]
            found[row["class"], pool].append(row["value"] / row["n_generated"])
    pools = sorted({pool for _, pool in found})
    yield from heading("class", *(f"`pool={pool}`" for pool in pools), "reported")
    for label, name in enumerate(dict.fromkeys(name for name, _ in found)):
        told = [
            number.value / number.n
            for number in reported
            if (number.metric, number.class_name) == (column, str(label)) and number.n
        ]
        values = [mean(found[name, pool]) for pool in pools]
        yield line(name, *values, *(told or [None]))


def losses(rows: Sequence[Row], reported: Sequence[ReportedNumber]) -> Iterator[str]:
    """A row a loss; the ratios of the paper are the last column."""
    scores = ("accuracy_classifier", "mae_test", "trials_latent", "trials_image")
    found = defaultdict[tuple[str, str], list[float]](list)
    for row in rows:
        if row["metric"] in scores and row["class"] is None:
            per = row["n_generated"] if row["metric"].startswith("trials") else 1
            loss = json.loads(row["params"])["classifier_loss"]
            found[loss, row["metric"]].append(row["value"] / per)
    told = {
        number.note.partition(";")[0].removeprefix("classifier_loss="): number.value
        for number in reported
        if number.metric == "trials_image_ratio"
    }
    yield from heading(
        "loss",
        *scores[:2],
        "trials_latent / image",
        "trials_image / image",
        "ratio",
        "reported ratio",
    )
    base = mean(found["cross_entropy", "trials_image"])
    for loss in (name for name in LOSSES if (name, "trials_image") in found):
        values = [mean(found[loss, score]) for score in scores]
        yield line(loss, *values, values[-1] / base, told.get(loss))


def heading(*names: str) -> Iterator[str]:
    yield "| " + " | ".join(names) + " |"
    yield "|---" * len(names) + "|"


def line(name: str, *values: float | None) -> str:
    cells = ("" if value is None else f"{value:.3f}" for value in values)
    return "| " + " | ".join((name, *cells)) + " |"


if __name__ == "__main__":
    main()
