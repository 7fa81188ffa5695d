"""Train with captured steps on the pretended device, in a process of its own; print JSON lines.

``methods NAME ...``: trainings of a method, captured and step by step. ``stages``: small ones.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from regene_bench.testing.device import pretended

# before anything else of ours is imported
PRETENDED = pretended.install()

import torch  # noqa: E402
from regene_bench_plugins.methods.common import optim  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from regene_bench.base.errors import Interrupted  # noqa: E402
from regene_bench.base.events import Event, Message, silent  # noqa: E402
from regene_bench.data.device_images import BenchmarkData, DeviceImages  # noqa: E402
from regene_bench.plugins.host import load_plugins  # noqa: E402
from regene_bench.runtime.checkpoints import CheckpointStore  # noqa: E402
from regene_bench.runtime.determinism import make_deterministic  # noqa: E402
from regene_bench.testing.device.looks import few_steps  # noqa: E402
from regene_bench.testing.methods.trained import SHAPE, MethodSubject  # noqa: E402
from regene_bench.testing.stripes import moved, striped_data  # noqa: E402
from regene_bench.training import captured, loop  # noqa: E402
from regene_bench.training.schedules import Clock, constant, warmup_then_cosine  # noqa: E402
from regene_bench.training.stage import Batch, Stage  # noqa: E402
from tests.methods.builders import make_runtime  # noqa: E402
from tests.training.builders import StopAfterStep  # noqa: E402

STEPS = 8
BATCH = 4


def weights_in(folder: Path) -> dict[str, Tensor]:
    """All tensors of networks in checkpoints of stages that have ended."""
    found = {}
    for path in sorted(folder.rglob("*.safetensors")):
        modules = CheckpointStore(path.parent).load(path.stem)["modules"]
        for name, module in modules.items():
            found |= {f"{path.stem} {name} {key}": value for key, value in module.items()}
    return found


def trained(name: str, data: BenchmarkData, *, capture: bool) -> dict[str, Tensor]:
    """Train a method for some steps, with steps that are captured or only ready for it."""
    captured.WARM_UP = 3 if capture else STEPS
    with tempfile.TemporaryDirectory() as folder, few_steps(STEPS):
        host = load_plugins()
        subject = MethodSubject(host.find("method", name), Path(folder), host, silent)
        subject.fit(replace(subject.runtime(), device=PRETENDED.device, captured=True), data)
        return weights_in(Path(folder))


def method(name: str) -> dict[str, Any]:
    """Compare both."""
    # as on a GPU
    optim._FUSED_DEVICES += (pretended.NAME,)  # type: ignore[assignment]
    data = moved(striped_data(SHAPE), PRETENDED.device)
    plain = trained(name, data, capture=False)
    before = PRETENDED.tally.operations["replay"]
    replayed = trained(name, data, capture=True)
    different = [key for key, value in plain.items() if not torch.equal(value, replayed[key])]
    return {
        "method": name,
        "replays": PRETENDED.tally.operations["replay"] - before,
        "tensors": len(plain),
        "different": different,
    }


class Line:
    """One weight, whose gradient is the batch's label times a number that changes."""

    def __init__(self, device: torch.device) -> None:
        self.network = nn.Linear(1, 1, bias=False).to(device)
        nn.init.zeros_(self.network.weight)
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(
            self.network.parameters(), lr=0.1, betas=(0.0, 0.0)
        )
        self.clocks: list[int] = []

    def step(self, batch: Batch) -> Mapping[str, Tensor]:
        self.clocks.append(batch.clock.step)
        loss = (self.network.weight * batch.labels.float().mean() * batch.weights["share"]).sum()
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()
        return {"loss": loss.detach()}

    def stage(self, **changes: Any) -> Stage:
        values: dict[str, Any] = {
            "name": "line",
            "modules": {"network": self.network},
            "optimizers": {"adam": self.optimizer},
            "step": self.step,
            "batch_size": BATCH,
            "total_images": STEPS * BATCH,
            "schedule": warmup_then_cosine(),
            "weights": {"share": lambda clock: 1 + clock.progress},
            "stretch": constant,
        }
        return Stage(**values | changes)


def stage(change: Callable[[Line], Mapping[str, Any]], stop_after: int = 0) -> dict[str, Any]:
    """Train the line; say what it told, which steps Python carried out, and where it ended."""
    device = PRETENDED.device
    images = DeviceImages(
        torch.zeros(BATCH * STEPS, 1, 1, 1, dtype=torch.uint8).to(device),
        torch.arange(1, BATCH * STEPS + 1).to(device),
    )
    told: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, Message):
            told.append(event.text)

    captured.WARM_UP = 3
    line = Line(device)
    values = change(line)
    group: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        runtime = make_runtime(Path(folder))
        runtime = replace(runtime, device=device, captured=True, emit=note, task="test")
        error = ""
        try:
            if stop_after:
                stopped = replace(runtime, stop=StopAfterStep(stop_after))
                try:
                    loop.train(line.stage(**values), images, stopped)
                except Interrupted:
                    state = CheckpointStore(runtime.checkpoints.folder).load("line")
                    group = state["optimizers"]["adam"]["param_groups"][0]
                line = Line(device)
            report = loop.train(line.stage(**values), images, runtime)
            losses = dict(report.losses)
        except Exception as raised:
            error, losses = f"{type(raised).__name__}: {raised}", {}
    return {
        "told": told,
        "clocks": line.clocks,
        "weight": float(line.network.weight.detach()),
        "losses": losses,
        "group": {key: group[key] for key in ("lr", "capturable") if key in group},
        "error": error,
    }


def _as_it_is(line: Line) -> Mapping[str, Any]:
    return {}


def _two_stretches(line: Line) -> Mapping[str, Any]:
    return {"stretch": lambda clock: clock.step < 4}


def _says_nothing(line: Line) -> Mapping[str, Any]:
    return {"stretch": None}


def _with_sgd(line: Line) -> Mapping[str, Any]:
    line.optimizer = torch.optim.SGD(line.network.parameters(), lr=0.1)
    return {"optimizers": {"sgd": line.optimizer}}


def _waits(line: Line) -> Mapping[str, Any]:
    def step(batch: Batch) -> Mapping[str, Tensor]:
        losses = line.step(batch)
        float(losses["loss"])
        return losses

    return {"step": step}


def _waits_once(line: Line) -> Mapping[str, Any]:
    """Waits in the very step that is recorded, which the steps before did not let expect."""

    def step(batch: Batch) -> Mapping[str, Tensor]:
        losses = line.step(batch)
        if batch.clock.step == 3:
            float(losses["loss"])
        return losses

    return {"step": step}


def _diverges(line: Line) -> Mapping[str, Any]:
    def share(clock: Clock) -> float:
        return float("inf") if clock.step == 5 else 1.0

    return {"weights": {"share": share}}


def main(what: str, *names: str) -> None:
    torch.set_num_threads(1)
    make_deterministic()
    if what == "methods":
        for name in names:
            print(json.dumps(method(name)), flush=True)
        return
    for change in (
        _as_it_is, _two_stretches, _says_nothing, _with_sgd, _waits, _waits_once, _diverges
    ):  # fmt: skip
        print(json.dumps({"case": change.__name__, **stage(change)}))
    print(json.dumps({"case": "interrupted", **stage(_as_it_is, stop_after=6)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
