"""Tensors in .safetensors and .pt: what is taken for images and labels, and what is refused."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from regene_bench.base.errors import DataError
from regene_bench.samples.read import read_samples
from tests.data.builders import RGB, pixels

NAMES = ("cat", "dog", "owl")
IMAGES = torch.from_numpy(pixels(4, 3))
LABELS = torch.tensor([2, 0, 1, 1])


def save(path: Path, content: Any) -> Path:
    if path.suffix == ".safetensors":
        save_file(content, path)
    else:
        torch.save(content, path)
    return path


def found_in(path: Path, **options: Any) -> list[int] | None:
    samples = read_samples(path, RGB, NAMES, **options)
    np.testing.assert_array_equal(samples.images, IMAGES.numpy())
    return None if samples.labels is None else samples.labels.tolist()


def failure(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read_samples(path, RGB, NAMES, **options)
    assert caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.safetensors", "a.pt", "a.pth"])
@pytest.mark.parametrize(
    "keys", [("images", "labels"), ("x", "y"), ("arr_0", "arr_1"), ("out", "label")]
)
@pytest.mark.parametrize("kind", [torch.uint8, torch.float32, torch.float64])
def test_named_tensors(tmp_path: Path, name: str, keys: tuple[str, str], kind: Any) -> None:
    images = IMAGES if kind == torch.uint8 else (IMAGES / 255).to(kind)
    path = save(tmp_path / name, {keys[0]: images, keys[1]: LABELS})
    assert found_in(path) == LABELS.tolist()
    assert found_in(path, labels="none") is None


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        (IMAGES, None),
        ((IMAGES, LABELS), LABELS.tolist()),
        ([IMAGES, LABELS.tolist()], LABELS.tolist()),
        ({"images": IMAGES, "labels": ["owl", "cat", "dog", "dog"]}, LABELS.tolist()),
        ((IMAGES,), None),
    ],
)
def test_forms_of_pt(tmp_path: Path, content: Any, labels: Any) -> None:
    assert found_in(save(tmp_path / "a.pt", content)) == labels


def test_files_of_torch_before_1_6(tmp_path: Path) -> None:
    torch.save((IMAGES, LABELS), tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    assert found_in(tmp_path / "a.pt") == LABELS.tolist()


def test_bfloat16_is_an_image_too(tmp_path: Path) -> None:
    half = torch.full((2, 3, 6, 5), 0.25, dtype=torch.bfloat16)
    path = save(tmp_path / "a.safetensors", {"images": half})
    assert (read_samples(path, RGB, NAMES).images == 64).all()


@pytest.mark.parametrize("name", ["a.safetensors", "a.pt"])
def test_labels_of_another_name(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name, {"images": IMAGES, "drawn": LABELS})
    assert found_in(path) is None
    assert read_samples(path, RGB, NAMES).notes == (
        "unlabelled: no tensor is called label or the like (there is drawn)",
    )
    assert found_in(path, labels="drawn") == LABELS.tolist()
    assert "Did you mean 'drawn'" in failure(path, labels="drwan")


def test_values_are_judged_as_those_of_arrays(tmp_path: Path) -> None:
    path = save(tmp_path / "a.safetensors", {"images": IMAGES / 127.5 - 1})
    assert "(x + 1) / 2" in failure(path)


def test_weights_are_named_so(tmp_path: Path) -> None:
    weights = torch.nn.Conv2d(3, 8, 3).state_dict()
    for content in (weights, OrderedDict(weights), {"epoch": 3, "model": weights}):
        assert "a model's weights" in failure(save(tmp_path / "a.pt", content))
    assert "a model's weights" in failure(save(tmp_path / "a.safetensors", dict(weights)))


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("sprung"),))


def test_objects_are_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for content in (Trap(), {"images": IMAGES, "more": Trap()}):
        assert "no tensors" in failure(save(tmp_path / "a.pt", content))
    assert not Path("sprung").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"real": IMAGES, "fake_1": IMAGES}, "Which tensor"),
        ({"images": IMAGES, "fake": IMAGES}, "It has images [4, 3, 6, 5], fake [4, 3, 6, 5]."),
        ({"images": IMAGES, "labels": LABELS, "y": LABELS * 0}, "labels and y differ"),
        ({"labels": LABELS}, "Which tensor"),
        ({}, "It has none"),
        ("text", "type str"),
        ([IMAGES, IMAGES, IMAGES], "a list of 3 (Tensor)"),
        ((IMAGES, torch.zeros(4, 3, dtype=torch.int64)), "labels of shape"),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, content: Any, words: str) -> None:
    assert words in failure(save(tmp_path / "a.pt", content))


@pytest.mark.parametrize("name", ["a.safetensors", "a.pt"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.7, 0.98])
def test_torn_files_are_named(tmp_path: Path, name: str, share: float) -> None:
    path = save(tmp_path / name, {"images": IMAGES, "labels": LABELS})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert f"Cannot read {path}: it is damaged" in failure(path)
