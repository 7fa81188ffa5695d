"""``regene-bench parity`` and ``score --parity``: a run's own images by other libraries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import regene_bench
from regene_bench.base.errors import UsageError
from regene_bench.base.events import silent
from regene_bench.cli.parity import lines_of
from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import make_options
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.parts import write_part
from regene_bench.runtime.stop import StopRequest
from regene_bench.samples.parity.recompute import Line

METRICS = "fd[extractor=neutral],kid[extractor=neutral],prdc[extractor=neutral],neutral"


@pytest.fixture(scope="module")
def results(light_protocol: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    options = make_options(methods="real", results=folder, metrics=METRICS, device="cpu")
    run_campaign(str(light_protocol), options)
    return folder


@pytest.fixture(scope="module")
def run_id(results: Path) -> str:
    (part,) = (results / "runs").iterdir()
    return part.name


def lines(run: str, results: Path) -> list[Line]:
    return lines_of(run, results, (), "cpu", silent, StopRequest())


def test_the_images_of_a_run_are_drawn_again_and_its_scores_agree(
    results: Path, run_id: str
) -> None:
    found = lines(run_id[:6], results)
    assert {line.row.metric for line in found} == {
        "fd", "kid", "precision", "recall", "density", "coverage",
    }  # fmt: skip
    assert all(line.agrees for line in found)


def test_a_published_number_that_its_images_do_not_have_is_found(
    results: Path, run_id: str, tmp_path: Path, light_protocol: Path
) -> None:
    record = read_run(results, run_id)
    better = tuple(
        replace(row, value=0.5 * row.value) if row.metric == "fd" and row.value else row
        for row in record.scores
    )
    forged = tmp_path / "forged"
    (forged / "runs").mkdir(parents=True)
    (forged / "runs" / run_id).symlink_to(results / "runs" / run_id)
    write_part(forged, replace(record, scores=better))
    wrong = {line.row.metric for line in lines(run_id, forged) if not line.agrees}
    assert wrong == {"fd"}


def test_images_of_another_program_are_checked_where_they_are_scored(
    light_protocol: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 8, 8), dtype=np.uint8)
    labels = np.arange(40) % 10
    report = regene_bench.score(
        images,
        light_protocol,
        labels,
        metrics=METRICS,
        results=tmp_path,
        device="cpu",
        parity=True,
    )
    assert {line.row.metric for line in report.parity} >= {"fd", "kid", "precision"}
    assert all(line.agrees for line in report.parity)
    assert report.exit_code == 0
    with pytest.raises(UsageError, match="results keep no images") as caught:
        lines(report.record.run_id, tmp_path)
    assert "--parity" in str(caught.value.hint)


def test_statistics_are_no_images_to_check(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="parity cannot be given with against_stats"):
        regene_bench.score(
            np.zeros((4, 8, 8), np.uint8),
            against_stats=tmp_path / "s.npz",
            extractor="inception",
            parity=True,
        )
