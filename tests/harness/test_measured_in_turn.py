"""What calls measure of one run, one after another or at once, adds up."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from regene_bench.base.events import Event, Message, silent
from regene_bench.harness.campaign import Outcome, run_campaign
from regene_bench.harness.options import Options
from regene_bench.harness.run_folders import run_folder
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.places import part_path
from regene_bench.runtime.locks import exclusive
from regene_bench.runtime.stop import StopRequest

FIRST, SECOND = "neutral", "is[extractor=neutral]"
COLUMNS = {FIRST: "accuracy_neutral", SECOND: "inception_score"}


def call(protocol: Path, results: Path, metrics: str) -> Outcome:
    options = Options(
        methods="real", metrics=metrics, preset="quick", results=results, device="cpu"
    )
    return run_campaign(str(protocol), options)


def measured(results: Path, run_id: str) -> set[str]:
    return {score.metric for score in read_run(results, run_id).scores}


def test_another_call_with_other_metrics_keeps_what_was_measured(
    tmp_path: Path, light_protocol: Path
) -> None:
    (run,) = call(light_protocol, tmp_path, FIRST).ran
    before = {(s.metric, s.class_name): s.value for s in run.scores}
    call(light_protocol, tmp_path, SECOND)
    after = {(s.metric, s.class_name): s.value for s in read_run(tmp_path, run.run_id).scores}
    assert after.items() >= before.items()
    assert set(COLUMNS.values()) <= measured(tmp_path, run.run_id)


def test_a_call_that_waited_for_another_measures_what_that_one_did_not(
    tmp_path: Path, light_protocol: Path
) -> None:
    (run,) = call(light_protocol, tmp_path / "other", FIRST).ran
    results, waits = tmp_path / "results", threading.Event()
    outcomes: list[Outcome] = []

    def listen(event: Event) -> None:
        if isinstance(event, Message) and "another process" in event.text.lower():
            waits.set()

    def second() -> None:
        options = Options(
            methods="real", metrics=SECOND, preset="quick", results=results, device="cpu"
        )
        outcomes.append(run_campaign(str(light_protocol), options, listen))

    lock = run_folder(results, run.run_id) / "lock"
    with exclusive(lock, "test", StopRequest(), silent):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(60)
        here = part_path(results, run.benchmark, run.run_id)
        here.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(part_path(tmp_path / "other", run.benchmark, run.run_id), here)
    thread.join(120)
    assert [record.run_id for record in outcomes[0].ran] == [run.run_id]
    assert set(COLUMNS.values()) <= measured(results, run.run_id)
