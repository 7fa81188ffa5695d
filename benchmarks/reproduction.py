"""Prints, as Markdown, what runs say of claims of the papers, beside what these report.

``trials``: candidates in latent space for each image, by class, a column for each ``pool`` (ReGene,
Table 2). ``distances``: generations, reconstructions and originals from each other (Table 3).
``augmentation``: accuracy over the share of generations (Fig. 17). ``knees``: where curves over the
noise dimension flatten (He). The last two read what a study has drawn, the others all runs of a
folder, which must hold no others. The runs are not carried out here: docs/reproduction.md has the
commands. Several seeds are averaged.

Usage: python benchmarks/reproduction.py CLAIM RESULTS BENCHMARK [--study NAME] [--preset quick]
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq

from regene_bench.plan.reported import ReportedNumber, reported_numbers
from regene_bench.plugins.host import load_plugins

PAIRS = ("fd_original_generated", "fd_original_reconstructed", "fd_reconstructed_generated")
CHANCES = ("chance_of_fall", "chance_of_bend")
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("claim", choices=(*OF_ROWS, *OF_EXHIBITS))
    parser.add_argument("results", type=Path)
    parser.add_argument("benchmark")
    parser.add_argument("--study", help="whose drawing is read, if not that of the claim")
    parser.add_argument("--preset", default="quick")
    given = parser.parse_args()
    reported = reported_numbers(load_plugins(), given.benchmark)
    if given.claim in OF_EXHIBITS:
        study, stem, table = OF_EXHIBITS[given.claim]
        folder = given.results / "studies" / (given.study or study) / given.preset
        path = folder / f"{stem}-{given.benchmark}.parquet"
        print("\n".join(table(pq.read_table(path).to_pylist(), reported)))
        return
    folder = given.results / "leaderboard" / given.benchmark
    rows: list[Row] = ds.dataset(folder, format="parquet").to_table().to_pylist()
    rows = [row for row in rows if row["status"] == "ok"]
    print("\n".join(OF_ROWS[given.claim](rows, reported)))


def trials(rows: Sequence[Row], reported: Sequence[ReportedNumber]) -> Iterator[str]:
    """A row a class, a column a pool, and the paper's counts for each image."""
    column, found = "trials_latent", defaultdict[tuple[str, str], list[float]](list)
    for row in rows:
        if row["method"] == "regene" and row["metric"] == column and row["class"] is not None:
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


def distances(rows: Sequence[Row], reported: Sequence[ReportedNumber]) -> Iterator[str]:
    """A row a method and extractor, a column a pair of sets, all of one split and one number."""
    found = defaultdict[tuple[str, str, str], list[float]](list)
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        if row["metric"] in PAIRS and row["class"] is None:
            key = row["method"], row["extractor_id"]
            found[(*key, row["metric"])].append(row["value"])
            counts[key] = row["n_generated"]
    yield from heading("method", "images", *(pair.removeprefix("fd_") for pair in PAIRS))
    for method, extractor in sorted(counts):
        values = (mean(found[method, extractor, pair]) for pair in PAIRS)
        cells = " | ".join(f"{value:.2f}" for value in values)
        yield f"| {method} ({extractor}) | {counts[method, extractor]} | {cells} |"
    told = {number.metric: number for number in reported if number.metric in PAIRS}
    if len(told) == len(PAIRS):
        cells = " | ".join(f"{told[pair].value:.2f}" for pair in PAIRS)
        yield f"| regene (reported) |  | {cells} |"


def augmentation(rows: Sequence[Row], _: Sequence[ReportedNumber]) -> Iterator[str]:
    """A row a share of generations; what the paper reports stands in the last column."""
    told = {row["generations_percent"]: row for row in rows if row["from"] != "measured"}
    yield from heading("originals", "generations", "accuracy", "standard error", "reported")
    for row in (row for row in rows if row["from"] == "measured"):
        beside = told.get(row["generations_percent"], {}).get("accuracy")
        name = f"{row['originals']:,} | {row['generations']:,}"
        yield line(name, row["accuracy"], row["standard_error"], beside)


def knees(rows: Sequence[Row], _: Sequence[ReportedNumber]) -> Iterator[str]:
    """A row a curve, and one a difference of two curves; ranges are 95 % intervals."""
    yield from heading("score", "curve", "knee", "bend", "chance of fall", "of bend", "note")
    for row in rows:
        cells = (
            _with_interval(row["knee"], row["low"], row["high"]),
            _with_interval(row["bend"], row["bend_low"], row["bend_high"]),
            *("" if row[key] is None else f"{row[key]:.3f}" for key in CHANCES),
            row["note"] or "",
        )
        yield "| " + " | ".join((row["score"], row["method"], *cells)) + " |"


def _with_interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return ""
    return f"{value:g}" if low is None else f"{value:g} ({low:g} to {high:g})"


def heading(*names: str) -> Iterator[str]:
    yield "| " + " | ".join(names) + " |"
    yield "|---" * len(names) + "|"


def line(name: str, *values: float | None) -> str:
    cells = ("" if value is None else f"{value:.3f}" for value in values)
    return "| " + " | ".join((name, *cells)) + " |"


Table = Callable[[Sequence[Row], Sequence[ReportedNumber]], Iterator[str]]
OF_ROWS: dict[str, Table] = {"trials": trials, "distances": distances}
# the study, the beginning of the drawing's name, the table
OF_EXHIBITS: dict[str, tuple[str, str, Table]] = {
    "augmentation": ("augmentation", "augmentation", augmentation),
    "knees": ("noise-dim", "knees", knees),
}


if __name__ == "__main__":
    main()
