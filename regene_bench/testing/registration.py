"""Contracts of whatever is registered: it is found without heavy imports, and described."""

from __future__ import annotations

import functools
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from regene_bench.base.environment import ALLOW_VARIABLE
from regene_bench.plugins.entries import Entry
from regene_bench.testing.check import Broken, NotApplicable, require

_HEAVY = ("torch", "torchvision", "pyarrow", "pandas", "scipy", "sklearn", "timm", "pydantic")
# a registration takes some hundredths; a second is a computation
_MOST_CPU_SECONDS = 1.0
_MOST_PRINTED = 80
# standard output is kept for what plugins print; the report goes to standard error, last
_PROBE = """
import json, sys, time
waits = []
def listen(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        waits.append(event)
def sleep(seconds):
    waits.append("time.sleep")
from regene_bench.plugins.host import KINDS, load_plugins
sys.addaudithook(listen)
time.sleep = sleep  # an audit event of its own since Python 3.13 only
before = time.process_time()
host = load_plugins()
# as for `regene-bench --help`
for plugin in list(host.plugins):
    host.commands_of(plugin)
seconds, waits = time.process_time() - before, list(waits)
names = {kind: [entry.name for entry in host.entries(kind)] for kind in KINDS}
heavy = [m for m in sys.argv[1:] if m in sys.modules]
report = {"names": names, "heavy": heavy, "seconds": seconds, "waits": sorted(set(waits))}
print(json.dumps(report), file=sys.__stderr__)
"""


class Registered(Protocol):
    """Any subject: it knows the entry that was registered."""

    @property
    def entry(self) -> Entry: ...


@dataclass(frozen=True)
class FreshProcess:
    """What a fresh Python that loaded the plugins of one distribution had to tell.

    Attributes:
        names: Kind of entry, as the hooks say it, to the registered names.
        heavy: The heavy packages that had been imported by then.
        seconds: CPU seconds that loading them took.
        waits: What they waited for, by Python's names: ``time.sleep``, ``socket.connect``.
        printed: What came out on standard output.
        error: The end of what it printed, if it could not load them; else empty.
    """

    names: Mapping[str, Sequence[str]]
    heavy: Sequence[str]
    seconds: float = 0.0
    waits: Sequence[str] = ()
    printed: str = ""
    error: str = ""


def registration_imports_nothing_heavy(subject: Registered) -> None:
    """Registering imports neither torch nor another heavy package, so that ``--help`` and
    ``list`` start at once.

    Mend: keep the package's ``__init__.py`` to the hooks, register names
    (``"package.module:Class"``) and import torch in that module only.
    """
    fresh = _fresh(subject)
    loaded = subject.entry.distribution
    require(not fresh.heavy, f"loading {loaded} imports {', '.join(fresh.heavy)}")


def registration_takes_no_time(subject: Registered) -> None:
    """Registering computes nothing and waits for nothing (the disk, the network, other programs):
    every command loads every plugin before it begins.

    Mend: register names only; look for files, devices and versions when the plugin is used.
    """
    fresh = _fresh(subject)
    loaded = subject.entry.distribution
    require(not fresh.waits, f"loading {loaded} calls {', '.join(fresh.waits)}")
    if fresh.heavy:
        raise NotApplicable("heavy imports take the time: see registration-imports-nothing-heavy")
    took = f"loading {loaded} takes {fresh.seconds:.1f} s of CPU time"
    require(fresh.seconds <= _MOST_CPU_SECONDS, took)


def registration_prints_nothing(subject: Registered) -> None:
    """Registering prints nothing on standard output, which belongs to the command: others read
    tables and JSON from there.

    Mend: take ``print`` out of the module, or use ``logging``.
    """
    printed = _fresh(subject).printed
    require(not printed, f"loading {subject.entry.distribution} prints {printed!r}")


def _fresh(subject: Registered) -> FreshProcess:
    """What loading the plugin's distribution in a fresh Python did.

    Raises:
        Broken: It could not be loaded there.
        NotApplicable: It is not installed.
    """
    entry = subject.entry
    fresh = _load_afresh(entry.distribution, entry.version)
    if fresh.error:
        raise Broken(f"a fresh Python could not load plugins: {fresh.error}")
    # observers and commands have no names
    names = fresh.names.get(entry.kind)
    if names is not None and entry.name.partition(":")[0] not in names:
        raise NotApplicable(f"a fresh Python does not find {entry.name!r}")
    return fresh


@functools.cache
def _load_afresh(distribution: str, version: str) -> FreshProcess:
    """Load a distribution's plugins in a new process.

    All its entries are registered together, so one process answers for them all.
    """
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *_HEAVY],
        env=os.environ | {ALLOW_VARIABLE: distribution},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    report = done.stderr.strip().rpartition("\n")[2]
    if done.returncode != 0 or not report.startswith("{"):
        error = done.stderr.strip()[-300:] or f"it ended with {done.returncode}"
        return FreshProcess({}, (), error=error)
    return FreshProcess(**json.loads(report), printed=done.stdout.strip()[:_MOST_PRINTED])


def is_described(subject: Registered) -> None:
    """It has a summary of one line for ``regene-bench list``, and its class a docstring for
    ``regene-bench info``.

    Mend: pass ``summary="…"`` to ``register``; write a docstring that names the paper.
    """
    require(bool(subject.entry.summary.strip()), "register was given no summary")
    loaded = subject.entry.load()
    if inspect.isclass(loaded):
        own = loaded.__dict__.get("__doc__")
        require(bool(own and own.strip()), f"{loaded.__name__} has no docstring")


LOADING_CHECKS = (
    registration_imports_nothing_heavy,
    registration_takes_no_time,
    registration_prints_nothing,
)
"""Of every plugin."""
REGISTRATION_CHECKS = (*LOADING_CHECKS, is_described)
"""Of whatever has a name."""
