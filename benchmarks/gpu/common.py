"""What the scripts of this folder share: arguments, rows of the table, trainings of few steps."""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from regene_bench.api import BenchmarkData, CheckpointStore, ImageShape, RegeneBenchError, Runtime
from regene_bench.base.events import Event, Message
from regene_bench.base.validation import validate
from regene_bench.plugins.host import PluginHost, load_plugins
from regene_bench.runtime.determinism import make_deterministic, make_fast
from regene_bench.runtime.device import choose_device, choose_precision, synchronize
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.testing.device.looks import few_steps
from regene_bench.testing.stripes import moved, stripes

GREY = ImageShape(1, 28, 28, 10)
COLOUR = ImageShape(3, 32, 32, 10)
_PER_CLASS = 300
NEVER = 1e9


@dataclass(frozen=True)
class Way:
    """How a training is done.

    Attributes:
        captured: Whether steps are captured.
        fast: Whether kernels need not be deterministic.
    """

    captured: bool
    fast: bool

    def __str__(self) -> str:
        steps = "captured" if self.captured else "one by one"
        return f"{steps}, {'fast' if self.fast else 'deterministic'}"


@dataclass(frozen=True)
class StageTime:
    """What so many steps of a stage took.

    Attributes:
        steps: How many.
        seconds: How long, whatever is done once included.
        replayed: How many were replayed.
        batch: Images a step.
    """

    steps: int
    seconds: float
    replayed: int
    batch: float


def arguments(description: str, *more: str) -> argparse.Namespace:
    """Read ``--device``, ``--small`` and others that are texts."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="to see it work, not to measure")
    for name in more:
        parser.add_argument(name, required=True)
    return parser.parse_args()


def row(section: str, what: str, found: object) -> None:
    """Print a row of the table."""
    print(f"| {section} | {what} | {found} |", flush=True)


def made_up(shape: ImageShape, device: torch.device) -> BenchmarkData:
    """Striped images on a device: what is learned does not matter to the clock."""
    names = tuple(f"stripe {label}" for label in range(shape.n_classes))
    train, test = stripes(shape, _PER_CLASS, seed=0), stripes(shape, 20, seed=1)
    return moved(BenchmarkData("stripes", shape, names, "0" * 64, train, test), device)


@contextmanager
def kernels(way: Way) -> Iterator[None]:
    """Have torch choose kernels as a way says, and as before afterwards."""
    with kept_process_state():
        make_deterministic()
        if way.fast:
            make_fast()
        yield


class Trainer:
    """Trains methods for few steps.

    Args:
        device: Where.
    """

    def __init__(self, device: str) -> None:
        self.device = choose_device(device)
        self.precision = choose_precision("auto", self.device)
        self.host: PluginHost = load_plugins()

    def train(
        self,
        name: str,
        data: BenchmarkData,
        steps: int,
        way: Way,
        values: Mapping[str, Any],
        folder: Path | None = None,
        precision: str = "",
    ) -> tuple[dict[str, StageTime], list[str]]:
        """Train a method for some steps of each stage.

        Args:
            name: The method.
            data: On what.
            steps: How many of each stage.
            way: How.
            values: Its parameters.
            folder: Where checkpoints are kept; nowhere if not given.
            precision: Another one than the device's own.

        Returns:
            Times of its stages, by name, and what was told meanwhile.
        """
        told: list[str] = []

        def note(event: Event) -> None:
            if isinstance(event, Message):
                told.append(event.text)

        method = self.host.find("method", name).load()
        with tempfile.TemporaryDirectory() as made, few_steps(steps), kernels(way):
            runtime = Runtime(
                device=self.device,
                precision=precision or self.precision,  # type: ignore[arg-type]
                seed=0,
                checkpoints=CheckpointStore(folder or Path(made), NEVER),
                emit=note,
                captured=way.captured,
            )
            config = validate(method.Config, dict(values), f"method {name}")
            try:
                method(config).fit(data, runtime)
            except RegeneBenchError as error:
                # some methods refuse networks that have learnt nothing
                told.append(f"after training: {error}")
        return {
            report.name: StageTime(steps, report.seconds, report.replayed, report.images / steps)
            for report in runtime.ledger
        }, told

    def rates(
        self,
        name: str,
        data: BenchmarkData,
        few: int,
        many: int,
        way: Way,
        values: Mapping[str, Any],
    ) -> tuple[dict[str, tuple[float, StageTime]], list[str]]:
        """Steps a second of each stage: what more steps took beyond few, so that nothing that is
        done once is counted.
        """
        short, _ = self.train(name, data, few, way, values)
        long, told = self.train(name, data, many, way, values)
        found = {}
        for stage, time_ in long.items():
            if stage in short:
                more = time_.seconds - short[stage].seconds
                # too few steps tell nothing
                found[stage] = ((many - few) / more if more > 0 else math.nan, time_)
        return found, told


def seconds_of(work: Any, device: torch.device, times: int) -> float:
    """The shortest of some times that a piece of work takes."""
    found = []
    for _ in range(times):
        synchronize(device)
        begun = time.perf_counter()
        work()
        synchronize(device)
        found.append(time.perf_counter() - begun)
    return min(found)


def product_peak(device: torch.device, dtype: torch.dtype, side: int) -> float:
    """Operations a second of a product of large matrices, the best of six."""
    matrix = torch.randn(side, side, device=device, dtype=dtype)
    return 2 * side**3 / seconds_of(lambda: matrix @ matrix, device, 6)
