"""Scored samples as a line of the leaderboard, beside the methods that were trained."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from regene_bench.base.errors import ResultsError
from regene_bench.base.hashing import stable_id
from regene_bench.data.shapes import Preset
from regene_bench.harness.finished import with_earlier_scores
from regene_bench.harness.pictures import sample_grid, save_picture
from regene_bench.harness.run_folders import run_folder
from regene_bench.harness.workbench import Workbench
from regene_bench.leaderboard.parts import part_content, read_own_part, write_part
from regene_bench.leaderboard.record import EXTERNAL, RunRecord, ScoreRow
from regene_bench.plan.protocol import Benchmark
from regene_bench.runtime import provenance
from regene_bench.runtime.device import device_name
from regene_bench.runtime.locks import exclusive
from regene_bench.runtime.runtime import Runtime
from regene_bench.samples.collection import Samples
from regene_bench.stores.mirror import Mirror, Superseded, part_key
from regene_bench.stores.opening import mirror_of

_TRIES = 5


@dataclass(frozen=True)
class Reference:
    """What samples were scored against, as a row of the leaderboard names it.

    Attributes:
        name: The benchmark's.
        version: The protocol's.
        preset: The preset.
        identity: All that scores depend on but the data: it enters the run id.
    """

    name: str
    version: int
    preset: str
    identity: Mapping[str, Any]

    @classmethod
    def of(cls, benchmark: Benchmark, preset: Preset) -> Reference:
        """A benchmark under one of its presets."""
        return cls(benchmark.name, benchmark.version, preset, benchmark.identity(preset))


def record_of(
    samples: Samples,
    rows: tuple[ScoreRow, ...],
    name: str,
    reference: Reference,
    bench: Workbench,
    measure_seconds: float,
) -> RunRecord:
    """Describe scored samples as a run that was neither trained nor generated here.

    The run id is a hash of the protocol, the real data, the name and the samples' content, so the
    same images are the same run wherever they lie.
    """
    real, device = bench.data, bench.runtime.device
    run_id = stable_id(
        {
            "protocol": reference.identity,
            "dataset_fingerprint": real.fingerprint,
            "samples": samples.content,
            "name": name,
        }
    )
    left_out = {"left_out": len(samples.left_out)} if samples.left_out else {}
    return RunRecord(
        run_id=run_id,
        benchmark=reference.name,
        protocol_version=reference.version,
        preset=reference.preset,
        dataset=real.name,
        dataset_fingerprint=real.fingerprint,
        method=name,
        method_version="1",
        distribution=EXTERNAL,
        distribution_version="",
        params={
            "content": samples.content,
            "n": len(samples),
            "resized_from": samples.sizes_before or None,
            "source": samples.source,
            **left_out,
        },
        seed=0,
        status="ok",
        device=device.type,
        gpu_name=device_name(device) or None,
        torch_version=torch.__version__,
        python_version=provenance.python_version(),
        packages=provenance.package_versions() | dict(bench.shelf.computed_by),
        git_commit=provenance.git_commit(),
        measure_seconds=measure_seconds,
        scores=rows,
    )


def keep(record: RunRecord, samples: Samples, results: Path, runtime: Runtime) -> Path:
    """Write the leaderboard's part, and a picture of the samples beside it.

    What was measured of the same samples before, and not now, stays in the part.

    Returns:
        The path of the part.

    Raises:
        ResultsError: It cannot be written.
        Interrupted: A stop was asked for while another process scored the same samples.
    """
    folder = run_folder(results, record.run_id)
    labels = samples.labels if samples.labels is not None else np.zeros(len(samples), np.int64)
    picture = sample_grid(torch.from_numpy(samples.images), torch.from_numpy(labels))
    with exclusive(folder / "lock", f"scores {record.method}", runtime.stop, runtime.emit):
        save_picture(picture, folder / "samples.png")
        earlier = read_own_part(results, record.benchmark, record.run_id)
        if earlier is not None:
            record = with_earlier_scores(record, earlier)
        mirror = mirror_of(results)
        if mirror is None:
            return write_part(results, record)
        return _put_on_store(record, mirror)


def _put_on_store(record: RunRecord, mirror: Mirror) -> Path:
    key = part_key(record.benchmark, record.run_id)
    mirror.push_judges()
    for _ in range(_TRIES):
        with suppress(Superseded):
            mirror.put_part(key, part_content(record))
            break
        # scored on another machine meanwhile
        mirror.pull_part(key)
        earlier = read_own_part(mirror.folder, record.benchmark, record.run_id)
        record = record if earlier is None else with_earlier_scores(record, earlier)
    else:
        raise ResultsError(
            f"{mirror.store.address}/{key} changes all the time.", hint="Score again."
        )
    mirror.pull_run(record.run_id)
    mirror.push_run(record.run_id)
    return mirror.folder / key
