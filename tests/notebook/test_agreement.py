"""What is asked for in Python is what the command line asks for, by the same arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import regene_bench
from regene_bench.base.errors import UsageError
from regene_bench.base.events import silent
from regene_bench.cli.main import main
from regene_bench.cli.run import run as run_command
from regene_bench.cli.score import score as score_command
from regene_bench.data.load import LoadedDataset, load_dataset
from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import Options, make_options
from regene_bench.harness.prepare import prepare
from regene_bench.runtime.stop import StopRequest

# what only one of the two can have: where progress goes to, and how a table is printed
_PYTHONS_OWN = {"emit", "stop"}
_COMMANDS_OWN = {"form", "safe_cells"}
_SPELT = {"set_": "settings", "executor_option": "executor_options"}


class Asked(SystemExit):
    """Ends a call that was to be looked at only."""

    def __init__(self, benchmark: str, options: Options) -> None:
        super().__init__(benchmark)
        self.options = options


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], Options]:
    """What a call asks for, without carrying it out."""

    def caught(benchmark: str, options: Options, *_: object) -> None:
        raise Asked(benchmark, options)

    for module in ("regene_bench.notebook.running", "regene_bench.harness.campaign"):
        monkeypatch.setattr(f"{module}.run_campaign", caught)

    def options_of(call: Callable[[], object]) -> Options:
        with pytest.raises(Asked) as found:
            call()
        return found.value.options

    return options_of


@pytest.mark.parametrize(
    ("function", "command"),
    [(regene_bench.run, run_command), (regene_bench.score, score_command)],
)
def test_every_option_is_an_argument_and_the_other_way_round(
    function: Callable[..., Any], command: Callable[..., Any]
) -> None:
    arguments = set(inspect.signature(function).parameters) - _PYTHONS_OWN
    options = {_SPELT.get(name, name) for name in inspect.signature(command).parameters}
    assert arguments == options - _COMMANDS_OWN


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ([], {}),
        (["--workers", "2"], {"workers": 2}),
        (["--workers", "2", "--executor", "mine"], {"workers": 2, "executor": "mine"}),
        (["--executor", "stacked"], {"executor": "stacked"}),
        (["--seeds", "0,3"], {"seeds": [0, 3]}),
        (["--seeds", "0,3"], {"seeds": "0,3"}),
        (["--seeds", "2"], {"seeds": np.int64(2)}),
        (["--time-limit", "9m"], {"time_limit": 540}),
        (["--time-limit", "9m"], {"time_limit": "9m"}),
        (["--checkpoint-every", "90"], {"checkpoint_every": 90}),
        (["--set", "cgan.epochs=3"], {"settings": {"cgan": {"epochs": np.int64(3)}}}),
        (["--set", "cgan.epochs=3"], {"settings": ["cgan.epochs=3"]}),
        (["--data", "folder"], {"data": "folder"}),
        (["--data", "a", "--data", "b"], {"data": ["a", Path("b")]}),
        (["--force"], {"force": True}),
    ],
)
def test_both_ways_ask_for_the_same(
    asked: Callable[[Callable[[], object]], Options], words: list[str], arguments: dict[str, Any]
) -> None:
    python = asked(lambda: regene_bench.run("digits", **arguments))
    command = asked(lambda: main(["run", "digits", *words]))
    seeds = [options.seeds.rstrip(",") for options in (python, command)]
    assert seeds[0] == seeds[1]
    assert python.executor == command.executor
    assert (python.workers, python.force, python.data, python.settings) == (
        command.workers,
        command.force,
        command.data,
        command.settings,
    )
    assert (python.time_limit, python.checkpoint_seconds) == (
        command.time_limit,
        command.checkpoint_seconds,
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"workers": 0}, "0 workers"),
        ({"workers": 2.5}, "2.5 workers"),
        ({"workers": 2, "executor": "serial"}, "'serial' works in one process, not in 2"),
        ({"workers": 2, "executor": "stacked"}, "'stacked' works in one process, not in 2"),
        ({"time_limit": 0}, "Cannot read the time 0"),
        ({"time_limit": "soon"}, "Cannot read the time 'soon'"),
        ({"checkpoint_every": -1}, "Cannot read the time -1"),
        ({"settings": {"cgan": {"epochs": object()}}}, "cgan.epochs is a object"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    light_protocol: Path, tmp_path: Path, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        regene_bench.run(light_protocol, methods="real", results=tmp_path, **arguments)
    assert caught.value.hint


def test_force_decodes_the_data_again_once_and_not_in_every_worker(
    light_protocol: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool] = []

    def counted(source: Any, *, decode_again: bool, **rest: Any) -> LoadedDataset:
        told.append(decode_again)
        return load_dataset(source, **rest)

    monkeypatch.setattr("regene_bench.harness.workbench.load_dataset", counted)
    forced = make_options(methods="real", results=tmp_path, force=True)
    run_campaign(str(light_protocol), forced)
    prepare(str(light_protocol), forced, silent, StopRequest())  # as a worker does
    regene_bench.run(light_protocol, methods="real", results=tmp_path)
    images = np.zeros((4, 8, 8), np.uint8)
    regene_bench.score(images, light_protocol, metrics="neutral", force=True)
    assert told == [True, False, False, True]


def test_a_protocol_may_be_a_path_object(light_protocol: Path, tmp_path: Path) -> None:
    board = regene_bench.run(light_protocol, methods="real", results=tmp_path)
    assert [line.method for line in board.boards[0].lines] == ["real"]
    images = np.zeros((4, 8, 8), np.uint8)
    assert regene_bench.score(images, light_protocol, metrics="neutral").exit_code == 0


def test_a_report_has_the_formats_of_the_command_line_and_no_other(light_protocol: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    report = regene_bench.score(images, str(light_protocol))
    with pytest.raises(UsageError, match="no format 'xml'"):
        report.render("xml")
    assert report.render("json").startswith("[")
