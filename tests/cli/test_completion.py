"""Completion offers names, and starts without anything heavy."""

from __future__ import annotations

import pytest

from regene_bench.cli import options
from tests.cli.conftest import Cli


def test_names_complete() -> None:
    assert "digits" in options.complete_benchmarks("dig")
    assert options.complete_methods("reg") == ["regene"]
    assert options.complete_methods("regene,cg") == ["regene,cgan"]
    assert options.complete_methods("cgan[noise") == []
    assert "fid" in options.complete_metrics("fi")
    assert {"fid", "fashion-mnist"} <= set(options.complete_any("f"))


@pytest.mark.parametrize(
    ("line", "expected"), [("regene-bench le", "leaderboard"), ("regene-bench info reg", "regene")]
)
def test_in_a_shell(cli: Cli, line: str, expected: str) -> None:
    variables = {
        "_REGENE_BENCH_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
    }
    assert expected in cli(**variables).stdout
