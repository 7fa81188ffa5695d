"""Functions that look like hooks and are never called, since they are not marked as ours."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from regene_bench import hookspecs

_MARK = "regene_bench_impl"


def unheard_hooks(plugin: object, whose: str) -> tuple[str, ...]:
    """Find the functions of a plugin that have a hook's name and not its marker.

    Args:
        plugin: What its entry point names: a module, mostly.
        whose: The distribution, for the sentences.

    Returns:
        A sentence for each, which says what to write.
    """
    return tuple(_sentences(plugin, whose))


def _sentences(plugin: object, whose: str) -> Iterator[str]:
    for name, value in vars(hookspecs).items():
        if not hasattr(value, "regene_bench_spec"):
            continue
        found = inspect.getattr_static(plugin, name, None)
        if inspect.isroutine(found) and not hasattr(found, _MARK):
            yield (
                f"{whose} defines {name}, which nothing calls: it {_what_it_has(found)}. "
                "Write @hookimpl above it (from regene_bench.hookspecs import hookimpl)."
            )


def _what_it_has(function: object) -> str:
    """Say whose marker a function has; pluggy's are attributes named after the project."""
    others = [
        name.removesuffix("_impl")
        for name, value in getattr(function, "__dict__", {}).items()
        if name.endswith("_impl") and isinstance(value, dict) and "specname" in value
    ]
    return f"is marked as a hook of {others[0]!r}" if others else "is not marked as a hook"
