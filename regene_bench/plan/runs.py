"""benchmark × methods × grid × seeds → a list of runs with stable ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regene_bench.base.errors import UsageError, did_you_mean
from regene_bench.base.hashing import canonical_json, stable_id
from regene_bench.base.validation import validate
from regene_bench.data.shapes import PRESETS, Preset
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
) -> list[Choice]:
    """Validate everything that can be validated without data.

    Args:
        settings: Parameters by method name (``--set``); a grid's values come on top of them.

    Raises:
        UsageError: Unknown method, or a setting for a method that is not chosen.
        ConfigError: An unknown or impossible parameter.
    """
    names = {selection.name for selection in selections}
    for name in settings:
        if name not in names:
            find_method(host, name)
            raise UsageError(
                f"--set names {name!r}, which is not among the methods of this call.",
                hint="Chosen: " + ", ".join(sorted(names)) + ".",
            )
    choices = []
    for selection in selections:
        entry = find_method(host, selection.name)
        method: type[Method] = entry.load()
        base = dict(method.preset(preset, benchmark.data.shape))
        base.update(settings.get(selection.name, {}))
        for values in selection.grid:
            where = f"method {selection.name}"
            config = validate(method.Config, base | values, where)
            # Settings are those of all runs of the method: they tell none from another.
            detail = ", ".join(f"{key}={value}" for key, value in values.items())
            title = f"{entry.name}[{detail}]" if detail else entry.name
            params = canonical_json(config.model_dump(mode="json"))
            choices += [Choice(entry, method, config, params, title, seed) for seed in seeds]
    return choices


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
                "params": choice.config.model_dump(mode="json"),
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
