"""Trained models, loaded: they do what they did in their run, without a runtime or data."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import regene_bench
from regene_bench.base.errors import (
    ConfigError,
    DataError,
    MethodError,
    PluginError,
    ResultsError,
    UsageError,
)
from regene_bench.harness.model_description import FILE
from regene_bench.models import load as loading
from regene_bench.models.trained import TrainedModel


def loaded(results: Path, run_id: str, **options: Any) -> TrainedModel:
    return regene_bench.load(run_id, results=results, device="cpu", **options)


def change(folder: Path, **changes: Any) -> None:
    """Change a description on purpose: without the checksum, as its refusal advises."""
    described = json.loads((folder / FILE).read_text()) | changes
    del described["checksum"]
    (folder / FILE).write_text(json.dumps(described))


def no_data(*arguments: object, **options: object) -> None:
    raise DataError("the data are not here")


def test_labels_are_names_or_numbers(results: Path, runs: Mapping[str, str]) -> None:
    model = loaded(results, runs["cgan"][:8])
    assert model.capabilities == ("generate",)
    assert model.class_names == tuple("0123456789")
    one = model.generate("3").images
    assert one.shape == (1, 1, 8, 8)
    assert one.dtype == torch.float32
    numbers = (3, [3], np.int64(3), np.array([3]), torch.tensor([3], dtype=torch.int32))
    for labels in (*numbers, ["3"]):
        assert torch.equal(model.generate(labels).images, one)
    with pytest.raises(UsageError, match="no class 'frog'"):
        model.generate("frog")
    with pytest.raises(UsageError, match="no class 10"):
        model.generate([10])
    with pytest.raises(UsageError, match="no labels"):
        model.generate([])


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        (np.array([1.7]), r"float64 \[1\]"),
        (np.eye(10, dtype=np.int64)[:2], r"int64 \[2, 10\]"),
        ([1.7], "1.7 is no label"),
        (None, "None is no label"),
    ],
    ids=["fractions", "one-hot", "fraction", "none"],
)
def test_what_is_no_label_is_not_rounded_to_one(
    results: Path, runs: Mapping[str, str], labels: Any, match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        loaded(results, runs["cgan"]).generate(labels)


def test_seed_and_start_decide_the_images(results: Path, runs: Mapping[str, str]) -> None:
    model = loaded(results, runs["cgan"])
    four = model.generate([3, 3, 3, 3]).images
    assert torch.equal(model.generate([3, 3], start=2).images, four[2:])
    assert torch.equal(model.generate([3] * 4, seed=0).images, four)  # the run's own
    assert not torch.equal(model.generate([3] * 4, seed=1).images, four)
    with pytest.raises(UsageError, match="no image -1"):
        model.generate(3, start=-1)


def test_a_gan_needs_no_data(
    results: Path, runs: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "load_data", no_data)
    assert loaded(results, runs["cgan"]).generate([1, 2]).images.shape == (2, 1, 8, 8)


def test_regene_reads_the_data_when_it_generates(
    results: Path, runs: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "load_data", no_data)
    model = loaded(results, runs["regene"])
    images = torch.rand(2, 1, 8, 8)
    latents = model.encode(images)
    assert model.decode(latents).shape == images.shape
    assert model.classify(images).shape == (2, 10)
    with pytest.raises(DataError, match="not here"):
        model.generate(3)
    monkeypatch.undo()
    generation = loaded(results, runs["regene"]).generate([3, 4])
    assert generation.latents is not None
    assert generation.trials is not None
    assert set(generation.trials) == {"latent", "image"}


def test_what_a_model_cannot_do_is_said(results: Path, runs: Mapping[str, str]) -> None:
    with pytest.raises(MethodError, match="cgan cannot encode") as caught:
        loaded(results, runs["cgan"]).encode(torch.rand(1, 1, 8, 8))
    assert caught.value.hint == "It can generate."


def test_nothing_is_trained_where_a_checkpoint_is_missing(
    results: Path, runs: Mapping[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(results / "runs" / runs["cgan"], folder)
    (checkpoint,) = (folder / "checkpoints").iterdir()
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    with pytest.raises(ResultsError, match="is damaged: its bytes"):
        regene_bench.load(folder)
    shutil.rmtree(folder / "checkpoints")
    with pytest.raises(ResultsError, match="is not there"):
        regene_bench.load(folder)


@pytest.mark.parametrize(
    ("changes", "kind", "match"),
    [
        ({"method_version": "0"}, PluginError, "version 0 of cgan"),
        ({"distribution": "file:3f1c"}, PluginError, "is a method in a file"),
        ({"distribution": "nobody"}, UsageError, "no method 'nobody:cgan'"),
        ({"params": {"noise_dim": -1}}, ConfigError, "noise_dim"),
        ({"seed": "x"}, ConfigError, "seed"),
        ({"class_names": ["0"]}, ConfigError, "class_names has 1 entries for 10 classes"),
    ],
)
def test_a_description_is_checked(
    results: Path,
    runs: Mapping[str, str],
    tmp_path: Path,
    changes: dict[str, Any],
    kind: type[Exception],
    match: str,
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(results / "runs" / runs["cgan"], folder)
    change(folder, **changes)
    with pytest.raises(kind, match=match):
        regene_bench.load(folder)


def test_a_description_of_which_a_digit_changed_is_not_believed(
    results: Path, runs: Mapping[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(results / "runs" / runs["cgan"], folder)
    text = (folder / FILE).read_text()
    (folder / FILE).write_text(text.replace('"seed": 0', '"seed": 1'))
    with pytest.raises(ResultsError, match="its checksum is another"):
        regene_bench.load(folder)


def test_networks_of_another_shape_are_not_trained_anew(
    results: Path, runs: Mapping[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(results / "runs" / runs["cgan"], folder)
    params = json.loads((folder / FILE).read_text())["params"]
    change(folder, params=params | {"noise_dim": params["noise_dim"] + 1})
    with pytest.raises(ResultsError, match="does not fit"):
        regene_bench.load(folder)


def test_other_data_than_it_was_trained_on_are_refused(
    results: Path, runs: Mapping[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(results / "runs" / runs["real"], folder)
    change(folder, fingerprint="0" * 16)
    with pytest.raises(ResultsError, match="other ones"):
        regene_bench.load(folder)


@pytest.mark.parametrize("name", ["", "user/name/more", "../name", "user/name@", "a name"])
def test_a_name_that_no_repository_has_is_refused_before_the_hub_is_asked(name: str) -> None:
    with pytest.raises(UsageError, match="names no repository") as caught:
        regene_bench.load(f"hf://{name}")
    assert caught.value.hint == "Give hf://USER/NAME, or hf://USER/NAME@REVISION."


@pytest.mark.parametrize("source", ["nothing", "some/folder", Path("nowhere")])
def test_what_is_not_there(results: Path, source: Path | str) -> None:
    with pytest.raises(UsageError, match=r"no run 'nothing'|is no folder"):
        regene_bench.load(source, results=results)


def test_a_method_with_one_run_is_named_by_itself(results: Path, runs: Mapping[str, str]) -> None:
    assert loaded(results, "cgan").description.run_id == runs["cgan"]
