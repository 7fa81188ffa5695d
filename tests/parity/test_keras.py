"""ReGene's networks are tables A.5, A.6 and A.7 as Keras builds them, layer by layer.

The paper's networks were made in Keras. Here they are made in Keras 3 (on torch) with a sixteenth
of the tables' channels, our weights are copied in, and both answer the same. What Keras has
otherwise by default and docs/decisions.md names: batch normalisations with an epsilon of 1e-3, and
a bias in convolutions before them, which they take off again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from regene_bench_plugins.methods.regene.regene import ReGene, ReGeneConfig
from regene_bench_plugins.methods.regene.training import build_networks
from torch import Tensor, nn

from regene_bench.api import ImageShape

N = 2
WIDTH = 128 // 16
POOL, UP = "pool", "up"
# Filters in units of the encoder's, and sides of kernels, in the order of the tables.
Layers = list[str | tuple[int, int, str]]


def convolutions(times: int, filters: int, side: int = 3, padding: str = "same") -> Layers:
    return [(filters, side, padding)] * times


PLAIN = convolutions(1, 1)
ENCODERS: dict[str, Layers] = {
    "A.5": [*PLAIN * 2, POOL, *PLAIN, POOL, *PLAIN, POOL, *PLAIN * 2],
    "A.6": [*PLAIN * 2, POOL, *PLAIN, POOL, *PLAIN, POOL, *PLAIN, POOL, *PLAIN * 2],
    "A.7": [*PLAIN * 2, POOL, *PLAIN, POOL, *PLAIN, POOL, (1, 9, "same"), (1, 11, "same")],
}
WIDE, LAST = convolutions(3, 4), convolutions(3, 2)
DECODERS: dict[str, Layers] = {
    "A.5": [*convolutions(2, 4, padding="valid"), *convolutions(1, 4), UP, *LAST, UP, *LAST],
    "A.6": [*WIDE, UP, *LAST, UP, *LAST, UP, *LAST, UP, *LAST],
    "A.7": [*WIDE, UP, *LAST, UP, *LAST, UP, *LAST],
}
SHAPES = {
    "A.5": ImageShape(1, 28, 28, 10),
    "A.6": ImageShape(3, 64, 64, 2),
    "A.7": ImageShape(3, 32, 32, 10),
}


@pytest.fixture(scope="module")
def keras() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "torch")
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        found = pytest.importorskip("keras", reason="Keras is NOT compared with: not installed")
        if found.backend.backend() != "torch":
            pytest.skip("Keras is NOT compared with: it was imported with another back end")
        yield found


def encoder_in_keras(keras: Any, table: str) -> Any:
    shape, layers = SHAPES[table], keras.layers
    network = keras.Sequential([layers.Input((shape.height, shape.width, shape.channels))])
    for layer in ENCODERS[table]:
        if isinstance(layer, str):
            network.add(layers.MaxPool2D(2))
            continue
        filters, side, padding = layer
        network.add(layers.Conv2D(filters * WIDTH, side, padding=padding))
        network.add(layers.BatchNormalization())
        network.add(layers.LeakyReLU(0.3))
    network.add(layers.Flatten())
    network.add(layers.Dense(shape.n_classes, activation="softmax"))
    return network


def decoder_in_keras(keras: Any, table: str, side: int) -> Any:
    shape, layers = SHAPES[table], keras.layers
    network = keras.Sequential([layers.Input((side * side * WIDTH,))])
    network.add(layers.Reshape((side, side, WIDTH)))
    # the table of CelebA alone has plain convolutions
    convolution = layers.Conv2D if table == "A.6" else layers.Conv2DTranspose
    for layer in DECODERS[table]:
        if isinstance(layer, str):
            network.add(layers.UpSampling2D(2))
            continue
        filters, side, padding = layer
        network.add(convolution(filters * WIDTH, side, padding=padding))
        network.add(layers.LeakyReLU(0.3))
        network.add(layers.BatchNormalization())
    network.add(layers.Conv2D(shape.channels, 3, padding="same", activation="sigmoid"))
    return network


def make_ours(table: str) -> tuple[Any, Any]:
    """Our networks of the preset ``paper``, narrowed, their batch norms at random."""
    shape = SHAPES[table]
    narrow = {
        "encoder_width": WIDTH,
        "encoder_narrowest": WIDTH,
        "decoder_width": 4 * WIDTH,
        "decoder_narrowest": 2 * WIDTH,
    }
    torch.manual_seed(0)
    networks = build_networks(ReGeneConfig(**(ReGene.preset("paper", shape) | narrow)), shape)
    for network in networks:
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eps = 1e-3
                for values in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                    assert values is not None
                    nn.init.uniform_(values, 0.5, 1.5)
    return networks


def copy_into(keras: Any, theirs: Any, ours: nn.Module, map_shape: tuple[int, int, int]) -> None:
    """Give Keras's layers the weights of our layers of the same kind, in order."""
    own = iter(m for m in ours.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d | nn.Linear))
    for layer in theirs.layers:
        if not layer.weights:
            continue
        source = next(own)
        bias = source.bias if source.bias is not None else torch.zeros(source.weight.shape[0])
        if isinstance(source, nn.BatchNorm2d):
            values = [source.weight, bias, source.running_mean, source.running_var]
        elif isinstance(source, nn.Linear):
            # Keras flattens maps with their channels last
            weight = source.weight.unflatten(1, map_shape).permute(2, 3, 1, 0).flatten(0, 2)
            values = [weight, bias]
        elif isinstance(layer, keras.layers.Conv2DTranspose):
            values = [source.weight.flip(2, 3).permute(2, 3, 0, 1), bias]
        else:
            values = [source.weight.permute(2, 3, 1, 0), bias]
        layer.set_weights([value.detach().numpy() for value in values])
    assert next(own, None) is None


def in_keras(network: Any, inputs: Tensor, *, training: bool) -> Tensor:
    with torch.no_grad():
        found: Tensor = network(inputs, training=training)
    return found.detach().cpu()


def n_biases(ours: nn.Module) -> int:
    """Those that Keras has in convolutions before a batch norm, and we leave out."""
    convolved = [layer for layer in ours.modules() if isinstance(layer, nn.Conv2d)]
    return sum(layer.out_channels for layer in convolved if layer.bias is None)


def trainable(theirs: Any) -> int:
    return sum(int(np.prod(weight.shape)) for weight in theirs.trainable_weights)


@pytest.mark.parametrize("table", SHAPES)
def test_networks_are_those_of_keras(table: str, keras: Any) -> None:
    shape = SHAPES[table]
    classifier, decoder = make_ours(table)
    map_shape = classifier.encoder.map_shape
    theirs = encoder_in_keras(keras, table), decoder_in_keras(keras, table, map_shape[1])
    images = torch.rand(N, shape.channels, shape.height, shape.width)
    latents = torch.randn(N, *map_shape)
    for ours, other, inputs, of_keras in (
        (classifier, theirs[0], images, images.permute(0, 2, 3, 1)),
        (decoder, theirs[1], latents.flatten(1), latents.permute(0, 2, 3, 1).flatten(1)),
    ):
        copy_into(keras, other, ours, map_shape)
        expected_weights = sum(p.numel() for p in ours.parameters()) + n_biases(ours)
        assert trainable(other) == expected_weights
        for training, tolerance in ((False, 4e-7), (True, 1e-5)):
            with torch.no_grad():
                found = ours.train(training)(inputs)
            expected = in_keras(other, of_keras, training=training)
            if ours is classifier:
                found = found.softmax(1)
            else:
                expected = expected.permute(0, 3, 1, 2)
            torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)
            assert found.std() > 10 * tolerance
