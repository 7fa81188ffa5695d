"""Deterministic kernels are asked for as torch does it, but for its compiler's imports."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from regene_bench.runtime.determinism import deterministic, make_fast, set_determinism

STATE = """
import sys
import torch
from regene_bench.runtime.determinism import make_deterministic, make_fast

def state():
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )

make_deterministic()
assert state() == (True, True)
assert "torch._dynamo" not in sys.modules and "torch._inductor" not in sys.modules
{between}
import torch._inductor.config as compiler
assert compiler.deterministic is {expected}
make_deterministic()
assert (state(), compiler.deterministic) == ((True, True), True)
make_fast()
assert (state()[0], compiler.deterministic) == (False, False)
"""


@pytest.mark.parametrize(("between", "expected"), [("", True), ("make_fast()", False)])
def test_a_compiler_that_comes_later_is_told_as_well(between: str, expected: bool) -> None:
    code = STATE.format(between=between, expected=expected)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


KEPT = """
import os
from regene_bench.runtime.determinism import deterministic
with deterministic():
    {within}
assert os.environ.get("TORCHINDUCTOR_DETERMINISTIC") == {variable!r}
"""


@pytest.mark.parametrize("within", ["pass", "import torch._inductor.config"])
@pytest.mark.parametrize("variable", [None, "0", "1"])
def test_a_variable_of_the_callers_is_as_it_was(within: str, variable: str | None) -> None:
    others = {k: v for k, v in os.environ.items() if k != "TORCHINDUCTOR_DETERMINISTIC"}
    variables = others | ({} if variable is None else {"TORCHINDUCTOR_DETERMINISTIC": variable})
    code = KEPT.format(within=within, variable=variable)
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("enabled", "warn_only"), [(False, False), (True, False), (True, True)])
def test_the_callers_own_choice_comes_back(enabled: bool, warn_only: bool) -> None:
    def state() -> tuple[bool, bool]:
        return (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        )

    before = state()
    try:
        set_determinism(enabled, warn_only=warn_only)
        with deterministic():
            assert state() == (True, True)
            make_fast()
            assert not state()[0]
        assert state() == (enabled, warn_only)
    finally:
        set_determinism(before[0], warn_only=before[1])
