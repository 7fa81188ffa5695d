"""regene-bench: a benchmark of class-conditional image generators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regene_bench.scoring import score

__version__ = "0.1.0"
__all__ = ["__version__", "score"]


def __getattr__(name: str) -> Any:
    """Import ``score`` when it is first asked for: it needs torch, and the package's start not."""
    if name == "score":
        from regene_bench.scoring import score

        return score
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
