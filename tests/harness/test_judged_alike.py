"""Rows of one results folder are judged by the same weights, on whatever machine they were made.

Another machine is another cache here, whose neutral classifier came out otherwise, as it does with
another number of threads.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from regene_bench.base.errors import ConfigError
from regene_bench.base.events import Event, Message, silent
from regene_bench.harness.campaign import run_campaign
from regene_bench.harness.carry_out_ticket import carry_out_ticket
from regene_bench.harness.options import Options, make_options
from regene_bench.harness.prepare import prepare
from regene_bench.harness.ticket import Ticket, make_ticket
from regene_bench.leaderboard.record import RunRecord
from regene_bench.runtime.checkpoints import CheckpointStore
from regene_bench.runtime.shared_weights import copy_weights, weights_files
from regene_bench.runtime.stop import StopRequest
from regene_bench.samples.score import score

_STAGE = "neutral classifier"


def options(results: Path, seeds: str) -> Options:
    return make_options(
        methods="real", metrics="neutral", seeds=seeds, results=results, device="cpu"
    )


@pytest.fixture
def elsewhere(
    light_protocol: Path, tmp_path: Path, session_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Runs seed 0 here, into the folder returned; from then on this is another machine."""
    results = tmp_path / "results"
    run_campaign(str(light_protocol), options(results, "0,"))
    (mine,) = weights_files(results)
    place = Path("neutral") / mine.parent.name.removeprefix("neutral-")
    state = CheckpointStore(session_cache / place).load(_STAGE)
    assert state is not None
    state["modules"]["network"]["head.bias"] += 0.5
    monkeypatch.setenv("REGENE_BENCH_CACHE", str(tmp_path / "other cache"))
    CheckpointStore(tmp_path / "other cache" / place).save(_STAGE, state)
    return results


def judges(record: RunRecord) -> set[str | None]:
    return {score.weights_sha256 for score in record.scores if score.extractor_id == "neutral"}


def ran(protocol: Path, results: Path, seeds: str) -> RunRecord:
    (record,) = run_campaign(str(protocol), options(results, seeds)).ran
    return record


def test_another_machine_judges_by_the_folders_weights(
    light_protocol: Path, elsewhere: Path, tmp_path: Path
) -> None:
    (weights,) = weights_files(elsewhere)
    assert judges(ran(light_protocol, elsewhere, "1,")) == {weights.stem}
    # by itself it would have judged by others
    assert judges(ran(light_protocol, tmp_path / "its own", "1,")) != {weights.stem}


def test_merged_folders_go_on_by_the_first_ones(
    light_protocol: Path, elsewhere: Path, tmp_path: Path
) -> None:
    (weights,) = weights_files(elsewhere)
    ran(light_protocol, tmp_path / "its own", "1,")
    merged = tmp_path / "merged"
    folders = [elsewhere, tmp_path / "its own"]
    both = {path.stem for folder in folders for path in weights_files(folder)}
    copied = copy_weights(folders, merged, both)
    assert copied == {weights.parent.name: both}
    assert len(both) == 2
    assert judges(ran(light_protocol, merged, "2,")) == {weights.stem}


def ticket_of(protocol: Path, results: Path) -> Ticket:
    """Seed 1, as somebody writes it down who has judged already."""
    campaign = prepare(str(protocol), options(results, "1,"), silent, StopRequest())
    campaign.setting.shelf.extractor("neutral")
    return make_ticket(campaign, {campaign.runs[0].run_id: 1}, campaign.runs)


def test_a_ticket_knows_who_judges(light_protocol: Path, elsewhere: Path) -> None:
    (weights,) = weights_files(elsewhere)
    ticket = ticket_of(light_protocol, elsewhere)
    assert ticket.judges == {weights.parent.name: weights.stem}
    (record,) = carry_out_ticket(ticket).records
    assert judges(record) == {weights.stem}


@pytest.mark.parametrize("there", ["nothing", "others"])
def test_where_others_judge_a_ticket_is_refused_before_anything_is_trained(
    there: str, light_protocol: Path, elsewhere: Path, tmp_path: Path
) -> None:
    """As where a folder of the same name is another one."""
    ticket = ticket_of(light_protocol, elsewhere)
    (recipe,) = ticket.judges
    shutil.rmtree(elsewhere / "shared")
    if there == "others":
        ran(light_protocol, tmp_path / "its own", "1,")
        shutil.copytree(tmp_path / "its own" / "shared", elsewhere / "shared")
    told: list[Event] = []
    with pytest.raises(ConfigError, match=f"Other weights of {recipe} judge here") as caught:
        carry_out_ticket(ticket, told.append)
    assert ticket.judges[recipe][:8] in caught.value.message
    assert told == []


def test_rows_of_other_judges_in_a_folder_without_weights_are_told_of(
    light_protocol: Path, elsewhere: Path
) -> None:
    """As in a folder of an older version, when another machine calls first."""
    (weights,) = weights_files(elsewhere)
    shutil.rmtree(elsewhere / "shared")
    told: list[Event] = []
    run_campaign(str(light_protocol), options(elsewhere, "1,"), told.append)
    (warning,) = [e.text for e in told if isinstance(e, Message) and "ranked together" in e.text]
    assert weights.stem[:8] in warning
    # and once is enough
    told.clear()
    run_campaign(str(light_protocol), options(elsewhere, "2,"), told.append)
    assert not [e for e in told if isinstance(e, Message) and "ranked together" in e.text]


def test_what_a_metric_trains_judges_nothing(light_protocol: Path, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 17, (120, 8, 8), dtype=np.uint8) * 15
    score(
        images,
        str(light_protocol),
        labels=np.arange(120) % 10,
        metrics="classification_accuracy,neutral",
        results=tmp_path / "results",
        device="cpu",
    )
    assert len(weights_files(tmp_path / "results")) == 1
