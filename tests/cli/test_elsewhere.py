"""A machine without a GPU hands out runs to those that have one, and computes nothing itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from regene_bench.harness.ticket import Ticket, read_ticket
from tests.cli.conftest import Cli
from tests.plugins.distributions import install

EXECUTORS = '''
from pathlib import Path

from regene_bench.hookspecs import hookimpl


def faraway(job):
    """Hand in a note of all runs, and go away."""
    Path("ticket.json").write_text(job.ticket(job.runs).model_dump_json())
    job.stop.ask("handed in")
    job.stop.check()
    yield


faraway.elsewhere = True


def nearby(job):
    """The same, by one that says nothing of other machines."""
    yield from faraway(job)


@hookimpl
def register_executors(register):
    register("faraway", "fake_queue:faraway", summary="hands runs in")
    register("nearby", "fake_queue:nearby", summary="hands runs in")
'''


@pytest.fixture(autouse=True)
def _queue(plugins: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU, and the tests are of one that has none")
    install(plugins, "fake-queue", None)
    (plugins / "fake_queue").mkdir()
    (plugins / "fake_queue" / "__init__.py").write_text(EXECUTORS)


def call(cli: Cli, tmp_path: Path, protocol: Path, *more: str) -> tuple[int, str]:
    done = cli(
        *("run", str(protocol), "--methods", "real", "--metrics", "neutral", *more),
        REGENE_BENCH_CACHE=str(tmp_path / "cache"),
    )
    return done.returncode, done.stderr


def ticket(tmp_path: Path) -> Ticket:
    return read_ticket(tmp_path / "ticket.json")


def test_a_gpu_of_other_machines_is_taken_at_its_word(
    cli: Cli, tmp_path: Path, light_protocol: Path
) -> None:
    asked = ("--executor", "faraway", "--device", "cuda", "--precision", "bfloat16")
    assert call(cli, tmp_path, light_protocol, *asked)[0] == 130
    options = ticket(tmp_path).options
    assert (options.device, options.precision) == ("cuda", "bfloat16")


def test_nothing_is_trained_before_it_is_handed_in(
    cli: Cli, tmp_path: Path, light_protocol: Path
) -> None:
    assert call(cli, tmp_path, light_protocol, "--executor", "faraway")[0] == 130
    assert ticket(tmp_path).options.device == "cpu"
    assert ticket(tmp_path).judges == {}
    assert not (tmp_path / "cache" / "neutral").exists()
    assert not (tmp_path / "results" / "shared").exists()


def test_an_executor_that_says_nothing_of_others_prepares_here(
    cli: Cli, tmp_path: Path, light_protocol: Path
) -> None:
    assert call(cli, tmp_path, light_protocol, "--executor", "nearby")[0] == 130
    (weights,) = (tmp_path / "results" / "shared").glob("*/*.safetensors")
    assert ticket(tmp_path).judges == {weights.parent.name: weights.stem}


@pytest.mark.parametrize(
    ("executor", "more", "words"),
    [
        ("nearby", ("--device", "cuda"), "Device 'cuda' is not present"),
        ("faraway", ("--device", "cuda"), "Give --precision float32"),
        ("faraway", ("--device", "cuda:1", "--precision", "float32"), "Give --device cuda."),
        ("faraway", ("--device", "gpu", "--precision", "float32"), "Unknown device 'gpu'"),
    ],
)
def test_what_cannot_be_decided_here_is_refused(
    executor: str,
    more: tuple[str, ...],
    words: str,
    cli: Cli,
    tmp_path: Path,
    light_protocol: Path,
) -> None:
    code, said = call(cli, tmp_path, light_protocol, "--executor", executor, *more)
    assert code == 2
    assert words in said
    assert not (tmp_path / "ticket.json").exists()
