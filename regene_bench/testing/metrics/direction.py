"""The stated direction is the right one."""

from __future__ import annotations

from regene_bench.leaderboard.directions import loss_of
from regene_bench.leaderboard.record import ScoreRow
from regene_bench.testing.contract import NotApplicable, require
from regene_bench.testing.metrics.subject import MetricSubject


def better_images_score_no_worse(subject: MetricSubject) -> None:
    """In the stated direction, fresh images from the distribution of the real ones score no worse
    than the same with every second one replaced by noise (and reconstructions that are nearly
    right no worse than grey ones, one trial no worse than nine).

    Mend: turn the direction, or the sign; where a generator can pass the real images' value by
    being worse than they are, the direction is ``reference``.
    """
    bad = _totals(subject.measure("bad"))
    compared = 0
    for name, row in _totals(subject.good).items():
        loss, other = loss_of(row.direction, None), bad.get(name)
        if loss is None or other is None or row.value is None or other.value is None:
            continue
        compared += 1
        slack = max(row.std or 0.0, other.std or 0.0)
        require(
            loss(row.value) <= loss(other.value) + slack,
            f"{name} ({row.direction} is better) is {row.value:.6g} for good images and "
            f"{other.value:.6g} for bad ones",
        )
    if not compared:
        raise NotApplicable("none of its columns has the direction higher or lower here")


def _totals(rows: tuple[ScoreRow, ...]) -> dict[str, ScoreRow]:
    return {row.metric: row for row in rows if row.class_name is None and row.status == "ok"}
