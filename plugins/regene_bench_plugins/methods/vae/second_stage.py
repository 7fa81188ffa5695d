"""The second stage of Dai & Wipf (2019): a small VAE of the codes of the first."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from regene_bench.api import DeviceImages, Runtime, SampleRng
from regene_bench_plugins.methods.common.inference import in_padded_chunks
from regene_bench_plugins.methods.vae.config import SamplerConfig
from regene_bench_plugins.methods.vae.network import Autoencoding, GaussianHeads, Posterior
from regene_bench_plugins.methods.vae.objectives import NegativeELBO
from regene_bench_plugins.methods.vae.pixels import GaussianVectors
from regene_bench_plugins.methods.vae.training import fit_autoencoder
from regene_bench_plugins.networks.conditioning import CodeAndOneHot, CodeOnly


@dataclass(frozen=True)
class DrawnCodes(DeviceImages):
    """Posteriors of images, in the place of the images: every batch is a new draw.

    Attributes:
        images: Means and standard deviations side by side, float32 ``[N, 2 D]``.
        labels: int64 ``[N]``.
    """

    def batch(self, indices: Tensor) -> Tensor:
        """Draw one code for each index, float32 ``[n, D]``."""
        mean, deviation = self.images[indices].chunk(2, dim=1)
        return mean + torch.randn_like(mean) * deviation


def drawn_codes(posterior: Posterior, labels: Tensor) -> DrawnCodes:
    """Wrap posteriors so that every batch is a new draw; deterministic codes have no deviation."""
    if posterior.log_variance is None:
        deviation = torch.zeros_like(posterior.mean)
    else:
        deviation = (0.5 * posterior.log_variance).exp()
    return DrawnCodes(torch.cat([posterior.mean, deviation], dim=1), labels)


class SkippedPerceptron(nn.Module):
    """Fully connected layers with ReLU; the input stands beside the last of them.

    Args:
        inputs: Length of the input.
        width: Units of each layer.
        depth: Layers.
    """

    def __init__(self, inputs: int, width: int, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for layer in range(depth):
            layers += [nn.Linear(width if layer else inputs, width), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.size = inputs + width

    def forward(self, vectors: Tensor) -> Tensor:
        """Map ``[N, inputs]`` to ``[N, inputs + width]``."""
        return torch.cat([vectors, self.layers(vectors)], dim=1)


class CodeDecoder(nn.Module):
    """A perceptron and a linear layer to the mean of a code.

    Args:
        features: The perceptron.
        outputs: Length of the code.
    """

    def __init__(self, features: SkippedPerceptron, outputs: int) -> None:
        super().__init__()
        self.features = features
        self.head = nn.Linear(features.size, outputs)

    def logits(self, vectors: Tensor) -> Tensor:
        """Map ``[N, inputs]`` to means of codes, float32 ``[N, outputs]``."""
        codes: Tensor = self.head(self.features(vectors))
        return codes.float()


def second_network(config: SamplerConfig, latent_dim: int, n_classes: int) -> Autoencoding:
    """Encoder and decoder of codes; u has the length of z, as in the paper.

    Args:
        config: Widths and depths, and whether labels stand beside both inputs.
        latent_dim: Length of z.
        n_classes: K.
    """

    def code_input() -> CodeAndOneHot | CodeOnly:
        if config.conditional:
            return CodeAndOneHot(latent_dim, n_classes)
        return CodeOnly(latent_dim)

    width, depth = config.second_width, config.second_depth
    seen = VectorInput(code_input())
    encoder = SkippedPerceptron(seen.size, width, depth)
    code = code_input()
    return Autoencoding(
        entrance=seen,
        encoder=encoder,
        heads=GaussianHeads(encoder.size, latent_dim),
        code=code,
        decoder=CodeDecoder(SkippedPerceptron(code.size, width, depth), latent_dim),
    )


class VectorInput(nn.Module):
    """A code's input where an image's is wanted."""

    def __init__(self, entrance: CodeAndOneHot | CodeOnly) -> None:
        super().__init__()
        self.entrance = entrance
        self.size = entrance.size

    def forward(self, vectors: Tensor, labels: Tensor) -> Tensor:
        """Map ``[N, D]`` and labels, int64 ``[N]``, to ``[N, size]``."""
        joined: Tensor = self.entrance(vectors, labels)
        return joined


class SecondStage:
    """Draws u from N(0, I) and z from N(decoder(u), γ² I).

    Args:
        network: Trained on codes.
        codes: p(z | u) with its learned γ.
    """

    def __init__(self, network: Autoencoding, codes: GaussianVectors) -> None:
        self._network = network
        self._codes = codes

    @torch.inference_mode()
    def draw(self, labels: Tensor, rng: SampleRng) -> Tensor:
        """One code for each label, int64 ``[N]``: float32 ``[N, D]``."""
        size = (self._network.latent_dim,)
        u = rng.normal(len(labels), size, "second stage").to(labels.device)
        spread = rng.normal(len(labels), size, "spread").to(labels.device)
        # The label travels as a last column, which is exact below 2^24 classes.
        means = in_padded_chunks(self._mean, torch.cat([u, labels[:, None].to(u.dtype)], dim=1))
        return means + self._codes.sigma * spread

    def _mean(self, rows: Tensor) -> Tensor:
        return self._network.logits(rows[:, :-1], rows[:, -1].long())


def fit_second_stage(
    config: SamplerConfig, codes: DrawnCodes, n_classes: int, runtime: Runtime
) -> SecondStage:
    """Train the second stage on draws from the posteriors of training images.

    Args:
        config: Sizes, length, rate.
        codes: The posteriors; every batch draws anew.
        n_classes: K.
        runtime: Device, seed, checkpoints.

    Raises:
        TrainingDivergedError: A loss is not finite.
        Interrupted: A stop was asked for; the state is saved.
    """
    latent_dim = codes.images.shape[1] // 2
    with runtime.seeded("init", "second stage"):
        network = second_network(config, latent_dim, n_classes)
        objective = NegativeELBO(pixels := GaussianVectors(1.0, learned=True))
    plan = config.second_plan(len(codes))
    # Each form has its own checkpoint, for runs that share their first stage.
    name = "second_stage" if config.conditional else "second_stage_without_labels"
    fit_autoencoder(name, network, objective, plan, codes, runtime)
    return SecondStage(network, pixels)
