"""What a terminal shows while long work goes on."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from regene_bench.base.events import Message, Progress
from regene_bench.runtime.progress import progress_sink
from tests.methods.builders import make_runtime


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


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_time_left_has_room_in_every_terminal(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    task = "cvae · seed 0: real images: efficientnet_lite0"
    with progress_sink(_Terminal()) as sink:
        for done in (0.0, 120.0, 12_345.0):
            sink(Progress(task, done, 60_000.0, values={"cross-entropy": 2.25}))
    shown = capsys.readouterr().err
    assert re.search(r"21% .*images/s \d:\d\d:\d\d left (\d:\d\d:\d\d|-:--:--)", shown), shown
    assert (task in shown) == (width == 160)
    assert ("cross-entropy 2.25" in shown) == (width == 160)
    assert all(len(line) <= width for line in shown.splitlines())


class _NoReader(io.StringIO):
    """A pipe whose reader has gone after the first line."""

    def write(self, text: str) -> int:
        if self.getvalue().count("\n"):
            raise BrokenPipeError
        return super().write(text)


def test_where_nobody_reads_any_more_the_work_goes_on() -> None:
    stream = _NoReader()
    with progress_sink(stream) as sink:
        for done in (1.0, 100.0, 100.0):
            sink(Progress("regene: judging", done, 100.0))
        sink(Message("done"))
    assert len(stream.getvalue().splitlines()) == 1


def test_values_are_told_as_numbers_and_what_is_none_is_left_out(tmp_path: Path) -> None:
    stream = io.StringIO()
    with progress_sink(stream) as sink:
        values: dict[str, Any] = {
            "loss": torch.tensor(0.5, requires_grad=True),
            "score": np.float32(0.25),
            "vector": torch.zeros(2),
            "word": "good",
        }
        make_runtime(tmp_path, emit=sink).progress("stage", 100, 100, values=values)
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["values"] == {"loss": 0.5, "score": 0.25}
