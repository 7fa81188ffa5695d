"""Exported models: a folder that stands by itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import huggingface_hub
import pytest
import torch
import yaml
from huggingface_hub import ModelCard
from safetensors.torch import load_file

import regene_bench
from regene_bench.base.errors import (
    DataError,
    MethodError,
    PluginError,
    ResultsError,
    UsageError,
)
from regene_bench.cli.export import usage_of
from regene_bench.leaderboard.one_run import read_run
from regene_bench.models import load as loading
from regene_bench.models.eval_results import EVAL_RESULTS
from regene_bench.models.export import SCORES, export
from regene_bench.models.weights_file import FILE
from tests.models.test_load import change


def no_data(*arguments: object, **options: object) -> None:
    raise DataError("the data are not here")


@pytest.mark.parametrize("method", ["real", "cgan", "ugan", "regene", "autoencoder"])
def test_an_exported_model_generates_the_same(
    method: str, results: Path, runs: Mapping[str, str], tmp_path: Path
) -> None:
    exported = export(runs[method], tmp_path / "model", results)
    assert exported.needs_data
    labels = [0, 3, 3, 9]
    of_run = regene_bench.load(runs[method], results=results, device="cpu").generate(labels)
    of_folder = regene_bench.load(tmp_path / "model", device="cpu").generate(labels)
    assert torch.equal(of_run.images, of_folder.images)


@pytest.mark.parametrize("method", ["regene", "autoencoder"])
def test_a_self_contained_model_needs_no_data(
    method: str,
    results: Path,
    runs: Mapping[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = regene_bench.load(runs[method], results=results, device="cpu")
    exported = export(runs[method], tmp_path / "model", results, model=model)
    assert not exported.needs_data
    monkeypatch.setattr(loading, "load_data", no_data)
    again = regene_bench.load(tmp_path / "model", device="cpu")
    assert torch.equal(again.generate([0, 3, 9]).images, model.generate([0, 3, 9]).images)


def test_weights_have_the_names_of_their_parameters(
    results: Path, runs: Mapping[str, str], tmp_path: Path
) -> None:
    export(runs["cgan"], tmp_path / "model", results)
    names = set(load_file(tmp_path / "model" / FILE))
    assert names
    assert all(name.startswith("cgan.") for name in names)
    assert any(name.endswith(".weight") for name in names)
    assert not any("modules" in name for name in names)


def test_the_card_is_one_of_the_hub(results: Path, runs: Mapping[str, str], tmp_path: Path) -> None:
    export(runs["cgan"], tmp_path / "model", results)
    card = ModelCard.load(tmp_path / "model" / "README.md")
    assert card.data.library_name == "regene-bench"
    assert card.data.license is None  # none was given, none is asserted
    record = read_run(results, runs["cgan"])
    totals = {s.metric: s.value for s in record.scores if s.status == "ok" and not s.class_name}
    assert totals
    found = {one.metric_type: one.metric_value for one in card.data.eval_results}
    assert found == totals
    assert f"{totals['accuracy_neutral']:.6g}" in card.text
    assert json.loads((tmp_path / "model" / SCORES).read_text())[0]["run_id"] == runs["cgan"]


def test_scores_are_written_for_a_leaderboard_on_the_hub_where_one_is_named(
    results: Path, runs: Mapping[str, str], tmp_path: Path
) -> None:
    assert EVAL_RESULTS not in export(runs["cgan"], tmp_path / "plain", results).files
    written = export(runs["cgan"], tmp_path / "model", results, leaderboard="me/boards").files
    text = (tmp_path / "model" / EVAL_RESULTS).read_text()
    assert written[EVAL_RESULTS] == len(text.encode())
    record = read_run(results, runs["cgan"])
    totals = [s for s in record.scores if s.status == "ok" and not s.class_name]
    found = huggingface_hub.parse_eval_result_entries(yaml.safe_load(text))
    assert [one.value for one in found] == [score.value for score in totals]
    assert {one.dataset_id for one in found} == {"me/boards"}
    assert len({one.task_id for one in found}) == len(totals)
    assert all(one.task_id.startswith(f"{record.benchmark}-{record.preset}-") for one in found)
    assert {datetime.fromisoformat(one.date or "") for one in found} == {record.timestamp}


def test_a_licence_is_that_which_was_given(
    results: Path, runs: Mapping[str, str], tmp_path: Path
) -> None:
    export(runs["cgan"], tmp_path / "model", results, licence="mit")
    _, front, _ = (tmp_path / "model" / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(front)["license"] == "mit"


def test_nobody_is_told_to_load_a_model_whose_method_is_in_a_file(
    results: Path, runs: Mapping[str, str], tmp_path: Path
) -> None:
    own = tmp_path / "results"
    shutil.copytree(results, own)
    change(own / "runs" / runs["cgan"], distribution="file:3f1c")
    exported = export(runs["cgan"], tmp_path / "model", own)
    said, card = usage_of(exported, "model"), (tmp_path / "model" / "README.md").read_text()
    for text in (said, card):
        assert "files are not executed to load" in text
        assert "regene_bench.load(" not in text
    assert "regene-bench new method" in said
    with pytest.raises(PluginError, match="is a method in a file"):
        regene_bench.load(tmp_path / "model")


def test_what_cannot_be_exported(results: Path, runs: Mapping[str, str], tmp_path: Path) -> None:
    model = regene_bench.load(runs["cgan"], results=results, device="cpu")
    with pytest.raises(MethodError, match="cgan cannot keep"):
        export(runs["cgan"], tmp_path / "model", results, model=model)
    assert not (tmp_path / "model").exists()
    (tmp_path / "model").mkdir()
    with pytest.raises(UsageError, match="there already"):
        export(runs["cgan"], tmp_path / "model", results)


def test_a_damaged_file_says_so(results: Path, runs: Mapping[str, str], tmp_path: Path) -> None:
    export(runs["cgan"], tmp_path / "model", results)
    file = tmp_path / "model" / FILE
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(ResultsError, match="cannot be read"):
        regene_bench.load(tmp_path / "model")
