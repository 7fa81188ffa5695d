"""What a trained model needs, beside its checkpoints, to be loaded again without its data.

A run leaves it as ``model.json`` in its folder; an exported model has the same file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from regene_bench.base.checked_json import CHECKSUM, checked_json, is_as_written
from regene_bench.base.errors import ConfigError, ResultsError
from regene_bench.base.files import write_atomically
from regene_bench.base.validation import validate
from regene_bench.data.device_images import BenchmarkData
from regene_bench.plan.protocol import Benchmark
from regene_bench.plan.runs import Run
from regene_bench.plugins.method_files import FILE_PREFIX
from regene_bench.runtime.device import Precision

FILE: Final = "model.json"
_FORM: Final = 1


class ModelDescription(BaseModel):
    """What a model is, by names and numbers.

    Attributes:
        form: Version of this file's form.
        run_id: The run that trained it.
        protocol: The benchmark's protocol, whole, so that its data can be found again.
        protocol_distribution: The distribution that registered it; empty for a user's own file.
        preset: Which preset of protocol and method.
        method: Name of the method.
        distribution: The distribution that registered it.
        distribution_version: Version of that distribution.
        method_version: Version of the method.
        params: Its whole configuration.
        seed: Seed of training and sampling.
        precision: Arithmetic of its training, in which it also computes.
        class_names: K names in label order.
        fingerprint: The data set's.
        n_train: How many training images there were.
        n_test: How many held-out ones.
        train_per_class: How many training images each class has, ``[K]``; empty in descriptions of
            earlier versions.
        samples_per_class: How many samples of each class the run drew, ``[K]``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    form: Literal[1] = _FORM
    run_id: str
    protocol: Benchmark
    protocol_distribution: str = ""
    preset: Literal["quick", "standard", "paper"]
    method: str
    distribution: str
    distribution_version: str
    method_version: str
    params: dict[str, Any]
    seed: int
    precision: Precision
    class_names: list[str] = Field(min_length=1)
    fingerprint: str
    n_train: int = Field(ge=0)
    n_test: int = Field(ge=0)
    train_per_class: list[Annotated[int, Field(ge=0)]] = []
    samples_per_class: list[Annotated[int, Field(ge=0)]]

    @property
    def is_of_a_file(self) -> bool:
        """Whether its method is in a file, so that nobody can load it."""
        return self.distribution.startswith(FILE_PREFIX)

    @property
    def benchmark(self) -> Benchmark:
        """The protocol as it comes with its distribution."""
        return self.protocol.of(self.protocol_distribution)


def describe_model(
    run: Run, data: BenchmarkData, labels: Tensor, precision: Precision
) -> ModelDescription:
    """Describe the model of a run.

    Args:
        run: What was trained.
        data: On what.
        labels: int64 ``[N]``, the labels that the run draws samples for.
        precision: Arithmetic of the training.
    """
    counts = torch.bincount(labels.cpu(), minlength=len(data.class_names))
    return ModelDescription(
        run_id=run.run_id,
        protocol=run.benchmark,
        protocol_distribution=run.benchmark.distribution,
        preset=run.preset,
        method=run.entry.name,
        distribution=run.entry.distribution,
        distribution_version=run.entry.version,
        method_version=run.method.version,
        params=json.loads(run.params),
        seed=run.seed,
        precision=precision,
        class_names=list(data.class_names),
        fingerprint=data.fingerprint,
        n_train=len(data.train),
        train_per_class=list(data.train_per_class()),
        n_test=len(data.test),
        samples_per_class=counts.tolist(),
    )


def write_description(folder: Path, description: ModelDescription) -> None:
    """Write ``model.json`` whole or not at all.

    Raises:
        OSError: As the file system has it.
    """
    told = description.model_dump(mode="json")
    write_atomically(folder / FILE, checked_json(told))


def read_description(folder: Path) -> ModelDescription:
    """Read ``model.json``.

    Raises:
        ResultsError: It is not there, no JSON, or not what was written.
        ConfigError: Something in it is not what a model's description says; names the key.
    """
    path = folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultsError(
            f"Cannot read {path}: {error}.",
            hint="A model's folder has model.json beside its checkpoints; `regene-bench export` "
            "writes one of a run.",
        ) from error
    if not isinstance(found, dict):
        raise ResultsError(f"{path} holds a {type(found).__name__}, not a table of keys.")
    if not is_as_written(found):
        raise ResultsError(
            f"{path} is not what was written: its checksum is another.",
            hint="Get it again: repeat the run with `--force`, or export or copy the model anew. "
            f"Whoever changed it on purpose takes the line {CHECKSUM!r} out.",
        )
    description = validate(ModelDescription, found, str(path))
    # looked at here alone: a run is not to fail by the description of its model
    expected = description.protocol.data.classes
    for name in ("class_names", "samples_per_class"):
        if (count := len(getattr(description, name))) != expected:
            raise ConfigError(f"{path}: {name} has {count} entries for {expected} classes.")
    return description
