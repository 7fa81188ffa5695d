"""What a user can ask of the executor: ``--executor-option KEY=VALUE``."""

from __future__ import annotations

from pydantic import Field

from regene_bench.api import ExecutorConfig


class RayConfig(ExecutorConfig):
    """Where tasks run, and what each of them holds there.

    Attributes:
        address: Of a cluster that runs already (``auto``, ``10.0.0.5:6379``, ``ray://host:10001``);
            empty for one on this machine that ends with the call.
        num_cpus: Cores that a run holds, and threads of torch in it.
        num_gpus: GPUs that a run holds, also a part of one: 0.5 puts two runs on each.
        retries: How often a run is tried again whose worker or node was lost; it goes on from its
            checkpoint. Ray counts losses for want of memory apart, and tries these without end.
        together: Train runs as one where their method can (sweeps), as ``--executor stacked`` does.
    """

    address: str = ""
    num_cpus: float = Field(default=1.0, gt=0)
    num_gpus: float = Field(default=0.0, ge=0)
    retries: int = Field(default=3, ge=0)
    together: bool = False
