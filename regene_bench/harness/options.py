"""What a user can ask of a call, in the forms of the command line and of Python."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar

from regene_bench.base.errors import UsageError
from regene_bench.base.paths import DEFAULT_RESULTS
from regene_bench.harness.scheduled_time import seconds_left
from regene_bench.runtime.stop import grace_seconds
from regene_bench.stores.opening import results_folder

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_EXAMPLES = "Examples: 540, 90s, 9m, 1.5h."


@dataclass(frozen=True)
class Options:
    """What a user can ask of ``regene-bench run``.

    Attributes:
        methods: ``regene,cgan[noise_dim=0:128:2]``; the benchmark's own list where empty.
        seeds: ``3`` or ``0,1,2``.
        preset: ``quick``, ``standard`` or ``paper``; the benchmark's own default where empty.
        metrics: ``fid,kid[extractor=inception]``; the benchmark's own list where empty.
        settings: ``method.key=value`` items.
        results: The results folder.
        data: Folders to look for data in, before ``$REGENE_BENCH_DATA``.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        devices: Devices that share the runs, each with ``workers`` processes; the first is
            ``device`` then. ``("all",)`` for every GPU. None where empty.
        mixed_devices: Whether these may be of several models.
        precision: ``auto``, ``float32``, ``bfloat16``.
        fast: Whether training may take kernels that are not deterministic.
        captured: Whether training steps are captured as CUDA graphs where they can be.
        time_limit: Seconds after which training is saved and the call ends.
        run_timeout: Seconds after which a run is ended, and failed.
        checkpoint_seconds: Time between checkpoints.
        force: Decode the data again and repeat runs that are finished.
        executor: ``serial``, ``stacked``, ``workers``, or the name of a registered executor.
        executor_options: ``key=value`` items, options of a registered executor.
        workers: Processes of the executor ``workers``, on each device where several are named;
            ``None`` for one a core, or one a device.
        log: Loggers of runs, ``tensorboard,mlflow``; none where empty.
    """

    # where a ticket holds them: pydantic refuses a key that it does not know
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    methods: str = ""
    seeds: str = "1"
    preset: str = ""
    metrics: str = ""
    settings: tuple[str, ...] = ()
    results: Path = DEFAULT_RESULTS
    data: tuple[Path, ...] = ()
    device: str = "auto"
    devices: tuple[str, ...] = ()
    mixed_devices: bool = False
    precision: str = "auto"
    time_limit: float | None = None
    checkpoint_seconds: float = 30.0
    force: bool = False
    executor: str = "serial"
    executor_options: tuple[str, ...] = ()
    workers: int | None = None
    log: str = ""
    run_timeout: float | None = None
    fast: bool = False
    captured: bool = False


def make_options(
    *,
    methods: str | Sequence[str] = "",
    seeds: str | int | Sequence[int] = 1,
    preset: str = "",
    metrics: str | Sequence[str] = "",
    settings: Sequence[str] | Mapping[str, Mapping[str, Any]] | None = None,
    results: Path | str = DEFAULT_RESULTS,
    data: Path | str | Sequence[Path | str] | None = None,
    device: str = "auto",
    devices: str | Sequence[str] = "",
    mixed_devices: bool = False,
    precision: str = "auto",
    fast: bool = False,
    captured: bool = False,
    time_limit: float | str | None = None,
    run_timeout: float | str | None = None,
    checkpoint_every: float | str = Options.checkpoint_seconds,
    force: bool = False,
    executor: str = "",
    executor_options: Sequence[str] | Mapping[str, Any] | None = None,
    workers: int | None = None,
    log: str | Sequence[str] = "",
) -> Options:
    """Write down what a user asked for, at the command line or in Python.

    The arguments are the attributes of ``Options``, which says what they mean; they may be given in
    the forms below. Whatever depends on what is installed is checked by ``prepare``.

    Args:
        methods: Also a list, ``["regene", "cgan[noise_dim=0:128:2]"]``.
        seeds: Also how many, or which as a list.
        preset: As of ``Options``.
        metrics: Also a list.
        settings: Texts ``method.key=value``, or parameters by method, ``{"cgan": {"epochs": 3}}``.
        results: Also the address of a store, ``s3://bucket/prefix``, whose mirror is brought up to
            date and taken.
        data: Also a single folder.
        device: As of ``Options``.
        devices: ``"cuda:0,cuda:1"``, a list, or ``"all"``.
        mixed_devices: As of ``Options``.
        precision: As of ``Options``.
        fast: As of ``Options``.
        captured: As of ``Options``.
        time_limit: Seconds, or a text with a unit: ``540``, ``"9m"``, ``"1.5h"``; ``"auto"`` for
            what Slurm leaves this job, less the time that saving may take.
        run_timeout: Time that a run may take, in the same forms.
        checkpoint_every: Time between checkpoints, in the same forms.
        force: As of ``Options``.
        executor: If empty, ``workers`` where their number or several devices are given, else
            ``serial``.
        executor_options: Texts ``key=value``, or a mapping, ``{"num_gpus": 0.5}``.
        workers: As of ``Options``.
        log: Also a list.

    Raises:
        UsageError: A time cannot be read or is not positive, or a parameter is of a type that no
            method can have.
    """
    return Options(
        methods=_joined(methods),
        seeds=_seeds(seeds),
        preset=preset,
        metrics=_joined(metrics),
        settings=tuple(_settings(settings or ())),
        results=results_folder(results),
        data=folders_of(data or ()),
        device=device,
        devices=device_names(devices),
        mixed_devices=mixed_devices,
        precision=precision,
        fast=fast,
        captured=captured,
        time_limit=_time_limit(time_limit),
        run_timeout=None if run_timeout is None or run_timeout == "" else seconds_of(run_timeout),
        checkpoint_seconds=seconds_of(checkpoint_every),
        force=force,
        executor=executor or ("serial" if workers is None and not devices else "workers"),
        executor_options=tuple(_executor_options(executor_options or ())),
        workers=workers,
        log=_joined(log),
    )


def device_names(devices: str | Sequence[str]) -> tuple[str, ...]:
    """Read the names of several devices; none of an empty text or list.

    Raises:
        UsageError: There are only commas.
    """
    named = tuple(name.strip() for name in _joined(devices).split(",") if name.strip())
    if devices and not named:
        raise UsageError("--devices names none.", hint="Examples: cuda:0,cuda:1 or all.")
    return named


def _time_limit(given: float | str | None) -> float | None:
    if given is None or given == "":
        return None
    return seconds_left(grace_seconds()) if given == "auto" else seconds_of(given)


def folders_of(data: Path | str | Sequence[Path | str]) -> tuple[Path, ...]:
    """Take one folder, or several, for several."""
    return tuple(map(Path, [data] if isinstance(data, str | Path) else data))


def seconds_of(time: float | str) -> float:
    """Read a length of time: seconds, or ``540``, ``90s``, ``9m`` or ``1.5h`` as a text.

    Raises:
        UsageError: It is none of these, or not positive.
    """
    if isinstance(time, str):
        match = re.fullmatch(r"(\d+(?:\.\d*)?)\s*([smh]?)", time.strip())
        seconds = float(match[1]) * _SECONDS[match[2]] if match else math.nan
    else:
        seconds = float(time)
    if not 0 < seconds < math.inf:
        raise UsageError(f"Cannot read the time {time!r}.", hint=_EXAMPLES)
    return seconds


def _joined(names: str | Sequence[str]) -> str:
    return names if isinstance(names, str) else ",".join(names)


def _seeds(seeds: str | int | Sequence[int]) -> str:
    # a comma at the end makes a list of one: "5," is seed 5, "5" would be five seeds
    return (
        str(seeds)
        if isinstance(seeds, str | int | Integral)
        else "".join(f"{seed}," for seed in seeds)
    )


def _executor_options(options: Sequence[str] | Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(options, Mapping):
        yield from options
        return
    for key, value in options.items():
        yield f"{key}={_as_json(value, f'The option {key} of the executor')}"


def _settings(settings: Sequence[str] | Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if not isinstance(settings, Mapping):
        yield from settings
        return
    for method, values in settings.items():
        for key, value in values.items():
            yield f"{method}.{key}={_as_json(value, f'{method}.{key}')}"


def _as_json(value: Any, what: str) -> str:
    try:
        return json.dumps(value, default=_plain)
    except TypeError:
        raise UsageError(
            f"{what} is a {type(value).__name__}.",
            hint="Parameters are numbers, texts, truth values, None, or lists of these.",
        ) from None


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays, and torch's, as Python's own."""
    if not hasattr(value, "tolist"):
        raise TypeError
    return value.tolist()
