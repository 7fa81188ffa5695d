"""``regene-bench stats`` and ``score --against-stats``: written, read, and shown."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from regene_bench.cli.main import main
from tests.conftest import tiny_protocol_text
from tests.samples.block_means import register_block_means
from tests.samples.builders import held_out_digits


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register_block_means(monkeypatch)
    monkeypatch.chdir(tmp_path)
    text = tiny_protocol_text("fd[extractor=blocks]", rank_by="fd")
    Path("blocks.toml").write_text(text.replace('"tiny"', '"blocks"'))
    np.save("a.npy", held_out_digits(4).images)


def called(capsys: pytest.CaptureFixture[str], code: int, command: str) -> tuple[str, str]:
    with pytest.raises(SystemExit) as caught:
        main(shlex.split(command))
    captured = capsys.readouterr()
    assert caught.value.code == code, captured.err
    assert "Traceback" not in captured.err
    return captured.out, captured.err


def test_what_stats_writes_is_scored_against_as_it_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, _ = called(capsys, 0, "stats blocks.toml --extractor blocks --out real.npz")
    assert "9 features of 60 images" in out
    command = out.splitlines()[-1].strip().removeprefix("regene-bench ")
    assert command == "score SAMPLES --against-stats real.npz --extractor blocks"
    command = command.replace("SAMPLES", "a.npy") + " --results res --name mine"
    out, err = called(capsys, 0, command)
    assert out.startswith("mine: 40 images of a.npy against the statistics real.npz of blocks")
    # `leaderboard` names the board that the row stands on
    shown, _ = called(capsys, 0, err.splitlines()[-1].strip().removeprefix("regene-bench "))
    assert "stats-" in shown.splitlines()[0]
    assert "mine" in shown
    (part,) = Path("res/leaderboard").glob("stats-*/*.parquet")
    shown, _ = called(capsys, 0, f"show {part.stem} --results res")
    assert "40 generated, 60 real" in shown
    assert "None" not in shown
    assert f"regene-bench {command.replace('--results res --name mine', '')}".strip() in shown
    out, _ = called(capsys, 0, command + " --format json --metrics fd")
    assert {row["n_real"] for row in json.loads(out)} == {60}


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("score a.npy", "Give --against BENCHMARK, or --against-stats"),
        ("score a.npy --against-stats no.npz --extractor blocks", "no.npz does not exist"),
        ("score a.npy --against-stats a.npy --extractor blocks", "a.npy is no .npz file"),
        ("score a.npy --against-stats x.npz", "must be named"),
        ("score a.npy --against-stats x.npz --against digits --extractor blocks", "against cannot"),
        ("score a.npy --against-stats x.npz --extractor blocks --labels y", "leave labels out"),
        ("score a.npy --against digits --extractor blocks", "'fd[extractor=blocks]'"),
        ("stats blocks.toml --extractor blocks --out real", "Write --out real.npz"),
        ("stats blocks.toml --extractor neutral --out a.npz", "Take one with published weights"),
        ("stats nowhere --extractor blocks --out a.npz", "There is no benchmark 'nowhere'"),
    ],
)
def test_refusals_say_what_to_do(
    command: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = called(capsys, 2, command)
    assert out == ""
    assert what in err
