"""``regene_bench.score``: images from anywhere under a benchmark's conventions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from regene_bench_plugins.metrics import classification_accuracy_score

import regene_bench
from regene_bench.base.errors import DataError, RegeneBenchError
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.record import ScoreRow
from regene_bench.plugins.host import load_plugins
from regene_bench.samples.report import Report
from tests.data.builders import write_class_folders
from tests.samples.builders import held_out_digits, some_digits

score = regene_bench.score


@pytest.fixture(scope="module")
def held_out() -> tuple[np.ndarray, np.ndarray]:
    """40 held-out digits, four a class: as many as the small protocols generate."""
    split = held_out_digits(per_class=4)
    return split.images, split.labels


def row(report: Report, metric: str) -> ScoreRow:
    (found,) = [r for r in report.rows if r.metric == metric and r.class_name is None]
    return found


def noisy(images: np.ndarray, strength: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(scale=strength, size=images.shape)
    return np.clip(images + noise, 0, 255).round().astype(np.uint8)


def test_files_arrays_and_tensors_are_one_run(
    light_protocol: Path, tmp_path: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    images, labels = held_out
    write_class_folders(tmp_path, held_out_digits(per_class=4))
    against = str(light_protocol)
    reports = [
        score(tmp_path, against),
        score(images, against, labels),
        score(torch.from_numpy(images).float() / 255, against, torch.from_numpy(labels)),
        score(images.transpose(0, 2, 3, 1) / 255, against, [str(label) for label in labels]),
    ]
    assert len({report.record.run_id for report in reports}) == 1
    assert len({report.value("accuracy_neutral") for report in reports}) == 1
    assert len({report.value("is_neutral") for report in reports}) == 1
    assert row(reports[0], "accuracy_neutral").note.count("protocol") == 0


def test_the_benchmarks_conventions_stand_in_the_rows(
    tiny_protocol: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    report = score(held_out[0], str(tiny_protocol), held_out[1], name="mine")
    record, distance = report.record, row(report, "fd_efficientnet_lite0")
    assert (record.method, record.distribution, record.method_role) == (
        "mine",
        "external",
        "method",
    )
    assert record.fit_seconds is None
    assert (distance.n_real, distance.n_generated, distance.reference_split) == (60, 40, "train")
    assert distance.weights_sha256
    assert row(report, "mae_test").status == "skipped"
    per_class = [r for r in report.rows if r.metric == "accuracy_neutral" and r.class_name]
    assert [r.class_name for r in per_class] == [str(i) for i in range(10)]


def test_devices_that_share_the_work_give_the_scores_of_one(
    light_protocol: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    images, labels = (np.concatenate([part] * 3) for part in held_out)
    alone = score(images, str(light_protocol), labels)
    together = score(images, str(light_protocol), labels, devices=["cpu", "cpu"])
    assert len(images) > 64, "one chunk is computed by one device"
    assert [(r.metric, r.value) for r in together.rows] == [(r.metric, r.value) for r in alone.rows]
    assert together.value("accuracy_neutral") is not None
    with pytest.raises(RegeneBenchError, match="Both --device mps and --devices cpu,cpu"):
        score(images, str(light_protocol), labels, device="mps", devices="cpu, cpu")


def test_without_labels_what_needs_them_is_skipped(
    light_protocol: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    report = score(held_out[0], str(light_protocol))
    assert row(report, "accuracy_neutral").status == "skipped"
    assert row(report, "is_neutral").status == "ok"
    assert "unlabelled" in report.title


def test_images_that_were_cast_to_black_are_noted(
    light_protocol: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    cast = (held_out[0] / 255).round().astype(np.uint8)
    report = score(cast, str(light_protocol), held_out[1], metrics="neutral")
    assert "the brightest of all pixels is 1, of the real images 255" in str(report)


def test_copies_of_training_images_are_found(
    light_protocol: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    copied = score(some_digits("train", 4).images, str(light_protocol), metrics="memorisation")
    assert copied.value("copies") == 40
    assert copied.value("memorised_pixels") == 1
    assert score(held_out[0], str(light_protocol), metrics="memorisation").value("copies") == 0


@pytest.mark.slow
@pytest.mark.parametrize("labelled", [True, False])
def test_no_metric_fails_on_images_without_a_model(
    tiny_protocol: Path,
    held_out: tuple[np.ndarray, np.ndarray],
    labelled: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images, labels = held_out
    # how well the classifiers of generated images learn is nothing to this test
    monkeypatch.setattr(classification_accuracy_score, "_LEAST_SEEN", 1000)
    names = load_plugins().shown_names("metric")
    report = score(images, str(tiny_protocol), labels if labelled else None, metrics=names)
    by_status: dict[str, set[str]] = {}
    for found in report.rows:
        by_status.setdefault(found.status, set()).add(found.metric)
    assert "failed" not in by_status
    assert {"mae_test", "trials_image"} <= by_status["skipped"]
    assert ("accuracy_neutral" in by_status["skipped"]) is not labelled


def test_rising_noise_raises_the_distance(
    tiny_protocol: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    images, _ = held_out
    distances = [
        score(noisy(images, s), str(tiny_protocol), metrics="fd_efficientnet_lite0").value(
            "fd_efficientnet_lite0"
        )
        for s in (0, 30, 90)
    ]
    assert distances == sorted(distances)
    assert distances[-1] > 2 * distances[0]


def test_few_images_are_scored_with_a_warning_in_the_row(
    tiny_protocol: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    metric = "fd_efficientnet_lite0"
    few = score(held_out[0][:20], str(tiny_protocol), metrics=metric)
    note = row(few, metric).note
    assert "20 images for 1280 dimensions" in note
    assert "20 images, fewer than the protocol's 40" in note
    enough = score(held_out[0], str(tiny_protocol), metrics=metric)
    assert "protocol" not in row(enough, metric).note


def test_other_class_proportions_are_noted(
    light_protocol: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    images, _ = held_out
    report = score(images, str(light_protocol), np.zeros(len(images), dtype=np.int64))
    assert "other proportions" in row(report, "accuracy_neutral").note


def test_resizing_must_be_asked_for_and_is_noted(
    light_protocol: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    large = held_out[0].repeat(2, axis=2).repeat(2, axis=3)
    with pytest.raises(DataError, match="16×16 pixels; the benchmark's are 8×8"):
        score(large, str(light_protocol))
    report = score(large, str(light_protocol), resize=True)
    assert "resized from 16×16 to 8×8 (bicubic)" in row(report, "is_neutral").note
    assert report.record.params["resized_from"] == "16×16"


def test_the_leaderboard_keeps_what_was_measured_before(
    tiny_protocol: Path, tmp_path: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    images, labels = held_out
    first = score(images, str(tiny_protocol), labels, metrics="neutral", results=tmp_path)
    score(images, str(tiny_protocol), labels, metrics=["fd_efficientnet_lite0"], results=tmp_path)
    assert first.part is not None
    kept = {r.metric for r in read_run(tmp_path, first.record.run_id).scores}
    assert kept == {"accuracy_neutral", "is_neutral", "fd_efficientnet_lite0"}
    assert len(list(tmp_path.glob("leaderboard/*/*.parquet"))) == 1
    assert (tmp_path / "runs" / first.record.run_id / "samples.png").exists()


def test_another_name_is_another_line(
    light_protocol: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    ids = {score(held_out[0], str(light_protocol), name=n).record.run_id for n in ("a", "b")}
    assert len(ids) == 2


def test_a_report_is_readable_in_every_form(
    light_protocol: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    report = score(held_out[0][:20], str(light_protocol), held_out[1][:20])
    text = str(report)
    assert text == report.render("table")
    assert "[1]" in text
    assert "fewer than the protocol's 40" in text
    assert report.render("md").startswith("| metric |")
    assert report.render("csv").startswith("run_id,")
    assert '"metric": "is_neutral"' in report.render("json")
    assert report.exit_code == 0
    with pytest.raises(KeyError, match="nonsense"):
        report.value("nonsense")


@pytest.fixture
def torch_settings() -> Iterator[None]:
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("torch_settings")
@pytest.mark.parametrize("enabled", [False, True])
def test_the_callers_torch_is_left_as_it_was(
    light_protocol: Path, held_out: tuple[np.ndarray, np.ndarray], enabled: bool
) -> None:
    torch.use_deterministic_algorithms(enabled)
    score(held_out[0], str(light_protocol))
    assert torch.are_deterministic_algorithms_enabled() == enabled
    assert not torch.is_deterministic_algorithms_warn_only_enabled()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"against": "digit"}, "Did you mean 'digits'?"),
        ({"metrics": "neutrl"}, "Did you mean 'neutral'?"),
        ({"preset": "qick"}, "Did you mean 'quick'?"),
        ({"device": "gpu"}, "Unknown device"),
        ({"name": " "}, "cannot be the name"),
        ({"samples": "nowhere"}, "There is no file or folder nowhere"),
        ({"labels": "column"}, "no file"),
        ({"labels": [0, 1]}, "40 images"),
        ({"labels": ["0"] * 39 + ["x"]}, "'x'"),
        ({"samples": np.zeros((1, 8, 8), np.uint8)}, "one image"),
        ({"samples": np.zeros((40, 8, 8), np.int32)}, "int32"),
    ],
)
def test_mistakes_are_named(
    light_protocol: Path,
    held_out: tuple[np.ndarray, np.ndarray],
    changes: dict[str, Any],
    words: str,
) -> None:
    arguments: dict[str, Any] = {"samples": held_out[0], "against": str(light_protocol)} | changes
    with pytest.raises(RegeneBenchError) as caught:
        score(**arguments)
    assert words in str(caught.value)


def test_a_class_that_the_protocol_does_not_compare_is_refused(
    light_protocol: Path, tmp_path: Path, held_out: tuple[np.ndarray, np.ndarray]
) -> None:
    path = tmp_path / "some.toml"
    path.write_text(
        light_protocol.read_text().replace(
            'reference_split = "train"', 'reference_split = "train"\ngenerate_classes = ["3", "5"]'
        )
    )
    images, labels = held_out
    kept = np.isin(labels, [3, 5])
    assert score(images[kept], str(path), labels[kept]).value("accuracy_neutral") >= 0
    with pytest.raises(DataError, match="images of 0, 1, 2, 4"):
        score(images, str(path), labels)


def test_an_unknown_attribute_of_the_package_is_an_error() -> None:
    with pytest.raises(AttributeError, match="scores"):
        _ = regene_bench.scores
