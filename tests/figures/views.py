"""Views of studies of which nothing ran: real records and scores around models of no weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import torch

from regene_bench.api import FinishedRun, ReportedNumber, StudyView, derive_seed
from regene_bench.leaderboard.record import RunRecord, ScoreRow

CLASSES = ("zero", "one")


def score(
    metric: str,
    value: float,
    extractor: str | None = None,
    *,
    class_name: str | None = None,
    n: int | None = None,
    split: str | None = None,
) -> ScoreRow:
    """One good score."""
    return ScoreRow(
        metric=metric,
        value=value,
        extractor_id=extractor,
        class_name=class_name,
        n_generated=n,
        reference_split=split,
    )


def finished(
    *scores: ScoreRow,
    method: str = "regene",
    title: str = "",
    params: Mapping[str, Any] | None = None,
    seed: int = 0,
    model: object = None,
    run_id: str = "",
) -> FinishedRun:
    """A run that ended well; its id follows from the rest unless given."""
    own = dict(params or {})
    record = RunRecord(
        run_id=run_id or f"{derive_seed(method, sorted(own.items()), seed):016x}",
        benchmark="tiny",
        protocol_version=1,
        preset="quick",
        dataset="digits",
        dataset_fingerprint="f",
        method=method,
        method_version="1",
        distribution="regene-bench",
        distribution_version="1",
        params=own,
        seed=seed,
        status="ok",
        scores=scores,
    )
    told = ", ".join(f"{key}={value}" for key, value in own.items())
    label = title or (f"{method}[{told}]" if told else method)
    planned = SimpleNamespace(
        title=f"{label} · seed {seed}", method=SimpleNamespace(sampling_params=frozenset())
    )
    run = FinishedRun(cast("Any", planned), record, cast("Any", None))
    # both are computed from checkpoints on first use; here they are there already
    run.__dict__["model"] = model
    run.__dict__["runtime"] = runtime()
    return run


def runtime() -> Any:
    """What figures ask of a runtime."""
    return SimpleNamespace(
        device=torch.device("cpu"), derive_seed=lambda *parts: derive_seed(0, *parts)
    )


def view(
    *runs: FinishedRun,
    reported: Sequence[ReportedNumber] = (),
    name: str = "tiny",
    data: object = None,
    setting: object = None,
) -> StudyView:
    """The view of one benchmark."""
    own = setting or SimpleNamespace(data=data or SimpleNamespace(class_names=CLASSES))
    benchmark = SimpleNamespace(name=name)
    return StudyView(cast("Any", benchmark), "quick", runs, reported, runtime(), cast("Any", own))


def reported(
    metric: str,
    value: float,
    *,
    std: float | None = None,
    n: int | None = None,
    class_name: str | None = None,
    where: str = "Table 1",
) -> ReportedNumber:
    """A number as a paper prints it."""
    return ReportedNumber(
        benchmark="tiny",
        method="regene",
        metric=metric,
        class_name=class_name,
        value=value,
        std=std,
        n=n,
        source="Somebody, A paper",
        where=where,
        note="",
    )
