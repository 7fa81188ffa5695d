"""Records and the schema say the same, and records survive their rows."""

from __future__ import annotations

import math

import pytest

from regene_bench.leaderboard.record import RunRecord
from regene_bench.leaderboard.row_columns import COLUMNS, SCHEMA_VERSION
from regene_bench.leaderboard.schema import SCHEMA, VERSION_KEY
from tests.leaderboard.helpers import record, score


def test_rows_have_exactly_the_columns_of_the_schema() -> None:
    for run in (record(), record(scores=()), record(status="failed", scores=())):
        for row in run.rows():
            assert set(row) == set(SCHEMA.names) - {"schema_version"}


def test_every_column_is_documented_once() -> None:
    assert len({c.name for c in COLUMNS}) == len(COLUMNS)
    assert all(c.doc.endswith(".") for c in COLUMNS)
    assert SCHEMA.metadata[VERSION_KEY] == str(SCHEMA_VERSION).encode()


def test_a_failed_run_without_scores_is_one_row() -> None:
    rows = record(status="failed", error_type="MethodError", error_message="NaN", scores=()).rows()
    assert len(rows) == 1
    assert rows[0]["metric"] is None
    assert (rows[0]["status"], rows[0]["error_type"]) == ("failed", "MethodError")


def test_a_failed_run_keeps_the_scores_it_had() -> None:
    assert [r["metric"] for r in record(status="failed").rows()] == [None, "fid"]


def test_a_metric_that_failed_does_not_fail_the_run() -> None:
    run = record(scores=(score(status="failed", value=None, error_message="too few images"),))
    assert RunRecord.from_rows(run.rows()).status == "ok"


@pytest.mark.parametrize(
    "run",
    [
        record(),
        record(status="failed", error_type="E", error_message="m", scores=()),
        record(scores=()),
        record(scores=(score(class_name="7"), score("mae", 0.1, std=0.01))),
    ],
)
def test_rows_and_back(run: RunRecord) -> None:
    assert RunRecord.from_rows(run.rows()) == run


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_an_ok_score_is_finite(value: float | None) -> None:
    with pytest.raises(ValueError, match="fid"):
        score(value=value)  # type: ignore[arg-type]


def test_a_timestamp_has_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        record(timestamp=record().timestamp.replace(tzinfo=None))


def test_a_failed_run_says_what_sort_of_error_it_was() -> None:
    # the words of a ``KeyError`` are a key and nothing else
    assert record(status="failed", error_type="KeyError", error_message="'means'").why == (
        "KeyError: 'means'"
    )
    assert record().why == ""
