"""``show``: one run, and the command that repeats it."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from regene_bench.base.hashing import stable_id
from regene_bench.leaderboard.parts import write_part
from regene_bench.plan.selection import parse_seeds, parse_selections, parse_settings
from tests.cli.conftest import Cli
from tests.leaderboard.helpers import EXTRACTOR, record, score

PARAMS = {"noise_dim": 8, "lr": 1e-3, "name": "it's", "flag": True, "none": None, "list": [1, 2]}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    scores = (
        score("fid", 12.5, note="biased", **EXTRACTOR),
        score("acc", 0.5, class_name="seven"),
        score("mae", status="unavailable", value=None, error_message="fetch it"),
    )
    write_part(folder, record("abc123", params=PARAMS, seed=3, scores=scores))
    (folder / "runs" / "abc123").mkdir(parents=True)
    (folder / "runs" / "abc123" / "samples.png").write_bytes(b"")
    failed = {"status": "failed", "error_type": "MethodError", "error_message": "NaN in images"}
    write_part(folder, record("def456", scores=(), traceback_path="runs/t.txt", **failed))
    return folder


@pytest.mark.usefixtures("results")
def test_all_of_a_run(cli: Cli) -> None:
    text = cli("show", "abc").stdout
    for part in ("cgan on digits", "seed 3: ok", "12.5", "biased", "seven", "fetch it", "a1b2c3d4"):
        assert part in text
    assert "samples.png" in text


@pytest.mark.usefixtures("results")
def test_the_command_that_repeats_it_says_the_same(cli: Cli) -> None:
    line = cli("show", "abc").stdout.strip().splitlines()[-1]
    words = shlex.split(line)
    assert words[:3] == ["regene-bench", "run", "digits"]
    settings = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    assert parse_settings(settings) == {"cgan": PARAMS}
    assert parse_seeds(words[words.index("--seeds") + 1]) == [3]
    assert parse_selections(words[words.index("--methods") + 1])[0].name == "cgan"


def test_samples_of_another_program_are_scored_again(cli: Cli, results: Path) -> None:
    params = {"source": "my samples.zip", "content": "f00d", "n": 9, "resized_from": "64×64"}
    scores = (score("acc", 0.9, ci_low=0.85, ci_high=0.93),)
    run = record("fed789", method="biggan", distribution="external", params=params, scores=scores)
    write_part(results, run)
    text = cli("show", "fed789").stdout
    assert "0.9, 95 % 0.85 to 0.93" in text
    words = shlex.split(text.strip().splitlines()[-1])
    assert words[:5] == ["regene-bench", "score", "my samples.zip", "--against", "digits"]
    assert words[words.index("--name") + 1] == "biggan"
    assert "--resize" in words


@pytest.mark.parametrize("source", ["an array", "a tensor"])
def test_samples_that_were_in_memory_are_scored_again_from_python(
    cli: Cli, results: Path, source: str
) -> None:
    params = {"source": source, "content": "f00d", "n": 9, "resized_from": None}
    run = record("fed789", method="it's mine", distribution="external", params=params)
    write_part(results, run)
    line = cli("show", "fed789").stdout.strip().splitlines()[-1]
    call = ast.parse(line.strip(), mode="eval").body
    assert isinstance(call, ast.Call)
    assert ast.unparse(call.func) == "regene_bench.score"
    assert [ast.unparse(argument) for argument in call.args] == ["images", "'digits'", "labels"]
    named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    assert named == {"preset": run.preset, "name": "it's mine", "results": "results"}


@pytest.mark.usefixtures("results")
def test_a_failed_run(cli: Cli) -> None:
    text = cli("show", "def456").stdout
    assert "MethodError: NaN in images" in text
    assert "runs/t.txt" in text


@pytest.mark.usefixtures("results")
def test_as_json(cli: Cli) -> None:
    rows = json.loads(cli("show", "abc", "--json").stdout)
    assert [row["metric"] for row in rows] == ["fid", "acc", "mae"]


@pytest.mark.usefixtures("results")
def test_an_unknown_run(cli: Cli) -> None:
    done = cli("show", "abd123")
    assert done.returncode == 2
    assert "Did you mean 'abc123'?" in done.stderr


def test_to_show_a_run_nothing_heavy_is_imported(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run_id = stable_id({"run": 1})
    write_part(tmp_path, record(run_id, scores=[score("fid", 12.5)]))
    code = (
        "import sys\nfrom regene_bench.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "show", run_id, "--results", str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    modules = set(done.stderr.split())
    assert "regene_bench.leaderboard.one_run" in modules
    assert modules.isdisjoint({"torch", "pyarrow", "numpy", "pydantic", "rich"})
