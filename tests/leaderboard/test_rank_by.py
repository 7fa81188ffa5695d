"""A metric with several extractors is ranked by the column that is named."""

from __future__ import annotations

import pytest

from regene_bench.base.errors import UsageError
from regene_bench.leaderboard.rank_by import RankBy
from regene_bench.leaderboard.ranking import make_boards, make_class_boards
from tests.leaderboard.helpers import score
from tests.leaderboard.test_ranking import only, run, table_of

# on one extractor a wins, on the other b; more lines have the first
TABLE = table_of(
    run("a", 0, scores=(score("fd", value=1.0, extractor_id="one"),)),
    run("c", 0, scores=(score("fd", value=5.0, extractor_id="one"),)),
    run(
        "b",
        0,
        scores=(
            score("fd", value=2.0, extractor_id="one"),
            score("fd", value=1.0, extractor_id="two"),
        ),
    ),
    run("d", 0, scores=(score("fd", value=9.0, extractor_id="two"),)),
)


def ranked(by: str) -> list[str]:
    board = only(make_boards(TABLE, by))
    return [line.method for line in board.lines if line.rank is not None]


def test_the_column_of_the_named_extractor_ranks() -> None:
    assert ranked("fd[extractor=one]") == ["a", "b", "c"]
    assert ranked("fd[extractor=two]") == ["b", "d"]


def test_without_a_name_the_column_that_most_lines_have_ranks() -> None:
    assert ranked("fd") == ["a", "b", "c"]


def test_an_extractor_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(UsageError) as caught:
        make_boards(TABLE, "fd[extractor=three]")
    assert "'fd[extractor=three]'" in caught.value.message
    for candidate in ("fd[extractor=one", "fd[extractor=two"):
        assert candidate in caught.value.hint


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("fd[k=3]", "no option 'k'"),
        ("fd,kid", "one column"),
        ("fd[extractor=one|two]", "one column"),
        ("fd[extractor=one", "not closed"),
    ],
)
def test_other_forms_are_refused(text: str, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        RankBy.parse(text)


def test_scores_of_classes_are_chosen_alike() -> None:
    table = table_of(
        run(
            "a",
            0,
            scores=(
                score("fd", value=1.0, extractor_id="one", class_name="cat"),
                score("fd", value=2.0, extractor_id="two", class_name="cat"),
            ),
        )
    )
    (board,) = make_class_boards(table, "fd[extractor=two]")
    assert [column.convention["extractor_id"] for column in board.columns] == ["two"]
    assert make_class_boards(table, "fd[extractor=three]") == []
