"""What docs/scale.md says to type for Slurm."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.engine_commands import commands_with, shortened
from tests.processes import environment, parts, regene_bench

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("slurm")]


def test_commands_for_slurm_do_what_the_page_says(
    light_protocol: Path, session_cache: Path, tmp_path: Path
) -> None:
    variables = environment(session_cache)
    commands = commands_with("--executor", "slurm")
    assert commands
    for command in commands:
        done = regene_bench(shortened(command, light_protocol), tmp_path, variables)
        assert done.returncode == 0, done.stderr
    assert len(parts(tmp_path / "results")) == 2
    (info,) = commands_with("info", "slurm")
    # in a sentence of the page
    for command in (info, ["attach", "results"]):
        done = regene_bench(command, tmp_path, variables)
        assert done.returncode == 0, done.stderr
