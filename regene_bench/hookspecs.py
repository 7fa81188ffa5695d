"""The hooks of regene-bench: one a kind of plugin, and observers.

Hooks register or notify; they never train or measure. ``register`` is bound to the plugin that is
asked, so that every entry knows its distribution::

    register("my_method", "my_package.method:MyMethod", summary="what it is, in one line")

The target is imported when it is first used. The target of a benchmark, a study or reported numbers
names a file inside a package: ``"my_package:protocols/my_benchmark.toml"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

if TYPE_CHECKING:
    import typer

hookspec = pluggy.HookspecMarker("regene_bench")
hookimpl = pluggy.HookimplMarker("regene_bench")


OBSERVER_HOOKS = ("run_started", "run_finished", "campaign_finished")
"""Hooks that are told of what happens, in the order of a call."""
COMMAND_HOOK = "register_commands"


class Register(Protocol):
    def __call__(self, name: str, target: str, *, summary: str = "") -> None: ...


@hookspec
def register_datasets(register: Register) -> None:
    """Register ``DatasetSource`` classes."""


@hookspec
def register_benchmarks(register: Register) -> None:
    """Register protocols (TOML files inside a package)."""


@hookspec
def register_methods(register: Register) -> None:
    """Register ``Method`` classes."""


@hookspec
def register_feature_extractors(register: Register) -> None:
    """Register ``FeatureExtractor`` classes."""


@hookspec
def register_metrics(register: Register) -> None:
    """Register ``Metric`` classes."""


@hookspec
def register_executors(register: Register) -> None:
    """Register executors: callables that take a ``Job`` and yield a record for each of its runs."""


@hookspec
def register_figures(register: Register) -> None:
    """Register ``Figure`` classes: what a study draws or tabulates from its runs."""


@hookspec
def register_studies(register: Register) -> None:
    """Register studies (TOML files inside a package): runs, and the figures made of them."""


@hookspec
def register_reported(register: Register) -> None:
    """Register numbers that papers report (CSV files inside a package)."""


@hookspec
def register_loggers(register: Register) -> None:
    """Register ``RunLogger`` classes: where ``--log NAME`` keeps curves, scores and samples."""


@hookspec
def register_commands(cli: typer.Typer) -> None:
    """Add commands to ``regene-bench``; ``regene-bench --help`` calls it, so import late."""


@hookspec
def run_started(run: Mapping[str, Any]) -> None:
    """Told when a run begins, in the process that carries it out.

    ``run`` has plain values: ``run_id``, ``benchmark``, ``preset``, ``method``, ``params`` (JSON),
    ``seed`` and ``results``, the results folder.
    """


@hookspec
def run_finished(run: Mapping[str, Any], status: str) -> None:
    """Told when a run has ended, ``ok`` or ``failed``, after its rows are on disk.

    ``run`` is as of ``run_started``; with several workers this is told in theirs, not in the
    process of the call.
    """


@hookspec
def campaign_finished(results: str) -> None:
    """Told when all runs of a call have ended, in the process of the call, with the results
    folder.
    """
