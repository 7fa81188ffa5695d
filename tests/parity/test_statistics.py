"""Files of mean and covariance, to and from the libraries that exchange them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import regene_bench
from tests.conftest import tiny_protocol_text
from tests.samples.block_means import DIMENSION, block_means, register_block_means
from tests.samples.builders import held_out_digits, some_digits, write_flat

from .libraries import with_working_sqrtm


class _Network(nn.Module):
    """Takes the Inception network's place in pytorch-fid: images in [0, 1] to nine features."""

    BLOCK_INDEX_BY_DIM: ClassVar = {DIMENSION: 0}

    def __init__(self, blocks: list[int]) -> None:
        super().__init__()

    def forward(self, images: Tensor) -> list[Tensor]:
        return [block_means(images * 255)[:, :, None, None]]


@pytest.fixture
def pytorch_fid(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    fid = pytest.importorskip(
        "pytorch_fid.fid_score", reason="pytorch-fid is missing: NO parity check"
    )
    with_working_sqrtm(fid, monkeypatch)
    monkeypatch.setattr(fid, "InceptionV3", _Network)
    register_block_means(monkeypatch)
    return fid


def in_colour(images: np.ndarray) -> np.ndarray:
    return images.repeat(3, axis=1)


def test_statistics_that_pytorch_fid_saves_give_pytorch_fids_distance(
    pytorch_fid: ModuleType, tmp_path: Path
) -> None:
    real = write_flat(tmp_path / "real", in_colour(some_digits("train", 6).images))
    made = write_flat(tmp_path / "made", in_colour(held_out_digits(4).images))
    file = tmp_path / "real.npz"
    options = {"batch_size": 16, "device": "cpu", "dims": DIMENSION, "num_workers": 0}
    pytorch_fid.save_fid_stats([str(real), str(file)], **options)
    expected = pytorch_fid.calculate_fid_given_paths([str(file), str(made)], **options)
    report = regene_bench.score(made, against_stats=file, extractor="blocks", metrics="fd")
    assert expected > 10
    assert report.value("fd") == pytest.approx(expected, rel=1e-5)


def test_statistics_that_are_written_here_give_the_libraries_our_distance(
    pytorch_fid: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = tmp_path / "blocks.toml"
    protocol.write_text(tiny_protocol_text("fd[extractor=blocks]", rank_by="fd"))
    file, images = tmp_path / "real.npz", held_out_digits(4).images
    regene_bench.stats(str(protocol), "blocks", file)
    ours = regene_bench.score(images, str(protocol)).value("fd")
    read = pytorch_fid.compute_statistics_of_path(str(file), None, 0, 0, "cpu")
    features = block_means(torch.from_numpy(images)).double().numpy()
    generated = features.mean(axis=0), np.cov(features, rowvar=False)
    theirs = pytorch_fid.calculate_frechet_distance(*read, *generated)
    assert theirs == pytest.approx(ours, rel=1e-9)
    cleanfid = pytest.importorskip("cleanfid.fid", reason="clean-fid is missing: NO parity check")
    with_working_sqrtm(cleanfid, monkeypatch)
    assert cleanfid.frechet_distance(*read, *generated) == pytest.approx(ours, rel=1e-9)
