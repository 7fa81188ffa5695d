"""Builds convolutional autoencoders: the ReGene paper's blocks around a code of any length."""

from __future__ import annotations

from collections.abc import Callable

from regene_bench.api import ImageShape
from regene_bench_plugins.methods.vae.config import NetworkConfig
from regene_bench_plugins.methods.vae.network import Autoencoding, Heads
from regene_bench_plugins.networks.conditioning import (
    CodeAndOneHot,
    CodeOnly,
    ImageOnly,
    LabelPlanes,
)
from regene_bench_plugins.networks.convolutional import ConvEncoder, VectorDecoder
from regene_bench_plugins.networks.pixel_bias import PixelBiased

MakeHeads = Callable[[int, int], Heads]


def unconditional_network(
    config: NetworkConfig, shape: ImageShape, make_heads: MakeHeads, *, pixel_bias: bool = False
) -> Autoencoding:
    """Build an encoder and a decoder that see no labels, around a code of any length.

    Args:
        config: Their sizes.
        shape: The images'.
        make_heads: Makes the encoder's heads of the numbers of features and of latents.
        pixel_bias: Whether the decoder has a bias for each pixel.
    """
    encoder = ConvEncoder(shape, config.encoder_description(shape))
    heads = make_heads(encoder.latent_dim, config.latent_dim)
    decoder = VectorDecoder(shape, config.decoder_description(shape), config.latent_dim)
    return Autoencoding(
        entrance=ImageOnly(),
        encoder=encoder,
        heads=heads,
        code=CodeOnly(config.latent_dim),
        decoder=PixelBiased(decoder, shape) if pixel_bias else decoder,
    )


def conditional_network(
    config: NetworkConfig, shape: ImageShape, make_heads: MakeHeads
) -> Autoencoding:
    """Build the same with labels: as constant planes beside the image and one-hot beside z.

    Arguments as of ``unconditional_network``.
    """
    encoder = ConvEncoder(shape, config.encoder_description(shape), shape.n_classes)
    code = CodeAndOneHot(config.latent_dim, shape.n_classes)
    return Autoencoding(
        entrance=LabelPlanes(shape.n_classes),
        encoder=encoder,
        heads=make_heads(encoder.latent_dim, config.latent_dim),
        code=code,
        decoder=VectorDecoder(shape, config.decoder_description(shape), code.size),
    )
