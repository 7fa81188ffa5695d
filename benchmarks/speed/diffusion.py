"""Prints how fast diffusion trains and draws here and in denoising-diffusion-pytorch, in one run.

Either side has Karras et al.'s objective and Heun's sampler without churn. Networks are ours (that
of ``edm`` at quick on 28×28 grey images), the peer's own U-Net of a like size, and, if diffusers is
installed, its ``UNet2DModel`` on the same maps as ours. Loops are ours and the peer's ``Trainer``,
which reads PNG files by processes of its own; they cost it nothing here. Both keep a moving
average, ours after every step, the peer's after every tenth. Images are scikit-learn's digits,
enlarged to 28×28.

Sides take turns, each in a process of its own. On a CPU the seconds are those that the training's
process computed, so that a busy machine says the same; a ratio is between medians. Memory is what a
side takes at most beyond what it has when its modules are loaded.

Usage: python benchmarks/speed/diffusion.py [--quick] [--rounds 3] [--threads 1] [--device cpu|cuda]

The peers are no dependencies: ``pip install denoising-diffusion-pytorch diffusers``.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import torch
from PIL import Image
from regene_bench_plugins.methods.diffusion.edm import EDM, EDMConfig
from regene_bench_plugins.methods.diffusion.model import DiffusionModel
from regene_bench_plugins.methods.diffusion.training import training_stage
from regene_bench_plugins.networks.average import MovingAverage
from regene_bench_plugins.networks.unet import UNet
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import (
    BenchmarkData,
    CheckpointStore,
    DeviceImages,
    ImageShape,
    Runtime,
    SampleRng,
    train,
)
from regene_bench.runtime.device import choose_device, choose_precision, synchronize

PEER = "denoising-diffusion-pytorch"
SHAPE = ImageShape(1, 28, 28, 10)
BATCH = 64
GOALS = {"cpu": (1.5, 1.5), "cuda": (2.0, 1.5)}


@dataclass(frozen=True)
class Side:
    """Whose network is trained by whose loop, and drawn from by whose sampler."""

    network: str
    loop: str

    @property
    def name(self) -> str:
        return f"{self.network} network, {self.loop} loop"


SIDES = (
    Side("our", "our"),
    Side("peer's", "peer's"),
    Side("our", "peer's"),
    Side("peer's", "our"),
    Side("diffusers'", "our"),
)


@dataclass(frozen=True)
class Result:
    """What a side measured.

    Attributes:
        trained: Training images a second.
        drawn: Images drawn a second.
        megabytes: Memory at most, beyond that of the loaded modules.
        parameters: Of the network.
    """

    trained: float
    drawn: float
    megabytes: float
    parameters: int


@dataclass(frozen=True)
class Amount:
    """Steps before the clock starts, steps, images that are drawn at once, and steps of each."""

    warm_up: int
    steps: int
    images: int
    sampling_steps: int


FULL, QUICK = Amount(2, 10, 64, 5), Amount(1, 2, 64, 2)


def digits() -> DeviceImages:
    """Enlarged digits, uint8 ``[1797, 1, 28, 28]``."""
    found = load_digits()
    images = torch.from_numpy(found.images).float()[:, None] / 16
    large = F.interpolate(images, size=(SHAPE.height, SHAPE.width), mode="bilinear")
    labels = torch.from_numpy(found.target).long()
    return DeviceImages((255 * large).round().to(torch.uint8), labels)


class Unlabelled(nn.Module):
    """Our network, or diffusers', as the peer calls one: no labels, and some attributes.

    Args:
        network: Maps images, noise levels and labels.
    """

    random_or_learned_sinusoidal_cond = True
    self_condition = False

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.channels = SHAPE.channels

    def forward(self, images: Tensor, levels: Tensor, self_condition: Any = None) -> Tensor:
        """Predict for images of no class."""
        labels = levels.new_full((len(images),), SHAPE.n_classes, dtype=torch.int64)
        found: Tensor = self.network(images, levels, labels)
        return found


class Labelled(nn.Module):
    """The peer's network as we call one; it looks at no labels.

    Args:
        network: Maps images and noise levels.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, levels: Tensor, labels: Tensor) -> Tensor:
        """Predict whatever the labels are."""
        found: Tensor = self.network(images, levels)
        return found.float()


class OfDiffusers(nn.Module):
    """diffusers' U-Net on the maps of ours: pixels folded, two widths, attention on the inner map.

    Args:
        config: Sizes of ours.
    """

    def __init__(self, config: EDMConfig) -> None:
        super().__init__()
        from diffusers import UNet2DModel

        self.patch = config.patch
        channels = SHAPE.channels * config.patch**2
        self.network = UNet2DModel(
            sample_size=SHAPE.height // config.patch,
            in_channels=channels,
            out_channels=channels,
            block_out_channels=tuple(config.widths),
            layers_per_block=config.blocks,
            norm_num_groups=4,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            num_class_embeds=SHAPE.n_classes + 1,
            attention_head_dim=config.widths[-1],
            resnet_time_scale_shift="scale_shift",
        )

    def forward(self, images: Tensor, levels: Tensor, labels: Tensor) -> Tensor:
        """Predict as ours does."""
        maps = F.pixel_unshuffle(images, self.patch)
        found = self.network(maps, levels, class_labels=labels).sample
        return F.pixel_shuffle(found.float(), self.patch)


def network_of(whose: str, config: EDMConfig) -> nn.Module:
    """A network that maps images, noise levels and labels."""
    if whose == "our":
        return UNet(SHAPE, config.network_size())
    if whose == "diffusers'":
        return OfDiffusers(config)
    from denoising_diffusion_pytorch import Unet

    network = Unet(dim=24, dim_mults=(1, 2), channels=1, learned_sinusoidal_cond=True)
    return Labelled(network)


def our_loop(network: nn.Module, config: EDMConfig, amount: Amount, device: torch.device) -> Result:
    """Train and draw as ``edm`` does."""
    before = memory(device)
    found = digits()
    images = DeviceImages(found.images.to(device), found.labels.to(device))
    names = tuple(map(str, range(SHAPE.n_classes)))
    data = BenchmarkData("digits", SHAPE, names, "0" * 64, images, images)
    network.to(device)
    average = MovingAverage(network, config.average)

    def steps(name: str, count: int) -> None:
        length = config.model_copy(update={"images": count * BATCH})
        with tempfile.TemporaryDirectory() as folder:
            precision = choose_precision("auto", device)
            store = CheckpointStore(Path(folder))
            runtime = Runtime(device=device, precision=precision, seed=0, checkpoints=store)
            objective = config.objective()
            stage = training_stage(name, network, average, objective, length, data, runtime)
            train(stage, images, runtime)

    model = DiffusionModel(
        average.network,
        config.objective(),
        config.sampler(),
        SHAPE,
        guidance=1.0,
        conditional=True,
    )
    labels = torch.arange(amount.images, device=device) % SHAPE.n_classes
    return measured(
        network,
        lambda: steps("warm-up", amount.warm_up),
        lambda: steps("timed", amount.steps),
        lambda: model.generate(labels, SampleRng(0)),
        amount,
        device,
        before,
    )


def peer_s_loop(
    network: nn.Module, config: EDMConfig, amount: Amount, device: torch.device
) -> Result:
    """Train with the peer's ``Trainer`` and draw with its sampler."""
    if device.type == "cpu":
        # it finds its device by itself
        os.environ["ACCELERATE_USE_CPU"] = "true"
    from denoising_diffusion_pytorch import ElucidatedDiffusion, Trainer

    before = memory(device)
    peer_s = network.network if isinstance(network, Labelled) else Unlabelled(network)
    sampling = {"num_sample_steps": amount.sampling_steps, "S_churn": 0}
    diffusion = ElucidatedDiffusion(peer_s, image_size=SHAPE.height, channels=1, **sampling)
    # asked for by the trainer, though this objective has no such sampler
    diffusion.is_ddim_sampling = False
    with tempfile.TemporaryDirectory() as folder:
        for i, image in enumerate(digits().images):
            Image.fromarray(image[0].numpy()).save(Path(folder) / f"{i}.png")
        trainer = Trainer(
            diffusion,
            folder,
            train_batch_size=BATCH,
            train_lr=config.learning_rate,
            train_num_steps=amount.warm_up,
            augment_horizontal_flip=False,
            save_and_sample_every=10**9,
            results_folder=f"{folder}/results",
            calculate_fid=False,
        )

        def steps() -> None:
            trainer.train_num_steps = trainer.step + amount.steps
            trainer.train()

        return measured(
            network,
            trainer.train,
            steps,
            lambda: trainer.ema.ema_model.eval().sample(batch_size=amount.images),
            amount,
            device,
            before,
        )


def measured(
    network: nn.Module,
    warm_up: Callable[[], object],
    steps: Callable[[], object],
    draw: Callable[[], object],
    amount: Amount,
    device: torch.device,
    before: float,
) -> Result:
    """Seconds of training and of drawing, and memory beyond ``before``, without what is printed."""
    quiet: Any = contextlib.redirect_stderr(io.StringIO())
    with quiet, contextlib.redirect_stdout(io.StringIO()):
        warm_up()
        trained = amount.steps * BATCH / seconds(steps, device)
        draw()
        drawn = amount.images / seconds(draw, device)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return Result(trained, drawn, memory(device) - before, parameters)


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Seconds that a process computes on a CPU, or that a GPU takes."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    start = clock()
    work()
    synchronize(device)
    return clock() - start


def memory(device: torch.device) -> float:
    """MB at most until now."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def measure(side: Side, options: argparse.Namespace) -> Result:
    """Measure one side in this process."""
    device, amount = choose_device(options.device), QUICK if options.quick else FULL
    values = EDM.preset("quick", SHAPE) | {"batch_size": BATCH, "steps": amount.sampling_steps}
    config = EDMConfig(**values)
    torch.manual_seed(0)
    loop = our_loop if side.loop == "our" else peer_s_loop
    return loop(network_of(side.network, config), config, amount, device)


def measure_apart(side: Side, options: argparse.Namespace) -> Result:
    """Measure one side in a process of its own."""
    command = [sys.executable, __file__, "--side", str(SIDES.index(side))]
    command += ["--device", options.device, "--threads", str(options.threads)]
    command += ["--quick"] if options.quick else []
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment, text=True)
    return Result(**json.loads(done.stdout.splitlines()[-1]))


def report(found: dict[Side, list[Result]], device: torch.device) -> None:
    """Print medians, and what ours is to the peer's."""
    print(f"{'':<32}{'parameters':>11}{'trained/s':>11}{'drawn/s':>9}{'MB':>7}")
    medians = {}
    for side, results in found.items():
        columns = zip(*(asdict(result).values() for result in results), strict=True)
        trained, drawn, megabytes, parameters = (median(column) for column in columns)
        medians[side] = trained, drawn
        print(f"{side.name:<32}{parameters:>11,}{trained:>11.0f}{drawn:>9.1f}{megabytes:>7.0f}")
    goal = dict(zip(("training", "drawing"), GOALS[device.type], strict=True))
    for other in (side for side in medians if side != SIDES[0]):
        ratios = [a / b for a, b in zip(medians[SIDES[0]], medians[other], strict=True)]
        told = (f"{what} {r:.2f}×" for what, r in zip(goal, ratios, strict=True))
        print(f"ours to {other.name}: {', '.join(told)}")
    print(f"goals: {', '.join(f'{what} {least}×' for what, least in goal.items())}")


def installed() -> list[Side]:
    """The sides whose libraries are there."""
    needed = {"peer's": "denoising_diffusion_pytorch", "diffusers'": "diffusers"}
    missing = {who for who, module in needed.items() if importlib.util.find_spec(module) is None}
    for who in sorted(missing):
        print(f"without {needed[who]}, which is not installed", file=sys.stderr)
    return [side for side in SIDES if not {side.network, side.loop} & missing]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few steps, to see that it runs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--side", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.side is not None:
        print(json.dumps(asdict(measure(SIDES[options.side], options))))
        return
    device, sides = choose_device(options.device), installed()
    kind = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    versions = [f"torch {version('torch')}"]
    versions += [f"{PEER} {version(PEER)}"] if Side("peer's", "peer's") in sides else []
    versions += [f"diffusers {version('diffusers')}"] if SIDES[-1] in sides else []
    print(f"{kind}, {options.threads} thread(s); {', '.join(versions)}")
    amount = QUICK if options.quick else FULL
    print(
        f"{options.rounds} rounds of {amount.steps} steps of {BATCH} images, and "
        f"{amount.images} images drawn in {amount.sampling_steps} steps"
    )
    found: dict[Side, list[Result]] = {side: [] for side in sides}
    for _ in range(options.rounds):
        for side in sides:
            found[side].append(measure_apart(side, options))
    report(found, device)


if __name__ == "__main__":
    main()
