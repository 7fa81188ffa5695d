"""``regene-bench run`` asked for what cannot be: nothing runs, and the message names the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.cli.main import main
from tests.cli.conftest import Cli
from tests.conftest import tiny_protocol_text


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The message of a call that ends in exit code 2."""
    with pytest.raises(SystemExit) as caught:
        main(["run", *map(str, arguments)])
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digitz"], "Did you mean 'digits'?"),
        (["digits", "--methods", "regen"], "Did you mean 'regene'?"),
        (["digits", "--methods", "cgan[noise_dmi=3]"], "Did you mean 'noise_dim'?"),
        (["digits", "--methods", "cgan[noise_dim=-1]"], "noise_dim = -1"),
        (["digits", "--methods", "real,cgan[noise_dim=4|-1]"], "noise_dim = -1"),
        (["digits", "--methods", "cgan[noise_dim"], "not closed"),
        (["digits", "--methods", "real", "--set", "cgan.noise_dim=3"], "Chosen: real."),
        (["digits", "--set", "cgan.width=0"], "width = 0"),
        (["digits", "--seeds", "0"], "At least one seed"),
        (["digits", "--seeds", "one"], "not whole numbers"),
        (["digits", "--preset", "fast"], "Known: paper, quick, standard."),
        (["digits", "--device", "cpuu"], "Did you mean 'cpu'?"),
        (["digits", "--precision", "float23"], "Did you mean 'float32'?"),
        (["digits", "--device", "cpu", "--captured"], "and the device is cpu"),
        (["digits", "--executor", "seriel"], "Did you mean 'serial'?"),
        (["digits", "--time-limit", "soon"], "Cannot read the time 'soon'"),
        (["digits", "--time-limit", "0s"], "Cannot read the time '0s'"),
        (["nowhere.toml"], "Cannot read nowhere.toml"),
    ],
)
def test_bad_usage_is_refused_before_anything_runs(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"neutral"]', '"neutrl"]', "Did you mean 'neutral'?"),
        ('"digits"', '"digit"', "Did you mean 'digits'?"),
        ("accuracy_neutral", "acuracy_neutral", "Did you mean 'accuracy_neutral'?"),
        ("quick.extractors.neutral", "quick.extractors.neutrl", "Did you mean 'neutral'?"),
        ('["real"]', '["reel"]', "Did you mean 'real'?"),
        ("[data]", "[dta]", "Did you mean 'data'?"),
    ],
)
def test_a_wrong_protocol_is_refused_before_anything_runs(
    old: str,
    new: str,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    text = tiny_protocol_text("neutral", rank_by="accuracy_neutral")
    assert old in text
    Path("my.toml").write_text(text.replace(old, new))
    assert message in refused(capsys, "my.toml")
    assert [path.name for path in tmp_path.iterdir()] == ["my.toml"]


def test_a_results_folder_that_cannot_be_written(
    light_protocol: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    message = refused(capsys, light_protocol, "--results", tmp_path / "file" / "results")
    assert "Cannot write to" in message
    assert "give another folder" in message
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.slow
def test_an_unknown_method_is_refused_by_the_real_program(cli: Cli) -> None:
    done = cli("run", "digits", "--methods", "regen")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: There is no method 'regen'.\nDid you mean 'regene'?\n"
