"""regene-bench: a benchmark of class-conditional image generators.

From Python::

    import regene_bench

    board = regene_bench.run("digits", methods=["regene", "cgan"], seeds=2)
    board                      # in a notebook: a table with pictures
    board.to_pandas()

    regene_bench.score(images, "cifar10", labels=labels)
    regene_bench.Leaderboard.read("results")
    regene_bench.load("3f2a").generate("frog")
"""

from __future__ import annotations

from regene_bench.base.version import __version__

# typing's own costs the start, in which Ctrl-C is answered by a traceback
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from regene_bench.models.load import load
    from regene_bench.notebook.leaderboard import Leaderboard
    from regene_bench.notebook.running import run
    from regene_bench.samples.score import score
    from regene_bench.samples.stats import stats

__all__ = ["Leaderboard", "__version__", "load", "run", "score", "stats"]

_MODULES = {
    "Leaderboard": "regene_bench.notebook.leaderboard",
    "load": "regene_bench.models.load",
    "run": "regene_bench.notebook.running",
    "score": "regene_bench.samples.score",
    "stats": "regene_bench.samples.stats",
}


def __getattr__(name: str) -> Any:
    """Import what is first asked for: torch and pyarrow would cost the start."""
    if name in _MODULES:
        import importlib

        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
