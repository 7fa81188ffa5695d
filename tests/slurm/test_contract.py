"""The contract of an executor, one case a check, on a real Slurm."""

from collections.abc import Callable

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("slurm")]


@pytest.mark.conformance("slurm", kind="executor")
def test_slurm_keeps_its_contract(conformance_check: Callable[[], None]) -> None:
    conformance_check()
