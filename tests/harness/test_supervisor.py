"""A run that an executor did not bring is failed only where nobody else has carried it out."""

from __future__ import annotations

from pathlib import Path

import pytest

from regene_bench.base.errors import MethodError
from regene_bench.base.events import silent
from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import Options, make_options
from regene_bench.harness.prepare import Campaign, prepare
from regene_bench.harness.supervisor import RunSupervisor
from regene_bench.leaderboard.parts import read_own_part
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan.runs import Run
from regene_bench.runtime.stop import StopRequest

LOST = MethodError("nobody brought it")


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return make_options(methods="real", metrics="neutral", results=tmp_path / "out", device="cpu")


def begun(protocol: Path, options: Options) -> tuple[Campaign, RunSupervisor, Run]:
    """A call whose one run is not carried out yet."""
    campaign = prepare(str(protocol), options, silent, StopRequest())
    (run,) = campaign.runs
    supervisor = RunSupervisor(
        campaign.host,
        campaign.setting,
        campaign.runs,
        {run.run_id: campaign.setting.metrics},
        numbers={run.run_id: 1},
        total=1,
        anew=options.force,
    )
    return campaign, supervisor, run


def kept(options: Options, run: Run) -> RunRecord | None:
    return read_own_part(options.results, run.benchmark.name, run.run_id)


def test_what_nobody_carried_out_has_failed(light_protocol: Path, options: Options) -> None:
    _, supervisor, run = begun(light_protocol, options)
    assert supervisor.give_up(run, LOST).status == "failed"
    found = kept(options, run)
    assert found is not None
    assert (found.status, found.error_message) == ("failed", "nobody brought it")


def test_what_another_call_has_carried_out_meanwhile_stands(
    light_protocol: Path, options: Options
) -> None:
    _, supervisor, run = begun(light_protocol, options)
    (done,) = run_campaign(str(light_protocol), options).ran
    assert supervisor.give_up(run, LOST) == done
    assert kept(options, run) == done
