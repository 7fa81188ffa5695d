"""The contract of an executor, one case a check, on a cluster of this machine."""

import os
from collections.abc import Callable, Iterator

import pytest
import ray


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One for all checks: to start one takes seconds."""
    # beside other tests workers of niceness 15 get next to nothing
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.conformance("ray", kind="executor")
def test_ray_keeps_its_contract(conformance_check: Callable[[], None]) -> None:
    conformance_check()
