"""What a metric's scores respond to: images of any shape, and the split that they name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from regene_bench.data.shapes import Split
from regene_bench.leaderboard.record import ScoreRow
from regene_bench.testing.check import NotApplicable, require
from regene_bench.testing.metrics.measured import GOOD, MetricSubject

_SPLITS: tuple[Split, ...] = ("train", "test")


def images_of_any_shape_are_measured(subject: MetricSubject) -> None:
    """It gives the scores for colour images of 16×13 pixels in four classes, too, that it gives for
    grey ones of 16×16 in three, or says of some why it has none (``Skipped``), but not of all.

    Mend: take sizes, channels and classes from the images or from ``evaluation.data.shape``, never
    from a constant.
    """
    measured = {row.metric for row in subject.elsewhere if row.status == "ok"}
    told = {row.metric for row in subject.elsewhere if row.status == "skipped"}
    elsewhere = measured | told if measured else measured
    lost = sorted({row.metric for row in subject.good if row.status == "ok"} - elsewhere)
    require(not lost, f"there, it has no score {', '.join(lost)}")


def scores_change_with_the_images(subject: MetricSubject) -> None:
    """Not all scores are the same for good images and for bad ones, and for other real images, of
    another shape, with a model that is good for nothing.

    Mend: measure ``evaluation.generated`` (or the features, or the model) that it is given now;
    keep nothing from one call of ``measure`` to the next.
    """
    good = _values(subject.good)
    if good != _values(subject.bad):
        return
    require(good != _values(subject.elsewhere), f"whatever it measures: {good}")


def scores_are_of_the_split_that_they_name(subject: MetricSubject) -> None:
    """A score with a ``reference_split`` changes with the real images of that split; with the
    option ``reference``, that split is the one that was asked for.

    Mend: compare with ``evaluation.real(self.reference)`` and features of it, and give
    ``reference_split=self.reference or evaluation.reference_split``.
    """
    asked: list[Split | None] = [None]
    if "reference" in subject.metric_class.Config.model_fields:
        asked.append("test")
    named = [_follows_its_split(subject, reference) for reference in asked]
    if not any(named):
        raise NotApplicable("no score names a split")


def _follows_its_split(subject: MetricSubject, reference: Split | None) -> bool:
    """Hold scores, with the option ``reference`` or without, to what they say of their split.

    Returns:
        Whether any score names one.
    """
    options = {} if reference is None else {"reference": reference}
    with_it = f"with reference={reference}, " if reference else ""
    rows = subject.measure(GOOD, **options) if options else subject.good
    splits = {row.reference_split for row in rows if row.status == "ok"} - {None}
    if reference is not None:
        others = sorted(split for split in splits if split not in (None, reference))
        require(not others, f"{with_it}scores say that they are of the {others} split")
    for split in _SPLITS:
        if split not in splits:
            continue
        found = subject.measure(replace(GOOD, faint=split), **options)
        require(
            _values(rows, split) != _values(found, split),
            f"{with_it}no score that names the {split} split changes with its images",
        )
    return bool(splits)


def _values(rows: Iterable[ScoreRow], split: Split | None = None) -> dict[str, float | None]:
    """Totals by column; of one split if it is given."""
    return {
        row.metric: row.value
        for row in rows
        if row.class_name is None and row.status == "ok" and split in (None, row.reference_split)
    }
