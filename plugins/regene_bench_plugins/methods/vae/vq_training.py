"""The two stages of a VQ-VAE: the autoencoder with its codebook, then the prior over its codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import (
    Batch,
    DeviceImages,
    ImageShape,
    Runtime,
    Schedule,
    Stage,
    constant,
    to_float,
    train,
    warmup_then_cosine,
)
from regene_bench_plugins.methods.common.inference import CHUNK, in_padded_chunks
from regene_bench_plugins.methods.common.optim import adam, gradient_step
from regene_bench_plugins.methods.vae.vq_codebook import Codebook, commitment, straight_through
from regene_bench_plugins.methods.vae.vq_networks import MapDecoder, MapEncoder
from regene_bench_plugins.methods.vae.vq_prior import CodePrior

_VARIANCE_IMAGES = 5_000
_LEVEL = 1 / 255


class QuantisingAutoencoder(nn.Module):
    """Encoder, codebook and decoder.

    Args:
        shape: Images that it takes.
        width: Channels on the map.
        n_codes: K.
        code_dim: Length D of a code's vector.
        decay: Of the codebook's moving averages.
        halvings: From the image's sides to the map's.
    """

    def __init__(
        self,
        shape: ImageShape,
        *,
        width: int,
        n_codes: int,
        code_dim: int,
        decay: float,
        halvings: int,
    ) -> None:
        super().__init__()
        self.encoder = MapEncoder(shape, width, code_dim, halvings)
        self.codebook = Codebook(n_codes, code_dim, decay)
        self.decoder = MapDecoder(shape, width, code_dim, halvings)
        self.map_size = self.encoder.map_size

    def encode(self, images: Tensor) -> Tensor:
        """Encoder outputs, one row a position: float32 ``[N · P, D]``, images first."""
        features: Tensor = self.encoder(images)
        return features.float().permute(0, 2, 3, 1).flatten(0, 2)

    def codes(self, images: Tensor) -> Tensor:
        """Codes of images in raster order, int64 ``[N, P]``."""
        return self.codebook.nearest(self.encode(images)).view(len(images), -1)

    def pixels(self, vectors: Tensor) -> Tensor:
        """Decode vectors ``[N · P, D]`` or ``[N, P · D]`` to float32 ``[N, C, H, W]``."""
        maps = vectors.reshape(-1, *self.map_size, self.codebook.vectors.shape[1])
        pixels: Tensor = self.decoder(maps.permute(0, 3, 1, 2))
        return pixels


def train_autoencoder(
    network: QuantisingAutoencoder,
    data: DeviceImages,
    runtime: Runtime,
    *,
    beta: float,
    learning_rate: float,
    batch_size: int,
    total_images: int,
    schedule: Schedule,
) -> None:
    """Minimise reconstruction and commitment; the codebook follows by its averages.

    Both terms are means over all values, the first over the variance of the pixels, so that β
    weighs the same at any size of image, map and batch.
    """
    optimizer = adam(network.parameters(), learning_rate, runtime.device)
    variance = pixel_variance(data)

    def step(batch: Batch) -> Mapping[str, Tensor]:
        with runtime.autocast():
            encoded = network.encode(batch.images)
            codes = network.codebook.nearest(encoded)
            quantised = network.codebook(codes)
            pixels = network.pixels(straight_through(encoded, quantised))
        reconstruction = F.mse_loss(pixels, batch.images) / variance
        distance = commitment(encoded, quantised)
        gradient_step(optimizer, reconstruction + beta * distance)
        network.codebook.update(encoded.detach(), codes)
        network.codebook.revive(encoded.detach())
        return {"reconstruction": reconstruction.detach(), "commitment": distance.detach()}

    def forward(batch: Batch) -> None:
        with runtime.autocast():
            codes = network.codebook.nearest(network.encode(batch.images))
            network.pixels(network.codebook(codes))

    stage = Stage(
        name="vqvae",
        modules={"network": network},
        optimizers={"adam": optimizer},
        step=step,
        batch_size=batch_size,
        total_images=total_images,
        schedule=schedule,
        forward=forward,
        stretch=constant,
    )
    train(stage, data, runtime)


def train_prior(
    prior: CodePrior,
    maps: CodeMaps,
    runtime: Runtime,
    *,
    learning_rate: float,
    batch_size: int,
    total_images: int,
) -> None:
    """Maximise the likelihood of the maps of codes."""
    optimizer = adam(prior.parameters(), learning_rate, runtime.device)

    def step(batch: Batch) -> Mapping[str, Tensor]:
        with runtime.autocast():
            logits = prior(batch.images, batch.labels)
        # Nats a code.
        loss = F.cross_entropy(logits.flatten(0, 1), batch.images.flatten())
        gradient_step(optimizer, loss)
        return {"code": loss.detach()}

    stage = Stage(
        name="vqvae-prior",
        modules={"prior": prior},
        optimizers={"adam": optimizer},
        step=step,
        batch_size=batch_size,
        total_images=total_images,
        schedule=warmup_then_cosine(),
        stretch=constant,
    )
    train(stage, maps, runtime)


@dataclass(frozen=True)
class CodeMaps(DeviceImages):
    """Codes in the place of images.

    Attributes:
        images: int64 ``[N, P]``.
        labels: int64 ``[N]``.
    """

    def batch(self, indices: Tensor) -> Tensor:
        """The codes at ``indices``, int64 ``[n, P]``."""
        return self.images[indices]


@torch.inference_mode()
def code_maps(network: QuantisingAutoencoder, data: DeviceImages) -> CodeMaps:
    """Encode a split."""
    parts = [in_padded_chunks(network.codes, images) for images, _ in data.chunks(CHUNK)]
    return CodeMaps(torch.cat(parts), data.labels)


def pixel_variance(data: DeviceImages) -> float:
    """Variance of the pixels of (up to 5,000 of) a split's images in [0, 1]; not below one level's.

    Van den Oord et al. do not print their pixels' σ; this one makes a constant image cost 1.
    """
    step = max(1, len(data) // _VARIANCE_IMAGES)
    variance = to_float(data.images[::step]).double().var(correction=0)
    return max(float(variance), _LEVEL**2)
