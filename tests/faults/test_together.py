"""Several calls at once over one folder do each run once, and leave the table of one call."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.campaigns import METHODS
from tests.processes import environment, parts, scores, start

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("calls", [2, 6])
def test_calls_at_once_of_which_one_repeats(
    calls: int,
    tmp_path: Path,
    light_protocol: Path,
    session_cache: Path,
    misbehaving: Path,
    undisturbed: dict[str, dict[object, object]],
) -> None:
    arguments = ["run", str(light_protocol), "--methods", METHODS, "--device", "cpu"]
    arguments += ["--precision", "float32"]
    more: list[list[str]] = [["--force"], ["--workers", "2"], *[[] for _ in range(calls - 2)]]
    variables = environment(session_cache, misbehaving)
    logs = [(tmp_path / f"{number}.log").open("w") for number in range(calls)]
    processes = [
        start([*arguments, *options], tmp_path, variables, errors=log.fileno())
        for options, log in zip(more, logs, strict=True)
    ]
    codes = [process.wait(120) for process in processes]
    for log in logs:
        log.close()
    said = "\n".join((tmp_path / f"{number}.log").read_text() for number in range(calls))
    assert codes == [0] * calls, said
    assert "Traceback" not in said
    assert scores(tmp_path / "results") == undisturbed["serial"]
    assert len(parts(tmp_path / "results")) == 4
