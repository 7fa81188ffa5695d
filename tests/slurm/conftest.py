"""One Slurm for all tests of this folder: to start one takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .one_node import NoSlurmError, one_node_slurm


@pytest.fixture(scope="session")
def slurm() -> Iterator[Path]:
    """A Slurm of one node with two cores that ``sbatch`` means; skips where there can be none."""
    pytest.importorskip("regene_bench_slurm", reason="regene-bench-slurm is not installed")
    with pytest.MonkeyPatch.context() as patch:
        try:
            with one_node_slurm() as configuration:
                patch.setenv("SLURM_CONF", str(configuration))
                yield configuration
        except NoSlurmError as error:
            pytest.skip(f"the executor slurm is NOT tested on a real Slurm: {error}")
