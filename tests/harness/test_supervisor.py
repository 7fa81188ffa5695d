"""A run that an executor did not bring is failed only where nobody else has carried it out."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from regene_bench.base.errors import MethodError
from regene_bench.base.events import Event, Message, RunFinished, Sink, silent
from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.options import Options, make_options
from regene_bench.harness.prepare import Campaign, prepare
from regene_bench.harness.run_folders import LOCK, run_folder
from regene_bench.harness.supervisor import RunSupervisor
from regene_bench.leaderboard.parts import part_content, read_own_part
from regene_bench.leaderboard.record import RunRecord
from regene_bench.plan.runs import Run
from regene_bench.runtime.stop import StopRequest
from regene_bench.stores.lease import Leases
from regene_bench.stores.local_store import LocalStore
from regene_bench.stores.mirror import Mirror, part_key
from regene_bench.stores.opening import results_folder

LOST = MethodError("nobody brought it")


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return make_options(methods="real", metrics="neutral", results=tmp_path / "out", device="cpu")


def begun(
    protocol: Path, options: Options, emit: Sink = silent
) -> tuple[Campaign, RunSupervisor, Run]:
    """A call whose one run is not carried out yet."""
    campaign = prepare(str(protocol), options, emit, StopRequest())
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


def test_a_call_begins_with_what_no_other_call_is_at_work_on(
    light_protocol: Path, options: Options
) -> None:
    two = replace(options, seeds="2")
    first, second = prepare(str(light_protocol), two, silent, StopRequest()).runs
    ended: list[str] = []
    held = FileLock(run_folder(options.results, first.run_id) / LOCK)
    run_folder(options.results, first.run_id).mkdir(parents=True)
    held.acquire()

    def emit(event: Event) -> None:
        if isinstance(event, RunFinished):
            ended.append(event.run_id)
            held.release()  # the other call ends without having finished it

    try:
        outcome = run_campaign(str(light_protocol), two, emit)
    finally:
        held.release()
    assert ended == [second.run_id, first.run_id]
    assert [record.status for record in outcome.ran] == ["ok", "ok"]


def test_what_is_claimed_is_kept_from_other_calls_until_it_is_carried_out(
    light_protocol: Path, options: Options
) -> None:
    _, ours, run = begun(light_protocol, options)
    _, theirs, _ = begun(light_protocol, options)
    assert ours.claim(run)
    assert ours.claim(run)
    assert not theirs.claim(run)
    assert ours.carry_out_one(run).status == "ok"
    assert theirs.claim(run)
    # what was claimed and not carried out is given up, too
    assert theirs.give_up(run, LOST).status == "ok"
    assert ours.claim(run)


@pytest.mark.parametrize("they_finish", [True, False], ids=["finished", "ended"])
def test_a_run_that_others_have_taken_over_is_theirs_if_they_finish_it(
    light_protocol: Path, options: Options, tmp_path: Path, they_finish: bool
) -> None:
    (theirs,) = run_campaign(str(light_protocol), options).ran
    theirs = replace(theirs, seed=99)
    store = LocalStore(tmp_path / "store")
    told: list[Event] = []

    def take_it_over(run: Run) -> None:
        """What another machine does that has not heard of this one for long."""
        key = part_key(run.benchmark.name, run.run_id)
        leases = Leases(store, "elsewhere", 60, now=lambda: time.time() + 10_000)
        lease = leases.take(run.run_id)
        assert lease is not None
        if they_finish:
            Mirror(store, tmp_path / "elsewhere", "elsewhere").put_part(key, part_content(theirs))
        lease.give_back()

    def emit(event: Event) -> None:
        told.append(event)
        # the run is held by then, and its part is not written
        if "generating" in str(getattr(event, "task", "")) and not interfered:
            interfered.append(event)
            take_it_over(run)

    interfered: list[Event] = []
    on_store = replace(options, results=results_folder(store.address))
    _, supervisor, run = begun(light_protocol, on_store, emit)
    record = supervisor.carry_out_one(run)
    assert interfered
    lost = [
        event.text for event in told if isinstance(event, Message) and "taken over" in event.text
    ]
    assert len(lost) == 1
    assert record.seed == (99 if they_finish else 0)
    # what is on the store, here, and what the call goes on with are one
    assert kept(on_store, run) == record
    found = store.get(part_key(run.benchmark.name, run.run_id))
    assert found is not None
    assert found[0] == part_content(record)
