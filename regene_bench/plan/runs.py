"""benchmark × methods × grid × seeds → a list of runs with stable ids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regene_bench.base.errors import UsageError, did_you_mean
from regene_bench.base.hashing import stable_id
from regene_bench.data.shapes import PRESETS, Preset
from regene_bench.plan.configuration import configured, preset_values
from regene_bench.plan.protocol import Benchmark
from regene_bench.plan.selection import Selection
from regene_bench.plugins.host import Entry, PluginHost
from regene_bench.plugins.method_files import find_method
from regene_bench.training.method import Method, MethodConfig


@dataclass(frozen=True)
class Choice:
    """One method with validated parameters and a seed, before the data are known.

    A ``Run`` is made of it once the data's fingerprint is there, which a run id needs.
    """

    entry: Entry
    method: type[Method]
    config: MethodConfig
    params: str
    title: str
    seed: int


@dataclass(frozen=True)
class Run:
    """One method × parameters × seed on one benchmark.

    Attributes:
        run_id: Hash of protocol, data fingerprint, method, version, parameters and seed; device,
            executor and time are not in it.
        title: How the run is called on screens.
        benchmark: The protocol.
        preset: Which preset of protocol and method.
        entry: Where the method was registered.
        method: The method's class.
        config: Its validated configuration.
        params: The configuration as canonical JSON.
        seed: Seed of training and sampling.
        fingerprint: The data set's.
    """

    run_id: str
    title: str
    benchmark: Benchmark
    preset: Preset
    entry: Entry
    method: type[Method]
    config: MethodConfig
    params: str
    seed: int
    fingerprint: str


def check_preset(name: str) -> Preset:
    """Return the preset of this name.

    Raises:
        UsageError: There is none.
    """
    for preset in PRESETS:
        if preset == name:
            return preset
    raise UsageError(f"Unknown preset {name!r}.", hint=did_you_mean(name, PRESETS))


def choose(
    host: PluginHost,
    benchmark: Benchmark,
    selections: Sequence[Selection],
    seeds: Sequence[int],
    preset: Preset,
    settings: Mapping[str, Mapping[str, Any]],
    *,
    home: str = "",
) -> list[Choice]:
    """Validate everything that can be validated without data.

    Args:
        settings: Parameters by method name (``--set``); a grid's values come on top of them.
        home: The distribution in whose file the methods stand; empty for what a user typed.

    Raises:
        UsageError: Unknown method, or a setting for a method that is not chosen.
        ConfigError: An unknown or impossible parameter.
        PluginError: A method cannot be used, or its configuration tells no runs apart.
    """
    entries = [find_method(host, selection.name, home=home) for selection in selections]
    tables = _by_method(host, settings, entries)
    choices = []
    for selection, entry in zip(selections, entries, strict=True):
        method: type[Method] = entry.load()
        base = preset_values(entry, method, preset, benchmark.data.shape)
        base.update(tables.get(entry, {}))
        for values in selection.grid:
            where = f"method {selection.name}"
            config, params = configured(entry, method, base | values, where)
            # Settings are those of all runs of the method: they tell none from another.
            detail = ", ".join(f"{key}={value}" for key, value in values.items())
            title = f"{entry.name}[{detail}]" if detail else entry.name
            # a copy each: what one run's method writes into its lists is no other run's business
            choices += [
                Choice(entry, method, config.model_copy(deep=True), params, title, seed)
                for seed in seeds
            ]
    return choices


def _by_method(
    host: PluginHost, settings: Mapping[str, Mapping[str, Any]], chosen: Sequence[Entry]
) -> dict[Entry, dict[str, Any]]:
    """Find out which of the chosen methods each table of settings is for.

    Raises:
        UsageError: It is for none of them, or two tables set one parameter.
        PluginError: Methods of two distributions are meant.
    """
    tables: dict[Entry, dict[str, Any]] = {}
    for name, values in settings.items():
        meant = {entry for entry in chosen if name in (entry.name, entry.qualified_name)}
        if len(meant) != 1:
            find_method(host, name)
            raise UsageError(
                f"--set names {name!r}, which is not among the methods of this call.",
                hint=f"Chosen: {', '.join(sorted({entry.name for entry in chosen}))}.",
            )
        table = tables.setdefault(meant.pop(), {})
        if twice := sorted(table.keys() & values.keys()):
            raise UsageError(f"--set gives {name}.{twice[0]} twice.")
        table.update(values)
    return tables


def identify(
    choices: Sequence[Choice], benchmark: Benchmark, preset: Preset, fingerprint: str
) -> list[Run]:
    """Give each choice its run id; equal choices fold into one run."""
    runs: dict[str, Run] = {}
    for choice in choices:
        run_id = stable_id(
            {
                "protocol": benchmark.identity(preset),
                "dataset_fingerprint": fingerprint,
                "method": choice.entry.name,
                "distribution": choice.entry.distribution,
                "method_version": choice.method.version,
                "params": json.loads(choice.params),
                "seed": choice.seed,
            }
        )
        runs.setdefault(
            run_id,
            Run(
                run_id=run_id,
                title=f"{choice.title} · seed {choice.seed}",
                benchmark=benchmark,
                preset=preset,
                entry=choice.entry,
                method=choice.method,
                config=choice.config,
                params=choice.params,
                seed=choice.seed,
                fingerprint=fingerprint,
            ),
        )
    return list(runs.values())
