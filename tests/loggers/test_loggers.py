"""Loggers: what they keep of a run, by the libraries' own readers, and that none ends a run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from safetensors.torch import load_file

from regene_bench.base.errors import UnavailableError, UsageError
from regene_bench.base.events import Event, Message, silent
from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import make_options
from regene_bench.harness.run_logger import LoggedRun, RunLogger
from regene_bench.harness.run_logging import choose_loggers
from regene_bench.leaderboard.record import RunRecord, ScoreRow
from regene_bench.plugins.host import PluginHost, load_plugins
from regene_bench.training.sketches import SKETCHES

METHODS = "cgan"
SHORT = ("cgan.images=640", "cgan.width=4", "cgan.discriminator_width=4")


def run(protocol: Path, results: Path, log: str, events: list[Event] | None = None) -> RunRecord:
    options = make_options(
        methods=METHODS, settings=SHORT, results=results, metrics="neutral", device="cpu", log=log
    )
    emit = silent if events is None else events.append
    (record,) = run_campaign(str(protocol), options, emit).ran
    return record


def totals(record: RunRecord) -> dict[str, float]:
    return {
        score.metric: score.value
        for score in record.scores
        if score.value is not None and score.class_name is None
    }


def test_tensorboard(light_protocol: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed: NOT tested")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    record = run(light_protocol, tmp_path, "tensorboard")
    assert record.status == "ok"
    folder = tmp_path / "tensorboard" / "light" / f"cgan-{record.run_id[:8]}"
    kept = EventAccumulator(str(folder)).Reload()
    scalars = set(kept.Tags()["scalars"])
    assert {"cgan/generator", "cgan/discriminator"} <= scalars
    last = kept.Scalars("cgan/generator")[-1]
    assert last.step == 640
    assert math.isfinite(last.value)
    found = {
        name.removeprefix("scores/").split("/")[0]: kept.Scalars(name)[0].value
        for name in scalars
        if name.startswith("scores/")
    }
    assert found == pytest.approx(totals(record))
    assert len(found) > 1
    (image,) = kept.Images("samples")
    assert image.width > 0
    assert kept.Images("cgan/samples")[-1].step == 640


def test_mlflow(light_protocol: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed: NOT tested")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    record = run(light_protocol, tmp_path / "results", "mlflow")
    client = mlflow.tracking.MlflowClient()
    experiment = client.get_experiment_by_name("regene-bench/light")
    (kept,) = client.search_runs([experiment.experiment_id])
    assert kept.info.status == "FINISHED"
    assert kept.data.params["images"] == "640"
    found = {k.split("/")[1]: v for k, v in kept.data.metrics.items() if k.startswith("scores/")}
    assert found == pytest.approx(totals(record))
    assert client.get_metric_history(kept.info.run_id, "cgan/generator")[-1].step == 640
    kept_files = [one.path for one in client.list_artifacts(kept.info.run_id)]
    assert kept_files == ["samples.png", "training"]
    training = client.list_artifacts(kept.info.run_id, "training")
    assert training[-1].path == "training/cgan-0000000640.png"


def test_wandb(light_protocol: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="wandb is not installed: NOT tested")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    record = run(light_protocol, tmp_path, "wandb")
    assert record.status == "ok"
    (file,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    content = file.read_bytes()
    assert b"cgan/generator" in content
    assert b"scores/accuracy_neutral" in content
    assert list((tmp_path / "wandb").glob("offline-run-*/files/media/images/samples_*.png"))


def test_trackio(light_protocol: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    pytest.importorskip("trackio", reason="trackio is not installed: NOT tested")
    import sqlite3

    record = run(light_protocol, tmp_path, "trackio")
    assert record.status == "ok"
    (database,) = (tmp_path / "trackio").rglob("regene-bench.db")
    with sqlite3.connect(database) as connection:
        rows = connection.execute("select metrics from metrics").fetchall()
    text = " ".join(str(row[0]) for row in rows)
    assert "cgan/generator" in text
    assert "scores/accuracy_neutral" in text


class Kept(RunLogger):
    """Keeps everything in lists."""

    told: ClassVar[list[tuple[Any, ...]]] = []

    def __init__(self, run: LoggedRun) -> None:
        self.told.append(("begin", run.title, run.params["width"]))

    def progress(self, stage: str, done: float, values: Mapping[str, float]) -> None:
        self.told.append((stage, done, dict(values)))

    def samples(self, stage: str, done: float, pixels: np.ndarray) -> None:
        self.told.append(("samples", stage, done, pixels.shape[1:], pixels.std() > 0))

    def finish(
        self, status: str, scores: Sequence[ScoreRow], pictures: Mapping[str, Path], why: str
    ) -> None:
        self.told.append(("end", status, len(scores) > 1, sorted(pictures), why))


class Unwell(Kept):
    """Fails at the first progress."""

    def progress(self, stage: str, done: float, values: Mapping[str, float]) -> None:
        raise SystemExit("no more")


def with_logger(monkeypatch: pytest.MonkeyPatch, logger: type[RunLogger]) -> None:
    def choose(host: PluginHost, names: str) -> tuple[type[RunLogger], ...]:
        return (logger,)

    monkeypatch.setattr("regene_bench.harness.prepare.choose_loggers", choose)
    monkeypatch.setattr(Kept, "told", [])


def test_a_logger_hears_of_its_run_from_beginning_to_end(
    light_protocol: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_logger(monkeypatch, Kept)
    run(light_protocol, tmp_path, "any")
    begin, *progress, end = Kept.told
    assert begin == ("begin", "cgan · seed 0", 4)
    assert end == ("end", "ok", True, ["samples"], "")
    losses = [told[2] for told in progress if told[0] == "cgan"]
    assert {"generator", "discriminator"} <= set(losses[-1])


def test_a_logger_that_fails_ends_no_run_and_changes_no_number(
    light_protocol: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = run(light_protocol, tmp_path / "without", "")
    with_logger(monkeypatch, Unwell)
    events: list[Event] = []
    record = run(light_protocol, tmp_path / "with", "any", events)
    assert totals(record) == totals(without)
    warnings = [e.text for e in events if isinstance(e, Message) and e.level == "warning"]
    assert [text for text in warnings if "Unwell" in text] == [
        "Unwell keeps nothing more of this run: no more"
    ]


@pytest.mark.parametrize("executor", ["serial", "stacked"])
def test_samples_while_training_change_no_bit_of_it(
    light_protocol: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    monkeypatch.setattr("regene_bench.training.stage_run._REPORT_SECONDS", 0.0)

    def weights(results: Path) -> dict[str, bytes]:
        options = make_options(
            methods="cgan[noise_dim=4|8]",
            settings=SHORT,
            results=results,
            metrics="neutral",
            device="cpu",
            executor=executor,
        )
        records = run_campaign(str(light_protocol), options).ran
        assert [one.status for one in records] == ["ok", "ok"]
        # what is kept of a stage tells the time it took, too
        found = {
            f"{path.parent.parent.name}/{name}": tensor.numpy().tobytes()
            for path in results.glob("runs/*/checkpoints/*.safetensors")
            for name, tensor in load_file(path).items()
        }
        return found | {str(totals(one)): one.run_id.encode() for one in records}

    without = weights(tmp_path / "without")
    with_logger(monkeypatch, Kept)
    assert weights(tmp_path / "with") == without
    assert len(without) > 20
    shown = [told for told in Kept.told if told[0] == "samples"]
    assert len(shown) == 2 * SKETCHES
    assert {told[1] for told in shown} == {"cgan"}
    assert max(told[2] for told in shown) == 640
    assert all(told[3][-1] == 3 and told[4] for told in shown)


def test_samples_that_cannot_be_drawn_end_no_run(
    light_protocol: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(state: object, config: object) -> object:
        raise ValueError("not yet")

    training = "regene_bench_plugins.methods.gan.training"
    monkeypatch.setattr("regene_bench.training.stage_run._REPORT_SECONDS", 0.0)
    model = import_module(training).trained_model
    calls: list[int] = []

    def first_fails(state: object, config: object) -> object:
        calls.append(1)
        return failing(state, config) if len(calls) == 1 else model(state, config)

    monkeypatch.setattr(f"{training}.trained_model", first_fails)
    with_logger(monkeypatch, Kept)
    events: list[Event] = []
    assert run(light_protocol, tmp_path, "any", events).status == "ok"
    assert [e.text for e in events if isinstance(e, Message) and "samples" in e.text] == [
        "cgan · seed 0: cgan shows no samples while it trains: not yet"
    ]
    assert len(calls) == 2


def test_what_is_not_there_is_said_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    host = load_plugins()
    assert choose_loggers(host, "") == ()
    with pytest.raises(UsageError, match="no logger 'tensorbord'"):
        choose_loggers(host, "tensorbord")
    monkeypatch.setattr("regene_bench.harness.run_logging.find_spec", lambda name: None)
    with pytest.raises(UnavailableError) as caught:
        choose_loggers(host, "mlflow")
    assert caught.value.hint == "pip install 'regene-bench[mlflow]'"
