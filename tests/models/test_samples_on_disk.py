"""Samples of a trained model on disk: the run's own, in every form, scored as in the run."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import regene_bench
from regene_bench.base.errors import UsageError
from regene_bench.data.device_images import to_uint8
from regene_bench.leaderboard.one_run import read_run
from regene_bench.models.forms import LabelledImages, write_folder
from regene_bench.models.sample import form_of, write_samples

FORMS = ("out", "out.npz", "out.parquet", "out.zip")


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("method", ["real", "cgan", "regene"])
def test_the_runs_own_images_score_as_in_the_run(
    method: str,
    name: str,
    results: Path,
    runs: Mapping[str, str],
    light_protocol: Path,
    tmp_path: Path,
) -> None:
    model = regene_bench.load(runs[method], results=results, device="cpu")
    drawn = write_samples(model, tmp_path / name)
    assert (drawn.n, drawn.labelled) == (40, True)
    report = regene_bench.score(tmp_path / name, light_protocol, metrics="neutral", device="cpu")

    def numbers(record: object) -> dict[tuple[str, str | None], float | None]:
        return {(s.metric, s.class_name): s.value for s in record.scores if s.status == "ok"}  # type: ignore[attr-defined]

    in_run = numbers(read_run(results, runs[method]))
    assert len(in_run) > 10
    scored = numbers(report.record)
    assert {key: scored[key] for key in in_run if "neutral" in key[0]} == {
        key: value for key, value in in_run.items() if "neutral" in key[0]
    }


def test_forms_hold_the_same_images(results: Path, runs: Mapping[str, str], tmp_path: Path) -> None:
    model = regene_bench.load(runs["cgan"], results=results, device="cpu")
    for name in FORMS:
        write_samples(model, tmp_path / name, n=20, seed=5)
    expected = model.generate(list(range(10)), seed=5)
    saved = np.load(tmp_path / "out.npz")
    assert saved["arr_0"].shape == (20, 8, 8, 1)
    assert saved["arr_0"].dtype == np.uint8
    assert saved["arr_1"].tolist() == [label for label in range(10) for _ in range(2)]
    first = to_uint8(expected.images[:1]).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(saved["arr_0"][:1], first)
    with Image.open(tmp_path / "out" / "9" / "000001.png") as picture:
        assert np.array_equal(np.asarray(picture), saved["arr_0"][19, ..., 0])
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["label"].to_pylist() == saved["arr_1"].tolist()
    told = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert told["label"] == {"names": list("0123456789"), "_type": "ClassLabel"}
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        labels = json.loads(archive.read("dataset.json"))["labels"]
    assert labels[19] == ["00000/img00000019.png", 9]


def test_samples_of_an_unconditional_model_have_no_labels(
    results: Path, runs: Mapping[str, str], tmp_path: Path
) -> None:
    model = regene_bench.load(runs["ugan"], results=results, device="cpu")
    for name in FORMS:
        assert not write_samples(model, tmp_path / name, n=5).labelled
    assert len(list((tmp_path / "out").glob("*.png"))) == 5
    assert np.load(tmp_path / "out.npz").files == ["arr_0"]
    assert pq.read_schema(tmp_path / "out.parquet").names == ["image"]


def test_a_few_of_a_class_are_the_runs_own_first_ones(
    results: Path, runs: Mapping[str, str], tmp_path: Path
) -> None:
    model = regene_bench.load(runs["cgan"], results=results, device="cpu")
    write_samples(model, tmp_path / "all.npz")
    write_samples(model, tmp_path / "some.npz", n=7, classes=["3"])
    everything, some = np.load(tmp_path / "all.npz"), np.load(tmp_path / "some.npz")
    own = everything["arr_0"][everything["arr_1"] == 3]
    assert some["arr_1"].tolist() == [3] * 7
    assert np.array_equal(some["arr_0"][: len(own)], own)
    assert not any(np.array_equal(one, other) for one in some["arr_0"][len(own) :] for other in own)


def test_classes_that_are_no_folder_names_are_numbered(tmp_path: Path) -> None:
    pixels = np.zeros((2, 4, 4, 1), dtype=np.uint8)
    images = LabelledImages(pixels, np.array([0, 1]), ["T-shirt/top", "Trouser"])
    write_folder(images, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0", "1"]


def test_what_would_be_called_wrongly_is_refused(tmp_path: Path) -> None:
    assert form_of(Path("a.zip"), "") == "zip"
    assert form_of(Path("a"), "") == "folder"
    with pytest.raises(UsageError, match="no form 'png'"):
        form_of(Path("a"), "png")
    with pytest.raises(UsageError) as caught:
        form_of(Path("a"), "npz")
    assert "a.npz" in caught.value.hint


def test_nothing_is_overwritten(results: Path, runs: Mapping[str, str], tmp_path: Path) -> None:
    model = regene_bench.load(runs["cgan"], results=results, device="cpu")
    (tmp_path / "out.npz").write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        write_samples(model, tmp_path / "out.npz", n=2)
    assert (tmp_path / "out.npz").read_text() == "mine"
    with pytest.raises(UsageError, match="Cannot draw 0"):
        write_samples(model, tmp_path / "other.npz", n=0)
