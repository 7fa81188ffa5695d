"""Methods and metrics that write into what they were lent: they fail, and nobody else's number."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from regene_bench.base.errors import DataError
from regene_bench.data.device_images import BenchmarkData
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.metric import Column, Metric, Score
from regene_bench.harness import supervisor
from regene_bench.harness.campaign import carry_out
from regene_bench.harness.executors.executor import Job
from regene_bench.harness.options import Options
from regene_bench.harness.prepare import prepare
from regene_bench.harness.run import execute
from regene_bench.harness.shared_data import SharedData
from regene_bench.harness.workbench import make_comparison
from regene_bench.leaderboard.record import RunRecord
from regene_bench.runtime.stop import StopRequest
from regene_bench.training.capabilities import Generation
from tests.methods.builders import make_data

from .builders import Flat, FlatModel, benchmark, run_of, setting_of


class Everything(Metric):
    """Sums over all that a metric can see."""

    columns = tuple(
        Column(name, "none") for name in ("generated", "labels", "real", "features", "derived")
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        real = evaluation.reference_features("mean").features
        derived = evaluation.of_reference("double", "mean", None, lambda x: 2 * x)
        seen = {
            "generated": evaluation.generated.images,
            "labels": evaluation.generated.labels,
            "real": evaluation.real().images,
            "features": torch.cat([evaluation.generated_features("mean").features, real]),
            "derived": derived,
        }
        for name, tensor in seen.items():
            yield Score(name, float((tensor.double() * (1 + _places(tensor))).sum()))


def _places(tensor: Tensor) -> Tensor:
    return torch.arange(tensor.numel(), dtype=torch.float64).reshape(tensor.shape)


def metric_that(change: Callable[[Evaluation], object]) -> Metric:
    class Careless(Metric):
        columns = (Column("careless", "lower"),)

        def measure(self, evaluation: Evaluation) -> Iterator[Score]:
            change(evaluation)
            yield Score("careless", 0.0)

    return Careless()


METRICS: dict[str, tuple[str, Callable[[Evaluation], object]]] = {
    "inverts the generated images": (
        "the generated images",
        lambda e: e.generated.images.bitwise_not_(),
    ),
    "sorts the labels": ("their labels", lambda e: e.generated.labels.copy_(_flipped(e))),
    "counts trials": ("the image trials", lambda e: e.trials["image"].mul_(0)),
    "normalises features": (
        "the features of generated images (mean)",
        lambda e: e.generated_features("mean").features.div_(2),
    ),
    "normalises real features": (
        "the features of real images (mean)",
        lambda e: e.reference_features("mean").features.sub_(1),
    ),
    "writes into what is derived": (
        "the double of real images' features (mean)",
        lambda e: e.of_reference("double", "mean", None, lambda x: 2 * x).zero_(),
    ),
    "writes into real images": ("the real images", lambda e: e.real().images.fill_(3)),
    "goes around the counter": (
        "the training images",
        lambda e: e.data.train.images.numpy().__setitem__(0, 9),
    ),
    "shuffles": ("the test images", lambda e: e.data.test.images.copy_(_rolled(e))),
}


def _flipped(e: Evaluation) -> Tensor:
    return e.generated.labels.flip(0)


def _rolled(e: Evaluation) -> Tensor:
    return e.data.test.images.roll(1, 0).clone()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float | None]:
    setting = setting_of(tmp_path_factory.mktemp("alone"), make_data(), Everything())
    return scores(execute(run_of(WithTrials), setting))


def scores(record: RunRecord) -> dict[str, float | None]:
    return {score.metric: score.value for score in record.scores if score.status == "ok"}


class TriedModel(FlatModel):
    def generate(self, labels: Tensor, rng: object) -> Generation:
        images = super().generate(labels, rng).images
        return Generation(images, trials={"image": torch.full_like(labels, 4)})


class WithTrials(Flat):
    def fit(self, data: BenchmarkData, runtime: object) -> object:
        return TriedModel(self.config.value, data.shape)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_that_writes_fails_and_the_others_measure_what_there_was(
    name: str, tmp_path: Path, undisturbed: dict[str, float | None]
) -> None:
    what, change = METRICS[name]
    # the careless one goes first: what it spoils is what it asks for before all others
    setting = setting_of(tmp_path, make_data(), metric_that(change), Everything())
    record = execute(run_of(WithTrials), setting)
    careless, *others = record.scores
    assert record.status == "ok"
    assert (careless.status, careless.error_type) == ("failed", "SharedStateError")
    assert what in (careless.error_message or "")
    assert [score.status for score in others] == ["ok"] * len(undisturbed)
    assert scores(record) == undisturbed


def _zero_labels(data: BenchmarkData, _: object) -> object:
    class Zeroing(FlatModel):
        def generate(self, labels: Tensor, rng: object) -> Generation:
            labels.zero_()
            return super().generate(labels, rng)

    return Zeroing(0.5, data.shape)


def _late(data: BenchmarkData, _: object) -> object:
    class Late(FlatModel):
        def generate(self, labels: Tensor, rng: object) -> Generation:
            data.test.labels.zero_()
            return super().generate(labels, rng)

    return Late(0.5, data.shape)


def _darkens(data: BenchmarkData, _: object) -> object:
    data.train.images.div_(2, rounding_mode="floor")
    return FlatModel(0.5, data.shape)


def _darkens_and_fails(data: BenchmarkData, _: object) -> object:
    data.train.images.zero_()
    raise ValueError("and that is not all")


@pytest.mark.parametrize(
    ("fit", "words"),
    [
        (_darkens, "fit wrote into the training images"),
        (_zero_labels, "generate wrote into the labels that it was given"),
        (_late, "generate wrote into the test labels"),
        (_darkens_and_fails, "and that is not all"),
    ],
)
def test_a_method_that_writes_fails_and_the_next_run_sees_what_there_was(
    fit: Callable[..., object],
    words: str,
    tmp_path: Path,
    undisturbed: dict[str, float | None],
) -> None:
    class Careless(Flat):
        def fit(self, data: BenchmarkData, runtime: object) -> object:
            return fit(data, runtime)

    setting = setting_of(tmp_path, make_data(), Everything())
    record = execute(run_of(Careless), setting)
    assert record.status == "failed"
    assert words in (record.error_message or "")
    assert scores(execute(run_of(WithTrials), setting)) == undisturbed


def test_data_that_changed_on_the_disk_too_cannot_be_put_right() -> None:
    data = make_data()
    comparison = make_comparison(benchmark(), "quick", data)
    shared = SharedData(data, comparison, lambda: (data, comparison))
    assert shared.restore() == ()
    data.train.images.zero_()
    with pytest.raises(DataError, match="what is on the disk differs"):
        shared.restore()


def test_global_state_that_a_method_leaves_reaches_no_other(tmp_path: Path) -> None:
    seen: list[Any] = []

    class Looking(Flat):
        def fit(self, data: BenchmarkData, runtime: object) -> object:
            seen.append((torch.get_default_dtype(), Path.cwd(), random.random(), np.random.rand()))
            torch.set_default_dtype(torch.float64)
            return FlatModel(0.5, data.shape)

    setting = setting_of(tmp_path, make_data())
    for seed in range(2):
        assert execute(run_of(Looking, seed), setting).status == "ok"
    assert seen[0] == seen[1]
    assert torch.get_default_dtype() == torch.float32


def test_threads_of_an_executor_wait_for_each_other(
    tmp_path: Path, light_protocol: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    at_once, most = 0, 0
    guard = threading.Lock()
    real_execute = supervisor.execute

    def counting(*args: Any) -> RunRecord:
        nonlocal at_once, most
        with guard:
            at_once += 1
            most = max(most, at_once)
        record = real_execute(*args)
        with guard:
            at_once -= 1
        return record

    def in_threads(job: Job) -> Iterator[RunRecord]:
        with ThreadPoolExecutor(4) as pool:
            yield from pool.map(job.execute, job.runs)

    monkeypatch.setattr(supervisor, "execute", counting)
    options = Options(methods="real", seeds="4", preset="quick", device="cpu", results=tmp_path)
    campaign = prepare(str(light_protocol), options, lambda event: None, StopRequest())
    outcome = carry_out(replace(campaign, executor=in_threads))
    assert [record.status for record in outcome.ran] == ["ok"] * 4
    assert most == 1


def test_a_relative_results_folder_is_where_it_was_when_the_call_began(
    tmp_path: Path, light_protocol: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.chdir(tmp_path)
    options = Options(methods="real", preset="quick", device="cpu", results=Path("out"))
    campaign = prepare(str(light_protocol), options, lambda event: None, StopRequest())
    assert campaign.setting.results == tmp_path / "out"
