"""Joining a Ray cluster, or starting one on this machine, for as long as a call takes."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray

from regene_bench.api import UsageError
from regene_bench_ray.config import RayConfig

# Ray starts workers at niceness 15, where they get next to nothing beside anything else
_NICENESS = "RAY_worker_niceness"


@contextmanager
def joined(config: RayConfig) -> Iterator[None]:
    """Be a driver of the cluster for as long as the block runs.

    A caller that is one already stays it, with its own cluster.

    Raises:
        UsageError: There is no cluster at the address, or none can be started.
    """
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault(_NICENESS, "0")
    handlers = _handlers()
    try:
        ray.init(
            address=config.address or "local",
            log_to_driver=False,
            include_dashboard=False if not config.address else None,
            logging_level=logging.WARNING,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"Ray at {config.address or 'this machine'} cannot be used: {error}",
            hint="`ray status` says which clusters there are; without --executor-option address=… "
            "one is started here."
            if config.address
            else "`ray stop` ends one that hangs; --workers does without.",
        ) from None
    # it has put its own in the place of what saves and stops
    for number, handler in handlers.items():
        signal.signal(number, handler)
    try:
        yield
    finally:
        ray.shutdown()


def _handlers() -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
