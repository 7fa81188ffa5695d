"""The reported numbers are whole: every line has a source, and sums are those of the text."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks" / "reported"
COLUMNS = ["benchmark", "method", "metric", "class", "value", "std", "n", "source", "where", "note"]


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda path: path.stem)
def test_every_line_is_a_number_with_its_place(path: Path) -> None:
    found = lines(path)
    assert found
    for line in found:
        assert list(line) == COLUMNS
        assert all(line[key] for key in ("benchmark", "method", "metric", "source", "where"))
        assert float(line["value"]) > 0
        assert not line["std"] or float(line["std"]) > 0
    keys = [(*(line[k] for k in COLUMNS[:4]), line["where"], line["note"]) for line in found]
    assert len(set(keys)) == len(keys)


def test_regenes_trials_add_up_to_the_totals_of_its_text() -> None:
    per_class: dict[str, int] = defaultdict(int)
    totals = {}
    for line in lines(FOLDER / "regene_2022.csv"):
        if line["metric"] == "trials_image" and line["class"]:
            per_class[line["benchmark"]] += int(line["value"])
        elif line["metric"] == "trials_image":
            totals[line["benchmark"]] = int(line["value"])
    assert per_class == totals == {"mnist": 5166, "fashion-mnist": 6103, "cifar10": 9046}
