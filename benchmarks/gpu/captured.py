"""Do captured steps train as others do, and what becomes of steps that cannot be captured?

Usage: ``python benchmarks/gpu/captured.py [--device cuda] [--small]``

Each method trains some steps both ways, from the same weights, on the same batches, with the same
draws, by deterministic kernels in float32. Captured, a learning rate is a float32 number, and Adam
may round otherwise in the last digit: weights agree if they differ by no more than 1e-3 of their
largest. On a CPU nothing is captured, and all are equal.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from common import GREY, Trainer, Way, arguments, made_up, row
from torch import Tensor, nn

from regene_bench.api import Batch, CheckpointStore, Runtime, Stage, constant, train
from regene_bench.base.events import Event, Message

_METHODS = ("cgan", "cvae", "ccvae", "wgan_gp", "vqvae", "regene", "edm", "sngan", "autoencoder")
_TOLERANCE = 1e-3


def weights_in(folder: Path) -> dict[str, Tensor]:
    """All floating-point tensors of networks in a folder of checkpoints."""
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        for name, module in CheckpointStore(folder).load(path.stem)["modules"].items():
            for key, value in module.items():
                if value.is_floating_point():
                    found[f"{path.stem} {name} {key}"] = value.double()
    return found


def compare(trainer: Trainer, name: str, steps: int) -> None:
    """Print how far the weights of both trainings lie apart."""
    data = made_up(GREY, trainer.device)
    values = trainer.host.find("method", name).load().preset("quick", GREY)
    found = []
    replayed: dict[str, int] = {}
    told: list[str] = []
    for captured in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            way = Way(captured=captured, fast=False)
            times, told = trainer.train(name, data, steps, way, values, Path(folder), "float32")
            replayed = {stage: time.replayed for stage, time in times.items()}
            found.append(weights_in(Path(folder)))
    plain, other = found
    apart = max(
        float((other[key] - value).abs().max() / value.abs().max().clamp_min(1e-12))
        for key, value in plain.items()
    )
    why = "; ".join(text for text in told if "captured" in text)
    verdict = "agree" if apart <= _TOLERANCE else "DIFFER"
    steps_told = ", ".join(f"{stage} {n} of {steps}" for stage, n in replayed.items())
    row("captured", name, f"{verdict}, by {apart:.1e}; replayed {steps_told}. {why}")


def uncapturable(trainer: Trainer, *, waits_at: int) -> str:
    """Train a network whose step waits for the device from some step on; say what was told."""
    pixels = GREY.channels * GREY.height * GREY.width
    network = nn.Linear(pixels, 1).to(trainer.device)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    told: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, Message):
            told.append(event.text)

    def step(batch: Batch) -> dict[str, Tensor]:
        noise = torch.randn_like(batch.images)
        loss = network((batch.images + noise).flatten(1)).square().mean()
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        if batch.clock.step >= waits_at:
            float(loss)
        return {"loss": loss.detach()}

    stage = Stage(
        name="waiting",
        modules={"network": network},
        optimizers={"adam": optimizer},
        step=step,
        batch_size=16,
        total_images=16 * 12,
        stretch=constant,
    )
    with tempfile.TemporaryDirectory() as folder:
        store = CheckpointStore(Path(folder))
        runtime = Runtime(trainer.device, "float32", 0, store, emit=note, captured=True)
        train(stage, made_up(GREY, trainer.device).train, runtime)
    return f"trained all the same; it said: {'; '.join(told) or 'nothing'}"


def main() -> None:
    given = arguments(__doc__)
    trainer = Trainer(given.device)
    for name in ("cgan",) if given.small else _METHODS:
        try:
            compare(trainer, name, steps=5 if given.small else 12)
        except Exception as error:
            row("captured", name, f"FAILED: {type(error).__name__}: {str(error)[:200]}")
    for what, waits_at in (("a step that waits", 0), ("one that waits when recorded", 3)):
        try:
            row("captured", what, uncapturable(trainer, waits_at=waits_at))
        except Exception as error:
            row("captured", what, f"FAILED: {type(error).__name__}: {str(error)[:200]}")


if __name__ == "__main__":
    main()
