"""Registers the executor ``ray``. Nothing heavy is imported here: it loads on first use."""

from regene_bench.hookspecs import Register, hookimpl


@hookimpl
def register_executors(register: Register) -> None:
    """Register it."""
    register(
        "ray",
        "regene_bench_ray.executor:RayExecutor",
        summary="runs as tasks of a Ray cluster, tried again where a worker or a node is lost",
    )
