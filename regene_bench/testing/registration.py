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
from regene_bench.testing.check import NotApplicable, require

_HEAVY = ("torch", "torchvision", "pyarrow", "pandas", "scipy", "sklearn", "timm", "pydantic")
_PROBE = """
import json, sys, typer
from regene_bench.plugins.host import KINDS, load_plugins
host = load_plugins()
# as for `regene-bench --help`
host.add_commands(typer.Typer())
names = {kind: [entry.name for entry in host.entries(kind)] for kind in KINDS}
print(json.dumps({"names": names, "heavy": [m for m in sys.argv[1:] if m in sys.modules]}))
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
        error: The end of what it printed, if it could not load them; else empty.
    """

    names: Mapping[str, Sequence[str]]
    heavy: Sequence[str]
    error: str = ""


def registration_imports_nothing_heavy(subject: Registered) -> None:
    """Registering imports neither torch nor another heavy package, so that ``--help`` and
    ``list`` start at once.

    Mend: keep the package's ``__init__.py`` to the hooks, register names
    (``"package.module:Class"``) and import torch in that module only.
    """
    entry = subject.entry
    fresh = _load_afresh(entry.distribution, entry.version)
    if fresh.error:
        raise NotApplicable(f"a fresh Python could not load plugins: {fresh.error}")
    # observers and commands have no names
    names = fresh.names.get(entry.kind)
    if names is not None and entry.name.partition(":")[0] not in names:
        raise NotApplicable(f"a fresh Python does not find {entry.name!r}")
    require(not fresh.heavy, f"loading {entry.distribution} imports {', '.join(fresh.heavy)}")


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
    if done.returncode != 0:
        return FreshProcess(
            {}, (), done.stderr.strip()[-300:] or f"it ended with {done.returncode}"
        )
    return FreshProcess(**json.loads(done.stdout))


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
