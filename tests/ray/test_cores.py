"""A task that waits for the driver's word does not lend its core to the next task."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

ray = pytest.importorskip("ray", reason="Ray is not installed: its executor is NOT tested")
task = pytest.importorskip("regene_bench_ray.task", reason="regene-bench-ray is NOT tested")


class SlowChannel:
    """Takes its time over the question whether to stop, and knows how many wait for an answer."""

    def __init__(self) -> None:
        self._asking = self._most = 0

    def reason(self) -> str:
        self._asking += 1
        self._most = max(self._most, self._asking)
        time.sleep(4)
        self._asking -= 1
        return "enough"

    def most_at_once(self) -> int:
        return self._most


def wait(seconds: float) -> None:
    time.sleep(seconds)


@pytest.fixture
def one_core() -> Iterator[None]:
    before = set(os.environ)
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()
    # it leaves some of its own, which tests of other things would pass on
    for name in set(os.environ) - before:
        del os.environ[name]


@pytest.mark.usefixtures("one_core")
@pytest.mark.slow
def test_as_many_tasks_are_at_work_as_there_are_cores() -> None:
    channel = ray.remote(SlowChannel).options(num_cpus=0, max_concurrency=8).remote()
    at_work = ray.remote(num_cpus=1)(task.carry_out)
    # so that a process is there for the second task, should it be allowed to start
    halves = ray.remote(num_cpus=0.5)(wait)
    ray.get([halves.remote(2) for _ in range(2)])
    # of no use: both are told to stop before they look at their ticket
    both = [at_work.remote("", [], channel, 1) for _ in range(2)]
    assert ray.get(both) == [[], []]
    assert ray.get(channel.most_at_once.remote()) == 1
