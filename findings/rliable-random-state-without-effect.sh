#!/usr/bin/env bash
# rliable 1.2.0 (with arch 7.2.0), library.get_interval_estimates and StratifiedBootstrap.
#
# What a careful expert would guess: intervals that are asked for with random_state=RandomState(1) are the same each
# time, as the argument's description says, and those of RandomState(2) are others. The classes of arch from which the
# bootstrap derives do so, and reset() of theirs draws the same samples again.
#
# What happens: random_state is handed on to arch, which keeps it, and nothing is ever drawn from it. Runs are resampled
# by NumPy's global generator. So the same call gives another interval each time, reset() begins nothing anew, and two
# processes that start with an equal global generator (forked workers) draw equal samples whatever their random_state.
# Each call also moves the global generator of its caller on by some thousand numbers.
#
# Who is hurt: whoever publishes intervals over seeds with the seed of the bootstrap beside them: nobody can recompute
# their bounds. An interval near a decision (does it hold 0, do two overlap) turns over between two runs of one script,
# and a training that draws its batches by NumPy goes on with others once it is evaluated on its way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.2.6 pandas==2.3.3 scipy==1.15.3 \
    arch==7.2.0 rliable==1.2.0
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
from arch.bootstrap import IIDBootstrap
from numpy.random import RandomState
from rliable import library, metrics

print("python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("rliable", "arch", "numpy")))
# FID of five seeds on four data sets
SCORES = RandomState(0).normal(20, 2, (5, 4))


def interval(seed):
    """Bounds of the interquartile mean."""
    _, bounds = library.get_interval_estimates(
        {"method": SCORES}, lambda x: np.array([metrics.aggregate_iqm(x)]), reps=500, random_state=RandomState(seed)
    )
    return tuple(bounds["method"].ravel().tolist())


def shown(bounds):
    return ", ".join(f"{bound:.3f}" for bound in bounds)


def of_arch(seed):
    found = IIDBootstrap(SCORES.ravel(), random_state=RandomState(seed)).conf_int(np.mean, 500, method="percentile")
    return tuple(found.ravel().tolist())


same = [interval(1) for _ in range(3)]
for bounds in same:
    print("rliable, random_state 1:                    ", shown(bounds))
by_global = []
for seed in (1, 2):
    np.random.seed(7)
    by_global.append(interval(seed))
    print(f"rliable, random_state {seed}, np.random.seed(7):   ", shown(by_global[-1]))
parent = [of_arch(1), of_arch(1)]
for bounds in parent:
    print("arch's own bootstrap, random_state 1:       ", shown(bounds))

drawn = {}
for kind in (library.StratifiedBootstrap, IIDBootstrap):
    bootstrap = kind(SCORES, random_state=RandomState(1))
    drawn[kind] = []
    for _ in range(2):
        drawn[kind].append([float(positional[0].mean()) for positional, _ in bootstrap.bootstrap(2)])
        bootstrap.reset()
    print(f"{kind.__name__}: means of two samples {shown(drawn[kind][0])}; after reset() {shown(drawn[kind][1])}")
as_seen = (
    len(set(same)) == 3
    and by_global[0] == by_global[1]
    and parent[0] == parent[1]
    and drawn[library.StratifiedBootstrap][0] != drawn[library.StratifiedBootstrap][1]
    and drawn[IIDBootstrap][0] == drawn[IIDBootstrap][1]
)
print("as described" if as_seen else "this has changed")
sys.exit(0 if as_seen else 1)
PYTHON
