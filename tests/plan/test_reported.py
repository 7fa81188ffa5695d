"""The reported numbers are whole: every line has a source, and sums are those of the text."""

from __future__ import annotations

from collections import defaultdict

import pytest

from regene_bench.base.errors import ConfigError
from regene_bench.plan.reported import parse_reported, reported_numbers
from regene_bench.plugins.host import load_plugins
from regene_bench.studies.definition import load_study, make_figures
from tests.figures.views import view

_OF_MATRICES = ("fid", "fid_between")
HEADER = "benchmark,method,metric,class,value,std,n,source,where,note\n"


def test_no_number_stands_twice() -> None:
    numbers = reported_numbers(load_plugins())
    assert len(numbers) > 100
    keys = [
        (n.benchmark, n.method, n.metric, n.class_name, n.source, n.where, n.note) for n in numbers
    ]
    assert len(set(keys)) == len(keys)


def test_numbers_of_one_benchmark() -> None:
    numbers = reported_numbers(load_plugins(), "mnist")
    assert {number.benchmark for number in numbers} == {"mnist"}


def test_regenes_trials_add_up_to_the_totals_of_its_text() -> None:
    per_class: dict[str, float] = defaultdict(float)
    totals = {}
    for number in reported_numbers(load_plugins()):
        if number.metric == "trials_image" and number.class_name:
            per_class[number.benchmark] += number.value
        elif number.metric == "trials_image":
            totals[number.benchmark] = number.value
    assert per_class == totals == {"mnist": 5166, "fashion-mnist": 6103, "cifar10": 9046}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mnist,vae,fid,,soon,,,Paper,Table 1,", "value = 'soon'"),
        ("mnist,vae,fid,,1.0,,,,Table 1,", "source = ''"),
        ("mnist,vae,fid,,nan,,,Paper,Table 1,", "value = 'nan'"),
        ("mnist,vae,fid", "line 2: it has not as many cells as the header"),
    ],
)
def test_a_bad_line_is_named_with_its_column(line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"reported/x\.csv: line 2") as caught:
        list(parse_reported(HEADER + line + "\n", "reported/x.csv"))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("study", "benchmark", "method", "column", "value"),
    [
        ("trials", "mnist", "regene", "trials_image / image", 5166 / 5000),
        ("trials", "cifar10", "regene", "trials_image / image", 9046 / 5000),
        ("table-3", "mnist", "nsgan", "fid", 6.8),
        ("classifier-losses", "cifar10", "regene (classifier_loss=hinge", "trials_image ratio", 4),
    ],
)
def test_tables_of_studies_show_what_their_paper_reports(
    study: str, benchmark: str, method: str, column: str, value: float
) -> None:
    host = load_plugins()
    figures = dict(make_figures(host, load_study(host, study)))
    seen = view(name=benchmark, reported=reported_numbers(host, benchmark))
    (table,) = figures["score_table"].draw([seen])
    shown = [
        row[1]
        for row in zip(table.data["method"], table.data[column], strict=True)
        if row[0].startswith((f"{method} (", f"{method};")) and row[1] is not None
    ]
    assert shown == [pytest.approx(value)]


def test_every_place_in_a_paper_that_a_study_names_has_numbers_for_its_columns() -> None:
    host = load_plugins()
    numbers = reported_numbers(host)
    for entry in host.entries("study"):
        for kind, figure in make_figures(host, load_study(host, entry.name)):
            options = figure.config.model_dump()
            ratios = {f"{column}_ratio" for column in options.get("ratios", [])}
            for where in options.get("reported", []):
                found = [
                    number
                    for number in numbers
                    if number.where == where
                    and number.metric in {*options.get("columns", _OF_MATRICES), *ratios}
                    and (number.class_name is not None) == (kind == "class_bars")
                ]
                assert found, f"{entry.name}: {kind} shows nothing of {where}"
