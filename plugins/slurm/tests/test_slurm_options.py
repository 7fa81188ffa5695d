"""Options of the executor: what Slurm would refuse or read otherwise is refused at once."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from pydantic import ValidationError
from regene_bench_slurm.config import SlurmConfig, seconds_of
from regene_bench_slurm.executor import SlurmExecutor, ticket_for_nodes

from regene_bench.api import Job, RunOptions, StopRequest, Ticket, UsageError


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
        {"device": "mps"},
        {"queue": "long"},
    ],
)
def test_impossible_values_are_refused(values: dict[str, Any]) -> None:
    (key,) = values
    with pytest.raises(ValidationError, match=key):
        SlurmConfig(**values)


def job(device: str, precision: str = "auto", **options: Any) -> Job:
    """A call on a device, whose tickets say what was decided here."""
    never = cast("Any", None)

    def ticket(runs: Any, /, *, together: bool = False) -> Ticket:
        decided = RunOptions(device=device, precision="float32")
        return Ticket(
            benchmark="digits",
            options=replace(decided, executor="stacked" if together else "serial"),
            run_ids=("0" * 16,),
            numbers=(1,),
            total=1,
            made=datetime(2026, 1, 1, tzinfo=UTC),
        )

    asked = RunOptions(precision=precision, **options)
    return Job([], never, never, ticket, asked, StopRequest(), never, never, never)


@pytest.mark.parametrize(
    ("here", "values", "there"),
    [
        ("cpu", {}, "cpu"),
        ("cuda:1", {"gres": "gpu:1"}, "cuda"),
        ("cuda", {"extra": ["--gpus-per-task=1"]}, "cuda"),
        ("cuda", {"device": "cpu"}, "cpu"),
        ("cpu", {"device": "cuda", "gres": "gpu:a100:1"}, "cuda"),
    ],
)
def test_tasks_compute_on_what_they_hold(here: str, values: dict[str, Any], there: str) -> None:
    ticket = ticket_for_nodes(job(here, "float32"), SlurmConfig(**values), [])
    assert ticket.options.device == there


@pytest.mark.parametrize(
    ("here", "values", "why"),
    [
        ("cuda", {}, "hold none"),
        ("cpu", {"gres": "gpu:1"}, "device=cuda"),
        ("cpu", {"device": "cuda", "gres": "gpu:1"}, "--precision"),
        ("mps", {}, "no node"),
    ],
)
def test_a_card_without_a_task_or_the_reverse_is_refused(
    here: str, values: dict[str, Any], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        ticket_for_nodes(job(here), SlurmConfig(**values), [])


@pytest.mark.parametrize(
    ("values", "options", "why"),
    [
        ({}, {"run_timeout": 60.0}, "--run-timeout"),
        ({"detach": True}, {"force": True}, "--force"),
    ],
)
def test_what_no_task_can_keep_is_refused(
    values: dict[str, Any], options: dict[str, Any], why: str
) -> None:
    executor = SlurmExecutor(SlurmConfig(**values))
    with pytest.raises(UsageError, match=why):
        list(executor(job("cpu", **options)))
