"""Which training images each of ReGene's stages sees (section 5.1 of Gopalakrishnan et al. 2022).

For CelebA the paper trains the classifier on 15,000 images of each of two classes, and the decoder
on all images of the one that is generated.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from regene_bench.api import BenchmarkData, DeviceImages, Runtime, SelectedImages
from regene_bench_plugins.methods.regene.config import ReGeneConfig


def classifier_images(config: ReGeneConfig, data: BenchmarkData, runtime: Runtime) -> DeviceImages:
    """Training images of all classes, at most ``classifier_per_class`` of each.

    Args:
        config: Says how many.
        data: The benchmark's data.
        runtime: Its seed draws them.
    """
    limit, counts = config.classifier_per_class, data.train_per_class()
    if limit is None or max(counts) <= limit:
        return data.train

    def drawn() -> Tensor:
        generator = torch.Generator().manual_seed(runtime.derive_seed("classifier", "images"))
        parts = []
        for label in range(len(counts)):
            own = data.train.of_class(label)
            order = torch.randperm(len(own), generator=generator)[:limit]
            parts.append(own[order.to(own.device)])
        return torch.cat(parts).sort().values

    return SelectedImages(data.train, sum(min(count, limit) for count in counts), drawn)


def decoder_images(config: ReGeneConfig, data: BenchmarkData) -> DeviceImages:
    """Training images of the classes of ``decoded_classes``, uncopied."""
    return data.train if config.decoder_classes == "all" else data.train_generated()


def decoded_classes(config: ReGeneConfig, data: BenchmarkData) -> Sequence[int]:
    """Labels of the classes that the decoder is trained on, ascending."""
    if config.decoder_classes == "generated":
        return data.generated_labels
    return range(data.shape.n_classes)
