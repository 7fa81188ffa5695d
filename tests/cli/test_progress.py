"""What a terminal shows while long work goes on."""

from __future__ import annotations

import io

import pytest

from regene_bench.base.events import Progress
from regene_bench.runtime.progress import progress_sink


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_piece_of_work_that_begins_again_counts_from_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_sink(_Terminal()) as sink:
        for done in (100.0, 500.0, 20.0, 30.0):
            sink(Progress("regene: judging", done, 500.0))
    shown = capsys.readouterr().err
    assert shown.count("regene: judging") == 1
    assert "6%" in shown
    assert "-" not in shown.split("images/s")[0].rsplit("%", 1)[1]
