"""Prints what the density that codes are drawn from does to an autoencoder's samples.

Each method is trained once by its preset ``quick``, and its decoder is given codes of several
origins: those of training images, and draws of mixtures of so many Gaussians, for each class or
for all images together, fitted to the codes of ``FITTED`` training images. Training images
themselves stand beside them. All are scored by one and the same call.

Usage: python benchmarks/code_densities.py [--benchmarks mnist,fashion-mnist] [--methods wae,rae_sn]
                                           [--images N] [--samples N] [--seed N] [--peer]

``--peer`` adds pythae's models (``benchmarks/peers.py``), which is no dependency.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import torch
from regene_bench_plugins.methods.common.mixtures import fit_mixture_sampler
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.peers import (
    FITTED,
    METRICS,
    PEERS,
    data_of,
    digits,
    row,
    scored,
    theirs,
    trained,
)
from regene_bench.api import (
    BenchmarkData,
    Method,
    SampleRng,
    to_float,
    to_uint8,
)
from regene_bench.plugins.host import load_plugins

COMPONENTS = (1, 2, 3, 5, 10)
Coder = Callable[[Tensor], Tensor]


def main() -> None:
    given = arguments()
    torch.set_num_threads(1)
    host = load_plugins()
    print(f"{given.images:,} images seen, {given.samples:,} samples, seed {given.seed}.\n")
    print(row("benchmark", "network", "codes", *METRICS))
    print(row(*["---"] * 3, *["--:"] * len(METRICS)))
    for benchmark in given.benchmarks.split(","):
        data = data_of(host, benchmark)
        print_row(benchmark, "–", "training images themselves", some_images(data, given))
        for name in given.methods.split(","):
            method: type[Method] = host.find("method", name).load()
            model = trained(method, data, given.seed, given.images)
            coders: dict[str, tuple[Coder, Coder]] = {f"`{name}`": (model.encode, model.decode)}
            if given.peer:
                coders["pythae's"] = their_coders(PEERS[name], data, given)
            for network, (encode, decode) in coders.items():
                for codes, drawn in draws(encode, data, given):
                    print_row(benchmark, network, codes, to_uint8(decode(drawn)))


def their_coders(name: str, data: BenchmarkData, given: argparse.Namespace) -> tuple[Coder, Coder]:
    """Encoder and decoder of pythae's model, which its sampler is given."""
    from pythae import samplers

    made = samplers.GaussianMixtureSampler
    with mock.patch.object(samplers, "GaussianMixtureSampler", wraps=made) as sampler:
        theirs(name, data, given.seed, given)
    if not sampler.called:
        raise SystemExit(f"pythae's {name} draws codes from no mixture.")
    model = sampler.call_args.args[0].eval()

    @torch.inference_mode()
    def encode(images: Tensor) -> Tensor:
        codes: Tensor = model.encoder(images).embedding
        return codes

    @torch.inference_mode()
    def decode(codes: Tensor) -> Tensor:
        images: Tensor = model.decoder(codes).reconstruction.clamp(0, 1)
        return images

    return encode, decode


def draws(
    encode: Coder, data: BenchmarkData, given: argparse.Namespace
) -> Iterator[tuple[str, Tensor]]:
    """Codes ``[N, D]`` and their origin."""
    split = data.train.every_kth(FITTED)
    codes = encode(to_float(split.images))
    yield "of training images", codes[:: max(1, len(codes) // given.samples)][: given.samples]
    labels = torch.arange(given.samples) % data.shape.n_classes
    for components in COMPONENTS:
        sampler = fit_mixture_sampler(codes, split.labels, data.class_names, components, given.seed)
        yield f"{components} Gaussian(s) a class", sampler.draw(labels, SampleRng(given.seed))
    for components in COMPONENTS[:: len(COMPONENTS) - 1]:
        sampler = fit_mixture_sampler(codes, split.labels, None, components, given.seed)
        yield f"{components} Gaussian(s) for all", sampler.draw(labels, SampleRng(given.seed))


def some_images(data: BenchmarkData, given: argparse.Namespace) -> Tensor:
    return data.train.every_kth(given.samples).images


def print_row(benchmark: str, network: str, codes: str, images: Tensor) -> None:
    values = scored(benchmark, images, 0.0)[: len(METRICS)]
    print(row(benchmark, network, codes, *(f"{v:.{digits(v)}f}" for v in values)), flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--benchmarks", default="mnist,fashion-mnist")
    parser.add_argument("--methods", default="wae,rae_sn")
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peer", action="store_true", help="pythae's models, too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
