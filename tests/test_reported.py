"""The reported numbers are whole: every line has a source, and sums are those of the text."""

from __future__ import annotations

from collections import defaultdict

import pytest

from regene_bench.errors import ConfigError
from regene_bench.plugins import load_plugins
from regene_bench.reported import parse_reported, reported_numbers

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
