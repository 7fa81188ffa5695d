"""An executor refuses a call that it cannot carry out before anything is done for it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from regene_bench.runtime.device import choose_precision
from tests.cli.conftest import Cli
from tests.plugins.distributions import install

EXECUTORS = """
from regene_bench.api import UsageError
from regene_bench.hookspecs import hookimpl


def careful(job):
    yield from map(job.execute, job.runs)


def check(options):
    if options.run_timeout is not None:
        raise UsageError(f"No timeouts on {options.device} in {options.precision}.", hint="None.")
    if options.force:
        raise ValueError("what is this")


careful.check = check


@hookimpl
def register_executors(register):
    register("careful", "fake_careful:careful", summary="refuses timeouts")
"""


@pytest.fixture(autouse=True)
def _installed(plugins: Path) -> None:
    install(plugins, "fake-careful", None)
    (plugins / "fake_careful").mkdir()
    (plugins / "fake_careful" / "__init__.py").write_text(EXECUTORS)


def test_it_is_asked_before_a_repetition_forgets_anything(
    cli: Cli, tmp_path: Path, light_protocol: Path, session_cache: Path
) -> None:
    call = ("run", str(light_protocol), "--methods", "cvae", "--metrics", "neutral")
    call = (*call, "--set", "cvae.images=64", "--device", "cpu", "--executor", "careful")
    cache = {"REGENE_BENCH_CACHE": str(session_cache)}
    done = cli(*call, **cache)
    assert done.returncode == 0, done.stderr
    (trained,) = tmp_path.glob("results/runs/*/checkpoints")
    refused = cli(*call, "--force", "--run-timeout", "9m", **cache)
    assert refused.returncode == 2
    precision = choose_precision("auto", torch.device("cpu"))
    assert f"No timeouts on cpu in {precision}. None." in refused.stderr.replace("\n", " ")
    assert trained.is_dir()
    assert not (tmp_path / "results" / ".repeating").exists()
    # whatever else it raises is a fault of its own
    failed = cli(*call, "--force", **cache)
    assert failed.returncode != 0
    assert "The executor 'careful' failed" in failed.stderr
    assert trained.is_dir()
