"""Charts: which are drawn of a board, and what is in them."""

from __future__ import annotations

import json
import re
from typing import Any

import pyarrow as pa
import pytest

from regene_bench.base.errors import UsageError
from regene_bench.charts.chart import Chart, frame_of, on_lines
from regene_bench.charts.collect import charts_of
from regene_bench.charts.colours import PALETTE, Colours
from regene_bench.charts.cost import quality_against_cost
from regene_bench.charts.draw import FORMATS, draw
from regene_bench.charts.per_class import class_bars
from regene_bench.charts.sweep import find_sweeps, sweep_curves
from regene_bench.leaderboard.board import Board
from regene_bench.leaderboard.ranking import make_boards, make_class_boards
from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.row_columns import SCHEMA_VERSION
from regene_bench.leaderboard.schema import SCHEMA
from tests.leaderboard.helpers import record, score

HOSTILE = "</script><script>alert(1)</script> datum.x[0]"


def table(runs: list[RunRecord]) -> pa.Table:
    rows = [row | {"schema_version": SCHEMA_VERSION} for run in runs for row in run.rows()]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def board(runs: list[RunRecord]) -> Board:
    (one,) = make_boards(table(runs), "fid")
    return one


def sweep(*values: float, key: str = "noise_dim", **more: Any) -> list[RunRecord]:
    return [
        record(f"{v}-{s}", seed=s, params={key: v, "lr": 0.1} | more, scores=(score("fid", v + s),))
        for v in values
        for s in (0, 1)
    ]


def sweeps_of(one: Board) -> list[Chart]:
    return sweep_curves(one, Colours.of(one))


def cost_of(one: Board) -> Chart | None:
    return quality_against_cost(one, 0, Colours.of(one))


def per_class(run_id: str, values: dict[str, float], fid: float = 1.0, **more: Any) -> RunRecord:
    """A run with an accuracy for each class."""
    shares = [
        score("accuracy", value, direction="higher", class_name=name)
        for name, value in values.items()
    ]
    return record(run_id, scores=(score("fid", fid), *shares), **more)


def bars_of(runs: list[RunRecord]) -> Chart:
    rows = table(runs)
    (one,) = make_boards(rows, "fid")
    (classes,) = make_class_boards(rows)
    chart = class_bars(classes, one, Colours.of(one))
    assert chart is not None
    return chart


def values_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = spec["data"]["values"]
    return values


def test_three_values_of_one_parameter_make_a_sweep() -> None:
    (found,) = find_sweeps(board(sweep(2, 4, 8)))
    assert (found.method, found.parameter) == ("cgan", "noise_dim")
    assert [value for value, _ in found.lines] == [2, 4, 8]


def test_two_values_or_two_parameters_make_none() -> None:
    assert find_sweeps(board(sweep(2, 4))) == []
    mixed = [
        record(str(v), params={"noise_dim": v, "lr": v / 10}, scores=(score("fid", v),))
        for v in (2, 4, 8)
    ]
    assert find_sweeps(board(mixed)) == []


def test_a_switch_is_no_number() -> None:
    runs = [record(str(v), params={"flag": v}, scores=(score("fid", 1.0),)) for v in (True, False)]
    assert find_sweeps(board(runs)) == []


def test_a_sweep_is_a_curve_with_the_band_of_its_seeds() -> None:
    (chart,) = sweeps_of(board(sweep(2, 4, 8)))
    points = values_of(chart.spec)
    assert [point["parameter"] for point in points] == [2, 4, 8]
    assert [point["value"] for point in points] == [2.5, 4.5, 8.5]
    assert all(point["low"] < point["value"] < point["high"] for point in points)
    assert len(chart.rows) == 3


def test_quality_against_cost_leaves_references_to_a_line() -> None:
    runs = [
        record("a", method="a", fit_seconds=1.0, scores=(score("fid", 5.0),)),
        record("b", method="b", fit_seconds=100.0, scores=(score("fid", 2.0),)),
        record("r", method="real", method_role="reference", scores=(score("fid", 1.0),)),
    ]
    chart = cost_of(board(runs))
    assert chart is not None
    assert {point["method"] for point in values_of(chart.spec)} == {"a", "b"}
    assert values_of(chart.spec["layer"][0]) == [{"label": "real", "value": 1.0}]


def test_one_point_is_no_chart() -> None:
    assert cost_of(board([record()])) is None


def test_bars_per_class_stand_in_the_natural_order_of_classes() -> None:
    chart = bars_of([per_class("a", {"10": 0.5, "9": 0.5, "2": 0.5})])
    assert [bar["class"] for bar in values_of(chart.spec)] == ["2", "9", "10"]


def test_bars_are_of_the_first_line_of_each_method_then_of_others() -> None:
    runs = [
        per_class(f"{method}{i}", {"x": 0.5}, fid=fid + i, method=method, params={"lr": i})
        for method, fid in (("cgan", 10.0), ("vae", 50.0))
        for i in range(9)
    ]
    chart = bars_of(runs)
    drawn = [bar["label"] for bar in values_of(chart.spec)]
    assert drawn == ["cgan[lr=0]", "vae", *(f"cgan[lr={i}]" for i in range(1, 7))]
    assert "10 more lines are in the tables" in chart.description
    colours = chart.spec["layer"][0]["encoding"]["color"]["scale"]["range"]
    assert len(set(colours)) == 8


def test_of_many_classes_the_worst_are_drawn() -> None:
    chart = bars_of([per_class("a", {f"c{i}": (i * 7 % 100) / 100 for i in range(100)})])
    drawn = [bar["value"] for bar in values_of(chart.spec)]
    assert sorted(drawn) == [i / 100 for i in range(20)]
    assert "Of 100 classes these are the 20 worst." in chart.description


def test_an_axis_of_shares_ends_at_one() -> None:
    chart = bars_of([per_class("a", {"x": 0.98})])
    assert chart.spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0, 1]
    assert frame_of([{"value": v, "low": v, "high": v + 0.2} for v in (0.5, 0.9)])[1] == 1
    assert frame_of([{"value": v, "low": v, "high": v} for v in (0.5, 2.0)])[1] > 2


def test_a_board_knows_its_own_charts() -> None:
    runs = [*sweep(2, 4, 8)]
    runs[0] = record("2-0", params=runs[0].params, scores=(*runs[0].scores, score(class_name="x")))
    rows = table(runs)
    (one,) = make_boards(rows, "fid")
    names = [chart.name for chart in charts_of(one, make_class_boards(rows))]
    assert names == ["cost", "class-fid", "sweep-1-0"]
    (other,) = make_boards(table([record(preset="paper")]), "fid")
    assert charts_of(other, make_class_boards(rows)) == []


def test_a_method_has_one_colour_on_all_charts_of_a_board() -> None:
    runs = [*sweep(2, 4, 8), record("v", method="vae", scores=(score("fid", 3.0),))]
    runs[0] = record("2-0", params=runs[0].params, scores=(*runs[0].scores, score(class_name="x")))
    runs[-1] = record("v", method="vae", scores=(score("fid", 3.0), score(class_name="x")))
    rows = table(runs)
    (one,) = make_boards(rows, "fid")
    cost, bars, curve = charts_of(one, make_class_boards(rows))
    cgan, vae = PALETTE[:2]
    colour = cost.spec["layer"][-1]["encoding"]["color"]["scale"]
    assert dict(zip(colour["domain"], colour["range"], strict=True)) == {"cgan": cgan, "vae": vae}
    assert curve.spec["layer"][-1]["mark"]["color"] == cgan
    colour = bars.spec["layer"][0]["encoding"]["color"]["scale"]
    found = dict(zip(colour["domain"], colour["range"], strict=True))
    assert found["vae"] == vae
    assert found["cgan"] == cgan


def test_sixteen_methods_have_sixteen_colours_and_lines_their_shades() -> None:
    runs = [record(f"m{i}", method=f"m{i:02d}", scores=(score("fid", 1.0),)) for i in range(16)]
    assert len(set(Colours.of(board(runs)).methods.values())) == 16
    one = board(sweep(2, 4, 8))
    shades = Colours.of(one).shades(one.lines)
    assert len(set(shades)) == 3
    assert "#ffffff" not in shades


def test_an_axis_is_for_the_values_and_not_below_zero_where_none_is() -> None:
    wide = [{"value": v, "low": v - 100, "high": v + 100} for v in (10.0, 20.0)]
    assert frame_of(wide) == [0.0, 30.0]
    narrow = [{"value": v, "low": v - 1, "high": v + 1} for v in (10.0, 20.0)]
    assert frame_of(narrow) == [9.0, 21.0]
    assert frame_of(narrow, [5.0]) == [4.25, 21.0]
    negative = [{"value": v, "low": v - 1, "high": v} for v in (-1.0, 1.0)]
    assert frame_of(negative) == [-2.0, 1.1]


def test_every_point_is_drawn_with_a_legend() -> None:
    runs = [
        record(name, method=name, fit_seconds=9.0 + i, scores=(score("fid", 5.0 + i),))
        for i, name in enumerate(("cgan", "vae"))
    ]
    chart = cost_of(board(runs))
    assert chart is not None
    drawn = draw(chart, "svg").decode()
    marks = re.findall(r'aria-roledescription="point"[^>]* d="([^"]*)"', drawn)
    assert len([path for path in marks if path]) == len(runs)
    assert len(set(marks)) == 2  # shapes tell methods apart, too
    assert ">cgan</text>" in drawn
    assert ">vae</text>" in drawn


def test_a_long_name_keeps_both_ends_in_a_legend() -> None:
    names = [f"{'x' * 50}-of-{end}" for end in ("one", "two")]
    runs = [record(name, method=name, fit_seconds=9.0, scores=(score("fid"),)) for name in names]
    chart = cost_of(board(runs))
    assert chart is not None
    drawn = draw(chart, "svg").decode()
    assert "xxx…" in drawn
    assert "-of-one</text>" in drawn
    assert "-of-two</text>" in drawn


def test_names_that_every_object_of_javascript_inherits_are_drawn() -> None:
    names = ("constructor", "toString")
    runs = [record(name, method=name, fit_seconds=9.0, scores=(score("fid"),)) for name in names]
    chart = cost_of(board(runs))
    assert chart is not None
    assert b">constructor" in draw(chart, "svg")


def test_a_long_axis_title_stands_on_two_lines() -> None:
    assert on_lines("fid (lower is better)") == ["fid (lower is better)"]
    long = "diversity (efficientnet_lite0) (nearest to real images is best)"
    assert on_lines(long) == ["diversity (efficientnet_lite0)", "(nearest to real images is best)"]
    assert on_lines("x" * 90) == ["x" * 90]


def test_sweeps_over_one_parameter_say_in_what_else_they_differ() -> None:
    runs = [*sweep(2, 4, 8, width=16), *sweep(3, 5, 9, width=32)]
    titles = [chart.title for chart in sweeps_of(board(runs))]
    assert titles == [f"fid over noise_dim of cgan (width={width})" for width in (16, 32)]


def test_sweeps_in_the_ranking_column_stand_first() -> None:
    runs = [
        record(f"{w}-{v}", params={"v": v, "w": w}, scores=(score("a", 1.0), score("fid", v)))
        for w in (1, 2)
        for v in (2, 4, 8)
    ]
    titles = [chart.title.split()[0] for chart in sweeps_of(board(runs))]
    assert titles == ["fid", "fid", "a", "a"]


def test_names_from_data_are_values_and_never_fields() -> None:
    runs = [
        record(str(i), method=f"{HOSTILE}{i}", scores=(score("fid", 1.0 + i),)) for i in range(2)
    ]
    chart = cost_of(board(runs))
    assert chart is not None
    fields = {
        channel["field"]
        for layer in chart.spec["layer"]
        for channel in layer["encoding"].values()
        if isinstance(channel, dict) and "field" in channel
    }
    assert fields <= {"seconds", "value", "low", "high", "method", "label"}
    assert HOSTILE + "0" in {point["method"] for point in values_of(chart.spec)}
    json.dumps(chart.spec, allow_nan=False)


MAGIC = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}


@pytest.mark.parametrize("form", FORMATS)
def test_a_chart_as_a_file(form: str) -> None:
    (chart,) = sweeps_of(board(sweep(2, 4, 8)))
    drawn = draw(chart, form)
    assert drawn.startswith(MAGIC[form])
    if form == "svg":
        assert b"cgan: noise_dim" in drawn
        assert b"<script" not in drawn


def test_an_unknown_format() -> None:
    (chart,) = sweeps_of(board(sweep(2, 4, 8)))
    with pytest.raises(UsageError, match="no format 'svgg'"):
        draw(chart, "svgg")
