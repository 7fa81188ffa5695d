"""One run from fit to record, and what becomes of methods that break."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from regene_bench.base.errors import Interrupted, TrainingDivergedError
from regene_bench.base.events import Event, Message
from regene_bench.data.device_images import BenchmarkData
from regene_bench.data.shapes import ImageShape
from regene_bench.evaluation.evaluation import Evaluation
from regene_bench.evaluation.metric import Column, Metric, Score
from regene_bench.harness.run import execute
from regene_bench.harness.run_folders import run_folder
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.parts import write_part
from regene_bench.runtime.stage_report import StageReport
from regene_bench.runtime.stop import StopRequest
from regene_bench.training.capabilities import Generation
from regene_bench.training.method import Method
from tests.evaluation.fakes import MeanExtractor
from tests.methods.builders import make_data

from .builders import Flat, FlatModel, run_of, setting_of


class Counting(Metric):
    """How many images there are, and their mean."""

    columns = (Column("count", "none"), Column("mean", "lower"))

    def measure(self, evaluation: Any) -> Any:
        images = evaluation.generated.images
        yield Score("count", float(len(images)), n_real=len(evaluation.real()))
        yield Score("mean", float(images.float().mean()))


class BrokenMetric(Metric):
    columns = (Column("broken", "lower"),)

    def measure(self, evaluation: Any) -> Any:
        raise ValueError("cannot measure")


@pytest.fixture(scope="module")
def data() -> BenchmarkData:
    return make_data()


def method_that(function: Any) -> type[Method]:
    """A method whose ``fit`` is a function of data and runtime."""

    class Made(Flat):
        def fit(self, data: BenchmarkData, runtime: object) -> object:
            return function(data, runtime)

    return Made


def model_that(function: Any) -> type[Method]:
    """A method whose model generates what a function of labels gives."""

    class Model:
        def generate(self, labels: torch.Tensor, rng: object) -> Any:
            return function(labels)

    return method_that(lambda data, runtime: Model())


def test_a_run_becomes_a_record(data: BenchmarkData, tmp_path: Path) -> None:
    setting = setting_of(tmp_path, data, Counting())
    run = run_of(value=0.2, seed=7)
    record = execute(run, setting)
    assert (record.status, record.error_type, record.traceback_path) == ("ok", None, None)
    assert (record.run_id, record.seed, record.params) == (
        run.run_id,
        7,
        {"value": 0.2, "depth": 3},
    )
    assert (record.benchmark, record.preset, record.method) == ("tiny", "quick", "flat")
    assert {score.metric: score.value for score in record.scores} == {"count": 40.0, "mean": 51.0}
    assert record.scores[0].n_real == 60
    assert record.fit_seconds is not None
    assert record.generate_images_per_second == pytest.approx(40 / (record.generate_seconds or 0))
    assert record.torch_version == torch.__version__
    assert record.packages["numpy"]
    write_part(setting.results, record)
    assert read_run(setting.results, run.run_id) == record


def test_a_row_says_what_computed_its_features(
    data: BenchmarkData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Feature(Counting):
        def measure(self, evaluation: Evaluation) -> Iterable[Score]:
            evaluation.generated_features("mean")
            return super().measure(evaluation)

    monkeypatch.setattr(MeanExtractor, "computed_by", {"an engine": "1.2"})
    unmeasured, measured = setting_of(tmp_path, data), setting_of(tmp_path, data, Feature())
    assert "an engine" not in execute(run_of(value=0.2), unmeasured).packages
    record = execute(run_of(value=0.2), measured)
    assert record.packages["an engine"] == "1.2"
    write_part(measured.results, record)
    assert read_run(measured.results, record.run_id) == record


def test_a_run_leaves_its_identity_and_a_picture(data: BenchmarkData, tmp_path: Path) -> None:
    setting = setting_of(tmp_path, data)
    run = run_of(value=0.2)
    execute(run, setting)
    folder = run_folder(setting.results, run.run_id)
    described = json.loads((folder / "run.json").read_text())
    assert described["params"] == {"value": 0.2, "depth": 3}
    assert described["run_id"] == run.run_id
    with Image.open(folder / "samples.png") as picture:
        assert picture.format == "PNG"


class Shrinking(FlatModel):
    """Encodes and decodes; what comes back has ``side`` pixels a side."""

    def __init__(self, side: int, shape: ImageShape) -> None:
        super().__init__(0.5, shape)
        self._side = side

    def encode(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        return torch.full((len(latents), 1, self._side, self._side), 0.25)


def test_a_model_that_decodes_leaves_a_picture_of_reconstructions(
    data: BenchmarkData, tmp_path: Path
) -> None:
    setting = setting_of(tmp_path, data)
    same = method_that(lambda data, _: Shrinking(data.shape.height, data.shape))
    run = run_of(same)
    execute(run, setting)
    path = run_folder(setting.results, run.run_id) / "reconstructions.png"
    with Image.open(path) as picture:
        values = [picture.getpixel((x, 20)) for x in range(20, picture.width, 40)]
    assert len(values) == 10
    assert all(value == 64 for value in values[1::2])
    assert any(value != 64 for value in values[::2])


def test_a_model_that_gives_another_shape_leaves_none_and_says_so(
    data: BenchmarkData, tmp_path: Path
) -> None:
    told: list[Event] = []
    setting = setting_of(tmp_path, data, Counting(), emit=told.append)
    run = run_of(method_that(lambda data, _: Shrinking(3, data.shape)))
    assert execute(run, setting).status == "ok"
    assert not (run_folder(setting.results, run.run_id) / "reconstructions.png").exists()
    (message,) = [event.text for event in told if isinstance(event, Message)]
    assert message.startswith("No picture of reconstructions: decode gives")


def test_precision_and_checkpoints_do_not_change_the_id(
    data: BenchmarkData, tmp_path: Path
) -> None:
    plain = execute(run_of(), setting_of(tmp_path, data))
    other = execute(
        run_of(), setting_of(tmp_path, data, precision="bfloat16", checkpoint_seconds=0.0)
    )
    assert plain.run_id == other.run_id


class Oddity(Exception):
    def __str__(self) -> str:
        return ""


def fail(error: BaseException) -> Any:
    def fit(data: object, runtime: object) -> object:
        raise error

    return fit


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no such luck"),
        TrainingDivergedError("diverged at step 3"),
        torch.OutOfMemoryError("out of memory"),
        RecursionError("too deep"),
        SystemExit(3),
        Oddity(),
    ],
)
def test_a_fit_that_raises_is_a_failed_record_with_a_traceback(
    error: BaseException, data: BenchmarkData, tmp_path: Path
) -> None:
    setting = setting_of(tmp_path, data, Counting())
    record = execute(run_of(method_that(fail(error))), setting)
    assert record.status == "failed"
    assert record.error_type == type(error).__name__
    assert record.error_message == str(error)
    assert record.scores == ()
    assert record.traceback_path is not None
    text = (setting.results / record.traceback_path).read_text()
    assert text.startswith("Traceback")
    assert __file__ in text
    write_part(setting.results, record)
    assert read_run(setting.results, record.run_id).status == "failed"


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (method_that(lambda data, runtime: object()), "cannot generate: its model has no generate"),
        (method_that(lambda data, runtime: None), "cannot generate"),
        (
            model_that(lambda labels: Generation(torch.zeros(len(labels), 3, 8, 8))),
            "gave shape [40, 3, 8, 8], not [40, 1, 8, 8]",
        ),
        (
            model_that(lambda labels: Generation(torch.zeros(len(labels), 1, 8, 8) / 0)),
            "not finite in 40 of 40",
        ),
        (
            model_that(lambda labels: Generation(torch.full((len(labels), 1, 8, 8), 2.0))),
            "from 2 to 2, not in [0, 1]",
        ),
    ],
)
def test_a_broken_contract_is_a_failed_record(
    method: type[Method], message: str, data: BenchmarkData, tmp_path: Path
) -> None:
    record = execute(run_of(method), setting_of(tmp_path, data, Counting()))
    assert (record.status, record.error_type) == ("failed", "MethodError")
    assert message in (record.error_message or "")
    assert record.fit_seconds is not None


def test_a_metric_that_fails_leaves_the_run_ok(data: BenchmarkData, tmp_path: Path) -> None:
    record = execute(run_of(), setting_of(tmp_path, data, BrokenMetric(), Counting()))
    assert record.status == "ok"
    assert [(score.metric, score.status) for score in record.scores] == [
        ("broken", "failed"),
        ("count", "ok"),
        ("mean", "ok"),
    ]


def test_an_interruption_passes_through(data: BenchmarkData, tmp_path: Path) -> None:
    setting = setting_of(tmp_path, data)
    with pytest.raises(Interrupted, match="the test"):
        execute(run_of(method_that(fail(Interrupted("the test")))), setting)


def test_a_plugin_cannot_swallow_an_interruption(data: BenchmarkData, tmp_path: Path) -> None:
    def fit(data: object, runtime: Any) -> object:
        runtime.stop.ask("the test")
        try:
            runtime.stop.check()
        except Exception:
            pytest.fail("it was swallowed")
        return None

    with pytest.raises(Interrupted):
        execute(run_of(method_that(fit)), setting_of(tmp_path, data))


def test_a_stop_after_training_is_heeded_before_sampling(
    data: BenchmarkData, tmp_path: Path
) -> None:
    stop = StopRequest()

    def fit(data: BenchmarkData, runtime: object) -> object:
        stop.ask("the test")
        return FlatModel(0.5, data.shape)

    with pytest.raises(Interrupted):
        execute(run_of(method_that(fit)), setting_of(tmp_path, data, stop=stop))


def test_fit_seconds_and_rate_count_what_earlier_calls_spent(
    data: BenchmarkData, tmp_path: Path
) -> None:
    def fit(data: BenchmarkData, runtime: Any) -> object:
        runtime.ledger.append(StageReport("one", 100.0, 100.0, 5000))
        runtime.ledger.append(StageReport("two", 50.0, 20.0, 1000))
        return FlatModel(0.5, data.shape)

    record = execute(run_of(method_that(fit)), setting_of(tmp_path, data))
    assert record.fit_seconds == pytest.approx(120.0, abs=1.0)
    assert record.fit_images_per_second == pytest.approx(6000 / 120, rel=0.01)


def test_the_same_seed_gives_the_same_scores_and_another_does_not(
    data: BenchmarkData, tmp_path: Path
) -> None:
    class Noise:
        def generate(self, labels: torch.Tensor, rng: Any) -> Generation:
            return Generation(rng.uniform(len(labels), (1, 8, 8)))

    method = method_that(lambda data, runtime: Noise())
    setting = setting_of(tmp_path, data, Counting())
    first, again, other = (execute(run_of(method, seed=s), setting).scores for s in (0, 0, 1))
    assert first == again
    assert first != other


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("and no message")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Mute(), "its message cannot be read"),
        (ValueError("a\udc80b"), "a\\udc80b"),
        (ValueError("x" * 5_000_000), "characters more"),
        (asyncio.CancelledError("cannot"), "cannot"),
        (GeneratorExit("cannot"), "cannot"),
    ],
    ids=["mute", "surrogate", "long", "cancelled", "exit"],
)
def test_a_failure_is_recorded_whatever_its_error_says(
    error: BaseException, words: str, data: BenchmarkData, tmp_path: Path
) -> None:
    def fit(data: BenchmarkData, runtime: object) -> object:
        raise error

    setting = setting_of(tmp_path, data, Counting())
    record = execute(run_of(method_that(fit)), setting)
    assert (record.status, record.error_type) == ("failed", type(error).__name__)
    assert words in (record.error_message or "")
    write_part(setting.results, record)
    again = read_run(setting.results, record.run_id)
    assert again is not None
    assert again.error_message == record.error_message
    assert len((record.error_message or "").encode()) < 20_000
