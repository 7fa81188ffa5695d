"""ReGene's networks of the preset ``paper`` on images like CIFAR-10's, and the time of a whole run.

Usage: ``python benchmarks/gpu/paper.py [--device cuda] [--small]``

Images a second of both stages, captured or not, their share of what a product of large matrices
reaches, peak memory, and how long both stages take on the 50,000 images of CIFAR-10. Judging and
generating come on top: ``benchmarks/speed/regene.py`` has them.
"""

from __future__ import annotations

from pathlib import Path

import torch
from common import COLOUR, Trainer, Way, arguments, made_up, product_peak, row
from regene_bench_plugins.methods.regene.regene import ReGene, ReGeneConfig
from regene_bench_plugins.methods.regene.training import (
    build_networks,
    classifier_stage,
    decoder_stage,
)
from torch.utils.flop_counter import FlopCounterMode

from regene_bench.api import Batch, BenchmarkData, CheckpointStore, Clock, Runtime, Stage

_IMAGES = 50_000


def operations(config: ReGeneConfig, data: BenchmarkData, trainer: Trainer) -> dict[str, float]:
    """Operations of convolutions and products in a step, an image, by stage."""
    store = CheckpointStore(Path("nowhere"))
    runtime = Runtime(trainer.device, trainer.precision, 0, store)
    classifier, decoder = build_networks(config, data.shape)
    classifier.to(trainer.device)
    decoder.to(trainer.device)

    def counted(stage: Stage) -> float:
        indices = torch.arange(stage.batch_size, device=trainer.device) % len(data.train)
        batch = Batch(data.train.batch(indices), data.train.labels[indices], Clock(0, 0, 0.0, 0.0))
        with FlopCounterMode(display=False) as counter:
            stage.step(batch)
        return counter.get_total_flops() / stage.batch_size

    first = counted(classifier_stage(config, classifier, data, runtime))
    classifier.eval().requires_grad_(False)
    return {
        "classifier": first,
        "decoder": counted(decoder_stage(config, classifier, decoder, data, runtime)),
    }


def main() -> None:
    given = arguments(__doc__)
    trainer = Trainer(given.device)
    data = made_up(COLOUR, trainer.device)
    values = ReGene.preset("quick" if given.small else "paper", COLOUR)
    config = ReGeneConfig(**values)
    # each of the decoder's three stretches is recorded within the few
    few, many = (1, 2) if given.small else (15, 45)
    lengths = {
        "classifier": config.classifier_length(_IMAGES),
        "decoder": config.decoder_length(_IMAGES),
    }
    dtype = torch.bfloat16 if trainer.precision == "bfloat16" else torch.float32
    peak = product_peak(trainer.device, dtype, 256 if given.small else 8192)
    needed = operations(config, data, trainer)
    ways = [Way(captured=False, fast=False), Way(captured=True, fast=False)]
    ways += [] if given.small else [Way(captured=True, fast=True)]
    for way in ways:
        if trainer.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(trainer.device)
        rates, _ = trainer.rates("regene", data, few, many, way, values)
        total = 0.0
        for stage, (rate, time) in rates.items():
            images = rate * time.batch
            share = images * needed[stage] / peak
            total += lengths[stage] / images
            row("paper", f"{stage}, {way}", f"{images:.0f} images/s, {share:.0%} of the product's")
        row("paper", f"both stages of a run, {way}", f"{total / 60:.1f} min for {_IMAGES} images")
        if trainer.device.type == "cuda":
            memory = torch.cuda.max_memory_allocated(trainer.device)
            row("paper", f"peak memory, {way}", f"{memory / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
