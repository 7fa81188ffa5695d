"""``sample``, ``export`` and ``publish model``: from a run to images and to a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from regene_bench.leaderboard.parts import read_parts
from tests.cli.conftest import Cli


@pytest.fixture
def run_id(cli: Cli, session_cache: Path, light_protocol: Path, tmp_path: Path) -> str:
    """A finished run in ``results``."""
    shutil.copy(light_protocol, tmp_path / "light.toml")
    done = cli(
        *("run", "light.toml", "--methods", "cgan", "--set", "cgan.images=320"),
        *("--metrics", "neutral", "--device", "cpu"),
        REGENE_BENCH_CACHE=str(session_cache),
    )
    assert done.returncode == 0, done.stderr
    table, _ = read_parts(tmp_path / "results")
    (found,) = table["run_id"].unique().to_pylist()
    return str(found)


@pytest.mark.slow
def test_from_a_run_to_images_and_to_a_folder(cli: Cli, run_id: str, tmp_path: Path) -> None:
    done = cli("sample", run_id[:8], "three.npz", "--class", "3,5", "--n", "6", "--seed", "7")
    assert done.returncode == 0, done.stderr
    assert f"6 images of cgan (run {run_id}) are in three.npz." in done.stdout
    assert "score three.npz --against PROTOCOL" in done.stderr
    assert "PROTOCOL is the file of 'light'" in done.stderr
    assert np.load(tmp_path / "three.npz")["arr_1"].tolist() == [3, 3, 3, 5, 5, 5]

    done = cli("export", run_id, "model", "--license", "mit")
    assert done.returncode == 0, done.stderr
    assert 'regene_bench.load("model")' in done.stdout
    done = cli("sample", "model", "again.npz", "--class", "3,5", "--n", "6", "--seed", "7")
    assert done.returncode == 0, done.stderr
    again, first = np.load(tmp_path / "again.npz"), np.load(tmp_path / "three.npz")
    assert np.array_equal(again["arr_0"], first["arr_0"])

    done = cli("publish", "model", run_id, "me/mine", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "me/mine/model.safetensors" in done.stdout
    assert "library_name: regene-bench" in done.stdout


@pytest.mark.slow
def test_mistakes_are_told_at_once(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    for arguments, message in [
        (("sample", "abc", "out"), "There is no run 'abc' in results."),
        (("sample", "abc", "taken"), "taken is there already."),
        (("sample", "abc", "out", "--form", "gif"), "There is no form 'gif'."),
        (("export", "abc", "out"), "There is no run 'abc' in results."),
    ]:
        done = cli(*arguments)
        assert done.returncode == 2, done.stderr
        assert message in done.stderr
        assert "Traceback" not in done.stderr
