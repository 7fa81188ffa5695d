"""Which checkpoints a repetition on purpose forgets, and which it goes on from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from regene_bench.base.errors import ResultsError
from regene_bench.harness.force import Repetition, forget_training
from regene_bench.harness.run_folders import checkpoint_folder, run_folder
from regene_bench.leaderboard.parts import write_part
from regene_bench.runtime.locks import held_if_free
from tests.leaderboard.helpers import record


def _run(run_id: str) -> Any:
    return SimpleNamespace(run_id=run_id, benchmark=SimpleNamespace(name="digits"))


RUNS: list[Any] = [_run("aa"), _run("bb")]
IDS = ["aa", "bb"]


def _checkpoint(results: Path, run_id: str, text: str = "state") -> Path:
    folder = checkpoint_folder(results, run_id)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "stage.safetensors"
    file.write_text(text)
    return file


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two runs that have ended, each with its checkpoint."""
    for run_id in IDS:
        write_part(tmp_path / "results", record(run_id))
        _checkpoint(tmp_path / "results", run_id)
    return tmp_path / "results"


def _copied(results: Path, into: Path) -> Path:
    """What ``cp -r`` makes: equal content, and whatever times the copying gives."""
    shutil.copytree(results, into, copy_function=shutil.copyfile)
    for number, file in enumerate(sorted(into.rglob("*"), reverse=True)):
        os.utime(file, (1000 + number, 1000 + number))
    return into


def test_repeating_finished_runs_forgets_their_training_and_keeps_their_parts(
    results: Path,
) -> None:
    repetition = Repetition(results, IDS)
    repetition.begin(RUNS)
    assert not repetition.goes_on
    assert not any(checkpoint_folder(results, run_id).exists() for run_id in IDS)
    assert len(list(results.glob("leaderboard/*/*.parquet"))) == 2


@pytest.mark.parametrize("backwards", [False, True])
def test_times_of_files_say_nothing(results: Path, tmp_path: Path, backwards: bool) -> None:
    copy = _copied(results, tmp_path / "copy")
    if backwards:
        for file in copy.rglob("*.safetensors"):
            os.utime(file, (2e9, 2e9))
    Repetition(copy, IDS).begin(RUNS)
    assert not any(checkpoint_folder(copy, run_id).exists() for run_id in IDS)


def test_an_interrupted_repetition_goes_on_where_it_was_in_a_copy_too(
    results: Path, tmp_path: Path
) -> None:
    first = Repetition(results, IDS)
    first.begin(RUNS)
    first.done("aa")
    new = _checkpoint(results, "bb", "half of the repetition")
    copy = _copied(results, tmp_path / "copy")
    for folder in (results, copy):
        again = Repetition(folder, IDS)
        assert again.goes_on
        assert again.left == {"bb"}
        again.begin(RUNS[1:])
        kept = checkpoint_folder(folder, "bb") / new.name
        assert kept.read_text() == "half of the repetition"


def test_once_it_is_done_the_next_one_is_another_repetition(results: Path) -> None:
    first = Repetition(results, IDS)
    first.begin(RUNS)
    for run_id in IDS:
        first.done(run_id)
    assert not list((results / ".repeating").glob("*.json"))
    file = _checkpoint(results, "aa")
    Repetition(results, IDS).begin(RUNS)
    assert not file.exists()


def test_killed_before_it_had_forgotten_all_it_forgets_the_rest(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            Repetition(results, IDS).begin(RUNS)
    Repetition(results, IDS).begin(RUNS)
    assert not any(checkpoint_folder(results, run_id).exists() for run_id in IDS)


@pytest.mark.parametrize(
    "noted",
    # the last one is a flipped bit
    ['["bb"]', "[", "3", '{"left": 3}', "", "null", '{"left": ["bc"], "forgotten": []}'],
)
def test_what_older_versions_or_damage_left_forgets_once_more(results: Path, noted: str) -> None:
    Repetition(results, IDS).begin(RUNS)
    (file,) = (results / ".repeating").glob("*.json")
    file.write_text(noted)
    old = _checkpoint(results, "bb")
    again = Repetition(results, IDS)
    again.begin([run for run in RUNS if run.run_id in again.left])
    assert "bb" in again.left
    assert not old.exists()


def test_a_run_that_never_ended_keeps_its_training(tmp_path: Path) -> None:
    file = _checkpoint(tmp_path, "aa")
    forget_training(run_folder(tmp_path, "aa"), has_ended=False)
    assert file.exists()


def test_what_another_process_is_at_work_on_is_left_to_it(results: Path) -> None:
    file = checkpoint_folder(results, "aa") / "stage.safetensors"
    with held_if_free(run_folder(results, "aa") / "lock") as held:
        assert held
        Repetition(results, IDS).begin(RUNS)
        assert file.exists()
    assert not checkpoint_folder(results, "bb").exists()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / ".repeating").write_text("a file in the folder's place")
    with pytest.raises(ResultsError, match=r"Cannot write .*\.repeating") as caught:
        Repetition(tmp_path, IDS).begin(cast("Any", RUNS))
    assert "A file stands where a folder should" in caught.value.hint
