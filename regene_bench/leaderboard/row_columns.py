"""The columns of a row of the leaderboard, by name, kind and meaning; no Arrow.

A row is a run x metric (x class). Every column stands here once; the Arrow schema and the
documentation are made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SCHEMA_VERSION = 3

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
    _run(
        "packages",
        "text",
        "Versions of the packages that matter, as canonical JSON; under training, whether kernels "
        "were fast or steps captured.",
    ),
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
