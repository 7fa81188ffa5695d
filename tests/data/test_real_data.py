"""The published data sets, where ``$REGENE_BENCH_DATA`` has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from regene_bench_plugins.datasets.published import PublishedSource
from regene_bench_plugins.datasets.published_sets import Cifar10, FashionMnist, Mnist

from regene_bench.base.environment import DATA_VARIABLE
from regene_bench.base.paths import data_roots
from regene_bench.data.load import load_dataset
from regene_bench.data.shapes import ImageShape

from .builders import request

pytestmark = pytest.mark.real_data

GREY_28 = ImageShape(1, 28, 28, 10)
RGB_32 = ImageShape(3, 32, 32, 10)


@pytest.mark.parametrize(
    ("name", "source", "shape", "n_train"),
    [
        ("mnist", Mnist, GREY_28, 60_000),
        ("fashion-mnist", FashionMnist, GREY_28, 60_000),
        ("cifar10", Cifar10, RGB_32, 50_000),
    ],
)
def test_a_published_set_is_whole(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    source: type[PublishedSource],
    shape: ImageShape,
    n_train: int,
) -> None:
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path))
    roots = data_roots()[:-1]
    if not any((root / name).is_dir() for root in roots):
        pytest.skip(f"${DATA_VARIABLE} is not set to a folder that holds {name!r}")
    wanted = request(name, shape, *roots)
    data = load_dataset(source(wanted), source_name=name)
    assert len(data.train.images) == n_train
    assert len(data.test.images) == 10_000
    assert data.train.class_names == source.publication.class_names
    assert tuple(np.bincount(data.train.labels)) == source.publication.train_counts
    spread = data.train.images[:2000].astype(np.float64).std(axis=0)
    assert spread.max() > 30, "the images differ from each other"
    assert load_dataset(source(wanted), source_name=name).fingerprint == data.fingerprint
