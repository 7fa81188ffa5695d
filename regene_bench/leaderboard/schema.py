"""The one schema of the leaderboard: a row per run x metric (x class).

Every column stands once, in ``COLUMNS``; the Arrow schema and the documentation are made from it.
``migrated`` brings rows that an older version wrote under the schema of today.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from regene_bench.base.errors import ResultsError

SCHEMA_VERSION = 3
OLDEST = 1
"""The oldest version that is still read."""
ADDED: dict[int, tuple[str, ...]] = {2: ("ci_low", "ci_high"), 3: ("trained_together",)}
"""Columns that each version added; rows of older versions have no values there."""
VERSION_KEY = b"regene_bench.schema_version"

Kind = Literal["text", "int32", "int64", "float64", "timestamp"]


@dataclass(frozen=True)
class ColumnDoc:
    """One column of the leaderboard.

    Attributes:
        name: Column name.
        kind: ``"text"`` is a dictionary-encoded string; ``"timestamp"`` is microseconds, UTC.
        doc: What stands in it, with units.
        of_run: True where all rows of a run repeat one value, false for a score's own columns.
    """

    name: str
    kind: Kind
    doc: str
    of_run: bool = True


def _run(name: str, kind: Kind, doc: str) -> ColumnDoc:
    return ColumnDoc(name, kind, doc)


def _score(name: str, kind: Kind, doc: str) -> ColumnDoc:
    return ColumnDoc(name, kind, doc, of_run=False)


COLUMNS: tuple[ColumnDoc, ...] = (
    _run("schema_version", "int32", "Version of this schema."),
    _run("run_id", "text", "Hash of protocol, data, method version, params and seed."),
    _run("benchmark", "text", "Name of the protocol."),
    _run("protocol_version", "int32", "Version of the protocol; scores across it do not compare."),
    _run("preset", "text", "quick, standard or paper; none against statistics."),
    _run("dataset", "text", "Name of the data source."),
    _run(
        "dataset_fingerprint",
        "text",
        "Hash of decoded pixels, labels and split; of statistics, where these were given.",
    ),
    _run("method", "text", "Name of the method."),
    _run("method_version", "text", "The method's own version, raised when its results change."),
    _run("method_role", "text", "method, or reference for rows that others are read against."),
    _run("distribution", "text", "Installed distribution that registered the method."),
    _run("distribution_version", "text", "Version of that distribution."),
    _run("params", "text", "The method's whole configuration as canonical JSON."),
    _run("seed", "int64", "Seed of the run."),
    _run("device", "text", "cpu, cuda or mps."),
    _run("gpu_name", "text", "Name of the GPU; null on a CPU."),
    _run("precision", "text", "Arithmetic of the training, float32 or bfloat16."),
    _run(
        "trained_together",
        "int32",
        "How many runs trained as one with this one, itself included; null if it trained alone.",
    ),
    _run("torch_version", "text", "Version of PyTorch."),
    _run("python_version", "text", "Version of Python."),
    _run("packages", "text", "Versions of the packages that matter, as canonical JSON."),
    _run("git_commit", "text", "Commit of the working tree, if there was one."),
    _run("timestamp", "timestamp", "When the run ended."),
    _run(
        "fit_seconds",
        "float64",
        "Training time, seconds; runs that train together share it.",
    ),
    _run("generate_seconds", "float64", "Time to generate the scored images, seconds."),
    _run("measure_seconds", "float64", "Time of all metrics, seconds."),
    _run("fit_images_per_second", "float64", "Images seen in training per second."),
    _run("generate_images_per_second", "float64", "Images generated per second."),
    _run("peak_memory_bytes", "int64", "Peak memory of the device (of the process on a CPU)."),
    _run("traceback_path", "text", "Traceback of a failed run, relative to the results folder."),
    _score("status", "text", "ok, failed, unavailable or skipped."),
    _score("error_type", "text", "Class of the exception, where the status is not ok."),
    _score("error_message", "text", "What went wrong and the remedy, where the status is not ok."),
    _score("metric", "text", "Name of the number; null in the row of a run as a whole."),
    _score("class", "text", "The class of a per-class score; null for the total."),
    _score("value", "float64", "The number."),
    _score("std", "float64", "Spread within the run, over splits or subsets."),
    _score("ci_low", "float64", "Lower end of the value's 95 % interval within the run."),
    _score("ci_high", "float64", "Upper end of it."),
    _score("n_real", "int64", "Real images used."),
    _score("n_generated", "int64", "Generated or reconstructed images used."),
    _score(
        "direction",
        "text",
        "higher, lower or reference (nearest to real) is better, or none.",
    ),
    _score("unit", "text", "Unit of the value; empty for a plain number."),
    _score("extractor_id", "text", "Feature extractor used, if any."),
    _score("weights_sha256", "text", "Hash of the extractor's weights."),
    _score("preprocess_id", "text", "The extractor's resizing and scaling."),
    _score("reference_split", "text", "Split of the real images: train or test."),
    _score("note", "text", "What a reader must know to read the number right."),
)

RUN_COLUMNS: tuple[str, ...] = tuple(c.name for c in COLUMNS if c.of_run)

_ARROW_TYPES: dict[Kind, pa.DataType] = {
    "text": pa.dictionary(pa.int32(), pa.string()),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}

SCHEMA: pa.Schema = pa.schema(
    [pa.field(c.name, _ARROW_TYPES[c.kind]) for c in COLUMNS],
    metadata={VERSION_KEY: str(SCHEMA_VERSION).encode()},
)
PLAIN_SCHEMA: pa.Schema = pa.schema(
    [pa.field(c.name, pa.string() if c.kind == "text" else _ARROW_TYPES[c.kind]) for c in COLUMNS]
)
"""The same columns as files have them: dictionaries would come to pandas as categories."""


def migrated(table: pa.Table, version: int) -> pa.Table:
    """Give rows of an older version the columns that newer ones added, without values.

    Args:
        table: Rows as they were read.
        version: Their schema version, at most ``SCHEMA_VERSION``.

    Raises:
        ResultsError: The version is too old to be read.
    """
    if version < OLDEST:
        raise ResultsError(
            f"its schema version {version} is older than {OLDEST}, the oldest that can be read; "
            "measure the runs again"
        )
    if version == SCHEMA_VERSION:
        return table
    for newer in range(version + 1, SCHEMA_VERSION + 1):
        for name in ADDED[newer]:
            if name not in table.column_names:
                nulls = pa.nulls(table.num_rows, SCHEMA.field(name).type)
                table = table.append_column(name, nulls)
    current = pa.array([SCHEMA_VERSION] * table.num_rows, pa.int32())
    index = table.column_names.index("schema_version")
    return table.set_column(index, "schema_version", current)
