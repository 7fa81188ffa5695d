"""Which executor a call means, and the options that it is given."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, cast

from regene_bench.base.errors import PluginError, UsageError, did_you_mean
from regene_bench.base.guard import guarded
from regene_bench.base.validation import validate
from regene_bench.harness.executors.executor import Executor, ExecutorConfig, serial, stacked
from regene_bench.harness.executors.workers import one_worker, workers
from regene_bench.harness.options import Options
from regene_bench.plan.selection import parse_value
from regene_bench.plugins.entries import OWN_DISTRIBUTION, Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.runtime.devices import check_one_way

_OWN: Mapping[str, Executor] = {"serial": serial, "stacked": stacked, "workers": workers}


def choose_executor(host: PluginHost, options: Options) -> Executor:
    """Find the executor of a call, made with its options where it takes any.

    Args:
        host: Knows the registered ones.
        options: Of the call.

    Raises:
        UsageError: There is no such executor, it takes no options, or two of the call's options
            contradict each other.
        ConfigError: An option is unknown to the executor, or impossible.
        PluginError: It cannot be used.
    """
    _check_workers(options)
    _check_devices(options)
    # what everybody's calls rest on is meant by its mere name, whoever has another of that name
    own = options.executor.removeprefix(f"{OWN_DISTRIBUTION}:")
    if own not in _OWN:
        return _registered(host, options)
    if options.executor_options:
        raise UsageError(
            f"The executor {own!r} takes no options, as {options.executor_options[0]!r}.",
            hint="How many processes there are is said by --workers.",
        )
    if options.run_timeout is not None and own == "stacked":
        raise UsageError(
            "Runs that train as one cannot be ended one by one.",
            hint="Give either --executor stacked or --run-timeout.",
        )
    return one_worker if options.run_timeout is not None and own == "serial" else _OWN[own]


def _check_workers(options: Options) -> None:
    name, processes = options.executor, options.workers
    if processes is None:
        return
    if not (isinstance(processes, int) and processes >= 1):
        raise UsageError(
            f"Runs cannot be carried out by {processes!r} workers.",
            hint="Give a whole number from 1, or none for one a core.",
        )
    if name.removeprefix(f"{OWN_DISTRIBUTION}:") in ("serial", "stacked"):
        raise UsageError(
            f"The executor {name!r} works in one process, not in {processes} workers.",
            hint="Give either the executor or the number of workers.",
        )


def _check_devices(options: Options) -> None:
    if not options.devices:
        if options.mixed_devices:
            raise UsageError("--mixed-devices is of --devices, and none are given.")
        return
    if options.executor.removeprefix(f"{OWN_DISTRIBUTION}:") != "workers":
        raise UsageError(
            f"The executor {options.executor!r} computes on one device, not on several.",
            hint="Give either --executor or --devices.",
        )
    check_one_way(options.device, options.devices)


def _registered(host: PluginHost, options: Options) -> Executor:
    name = options.executor
    entries = host.entries("executor")
    if not any(name in (entry.name, entry.qualified_name) for entry in entries):
        known = [*_OWN, *host.shown_names("executor")]
        hint = did_you_mean(name, known)
        raise UsageError(f"Unknown executor {name!r}.", hint=host.with_left_out(hint))
    if options.workers is not None:
        raise UsageError(
            f"The executor {name!r} is not told how many workers there are by --workers.",
            hint=f"`regene-bench info {name}` lists its own options, or leave out --executor.",
        )
    return made(host.find("executor", name), options.executor_options)


def made(entry: Entry, options: Sequence[str]) -> Executor:
    """Load a registered executor; one that is a class is made with its options.

    Args:
        entry: Its registration.
        options: ``key=value`` items.

    Raises:
        UsageError: It takes no options, or an item cannot be read.
        ConfigError: An option is unknown, or impossible.
        PluginError: It cannot be used.
    """
    executor: Any = entry.load()
    if not inspect.isclass(executor):
        if options:
            raise UsageError(f"The executor {entry.name!r} takes no options, as {options[0]!r}.")
        return cast("Executor", executor)
    make: Any = executor
    model: Any = getattr(make, "Config", None)
    if not (inspect.isclass(model) and issubclass(model, ExecutorConfig)):
        raise PluginError(
            f"The executor {entry.described} is a class without options.",
            hint="Give it a Config, a subclass of ExecutorConfig, or register a function.",
        )
    where = f"--executor-option of {entry.name}"
    config = validate(model, executor_values(options), where)
    with guarded(entry.described):
        return cast("Executor", make(config))


def executor_values(items: Sequence[str]) -> dict[str, Any]:
    """Read ``key=value`` items.

    Raises:
        UsageError: An item has another form, or a key is given twice.
    """
    values: dict[str, Any] = {}
    for item in items:
        key, equals, value = item.partition("=")
        key = key.strip()
        if not (equals and key):
            raise UsageError(f"Cannot read --executor-option {item!r}.", hint="Write KEY=VALUE.")
        if key in values:
            raise UsageError(f"--executor-option gives {key} twice.")
        values[key] = parse_value(value)
    return values
