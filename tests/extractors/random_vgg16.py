"""A file of VGG-16 with random weights of the published shapes, without its dense layers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import torch
from torchvision.models import vgg16

from regene_bench.base.environment import CACHE_VARIABLE, OFFLINE_VARIABLE
from regene_bench.data.download import sha256_of


def save_vgg16(folder: Path) -> Path:
    """Write the file under its published name; the dense layers, 90 % of it, are of no use here."""
    folder.mkdir(parents=True)
    with torch.device("meta"):
        shapes = {f"features.{k}": v.shape for k, v in vgg16().features.state_dict().items()}
    generator = torch.Generator().manual_seed(0)
    drawn = {
        key: torch.randn(shape, generator=generator) * (2 / shape[1:].numel()) ** 0.5
        for key, shape in shapes.items()
    }
    path = folder / "vgg16-397923af.pth"
    # as the published file of 2016 is
    torch.save(drawn, path, _use_new_zipfile_serialization=False)
    return path


@contextmanager
def vgg16_in_place_of(path: Path) -> Iterator[None]:
    """Let a file of random weights, ``CACHE/weights/vgg16-397923af.pth``, be the published one."""
    from regene_bench_plugins.backbones import vgg16 as module

    own = replace(module.VGG16_2016, sha256=sha256_of(path), size=path.stat().st_size)
    cache = {CACHE_VARIABLE: str(path.parent.parent), OFFLINE_VARIABLE: "1"}
    with patch.object(module, "VGG16_2016", own), patch.dict(os.environ, cache):
        yield
