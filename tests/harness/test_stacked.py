"""Sweeps that train as one: the runs, rows and failures of a call that trains one after another."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from regene_bench.base.events import silent
from regene_bench.harness.executors.executor import trained_together
from regene_bench.harness.options import Options
from regene_bench.harness.prepare import prepare
from regene_bench.harness.run import execute_together
from regene_bench.runtime.stop import StopRequest
from tests.processes import environment, parts, regene_bench, start

SWEEP = "cgan[noise_dim=0|2|8]"


def call(protocol: Path, results: str, *more: str, methods: str = SWEEP) -> list[str]:
    return [
        *("run", str(protocol), "--methods", methods, "--seeds", "2", "--results", results),
        *("--set", "cgan.images=2000", "--set", "cgan.width=8", "--precision", "float32"),
        *("--device", "cpu", *more),
    ]


def rows(results: Path) -> dict[tuple[Any, ...], dict[str, Any]]:
    found = {}
    for path in parts(results):
        for row in pq.read_table(path).to_pylist():
            found[row["run_id"], row["metric"], row["class"]] = row
    return found


@pytest.mark.slow
def test_a_sweep_that_trains_as_one_scores_as_its_runs_do(
    tmp_path: Path, light_protocol: Path, session_cache: Path
) -> None:
    variables = environment(session_cache)
    alone = regene_bench(call(light_protocol, "alone"), tmp_path, variables)
    more = ("--executor", "stacked")
    stacked = regene_bench(call(light_protocol, "stacked", *more), tmp_path, variables)
    assert (alone.returncode, stacked.returncode) == (0, 0), stacked.stderr
    first, second = rows(tmp_path / "alone"), rows(tmp_path / "stacked")
    assert first.keys() == second.keys()
    assert len({run for run, *_ in first}) == 6
    for key, row in first.items():
        other = second[key]
        assert (row["status"], row["n_generated"]) == (other["status"], other["n_generated"])
        if row["value"] is not None:
            # thirty steps of a game carry on in which order sums were taken
            assert other["value"] == pytest.approx(row["value"], rel=0.05, abs=0.05), key
        assert (row["trained_together"], other["trained_together"]) == (None, 6)
        images = row["fit_images_per_second"] * row["fit_seconds"]
        assert other["fit_images_per_second"] * other["fit_seconds"] == pytest.approx(images)
    for run in {run for run, *_ in second}:
        folder = tmp_path / "stacked" / "runs" / run
        assert (folder / "samples.png").exists()
        assert (folder / "checkpoints" / "cgan.safetensors").exists()


@pytest.mark.slow
def test_a_run_of_a_sweep_comes_out_again_whoever_trains_beside_it(
    tmp_path: Path, light_protocol: Path, session_cache: Path
) -> None:
    """That sums are taken as of several runs is what ``reproduce`` needs, not which these are."""
    variables = environment(session_cache)
    more = ("--executor", "stacked")
    for results, sweep in (("three", "cgan[noise_dim=0|2|8]"), ("one", "cgan[noise_dim=2]")):
        done = regene_bench(
            call(light_protocol, results, *more, methods=sweep), tmp_path, variables
        )
        assert done.returncode == 0, done.stderr
    first, second = rows(tmp_path / "three"), rows(tmp_path / "one")
    assert len({run for run, *_ in second}) == 2
    for key, row in second.items():
        assert row["value"] == first[key]["value"], key


@pytest.mark.slow
def test_one_that_diverges_is_a_failed_row_and_its_neighbours_are_whole(
    tmp_path: Path, light_protocol: Path, session_cache: Path
) -> None:
    methods = "cgan[generator_learning_rate=0.001|10,discriminator_learning_rate=0.001|10]"
    done = regene_bench(
        call(light_protocol, "out", "--executor", "stacked", methods=methods),
        tmp_path,
        environment(session_cache),
    )
    assert done.returncode == 3, done.stderr
    failed = [row for row in rows(tmp_path / "out").values() if row["status"] == "failed"]
    good = [row for row in rows(tmp_path / "out").values() if row["status"] == "ok"]
    for row in failed:
        assert "diverged at step" in row["error_message"]
        assert row["error_type"] == "TrainingDivergedError"
        assert '_learning_rate":10' in row["params"].replace(" ", "")
    assert any('"generator_learning_rate":0.001' in row["params"] for row in good)
    assert failed


@pytest.mark.slow
def test_a_stop_saves_every_run_and_one_after_another_they_go_on(
    tmp_path: Path, light_protocol: Path, session_cache: Path
) -> None:
    variables = environment(session_cache)
    long = call(light_protocol, "out", "--set", "cgan.batch_size=4", "--checkpoint-every", "1s")
    process = start([*long, "--executor", "stacked"], tmp_path, variables)
    assert process.stderr is not None
    for line in process.stderr:
        if '"Progress"' in line and "cgan" in line:
            break
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 130, rest
    assert len(list((tmp_path / "out" / "runs").glob("*/checkpoints/cgan.safetensors"))) == 6
    ended = regene_bench(long, tmp_path, variables)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("goes on at") == 6
    assert len(parts(tmp_path / "out")) == 6


def test_groups_are_of_one_method_and_one_make(tmp_path: Path, light_protocol: Path) -> None:
    methods = "autoencoder,cgan[noise_dim=0|2,width=4|8]"
    options = Options(methods=methods, seeds="2", preset="quick", results=tmp_path, device="cpu")
    runs = prepare(str(light_protocol), options, silent, StopRequest()).runs
    groups = [
        [(run.entry.name, run.config.model_dump()) for run in g] for g in trained_together(runs)
    ]
    assert sorted(len(group) for group in groups) == [1, 1, 4, 4]
    for group in groups:
        assert len({name for name, _ in group}) == 1
        assert len({config.get("width") for _, config in group}) == 1


def test_a_model_too_few_fails_the_runs_and_says_so(
    tmp_path: Path, light_protocol: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = Options(methods="cgan[noise_dim=0|2]", preset="quick", results=tmp_path, device="cpu")
    campaign = prepare(str(light_protocol), options, silent, StopRequest())
    monkeypatch.setattr(campaign.runs[0].method, "fit_batch", lambda *_: [object()])
    records = list(execute_together(campaign.runs, [campaign.setting] * 2))
    assert [record.status for record in records] == ["failed", "failed"]
    assert all("gave 1 models" in (record.error_message or "") for record in records)
