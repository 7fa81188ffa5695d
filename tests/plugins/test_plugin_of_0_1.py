"""A distribution of somebody else, written for regene-bench 0.1, installs and runs unchanged.

``plugin_of_0_1`` registers a method, a metric, an extractor, a data set and a benchmark, through
nothing but what 0.1 documented. The run ids and scores below are what 0.1 itself gave.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import regene_bench.api
from tests.processes import environment, scores
from tests.processes import regene_bench as call
from tests.wheels import NEEDS_HATCHLING, build, install

HERE = Path(__file__).parent
RUN_IDS = {"real": "f90466a5c8fe6342", "moments": "db3820f3ec23f42e"}
VALUES = {
    ("moments", "accuracy_neutral"): 1.0,
    ("moments", "is_neutral"): 2.533645,
    ("moments", "brightness"): 0.003294,
    ("moments", "fd"): 2.216e-4,
    ("real", "accuracy_neutral"): 1.0,
    ("real", "is_neutral"): 2.533621,
    ("real", "brightness"): 0.0,
    ("real", "fd"): 0.0,
}
Cli = Callable[..., CompletedProcess[str]]


def test_every_name_of_the_old_interface_can_still_be_imported() -> None:
    names = (HERE / "names_of_0_1.txt").read_text().split()
    assert len(names) > 90
    assert [name for name in names if not hasattr(regene_bench.api, name)] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the old plugin's wheel, installed by pip."""
    base = tmp_path_factory.mktemp("of 0.1")
    install(build(HERE / "plugin_of_0_1", base / "wheel"), base / "site")
    return base / "site"


@pytest.fixture
def cli(our_site: Path, site: Path, session_cache: Path, tmp_path: Path) -> Cli:
    variables = environment(session_cache, our_site, site)
    return lambda *arguments: call(arguments, tmp_path, variables)


@pytest.mark.slow
@NEEDS_HATCHLING
def test_it_runs_under_the_same_run_ids_with_the_same_scores(cli: Cli, tmp_path: Path) -> None:
    done = cli("run", "dusk")
    assert done.returncode == 0, done.stderr
    found = scores(tmp_path / "results")
    assert {(method, run_id) for run_id, method, *_ in found} == set(map(tuple, RUN_IDS.items()))
    values = {
        (method, metric): value
        for (_, method, _, metric, name), (status, value, _) in found.items()
        if name is None and status == "ok"
    }
    assert values == {key: pytest.approx(value, rel=1e-2) for key, value in VALUES.items()}
    assert {status for status, *_ in found.values()} == {"ok"}


@pytest.mark.slow
@NEEDS_HATCHLING
def test_its_method_runs_on_our_benchmarks_and_ours_on_its(
    cli: Cli, light_protocol: Path, tmp_path: Path
) -> None:
    done = cli(
        "run", str(light_protocol), "--methods", "moments[images=400]",
        "--metrics", "brightness,neutral,fd[extractor=quadrants]",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = cli("run", "dusk", "--methods", "cgan[images=64,width=4,discriminator_width=4]")
    assert done.returncode == 0, done.stderr
    found = scores(tmp_path / "results")
    assert {method for _, method, *_ in found} == {"moments", "cgan"}
    assert {metric for _, _, _, metric, _ in found} >= {"brightness", "fd", "accuracy_neutral"}
    assert {status for status, *_ in found.values()} == {"ok"}


@pytest.mark.slow
@NEEDS_HATCHLING
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("method", "moments"),
        ("metric", "brightness"),
        ("extractor", "quadrants"),
        ("dataset", "dusk"),
        ("benchmark", "dusk"),
    ],
)
def test_it_passes_the_conformance_kit(cli: Cli, kind: str, name: str) -> None:
    done = cli("check", name, "--kind", kind)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout


@pytest.mark.slow
@NEEDS_HATCHLING
def test_doctor_finds_nothing_broken_in_it(cli: Cli) -> None:
    (line,) = [line for line in cli("doctor").stdout.splitlines() if "twilight" in line]
    assert line.split()[0] == "ok"
