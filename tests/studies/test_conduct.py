"""A study runs what is missing, draws, and survives a figure that fails."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from regene_bench.base.errors import (
    EXIT_ALL_FAILED,
    EXIT_OK,
    EXIT_SOME_FAILED,
    ConfigError,
    UsageError,
)
from regene_bench.harness.options import Options
from regene_bench.studies.conduct import run_study
from tests.conftest import tiny_protocol_text

STUDY = """
name = "small"
version = 1
title = "A small study"
source = "nobody"
benchmarks = ["PROTOCOL"]
methods = "METHODS"
metrics = ["reconstruction", "trials"]
seeds = "2"

[[figures]]
kind = "score_table"
[figures.options]
columns = ["mae_test", "trials_image"]

FIGURES
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    protocol = tmp_path / "tiny.toml"
    protocol.write_text(tiny_protocol_text("reconstruction", rank_by="mae_test"))
    return tmp_path / "small.toml"


def write(path: Path, methods: str = "real", figures: str = "") -> str:
    text = STUDY.replace("PROTOCOL", str(path.parent / "tiny.toml"))
    path.write_text(text.replace("METHODS", methods).replace("FIGURES", figures))
    return str(path)


def options(path: Path) -> Options:
    return Options(preset="quick", seeds="", results=path.parent / "results", device="cpu")


def test_runs_once_and_draws_again(study: Path) -> None:
    first = run_study(write(study), options(study))
    again = run_study(write(study), options(study))
    assert [len(outcome.ran) for outcome in first.outcomes] == [2]
    assert [len(outcome.ran) for outcome in again.outcomes] == [0]
    assert [shown.exhibit.name for shown in again.shown] == ["scores"]
    assert again.exit_code == EXIT_OK


def test_options_of_figures_are_set_for_one_call(study: Path) -> None:
    wanted = ("figures.score_table.name=mine", "figures.score_table.caption=Look.")
    outcome = run_study(write(study), replace(options(study), settings=wanted))
    assert [shown.exhibit.name for shown in outcome.shown] == ["mine"]
    assert outcome.shown[0].exhibit.caption.startswith("Look.")
    wrong = replace(options(study), settings=("figures.score_table.colums=[]",))
    with pytest.raises(ConfigError, match="colums"):
        run_study(write(study), wrong)
    with pytest.raises(UsageError, match=r"'figures.score_table=5' names no option"):
        run_study(write(study), replace(options(study), settings=("figures.score_table=5",)))


def test_a_call_sets_otherwise_what_the_study_sets(study: Path) -> None:
    own = write(study, "autoencoder[encoder_width=4,decoder_width=4]")
    text = Path(own).read_text()
    settings = 'settings = ["autoencoder.images=640", "autoencoder.batch_size=16"]\nseeds = "1"'
    Path(own).write_text(text.replace('seeds = "2"', settings))
    wanted = replace(options(study), settings=("autoencoder.images=64",))
    (run,) = run_study(own, wanted).outcomes[0].ran
    assert (run.params["images"], run.params["batch_size"]) == (64, 16)


def test_what_was_shown_is_written_down(study: Path) -> None:
    outcome = run_study(write(study), options(study))
    told = json.loads((outcome.folder / "study.json").read_text())
    assert told["study"] == "small"
    assert told["preset"] == "quick"
    assert len(told["runs"]["tiny"]) == 2
    assert [exhibit["files"] for exhibit in told["exhibits"]] == [["scores.parquet"]]
    about = pq.read_table(outcome.folder / "scores.parquet").schema.metadata[b"about"]
    assert json.loads(about)["runs"] == told["runs"]
    assert json.loads(about)["asked"] == told["asked"]


def test_what_a_call_asked_in_place_of_the_study_is_written_down(study: Path) -> None:
    settings = ("figures.score_table.name=mine",)
    asked = replace(options(study), seeds="0,5", settings=settings)
    outcome = run_study(write(study), asked)
    told = json.loads((outcome.folder / "study.json").read_text())
    assert told["asked"] == {"seeds": "0,5", "settings": list(settings)}
    about = pq.read_table(outcome.folder / "mine.parquet").schema.metadata[b"about"]
    assert json.loads(about)["asked"] == told["asked"]


def test_a_figure_that_fails_leaves_the_others_and_says_why(study: Path) -> None:
    figures = '[[figures]]\nkind = "augmentation"\n[[figures]]\nkind = "collage"\n'
    outcome = run_study(write(study, figures=figures), options(study))
    assert [shown.exhibit.name.split("-")[0] for shown in outcome.shown] == ["scores", "collage"]
    (missed,) = outcome.missed
    assert missed.kind == "augmentation"
    assert "no finished run of regene" in missed.reason
    assert (outcome.folder / "augmentation-traceback.txt").exists()
    assert outcome.exit_code == EXIT_SOME_FAILED


def test_a_study_of_which_nothing_ran_has_failed(study: Path) -> None:
    # a decoder that has seen one batch makes nothing that the classifier is sure of
    methods = "regene[classifier_images=64,decoder_images=64,max_trials=1]"
    outcome = run_study(write(study, methods), options(study))
    assert not outcome.shown
    assert outcome.exit_code == EXIT_ALL_FAILED


def test_an_unknown_figure_is_found_before_anything_runs(study: Path) -> None:
    with pytest.raises(UsageError, match="figure 'colage'"):
        run_study(write(study, figures='[[figures]]\nkind = "colage"\n'), options(study))
    assert not (study.parent / "results").exists()
