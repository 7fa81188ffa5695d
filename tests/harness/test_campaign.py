"""A call beside others, after others that were cut off, and on parts that were damaged."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from regene_bench_plugins.methods.autoencoder import Autoencoder

from regene_bench.base.errors import EXIT_SOME_FAILED, Interrupted, ResultsError
from regene_bench.base.events import Event, RunFinished, RunStarted, silent
from regene_bench.harness import campaign
from regene_bench.harness.campaign import Outcome, carry_out, run_campaign
from regene_bench.harness.options import Options
from regene_bench.harness.prepare import prepare
from regene_bench.leaderboard.one_run import read_run
from regene_bench.leaderboard.row_columns import SCHEMA_VERSION
from regene_bench.runtime.stop import StopRequest
from tests.processes import parts

SETTINGS = (
    *("autoencoder.encoder_width=8", "autoencoder.encoder_narrowest=4"),
    *("autoencoder.decoder_width=8", "autoencoder.decoder_narrowest=4"),
    "autoencoder.images=320",
)


def options(results: Path, **changes: Any) -> Options:
    some = Options(methods="real,autoencoder", preset="quick", device="cpu", settings=SETTINGS)
    return replace(some, results=results, **changes)


def autoencoder_of(outcome: Outcome) -> str:
    (run_id,) = (record.run_id for record in outcome.ran if record.method == "autoencoder")
    return run_id


def test_a_repetition_that_was_stopped_goes_on_and_the_next_one_repeats_all(
    tmp_path: Path, light_protocol: Path
) -> None:
    name, forced = str(light_protocol), options(tmp_path, force=True)
    run_campaign(name, options(tmp_path))
    stop, finished = StopRequest(), list[str]()

    def stop_after_one(event: Event) -> None:
        if isinstance(event, RunFinished):
            finished.append(event.run_id)
            stop.ask("the test")

    with pytest.raises(Interrupted):
        run_campaign(name, forced, stop_after_one, stop)
    assert len(finished) == 1
    rest = run_campaign(name, forced)
    assert rest.kept == finished
    assert len(rest.ran) == 1
    assert len(run_campaign(name, forced).ran) == 2


def test_a_torn_part_is_replaced_by_the_run_that_it_was_of(
    tmp_path: Path, light_protocol: Path
) -> None:
    run_campaign(str(light_protocol), options(tmp_path))
    torn = parts(tmp_path)[0]
    torn.write_bytes(torn.read_bytes()[:500])
    again = run_campaign(str(light_protocol), options(tmp_path))
    assert [record.run_id for record in again.ran] == [torn.stem]
    assert read_run(tmp_path, torn.stem).status == "ok"


def test_a_part_of_a_newer_version_is_left_and_nothing_is_trained_for_it(
    tmp_path: Path, light_protocol: Path
) -> None:
    run_id = autoencoder_of(run_campaign(str(light_protocol), options(tmp_path)))
    (part,) = (path for path in parts(tmp_path) if path.stem == run_id)
    table = pq.read_table(part)
    at = table.schema.get_field_index("schema_version")
    version = pa.array([SCHEMA_VERSION + 1] * len(table), table.schema.field(at).type)
    newer = table.set_column(at, table.schema.field(at), version)
    pq.write_table(newer.replace_schema_metadata(None), part)
    before = part.read_bytes()
    shutil.rmtree(tmp_path / "runs" / run_id)
    with pytest.raises(ResultsError, match="newer") as caught:
        run_campaign(str(light_protocol), options(tmp_path))
    assert "Upgrade regene-bench" in (caught.value.hint or "")
    assert part.read_bytes() == before
    assert not (tmp_path / "runs" / run_id / "checkpoints").exists()


def test_a_run_that_another_call_has_finished_meanwhile_is_not_done_again(
    tmp_path: Path, light_protocol: Path
) -> None:
    other, own = tmp_path / "other", tmp_path / "own"
    run_id = autoencoder_of(run_campaign(str(light_protocol), options(other)))
    (part,) = (path for path in parts(other) if path.stem == run_id)

    def finish_elsewhere(event: Event) -> None:
        if isinstance(event, RunStarted) and event.run_id != run_id:
            copy = own / part.relative_to(other)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(part, copy)

    run_campaign(str(light_protocol), options(own), finish_elsewhere)
    assert (own / part.relative_to(other)).read_bytes() == part.read_bytes()
    assert not (own / "runs" / run_id / "checkpoints").exists()


def test_a_metric_more_leaves_how_the_run_was_trained(tmp_path: Path, light_protocol: Path) -> None:
    name = str(light_protocol)
    run_id = autoencoder_of(
        run_campaign(name, options(tmp_path, precision="bfloat16", metrics="trials"))
    )
    before = read_run(tmp_path, run_id)
    run_campaign(name, options(tmp_path, precision="float32", metrics="neutral"))
    after = read_run(tmp_path, run_id)
    assert after.precision == before.precision == "bfloat16"
    assert after.fit_seconds == before.fit_seconds
    assert {s.metric for s in after.scores} > {s.metric for s in before.scores}


def test_a_run_that_cannot_be_had_again_keeps_its_scores(
    tmp_path: Path, light_protocol: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(light_protocol)
    run_id = autoencoder_of(run_campaign(name, options(tmp_path, metrics="neutral")))
    before = read_run(tmp_path, run_id)

    def fit(self: object, data: object, runtime: object) -> object:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(Autoencoder, "fit", fit)
        outcome = run_campaign(name, options(tmp_path, metrics="diversity"))
    assert outcome.exit_code == EXIT_SOME_FAILED
    kept = read_run(tmp_path, run_id)
    assert kept.status == "ok"
    assert set(before.scores) < set(kept.scores)
    assert {s.error_message for s in kept.scores if s.status == "failed"} == {
        "diversity: the model could not be had again: out of memory"
    }
    mended = run_campaign(name, options(tmp_path, metrics="diversity"))
    assert mended.exit_code == 0
    assert all(s.status != "failed" for s in read_run(tmp_path, run_id).scores)


def test_a_run_that_another_call_ends_at_the_last_moment_has_not_failed(
    light_protocol: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After this call has looked what is missing: its executor finds nothing to do."""
    some = options(tmp_path, methods="real", metrics="neutral", settings=())
    warm = campaign._warm
    ended: list[str] = []

    def another_call_ends_it(*arguments: Any) -> None:
        monkeypatch.setattr(campaign, "_warm", warm)
        ended.extend(one.status for one in run_campaign(str(light_protocol), some).ran)

    monkeypatch.setattr(campaign, "_warm", another_call_ends_it)
    prepared = prepare(str(light_protocol), some, silent, StopRequest())
    outcome = carry_out(replace(prepared, executor=lambda job: iter(())))
    assert ended == ["ok"]
    assert [(one.status, one.error_message) for one in outcome.ran] == [("ok", None)]
