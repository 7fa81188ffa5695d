"""A ticket says all that is needed to carry out runs of a call elsewhere, and brings records."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from regene_bench.base.errors import ConfigError, UsageError
from regene_bench.base.events import Event, RunStarted
from regene_bench.cli.main import main
from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.carry_out_ticket import carry_out_ticket, open_ticket
from regene_bench.harness.options import Options, make_options
from regene_bench.harness.prepare import prepare
from regene_bench.harness.ticket import Ticket, make_ticket, read_ticket
from regene_bench.plan.selection import settings_with_absolute_files, with_absolute_files
from regene_bench.runtime.device import choose_precision
from regene_bench.runtime.stop import StopRequest
from tests.processes import parts

SEEDS = 3


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return make_options(methods="real", seeds=SEEDS, results=tmp_path / "out", device="cpu")


def ticket_of(protocol: Path, options: Options, chosen: Sequence[int] = range(SEEDS)) -> Ticket:
    """A ticket of some seeds of a call."""
    campaign = prepare(str(protocol), options, lambda event: None, StopRequest())
    numbers = {run.run_id: number for number, run in enumerate(campaign.runs, 1)}
    return make_ticket(campaign, numbers, [campaign.runs[seed] for seed in chosen])


def test_it_is_the_same_after_a_journey_as_a_file(
    light_protocol: Path, options: Options, tmp_path: Path
) -> None:
    ticket = ticket_of(light_protocol, options, [2, 0])
    path = tmp_path / "ticket.json"
    path.write_text(ticket.model_dump_json())
    assert read_ticket(path) == ticket
    assert (ticket.numbers, ticket.total) == ((3, 1), SEEDS)
    precision = choose_precision("auto", torch.device("cpu"))
    assert (ticket.options.device, ticket.options.precision) == ("cpu", precision)


def test_all_its_paths_are_absolute(
    light_protocol: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = make_options(methods="real", results="out", data="here", device="cpu", fast=True)
    relative = Path(os.path.relpath(light_protocol))
    ticket = ticket_of(relative, options, [0])
    assert ticket.benchmark == str(relative.absolute())
    assert ticket.options.results == tmp_path / "out"
    assert ticket.options.data == (tmp_path / "here",)
    assert ticket.options.fast


def test_methods_in_files_are_named_by_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = with_absolute_files("real,ideas/a.py:Mine[width=8|16],cgan[noise_dim=2]")
    assert named == f"real,{tmp_path}/ideas/a.py:Mine[width=8|16],cgan[noise_dim=2]"
    items = ("ideas/a.py:Mine.width=0.5", "cgan.epochs=3")
    assert settings_with_absolute_files(items) == (
        f"{tmp_path}/ideas/a.py:Mine.width=0.5",
        "cgan.epochs=3",
    )
    assert with_absolute_files("") == ""


def test_it_brings_a_record_for_each_run_whoever_has_carried_it_out(
    light_protocol: Path, options: Options
) -> None:
    ticket = ticket_of(light_protocol, options)
    (first,) = carry_out_ticket(ticket_of(light_protocol, options, [1])).records
    told: list[Event] = []
    again = carry_out_ticket(ticket, told.append)
    assert again.stopped is None
    assert tuple(record.run_id for record in again.records) == ticket.run_ids
    assert again.records[1] == first
    started = [event for event in told if isinstance(event, RunStarted)]
    assert [(event.index, event.total) for event in started] == [(1, SEEDS), (3, SEEDS)]
    assert carry_out_ticket(ticket).records == again.records


def test_its_scores_are_those_of_the_call(
    light_protocol: Path, options: Options, tmp_path: Path
) -> None:
    records = carry_out_ticket(ticket_of(light_protocol, options)).records
    there = make_options(methods="real", seeds=SEEDS, results=tmp_path / "call", device="cpu")
    called = run_campaign(str(light_protocol), there).ran
    assert [record.scores for record in records] == [record.scores for record in called]


def test_a_ticket_of_a_repetition_repeats_each_run_once(
    light_protocol: Path, options: Options
) -> None:
    before = carry_out_ticket(ticket_of(light_protocol, options)).records
    forced = ticket_of(light_protocol, replace(options, force=True))
    repeated = carry_out_ticket(forced).records
    assert [r.timestamp > old.timestamp for r, old in zip(repeated, before, strict=True)] == [
        True
    ] * SEEDS
    # a loss of the answer is no reason to repeat it all
    assert carry_out_ticket(forced).records == repeated


def test_a_stopped_ticket_says_so_and_goes_on(light_protocol: Path, options: Options) -> None:
    ticket = ticket_of(light_protocol, options)
    stop = StopRequest()

    def after_the_first(event: Event) -> None:
        if isinstance(event, RunStarted) and event.index == 2:
            stop.ask("the test")

    halted = carry_out_ticket(ticket, after_the_first, stop)
    assert halted.stopped == "the test"
    assert [record.run_id for record in halted.records] == list(ticket.run_ids[:1])
    assert len(carry_out_ticket(ticket).records) == SEEDS


def test_runs_that_are_not_made_here_are_refused(light_protocol: Path, options: Options) -> None:
    ticket = ticket_of(light_protocol, options)
    foreign = ticket.model_copy(update={"run_ids": ("0" * 16,), "numbers": (1,)})
    with pytest.raises(ConfigError, match="none of those that its options make here") as caught:
        open_ticket(foreign)
    assert "regene-bench doctor" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"form": 2}, "form = 2"),
        ({"workers": 3}, "unknown key 'workers'"),
        ({"run_ids": []}, "run_ids"),
        ({"numbers": [1]}, "1 numbers for 3 runs"),
    ],
)
def test_what_is_no_ticket_is_refused(
    light_protocol: Path,
    options: Options,
    tmp_path: Path,
    change: dict[str, object],
    words: str,
) -> None:
    values = json.loads(ticket_of(light_protocol, options).model_dump_json()) | change
    path = tmp_path / "ticket.json"
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=words):
        read_ticket(path)


def test_unknown_options_are_refused(
    light_protocol: Path, options: Options, tmp_path: Path
) -> None:
    values = json.loads(ticket_of(light_protocol, options).model_dump_json())
    values["options"]["colour"] = "red"
    path = tmp_path / "ticket.json"
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=r"options\.colour"):
        read_ticket(path)
    with pytest.raises(UsageError, match="No such file"):
        read_ticket(tmp_path / "none.json")


def test_the_command_carries_it_out_and_can_be_called_again(
    light_protocol: Path,
    options: Options,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ticket = ticket_of(light_protocol, options, [0, 2])
    path = tmp_path / "ticket.json"
    path.write_text(ticket.model_dump_json())
    for _ in range(2):
        with pytest.raises(SystemExit, match="0"):
            main(["carry-out", str(path)])
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines] == list(ticket.run_ids)
        assert all(" ok " in line for line in lines)
    assert len(parts(options.results)) == 2
