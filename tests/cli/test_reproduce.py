"""``reproduce``: a published row made again, score by score."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from regene_bench.base.errors import UsageError
from regene_bench.cli.reproduce import options_of, take_judges
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.parts import read_parts, write_part
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan.metrics import choose_metrics
from regene_bench.plan.protocol import load_benchmark
from regene_bench.plugins.host import load_plugins
from regene_bench.runtime.shared_weights import SharedWeights, chosen_weights, hash_weights
from tests.cli.conftest import Cli
from tests.leaderboard.helpers import record, score
from tests.plugins.distributions import install

LIGHT = """
from regene_bench.hookspecs import hookimpl

@hookimpl
def register_benchmarks(register):
    register("light", "fake_light:light.toml", summary="digits that are judged at once")
"""


@pytest.fixture
def published(
    cli: Cli, tmp_path: Path, plugins: Path, light_protocol: Path, session_cache: Path
) -> str:
    """The id of a finished run of an installed benchmark, in ``results``."""
    install(plugins, "fake-light", None)
    (plugins / "fake_light").mkdir()
    (plugins / "fake_light" / "__init__.py").write_text(LIGHT)
    shutil.copy(light_protocol, plugins / "fake_light" / "light.toml")
    done = cli(
        *("run", "light", "--preset", "quick", "--methods", "cvae", "--set", "cvae.images=640"),
        *("--metrics", "neutral", "--device", "cpu"),
        REGENE_BENCH_CACHE=str(session_cache),
    )
    assert done.returncode == 0, done.stderr
    table, _ = read_parts(tmp_path / "results")
    (run_id,) = table["run_id"].unique().to_pylist()
    return str(run_id)


@pytest.mark.slow
def test_a_run_on_a_cpu_comes_out_again(cli: Cli, tmp_path: Path, published: str) -> None:
    again = ("--metrics", "neutral", "--device", "cpu")
    # on another machine: the weights that judged are taken from the results, not trained again
    cache = str(tmp_path / "another cache")
    done = cli("reproduce", published[:6], *again, REGENE_BENCH_CACHE=cache)
    assert done.returncode == 0, done.stderr
    assert not list(Path(cache).glob("neutral/*/neutral classifier.safetensors"))
    assert "accuracy_neutral" in done.stdout
    assert "off" not in done.stdout
    repeated = read_run(tmp_path / "reproduced" / published, published)
    assert repeated.timestamp > read_run(tmp_path / "results", published).timestamp

    original = read_run(tmp_path / "results", published)
    first = next(i for i, s in enumerate(original.scores) if s.metric == "accuracy_neutral")
    scores = list(original.scores)
    scores[first] = replace(scores[first], value=2 * (scores[first].value or 0.0))
    write_part(tmp_path / "results", replace(original, scores=tuple(scores)))
    doubted = cli("reproduce", published, *again, REGENE_BENCH_CACHE=cache)
    assert doubted.returncode == 3
    assert "off by 50.00%" in doubted.stdout


def test_an_unknown_run(cli: Cli, tmp_path: Path) -> None:
    write_part(tmp_path / "results", record("abc123"))
    done = cli("reproduce", "abd123")
    assert done.returncode == 2
    assert "Did you mean 'abc123'?" in done.stderr


def test_images_of_another_program_cannot_be_trained_again(cli: Cli, tmp_path: Path) -> None:
    write_part(tmp_path / "results", record("abc123", distribution="external"))
    done = cli("reproduce", "abc123")
    assert done.returncode == 2
    assert "regene-bench score" in done.stderr


def test_every_published_number_is_measured_again_under_its_own_options() -> None:
    host = load_plugins()
    lite, inception = "efficientnet_lite0", "inception"
    scores = (
        score("fid", extractor_id=inception),
        score("kid", extractor_id=lite),
        score("kid", extractor_id=inception),
        score("kid", extractor_id=inception, reference_split="test", class_name="three"),
        score("fd", extractor_id="timm:resnet18"),
        score("inception_score", extractor_id=inception, reference_split=None),
        score("copies"),
        score("fd_infinity", extractor_id="not installed here"),
        score("fd_real", extractor_id=lite, status="unavailable", value=None),
    )
    run = record(method="real", params={}, scores=scores)
    metrics = options_of(run, host, Path("new"), "", (), "cpu").metrics
    protocols = load_benchmark(host, "digits").evaluation.metrics
    assert metrics.split(",", len(protocols))[: len(protocols)] == protocols
    made = choose_metrics(host, load_benchmark(host, "digits"), metrics)
    assert [named.name for named in made][len(protocols) :] == [
        "fd[extractor=timm:resnet18,reference=train]",
        "is[extractor=inception]",
        "kid[extractor=inception,reference=train]",
        "kid[extractor=inception,reference=test]",
        "memorisation",
    ]


def test_a_row_of_the_protocols_metrics_asks_for_no_others() -> None:
    host = load_plugins()
    protocols = load_benchmark(host, "digits").evaluation.metrics
    run = record(
        method="real", params={}, scores=(score("kid", extractor_id="efficientnet_lite0"),)
    )
    assert options_of(run, host, Path("new"), "", (), "cpu").metrics == ",".join(protocols)
    assert options_of(run, host, Path("new"), "copies", (), "cpu").metrics == "copies"


def test_a_run_that_trained_with_others_is_trained_with_another_again() -> None:
    host = load_plugins()
    alone = options_of(record(method="real", params={}, seed=3), host, Path("new"), "", (), "cpu")
    assert (alone.executor, alone.seeds) == ("serial", "3,")
    run = record(method="real", params={}, seed=3, trained_together=6)
    together = options_of(run, host, Path("new"), "", (), "cpu")
    assert (together.executor, together.seeds) == ("stacked", "3,4,")


def test_a_run_of_fast_kernels_is_trained_by_such_again() -> None:
    host = load_plugins()
    run = record(method="real", params={}, packages={"training": "fast, captured"})
    again = options_of(run, host, Path("new"), "", (), "cpu")
    # captured steps do what others do
    assert (again.fast, again.captured) == (True, False)
    run = record(method="real", params={}, packages={"training": "captured"})
    assert not options_of(run, host, Path("new"), "", (), "cpu").fast


@pytest.fixture
def row() -> RunRecord:
    """A run that was judged by weights of which this machine makes others."""
    judged = replace(score("accuracy_neutral", 0.5), weights_sha256=hash_weights(JUDGE))
    return record("a", scores=(judged,))


JUDGE, OTHER = {"w": torch.ones(2)}, {"w": torch.zeros(2)}


@pytest.mark.parametrize("place", ["results", "results/leaderboard/digits/a.parquet"])
def test_it_is_judged_by_what_judged_the_row_whoever_counts_in_its_folder(
    place: str, tmp_path: Path, row: RunRecord
) -> None:
    """As in folders that were merged: the first one's weights count, and other rows have others."""
    write_part(tmp_path / "results", row)
    SharedWeights(tmp_path / "results", "neutral-0").take(OTHER, counts=True)
    SharedWeights(tmp_path / "results", "neutral-0").take(JUDGE, counts=False)
    take_judges(row, tmp_path / place, tmp_path / "fresh")
    assert chosen_weights(tmp_path / "fresh") == {"neutral-0": hash_weights(JUDGE)}


def test_a_folder_that_others_judge_is_refused(tmp_path: Path, row: RunRecord) -> None:
    SharedWeights(tmp_path / "results", "neutral-0").take(JUDGE, counts=True)
    SharedWeights(tmp_path / "used", "neutral-0").take(OTHER, counts=True)
    with pytest.raises(UsageError, match="other weights judge") as caught:
        take_judges(row, tmp_path / "results", tmp_path / "used")
    assert "--into" in str(caught.value.hint)
