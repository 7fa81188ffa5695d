"""From what a user asks to what will be run: names, parameters, data, all checked beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from regene_bench.base.errors import UsageError
from regene_bench.base.events import Sink
from regene_bench.data.shapes import Preset
from regene_bench.harness.executors.choose import choose_executor
from regene_bench.harness.executors.executor import Executor, check_call, is_elsewhere
from regene_bench.harness.options import Options
from regene_bench.harness.run import Setting
from regene_bench.harness.run_logging import choose_loggers
from regene_bench.harness.workbench import set_up_workbench
from regene_bench.leaderboard.parts import check_writable
from regene_bench.plan.metrics import check_extractor_tables, choose_metrics
from regene_bench.plan.protocol import Benchmark, load_benchmark
from regene_bench.plan.runs import Choice, Run, check_preset, choose, identify
from regene_bench.plan.selection import Selection, parse_seeds, parse_selections, parse_settings
from regene_bench.plugins.host import PluginHost, load_plugins
from regene_bench.runtime.determinism import make_deterministic
from regene_bench.runtime.device import (
    can_capture,
    choose_device,
    choose_device_elsewhere,
    choose_precision,
    is_here,
)
from regene_bench.runtime.devices import choose_devices, helpers_of
from regene_bench.runtime.stop import StopRequest


@dataclass(frozen=True)
class Campaign:
    """All that a call needs, found and checked.

    Attributes:
        host: What is installed.
        benchmark: The protocol.
        preset: Which preset of protocol and methods.
        runs: What shall be there in the end.
        setting: What the runs share.
        executor: How runs are carried out.
        name: The benchmark as the user named it: a name, or a path.
        options: What the user asked for.
    """

    host: PluginHost
    benchmark: Benchmark
    preset: Preset
    runs: Sequence[Run]
    setting: Setting
    executor: Executor
    name: str
    options: Options


def prepare(
    benchmark_name: str,
    options: Options,
    emit: Sink,
    stop: StopRequest,
    *,
    decode_again: bool = False,
) -> Campaign:
    """Check everything that can be wrong in names, parameters and folders; then read the data.

    Args:
        benchmark_name: A registered benchmark, or the path of a protocol (``my.toml``).
        options: What the user asked for.
        emit: Takes progress events.
        stop: Looked at while data are read.
        decode_again: Do not trust what was decoded before, however alike the files look.

    Raises:
        RegeneBenchError: Bad usage, configuration or data.
        Interrupted: A stop was asked for.
    """
    # a plugin may change the working folder
    options = replace(options, results=options.results.absolute())
    if options.devices:
        chosen = choose_devices(",".join(options.devices), mixed=options.mixed_devices)
        options = replace(options, devices=chosen)
    host = load_plugins()
    benchmark = load_benchmark(host, benchmark_name)
    preset = check_preset(options.preset or benchmark.default_preset)
    choices = _choose(host, benchmark, preset, options)
    metrics = choose_metrics(host, benchmark, options.metrics)
    check_extractor_tables(host, benchmark)
    executor = choose_executor(host, options)
    loggers = choose_loggers(host, options.log)
    host.find("dataset", benchmark.data.source, home=benchmark.distribution)
    named = options.devices[0] if options.devices else options.device
    if is_elsewhere(executor):
        device = choose_device_elsewhere(named, options.precision)
    else:
        device = choose_device(named)
    if options.captured and not can_capture(device):
        raise UsageError(
            f"--captured: steps are captured on CUDA, and the device is {device.type}.",
            hint="Leave --captured out, or give --device cuda.",
        )
    precision = choose_precision(options.precision, device)
    decided = replace(options, device=str(device), precision=precision)
    check_call(executor, decided, f"The executor {options.executor!r}")
    check_writable(options.results)
    make_deterministic()

    bench = set_up_workbench(
        host,
        benchmark,
        preset,
        # data are read here in any case: their fingerprint enters the ids of runs
        device=device if is_here(device) else torch.device("cpu"),
        precision=precision,
        folders=options.data,
        task=benchmark.name,
        stop=stop,
        emit=emit,
        checkpoint_seconds=options.checkpoint_seconds,
        decode_again=decode_again,
        results=options.results,
        also_on=helpers_of(options.devices) if options.devices else (),
    )
    setting = Setting(
        results=options.results,
        data=bench.data,
        comparison=bench.comparison,
        shared=bench.shared,
        shelf=bench.shelf,
        metrics=metrics,
        device=device,
        precision=precision,
        checkpoint_seconds=options.checkpoint_seconds,
        stop=stop,
        emit=emit,
        loggers=loggers,
        fast=options.fast,
        captured=options.captured,
    )
    runs = identify(choices, benchmark, preset, bench.data.fingerprint)
    return Campaign(host, benchmark, preset, runs, setting, executor, benchmark_name, options)


def _choose(
    host: PluginHost, benchmark: Benchmark, preset: Preset, options: Options
) -> list[Choice]:
    seeds = parse_seeds(options.seeds)
    settings = parse_settings(options.settings)
    if options.methods:
        typed = parse_selections(options.methods)
        return choose(host, benchmark, typed, seeds, preset, settings)
    own = [Selection(name, ({},)) for name in benchmark.default_methods]
    return choose(host, benchmark, own, seeds, preset, settings, home=benchmark.distribution)
