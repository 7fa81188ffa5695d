"""What the executor refuses, and what it says of other machines."""

from __future__ import annotations

import pytest
from regene_bench_ray.config import RayConfig
from regene_bench_ray.executor import RayExecutor

from regene_bench.api import RunOptions, UsageError


@pytest.mark.parametrize(
    ("config", "options", "words"),
    [
        ({}, {"device": "cuda"}, "tasks would hold none"),
        ({"num_gpus": 1}, {"device": "cpu"}, "Leave num_gpus out"),
        ({"num_gpus": 1, "address": "auto"}, {"device": "cpu"}, "Give --device cuda"),
        ({}, {"device": "cpu", "run_timeout": 9.0}, "Leave out --run-timeout"),
    ],
)
def test_what_no_task_can_do_is_refused(
    config: dict[str, object], options: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        RayExecutor(RayConfig.model_validate(config)).check(RunOptions(**options))  # type: ignore[arg-type]
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_what_fits_is_accepted() -> None:
    RayExecutor(RayConfig(num_gpus=0.5)).check(RunOptions(device="cuda:1"))
    RayExecutor(RayConfig()).check(RunOptions(device="cpu"))


def test_a_cluster_at_an_address_is_other_machines() -> None:
    assert RayExecutor(RayConfig(address="auto")).elsewhere
    assert not RayExecutor(RayConfig()).elsewhere
