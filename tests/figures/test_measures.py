"""Scores on different extractors are told apart by every figure, and never averaged."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from regene_bench_plugins.figures.class_bars import ClassBars
from regene_bench_plugins.figures.curve import Curve
from regene_bench_plugins.figures.noise_dimension import NoiseDimension
from regene_bench_plugins.figures.score_table import ScoreTable

from regene_bench.api import Exhibit, FinishedRun, MethodError, StudyView
from regene_bench.studies.figure import Figure
from tests.figures.views import finished, reported, score, view

BOTH = (score("fd", 8.0, "efficientnet_lite0"), score("fd", 100.0, "inception"))


def shown(figure: type[Figure], *views: StudyView, **options: object) -> Exhibit:
    first, *_ = figure(figure.Config.model_validate(options)).draw(views)
    return first


def test_a_score_of_two_extractors_is_not_given_without_saying_which() -> None:
    run = finished(*BOTH)
    assert run.value("fd", extractor="inception") == 100
    with pytest.raises(MethodError, match=r"efficientnet_lite0 .* inception"):
        run.value("fd")


def test_a_table_has_a_column_for_each_extractor_whichever_score_comes_first() -> None:
    found = shown(
        ScoreTable,
        view(finished(*BOTH, seed=0), finished(*reversed(BOTH), seed=1)),
        columns=["fd"],
    )
    assert found.data["fd (inception)"] == [100]
    assert found.data["fd (efficientnet_lite0)"] == [8]
    assert "fd" not in found.data
    assert "inception for fd (inception)" in found.caption


def test_a_table_tells_the_splits_that_were_compared_with_apart() -> None:
    splits = (
        score("fid", 1.0, "inception", split="train"),
        score("fid", 3.0, "inception", split="test"),
    )
    found = shown(ScoreTable, view(finished(*splits)), columns=["fid"])
    assert (found.data["fid (train)"], found.data["fid (test)"]) == ([1], [3])


@pytest.mark.parametrize(
    ("measured", "column"),
    [
        ((), "fd"),
        (BOTH[:1], "fd (reported)"),
        (BOTH[1:], "fd"),
        (BOTH, "fd (inception)"),
        ((score("fd", 1.0),), "fd"),
    ],
)
def test_a_papers_number_stands_beside_those_on_inception_or_alone(
    measured: tuple[object, ...], column: str
) -> None:
    other = score("mae_test", 0.5)
    found = shown(
        ScoreTable,
        view(finished(other, *measured), reported=[reported("fd", 6.0)]),  # type: ignore[arg-type]
        columns=["mae_test", "fd"],
        reported=["Table 1"],
    )
    assert found.data[column][-1] == 6
    others = [name for name in found.data if name.startswith("fd") and name != column]
    assert all(found.data[name][-1] is None for name in others)


def test_what_a_paper_gives_as_spread_is_no_interval_over_seeds() -> None:
    runs = [finished(score("fid", value, "inception"), seed=i) for i, value in enumerate((1, 3))]
    number = reported("fid", 6.0, std=0.12)
    found = shown(ScoreTable, view(*runs, reported=[number]), columns=["fid"], reported=["Table 1"])
    spreads = found.data["fid ±"]
    assert spreads[0] == pytest.approx(12.706, abs=1e-3)
    assert spreads[1] is None
    assert found.data["fid ± reported"] == [None, 0.12]
    assert "stands apart" in found.caption
    number = reported("accuracy", 0.5, std=0.1, class_name="0")
    run = finished(score("accuracy", 0.9, class_name="zero"))
    bars = shown(
        ClassBars, view(run, reported=[number]), columns=["accuracy"], reported=["Table 1"]
    )
    assert bars.data["half_width"] == [None, None]
    assert bars.data["reported_std"] == [None, 0.1]
    # what is not there is not told of
    assert "Diamonds are reported (Table 1)." in bars.caption
    assert "over seeds" not in bars.caption
    seeds = [finished(score("accuracy", 0.9, class_name="zero"), seed=seed) for seed in (0, 1)]
    alone = shown(ClassBars, view(*seeds), columns=["accuracy"])
    assert "Bars are means over seeds" in alone.caption
    assert "Diamonds" not in alone.caption


def test_counts_are_divided_by_the_images_that_they_are_for() -> None:
    run = finished(score("trials_image", 1500.0, n=1000), score("accuracy", 0.5, n=1000))
    numbers = [
        reported("trials_image", 5166.0, n=5000),
        reported("trials_latent", 17.0),
        reported("trials_image", 501.0, n=500, class_name="0"),
    ]
    found = shown(
        ScoreTable,
        view(run, reported=numbers),
        columns=["trials_image", "trials_latent", "accuracy"],
        per_image=["trials_image", "trials_latent"],
        reported=["Table 1"],
    )
    assert found.data["trials_image / image"] == [1.5, 5166 / 5000]
    assert found.data["accuracy"] == [0.5, None]
    # a count for nobody knows how many images
    assert not any(name.startswith("trials_latent") for name in found.data)


def test_only_columns_of_the_table_are_divided() -> None:
    with pytest.raises(ValueError, match="not among the columns"):
        ScoreTable.Config.model_validate({"columns": ["fid"], "per_image": ["trials_image"]})


def test_curves_have_a_panel_for_each_extractor() -> None:
    runs = [
        finished(*(BOTH if seed else BOTH[::-1]), params={"noise_dim": dim}, seed=seed)
        for dim in (1, 2)
        for seed in (0, 1)
    ]
    for figure, options in (
        (Curve, {"parameter": "noise_dim", "columns": ["fd"]}),
        (NoiseDimension, {"columns": ["fd"]}),
    ):
        found = shown(figure, view(*runs), **options)
        assert found.data["extractor"] == ["efficientnet_lite0"] * 2 + ["inception"] * 2
        assert found.data["mean"] == [8, 8, 100, 100]
        assert found.drawing is not None
        labels = [axes.get_ylabel() for axes in found.drawing.axes]
        assert labels == ["fd (efficientnet_lite0)", "fd (inception)"]


def test_bars_have_a_panel_for_each_extractor() -> None:
    scores = [
        score("fd", value, extractor, class_name="zero")
        for extractor, value in (("efficientnet_lite0", 8.0), ("inception", 100.0))
    ]
    found = shown(
        ClassBars,
        view(finished(*scores), reported=[reported("fd", 90.0, class_name="0")]),
        columns=["fd"],
        reported=["Table 1"],
    )
    assert found.data["score"] == ["fd (efficientnet_lite0)", "fd (inception)", "fd (inception)"]
    assert found.data["extractor"] == ["efficientnet_lite0", "inception", None]
    assert found.data["value"] == [8, 100, 90]


def test_bars_leave_counts_out_that_no_number_of_images_goes_with() -> None:
    counts = [
        score("trials_image", 30.0, class_name="zero", n=20),
        score("trials_image", 30.0, class_name="one"),
    ]
    numbers = [
        reported("trials_image", 501.0, n=500, class_name="0"),
        reported("trials_image", 501.0, class_name="1"),
    ]
    found = shown(
        ClassBars,
        view(finished(*counts), reported=numbers),
        columns=["trials_image"],
        per_image=True,
        reported=["Table 1"],
    )
    assert found.data["value"] == [1.5, 501 / 500]


def test_reported_numbers_of_classes_are_places_unless_classes_are_called_by_integers() -> None:
    numbers = [reported("accuracy", 0.5, class_name=name) for name in ("1", "9")]
    for names, shown_names in ((("cat", "dog"), ["dog", "9"]), (("9", "7"), ["1", "9"])):
        run = finished(score("accuracy", 0.5, class_name=names[0]))
        data = SimpleNamespace(class_names=names)
        found = shown(
            ClassBars,
            view(run, reported=numbers, data=data),
            columns=["accuracy"],
            reported=["Table 1"],
        )
        assert found.data["class"] == [names[0], *shown_names]


@pytest.mark.parametrize("figure", [Curve, NoiseDimension])
def test_runs_that_differ_in_more_than_the_abscissa_are_no_seeds(figure: type[Figure]) -> None:
    runs = [
        finished(
            score("fid", 10.0 * width + seed, "inception"),
            method="cgan",
            params={"noise_dim": dim, "width": width, "blocks": 3},
            seed=seed,
        )
        for width in (1, 4)
        for dim in (2, 8)
        for seed in (0, 1)
    ]
    runs += [
        finished(score("fid", level, "inception"), method="real", params={"split": split})
        for split, level in (("a", 1.0), ("b", 2.0))
    ]
    options = {"columns": ["fid"], "reference": "real"}
    if figure is Curve:
        options["parameter"] = "noise_dim"
    found = shown(figure, view(*runs), **options)
    assert found.data["method"] == ["cgan[width=1]"] * 2 + ["cgan[width=4]"] * 2
    assert found.data["mean"] == [10.5, 10.5, 40.5, 40.5]
    assert found.data["seeds"] == [2] * 4
    assert found.drawing is not None
    _, told = found.drawing.axes[0].get_legend_handles_labels()
    lines = ["cgan[width=1]", "cgan[width=4]"]
    if figure is NoiseDimension:  # two dimensions have no knee, which the legend says
        lines = [f"{line} (no knee)" for line in lines]
    assert told == [*lines, "real[split=a]", "real[split=b]"]


@pytest.mark.parametrize("figure", [Curve, NoiseDimension])
def test_captions_say_of_seeds_and_references_what_there_is(figure: type[Figure]) -> None:
    options = {"columns": ["fid"], "reference": "real"}
    if figure is Curve:
        options["parameter"] = "noise_dim"

    def caption(seeds: int, *others: FinishedRun) -> str:
        runs = [
            finished(score("fid", 9.0, "inception"), params={"noise_dim": dim}, seed=seed)
            for dim in (1, 2)
            for seed in range(seeds)
        ]
        return shown(figure, view(*runs, *others), **options).caption

    assert "one seed" in caption(1)
    assert "up to 3 seeds" in caption(3)
    if figure is NoiseDimension:
        real = finished(score("fid", 1.0, "inception"), method="real")
        assert "red" not in caption(1)
        assert "red" in caption(1, real)
        assert "none has a knee" in caption(1)


def test_a_table_has_ratios_to_the_row_that_it_names_beside_those_of_the_paper() -> None:
    def run(loss: str, trials: float, seed: int = 0) -> FinishedRun:
        scores = (score("trials_image", trials, n=1000), score("mae_test", 0.1))
        return finished(*scores, params={"loss": loss}, seed=seed)

    # the mean over seeds of 1500 and 2500 is what others are held against
    runs = [run("hinge", 6000.0), run("entropy", 1500.0), run("entropy", 2500.0, seed=1)]
    options = {
        "columns": ["trials_image", "mae_test"],
        "params": ["loss"],
        "per_image": ["trials_image"],
        "ratios": ["trials_image"],
        "baseline": {"loss": "entropy"},
        "reported": ["Table 1"],
    }
    number = reported("trials_image_ratio", 4.0)
    found = shown(ScoreTable, view(*runs, reported=[number]), **options)
    assert found.data["trials_image / image"] == [6.0, 2.0, None]
    assert found.data["trials_image ratio"] == [3.0, 1.0, 4.0]
    assert "mae_test ratio" not in found.data
    alone = shown(ScoreTable, view(runs[0]), **options)
    assert "trials_image ratio" not in alone.data
