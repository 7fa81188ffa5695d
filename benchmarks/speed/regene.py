"""Prints how fast ReGene generates and trains, and how near to the device's limit that is.

Generation: valid images a second, judged in batches, against the same candidates drawn, decoded and
judged one by one as section 6.2 of the paper describes it. The networks have random weights, and
the thresholds are set so that a share of candidates is accepted that is like the paper's (5,000 of
9,046 for CIFAR-10, table 2). Training: images a second of both stages, the arithmetic of their
convolutions and products, and its share of what a product of large matrices reaches here.

Usage: python benchmarks/speed/regene.py [--images N] [--loop N] [--preset quick|standard|paper]
       [--size SIDE] [--channels C] [--steps N] [--device cpu|cuda]
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from regene_bench_plugins.methods.common.inference import encode_split, in_padded_chunks
from regene_bench_plugins.methods.regene.confidence_judge import ConfidenceJudge, class_confidence
from regene_bench_plugins.methods.regene.convex import CandidateSource, LatentPool
from regene_bench_plugins.methods.regene.latent_sampler import ConvexSampler
from regene_bench_plugins.methods.regene.regene import ReGene, ReGeneConfig, ReGeneModel
from regene_bench_plugins.methods.regene.training import (
    Decoder,
    build_networks,
    classifier_stage,
    decoder_stage,
)
from regene_bench_plugins.networks.latent_classifier import LatentClassifier

from regene_bench.api import Batch, BenchmarkData, Clock, DeviceImages, Runtime, SampleRng, Stage
from regene_bench.runtime.device import choose_device, choose_precision
from tests.methods.builders import make_data, make_runtime

T = TypeVar("T")
ACCEPTED = 5000 / 9046
CHUNK = 500  # labels that a run asks for at a time
GOAL = 50.0
WARM_UP = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000, help="valid generations in batches")
    parser.add_argument("--loop", type=int, default=200, help="of them, how many one by one")
    parser.add_argument("--preset", choices=["quick", "standard", "paper"], default="paper")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--channels", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20, help="of training that are timed")
    parser.add_argument("--device", default="auto")
    given = parser.parse_args()
    device = choose_device(given.device)
    precision = choose_precision("auto", device)
    data = make_data(given.channels, given.size, given.size, n_classes=10, per_class=200)
    data = replace(data, train=_on(data.train, device), test=_on(data.test, device))
    config = ReGeneConfig(**ReGene.preset(given.preset, data.shape))
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    print(
        f"{given.preset} networks, {given.channels}×{given.size}×{given.size}, on {device}", end=""
    )
    print(f" ({name}), {precision}, {torch.get_num_threads()} thread(s), torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        runtime = replace(make_runtime(Path(folder)), device=device, precision=precision)
        with runtime.seeded("init"):
            classifier, decoder = build_networks(config, data.shape)
        classifier.to(device)
        decoder.to(device)
        with torch.inference_mode():
            _settle_norms(classifier, decoder, data)
            _time_generation(config, classifier, decoder, data, runtime, given.images, given.loop)
        _time_training(config, classifier, decoder, data, runtime, given.steps)


def _on(split: DeviceImages, device: torch.device) -> DeviceImages:
    return DeviceImages(split.images.to(device), split.labels.to(device))


def _settle_norms(
    classifier: LatentClassifier, decoder: Decoder, data: BenchmarkData, batch: int = 64
) -> None:
    """Give batch normalisations the statistics of a batch, without which all images look alike."""
    images = data.train.batch(torch.arange(batch, device=data.train.device))
    classifier.encoder.train()
    decoder.train()
    for module in [*classifier.modules(), *decoder.modules()]:
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    decoder(classifier.encoder(images))
    classifier.eval()
    decoder.eval()


def _time_generation(
    config: ReGeneConfig,
    classifier: LatentClassifier,
    decoder: Decoder,
    data: BenchmarkData,
    runtime: Runtime,
    n: int,
    n_loop: int,
) -> None:
    device = runtime.device
    latents = encode_split(classifier.encoder, data.train, runtime)
    # An untrained head has its own opinion of the images, which serves as well as any.
    pool = LatentPool.of(latents, in_padded_chunks(classifier.head, latents).argmax(1), 10)
    classes = [label for label in range(10) if pool.size(label) >= 100]
    labels = torch.tensor(classes, device=device).repeat_interleave(-(-n // len(classes)))[:n]
    thresholds = _thresholds(config, classifier, decoder, pool, classes)
    judge = ConfidenceJudge(classifier, classifier.head, decoder, thresholds, data.class_names)
    sampler = ConvexSampler(lambda: pool, config.convex_weights)
    model = ReGeneModel(classifier, decoder, sampler, judge, config, runtime)

    def in_batches() -> list[int]:
        trials = []
        for start in range(0, n, CHUNK):
            part = labels[start : start + CHUNK]
            found = model.generate(part, SampleRng(0, start))
            assert found.trials is not None
            trials += found.trials["image"].tolist()
        return trials

    alone = _OneByOne(config, classifier, decoder, pool, thresholds)
    model.generate(labels[:CHUNK], SampleRng(1))
    alone.generate(labels[:WARM_UP], SampleRng(1))
    batched, batched_seconds = _timed(in_batches, device)
    few = labels[:n_loop]
    one_by_one, loop_seconds = _timed(lambda: alone.generate(few, SampleRng(0)), device)
    print(f"generation: {n} valid of {sum(batched)} candidates")
    fast, slow = n / batched_seconds, len(few) / loop_seconds
    print(f"  in batches  {batched_seconds:9.2f} s  {fast:10.1f} images/s")
    print(f"  one by one  {loop_seconds:9.2f} s  {slow:10.1f} images/s  ({len(few)} of them)")
    print(f"  ratio {fast / slow:.1f} (goal {GOAL:.0f} with the paper's networks on a GPU)")
    same = sum(a == b for a, b in zip(batched, one_by_one, strict=False))
    print(f"  equal trial counts: {same} of {len(few)}")


class _OneByOne:
    """Section 6.2 as a loop over samples and single candidates."""

    def __init__(
        self,
        config: ReGeneConfig,
        classifier: LatentClassifier,
        decoder: Decoder,
        pool: LatentPool,
        thresholds: Tensor,
    ) -> None:
        self._config = config
        self._classifier = classifier
        self._decoder = decoder
        self._pool = pool
        self._thresholds = thresholds

    def generate(self, labels: Tensor, rng: SampleRng) -> list[int]:
        """Generate one image after another; tell the trials of each."""
        source = CandidateSource(self._pool, self._config.convex_weights, rng)
        return [self._valid(source, i, label) for i, label in enumerate(labels.tolist())]

    def _valid(self, source: CandidateSource, i: int, label: int) -> int:
        for trial in range(self._config.max_trials):
            latent = self._pool.combine([source.candidate(label, i, trial)])
            if int(self._classifier.head(latent).argmax()) != label:
                continue
            image = self._decoder(latent)
            confidence = self._classifier(image).float().softmax(1)[0, label]
            if float(confidence) >= float(self._thresholds[label]):
                return trial + 1
        raise RuntimeError(f"no valid candidate for sample {i}")


def _thresholds(
    config: ReGeneConfig,
    classifier: LatentClassifier,
    decoder: Decoder,
    pool: LatentPool,
    classes: list[int],
) -> Tensor:
    """Confidences that the wanted share of each class's candidates reaches, ``[10]``."""
    source = CandidateSource(pool, config.convex_weights, SampleRng(2))
    thresholds = torch.zeros(10, device=pool.latents.device)
    for label in classes:
        latents = pool.combine([source.candidate(label, i, 0) for i in range(256)])
        wanted = torch.full((256,), label, device=latents.device)
        confidences = class_confidence(classifier, in_padded_chunks(decoder, latents), wanted)
        thresholds[label] = confidences.quantile(1 - ACCEPTED)
    return thresholds


def _time_training(
    config: ReGeneConfig,
    classifier: LatentClassifier,
    decoder: Decoder,
    data: BenchmarkData,
    runtime: Runtime,
    steps: int,
) -> None:
    peak = _peak(runtime)
    print(f"training: a product of large matrices reaches {peak / 1e12:.2f} TFLOP/s")
    classifier.train()
    _time_stage(classifier_stage(config, classifier, data, runtime), data, runtime, steps, peak)
    classifier.eval().requires_grad_(False)
    decoder.train()
    _time_stage(
        decoder_stage(config, classifier, decoder, data, runtime), data, runtime, steps, peak
    )


def _time_stage(
    stage: Stage, data: BenchmarkData, runtime: Runtime, steps: int, peak: float
) -> None:
    generator = torch.Generator().manual_seed(0)

    def step() -> None:
        drawn = torch.randint(0, len(data.train), (stage.batch_size,), generator=generator)
        indices = drawn.to(runtime.device)
        images, labels = data.train.batch(indices), data.train.labels[indices]
        stage.step(Batch(images, labels, Clock(0, 0, 0.0, 0.0)))

    for _ in range(WARM_UP):
        step()
    with FlopCounterMode(display=False) as counter:
        step()
    flops = counter.get_total_flops()
    _, seconds = _timed(lambda: [step() for _ in range(steps)], runtime.device)
    images = steps * stage.batch_size
    print(
        f"  {stage.name:<10} {images / seconds:10.1f} images/s in steps of {stage.batch_size}, "
        f"{flops / stage.batch_size / 1e9:.2f} GFLOP an image, "
        f"{100 * flops * steps / seconds / peak:.0f} % of that"
    )


def _peak(runtime: Runtime) -> float:
    """Operations a second of a matrix product in the runtime's precision, the best of five."""
    side = 8192 if runtime.device.type == "cuda" else 2048
    dtype = torch.bfloat16 if runtime.precision == "bfloat16" else torch.float32
    matrix = torch.randn(side, side, device=runtime.device, dtype=dtype)
    seconds = min(_timed(lambda: matrix @ matrix, runtime.device)[1] for _ in range(6))
    return 2 * side**3 / seconds


def _timed(work: Callable[[], T], device: torch.device) -> tuple[T, float]:
    """Run to the end and return the result and the seconds."""
    _wait(device)
    start = time.perf_counter()
    found = work()
    _wait(device)
    return found, time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    main()
