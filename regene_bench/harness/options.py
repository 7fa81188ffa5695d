"""What a user can ask of a call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
