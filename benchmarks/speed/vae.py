"""Prints how fast a VAE trains here and in pythae, in one run, and what loss both end with.

The network is pythae's MNIST benchmark (convolutions of 128 to 1024 channels), on our side with the
layers that GANs here have on a CPU (``networks/wide_convolutions.py``) and in the precision that a
user gets, in batches of 100, with Adam at one constant rate and half the summed squared error plus
the divergence as the loss. Images are scikit-learn's digits, enlarged to 28×28. Each side is timed
in a process of its own, by epochs; pythae's is timed without the saving of models, ours with its
checkpoint. Both end with the same loss over the same images, in evaluation mode. "products alone"
are as many operations as a step's convolutions and linear layers have, at the rate of torch's large
matrix products in our side's precision.

Usage: python benchmarks/speed/vae.py [--quick] [--threads N] [--device cpu|cuda] [--precision P]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from regene_bench_plugins.methods.common.optim import adam, gradient_step
from regene_bench_plugins.methods.vae.network import Autoencoding, GaussianHeads
from regene_bench_plugins.methods.vae.objectives import divergence_from_normal
from regene_bench_plugins.networks.conditioning import CodeOnly, ImageOnly
from regene_bench_plugins.networks.wide_convolutions import WideConv2d, WideConvTranspose2d
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from regene_bench.api import Batch, CheckpointStore, DeviceImages, ImageShape, Runtime, Stage, train
from regene_bench.runtime.device import choose_device, choose_precision

OURS, THEIRS, FLOOR = "regene-bench", "pythae", "products alone"
GOALS = {"cpu": 2.5, "cuda": 5.0}
SHAPE = ImageShape(1, 28, 28, 10)
LATENT_DIM = 16
BATCH = 100
RATE = 1e-3


@dataclass(frozen=True)
class Result:
    """What one side measured: seconds of training, images seen, and the loss afterwards."""

    seconds: float
    images: int
    loss: float


@dataclass(frozen=True)
class Size:
    """Images a pass, passes, and passes before the clock starts."""

    images: int
    epochs: int
    warm_up: int


FULL, QUICK = Size(1700, 4, 1), Size(200, 1, 1)


def digits(n: int) -> DeviceImages:
    """Enlarged digits, uint8 ``[n, 1, 28, 28]``."""
    found = load_digits()
    images = torch.from_numpy(found.images[:n]).float()[:, None] / 16
    large = F.interpolate(images, size=(SHAPE.height, SHAPE.width), mode="bilinear")
    labels = torch.from_numpy(found.target[:n]).long()
    return DeviceImages((255 * large).round().to(torch.uint8), labels)


def bound(rebuilt: Tensor, images: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Half the summed squared error and the divergence, mean over images."""
    error = 0.5 * (rebuilt - images).square().flatten(1).sum(1)
    return (error + divergence_from_normal(mean, log_variance).sum(1)).mean()


class BenchmarkEncoder(nn.Sequential):
    """pythae's layers: 4×4 convolutions of stride 2 to 128, 256, 512 and 1024 channels."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        channels = SHAPE.channels
        for width in (128, 256, 512, 1024):
            layers += [WideConv2d(channels, width, 4, 2, 1), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        super().__init__(*layers, nn.Flatten())
        self.to(memory_format=torch.channels_last)


class BenchmarkDecoder(nn.Module):
    """pythae's layers: a linear one to 1024×4×4, 3×3 transposed convolutions to 512, 256, 1."""

    def __init__(self) -> None:
        super().__init__()
        self.expand = nn.Linear(LATENT_DIM, 1024 * 4 * 4)
        self.layers = nn.Sequential(
            WideConvTranspose2d(1024, 512, 3, 2, 1),
            nn.BatchNorm2d(512),
            nn.ReLU(),
            WideConvTranspose2d(512, 256, 3, 2, 1, output_padding=1),
            nn.BatchNorm2d(256),
            nn.ReLU(),
            WideConvTranspose2d(256, SHAPE.channels, 3, 2, 1, output_padding=1),
        ).to(memory_format=torch.channels_last)

    def logits(self, vectors: Tensor) -> Tensor:
        """Map ``[N, 16]`` to pixel logits, float32 ``[N, 1, 28, 28]``."""
        maps = self.expand(vectors).view(-1, 1024, 4, 4)
        pixels: Tensor = self.layers(maps.contiguous(memory_format=torch.channels_last))
        return pixels.float()


def benchmark_network() -> Autoencoding:
    """pythae's benchmark network of layers that methods here have."""
    return Autoencoding(
        entrance=ImageOnly(),
        encoder=BenchmarkEncoder(),
        heads=GaussianHeads(1024, LATENT_DIM),
        code=CodeOnly(LATENT_DIM),
        decoder=BenchmarkDecoder(),
    )


def ours(size: Size, options: argparse.Namespace) -> Result:
    """Train with the loop and the optimiser that all methods here share."""
    device = choose_device(options.device)
    network = benchmark_network().to(device)
    optimizer = adam(network.parameters(), RATE, device)
    found = digits(size.images)
    data = DeviceImages(found.images.to(device), found.labels.to(device))
    with tempfile.TemporaryDirectory() as folder:
        store = CheckpointStore(Path(folder))
        precision = choose_precision(options.precision, device)
        runtime = Runtime(device=device, precision=precision, seed=0, checkpoints=store)

        def step(batch: Batch) -> Mapping[str, Tensor]:
            with runtime.autocast():
                posterior = network.posterior(batch.images, batch.labels)
                logits = network.logits(posterior.draw(), batch.labels)
            assert posterior.log_variance is not None
            rebuilt = torch.sigmoid(logits)
            loss = bound(rebuilt, batch.images, posterior.mean, posterior.log_variance)
            gradient_step(optimizer, loss)
            return {"loss": loss.detach()}

        def epochs(name: str, count: int) -> None:
            stage = Stage(
                name=name,
                modules={"network": network},
                optimizers={"adam": optimizer},
                step=step,
                batch_size=BATCH,
                total_images=count * size.images,
            )
            train(stage, data, runtime)

        epochs("warm-up", size.warm_up)
        seconds = timed(lambda: epochs("timed", size.epochs), device)

    def evaluate(images: Tensor, labels: Tensor) -> Tensor:
        with runtime.autocast():
            posterior = network.posterior(images, labels)
            logits = network.logits(posterior.draw(), labels)
        assert posterior.log_variance is not None
        return bound(torch.sigmoid(logits), images, posterior.mean, posterior.log_variance)

    return Result(seconds, size.epochs * size.images, final_loss(evaluate, data))


def theirs(size: Size, options: argparse.Namespace) -> Result:
    """Train with pythae's own trainer, epoch by epoch."""
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.models.nn.benchmarks.mnist import Decoder_Conv_AE_MNIST, Encoder_Conv_VAE_MNIST
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    logging.disable(logging.INFO)
    device = choose_device(options.device)
    found = digits(size.images)
    config = VAEConfig(input_dim=(1, 28, 28), latent_dim=LATENT_DIM, reconstruction_loss="mse")
    model = VAE(config, Encoder_Conv_VAE_MNIST(config), Decoder_Conv_AE_MNIST(config))
    quiet: Any = contextlib.redirect_stderr(io.StringIO())
    with tempfile.TemporaryDirectory() as folder, quiet:
        trainer = BaseTrainer(
            model=model,
            train_dataset=BaseDataset(found.images.float() / 255, found.labels),
            training_config=BaseTrainerConfig(
                output_dir=folder,
                per_device_train_batch_size=BATCH,
                num_epochs=size.warm_up + size.epochs,
                learning_rate=RATE,
                no_cuda=device.type != "cuda",
            ),
        )
        trainer.prepare_training()

        def epochs(count: int) -> None:
            for epoch in range(count):
                trainer.train_step(epoch)

        epochs(size.warm_up)
        seconds = timed(lambda: epochs(size.epochs), device)
        model.eval()

    def evaluate(images: Tensor, labels: Tensor) -> Tensor:
        loss: Tensor = model({"data": images.contiguous(), "labels": labels}).loss
        return loss

    data = DeviceImages(found.images.to(device), found.labels.to(device))
    return Result(seconds, size.epochs * size.images, final_loss(evaluate, data))


def products_alone(size: Size, options: argparse.Namespace) -> Result:
    """How long the operations of as many steps take as products of matrices of 2048 squared."""
    device = choose_device(options.device)
    network, found = benchmark_network(), digits(BATCH)
    images = found.images.float() / 255
    with FlopCounterMode(display=False) as counter:
        posterior = network.posterior(images, found.labels)
        rebuilt = torch.sigmoid(network.logits(posterior.draw(), found.labels))
        assert posterior.log_variance is not None
        bound(rebuilt, images, posterior.mean, posterior.log_variance).backward()  # type: ignore[no-untyped-call]
    dtype = getattr(torch, choose_precision(options.precision, device))
    one, other = (torch.randn(2048, 2048, device=device).to(dtype) for _ in range(2))
    seconds = min(timed(lambda: torch.mm(one, other), device) for _ in range(8))
    count = size.epochs * size.images
    operations = counter.get_total_flops() / BATCH * count
    return Result(operations / (2 * 2048**3 / seconds), count, float("nan"))


@torch.no_grad()
def final_loss(evaluate: Callable[[Tensor, Tensor], Tensor], data: DeviceImages) -> float:
    """Loss over all images, with the same noise for either side."""
    torch.manual_seed(0)
    total = 0.0
    for images, labels in data.chunks(BATCH):
        total += len(images) * float(evaluate(images, labels))
    return total / len(data)


def timed(work: Callable[[], None], device: torch.device) -> float:
    """Seconds until the device has done the work."""
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


SIDES: dict[str, Callable[[Size, argparse.Namespace], Result]] = {
    OURS: ours,
    FLOOR: products_alone,
    THEIRS: theirs,
}


def measure_apart(side: str, options: argparse.Namespace) -> Result:
    """Measure one side in a process of its own."""
    command = [sys.executable, __file__, "--side", side, "--device", options.device]
    command += ["--threads", str(options.threads), "--precision", options.precision]
    command += ["--quick"] if options.quick else []
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment, text=True)
    return Result(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few images, to see that it runs")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="auto", help="of our side; pythae's is float32")
    parser.add_argument("--side", choices=list(SIDES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    size = QUICK if options.quick else FULL
    if options.side:
        print(json.dumps(asdict(SIDES[options.side](size, options))))
        return
    device = choose_device(options.device)
    kind = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    precision = choose_precision(options.precision, device)
    print(
        f"{kind}, {options.threads} threads; torch {version('torch')}, pythae {version('pythae')}"
    )
    print(f"{size.epochs} passes over {size.images} images; our side in {precision}")
    print(f"{'':<16}{'images/s':>10}{'final loss':>12}")
    rates = {}
    for side in SIDES:
        found = measure_apart(side, options)
        rates[side] = found.images / found.seconds
        loss = "" if side == FLOOR else f"{found.loss:>12.3f}"
        print(f"{side:<16}{rates[side]:>10.0f}{loss}", flush=True)
    print(f"{rates[OURS] / rates[FLOOR]:.0%} of {FLOOR}")
    print(f"ratio {rates[OURS] / rates[THEIRS]:.2f}× (goal {GOALS[device.type]}×)")


if __name__ == "__main__":
    main()
