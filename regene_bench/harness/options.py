"""What a user can ask of a call."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regene_bench.base.paths import DEFAULT_RESULTS


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
        precision: ``auto``, ``float32``, ``bfloat16``.
        time_limit: Seconds after which training is saved and the call ends.
        checkpoint_seconds: Time between checkpoints.
        force: Repeat runs that are finished.
        executor: ``serial``, ``stacked``, ``workers``, or the name of a registered executor.
        workers: Processes of the executor ``workers``; ``None`` for one a core.
    """

    methods: str = ""
    seeds: str = "1"
    preset: str = ""
    metrics: str = ""
    settings: tuple[str, ...] = ()
    results: Path = DEFAULT_RESULTS
    data: tuple[Path, ...] = ()
    device: str = "auto"
    precision: str = "auto"
    time_limit: float | None = None
    checkpoint_seconds: float = 30.0
    force: bool = False
    executor: str = "serial"
    workers: int | None = None


def make_options(
    *,
    methods: str | Sequence[str] = "",
    seeds: str | int | Sequence[int] = 1,
    preset: str = "",
    metrics: str | Sequence[str] = "",
    settings: Sequence[str] | Mapping[str, Mapping[str, Any]] | None = None,
    results: Path | str = DEFAULT_RESULTS,
    data: Sequence[Path | str] | None = None,
    device: str = "auto",
    precision: str = "auto",
    time_limit: float | None = None,
    checkpoint_seconds: float = Options.checkpoint_seconds,
    force: bool = False,
    executor: str = "",
    workers: int | None = None,
) -> Options:
    """Write down what a user asked for, at the command line or in Python.

    The arguments are the attributes of ``Options``, which says what they mean; they may be given in
    the forms below. Nothing is checked: ``prepare`` does that, when it knows what is installed.

    Args:
        methods: Also a list, ``["regene", "cgan[noise_dim=0:128:2]"]``.
        seeds: Also how many, or which as a list.
        preset: As of ``Options``.
        metrics: Also a list.
        settings: Texts ``method.key=value``, or parameters by method, ``{"cgan": {"epochs": 3}}``.
        results: As of ``Options``.
        data: As of ``Options``.
        device: As of ``Options``.
        precision: As of ``Options``.
        time_limit: As of ``Options``.
        checkpoint_seconds: As of ``Options``.
        force: As of ``Options``.
        executor: If empty, ``workers`` where their number is given, else ``serial``.
        workers: As of ``Options``.
    """
    return Options(
        methods=_joined(methods),
        seeds=_seeds(seeds),
        preset=preset,
        metrics=_joined(metrics),
        settings=tuple(_settings(settings or ())),
        results=Path(results),
        data=tuple(Path(folder) for folder in data or ()),
        device=device,
        precision=precision,
        time_limit=time_limit,
        checkpoint_seconds=checkpoint_seconds,
        force=force,
        executor=executor or ("serial" if workers is None else "workers"),
        workers=workers,
    )


def _joined(names: str | Sequence[str]) -> str:
    return names if isinstance(names, str) else ",".join(names)


def _seeds(seeds: str | int | Sequence[int]) -> str:
    # a comma at the end makes a list of one: "5," is seed 5, "5" would be five seeds
    return str(seeds) if isinstance(seeds, str | int) else "".join(f"{seed}," for seed in seeds)


def _settings(settings: Sequence[str] | Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if not isinstance(settings, Mapping):
        yield from settings
        return
    for method, values in settings.items():
        for key, value in values.items():
            yield f"{method}.{key}={json.dumps(value)}"
