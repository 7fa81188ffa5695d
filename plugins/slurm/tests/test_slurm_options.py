"""Options of the executor: what Slurm would refuse or read otherwise is refused at once."""

from typing import Any

import pytest
from pydantic import ValidationError
from regene_bench_slurm.config import SlurmConfig, seconds_of
from regene_bench_slurm.executor import SlurmExecutor

from regene_bench.api import RunOptions, UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("0", None),
        ("30", 1800),
        ("2:30", 150),
        ("1:02:03", 3723),
        ("1-12", 129600),
        ("2-03:04", 183840),
        ("2-03:04:05", 183845),
    ],
)
def test_times_are_read_as_slurm_reads_them(text: str, seconds: int | None) -> None:
    assert seconds_of(SlurmConfig(time=text).time) == seconds


def test_a_task_is_warned_by_half_of_its_time_at_most() -> None:
    assert SlurmConfig().warning_seconds == 90
    assert SlurmConfig(time="60").warning_seconds == 90
    assert SlurmConfig(time="2").warning_seconds == 60
    assert SlurmConfig(time="0:01").warning_seconds == 1
    assert SlurmConfig(time="60", warning=600).warning_seconds == 600


def test_numbers_of_the_command_line_are_names() -> None:
    values: dict[str, Any] = {"account": 1234, "partition": 7, "mem": 4000, "time": 30}
    config = SlurmConfig(**values)
    told = (config.account, config.partition, config.mem, config.time)
    assert told == ("1234", "7", "4000", "30")


@pytest.mark.parametrize(
    "values",
    [
        {"partition": "a b"},
        {"account": "a\nb"},
        {"account": "a\n"},
        {"gres": "gpu:1 --wrap=x"},
        {"time": "soon"},
        {"time": "1:2:3:4"},
        {"mem": "lots"},
        {"python": "python\nrm"},
        {"setup": ["module load cuda\nexit"]},
        {"extra": ["qos=long"]},
        {"extra": ["--qos=long\n--array=0"]},
        {"extra": ["--array=0-3"]},
        {"extra": ["-J name"]},
        {"extra": ["script.sh"]},
        {"warning": 0},
        {"cpus_per_task": 0},
        {"retries": -1},
        {"queue": "long"},
    ],
)
def test_impossible_values_are_refused(values: dict[str, Any]) -> None:
    (key,) = values
    with pytest.raises(ValidationError, match=key):
        SlurmConfig(**values)


@pytest.mark.parametrize(
    ("device", "values"),
    [
        ("cpu", {}),
        ("cuda:1", {"gres": "gpu:1"}),
        ("cuda", {"gres": "gpu:a100:1"}),
        ("cuda", {"extra": ["--gpus-per-task=1"]}),
    ],
)
def test_tasks_that_hold_what_they_compute_on_are_taken(
    device: str, values: dict[str, Any]
) -> None:
    SlurmExecutor(SlurmConfig(**values)).check(RunOptions(device=device))


@pytest.mark.parametrize(
    ("values", "options", "why"),
    [
        ({}, {"device": "cuda"}, "hold none"),
        ({"gres": "gpu:1"}, {"device": "cpu"}, "--device cuda"),
        ({"extra": ["--gpus=1"]}, {"device": "mps"}, "computes on mps"),
        ({}, {"device": "cpu", "run_timeout": 60.0}, "--run-timeout"),
        ({"detach": True}, {"device": "cpu", "force": True}, "--force"),
    ],
)
def test_what_no_task_can_keep_is_refused(
    values: dict[str, Any], options: dict[str, Any], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        SlurmExecutor(SlurmConfig(**values)).check(RunOptions(**options))
