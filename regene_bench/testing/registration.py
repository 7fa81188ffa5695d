"""Contracts of every registered thing: found without anything heavy, and described."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from typing import Protocol

from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import ALLOW_VARIABLE
from regene_bench.testing.contract import NotApplicable, require

_HEAVY = ("torch", "torchvision", "pyarrow", "pandas", "scipy", "sklearn", "timm", "pydantic")
_PROBE = """
import json, sys
from regene_bench.plugins.host import load_plugins
host = load_plugins()
names = [entry.name for entry in host.entries(sys.argv[1])]
print(json.dumps({"names": names, "heavy": [m for m in sys.argv[2:] if m in sys.modules]}))
"""


class Registered(Protocol):
    @property
    def entry(self) -> Entry: ...


def registration_imports_nothing_heavy(subject: Registered) -> None:
    """Registering imports neither torch nor another heavy package, so that ``--help`` and
    ``list`` start at once.

    Mend: keep the package's ``__init__.py`` to the hooks, register names
    (``"package.module:Class"``) and import torch in that module only.
    """
    entry = subject.entry
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, entry.kind, *_HEAVY],
        env=os.environ | {ALLOW_VARIABLE: entry.distribution},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode != 0:
        raise NotApplicable(f"a fresh Python could not load plugins: {done.stderr.strip()[-300:]}")
    told = json.loads(done.stdout)
    if entry.name.partition(":")[0] not in told["names"]:
        raise NotApplicable(f"a fresh Python does not find {entry.name!r}")
    require(not told["heavy"], f"loading {entry.distribution} imports {', '.join(told['heavy'])}")


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
