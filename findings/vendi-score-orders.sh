#!/usr/bin/env bash
# vendi-score 0.0.3, the package of the Vendi score's authors.
#
# A careful expert would guess that its three functions give one number for the same samples and the same order q:
# score_K from the similarities, score_X and score_dual from the vectors. All have the argument q.
#
# score_X takes q and leaves it: whatever is asked for, the score is that of order 1. And below order 1, score_K and
# score_dual count what rounding makes of zero eigenvalues as samples: a hundred copies of three vectors are more than
# 35 kinds by the one and 25 by the other at order 0.01, where there are three (the Hill number of their shares is
# 2.993). Both are in the order of the machine's rounding, and so differ between machines.
#
# Hurt: who reports orders other than 1 from vectors (all columns are equal, and look robust), or low orders to show
# rare modes (copies look diverse).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet vendi-score==0.0.3 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import importlib.metadata
import sys

import numpy as np
from vendi_score import vendi

for name in ("vendi-score", "numpy", "scipy"):
    print(name, importlib.metadata.version(name))

shares = np.array([0.6, 0.3, 0.1])
kinds = np.linalg.qr(np.random.default_rng(0).standard_normal((64, 64)))[0][:3]
samples = np.repeat(kinds, [60, 30, 10], axis=0)  # at right angles, copied


def hill_number(q):
    return (shares**q).sum() ** (1 / (1 - q))


print(f"{'order':>6} {'closed form':>12} {'score_K':>9} {'score_X':>9} {'score_dual':>11}")
found = {}
for q in (2, 0.01):
    found[q] = (
        vendi.score_K(samples @ samples.T, q=q),
        vendi.score_X(samples, q=q),
        vendi.score_dual(samples, q=q),
    )
    k, x, dual = found[q]
    print(f"{q:>6} {hill_number(q):>12.4f} {k:>9.4f} {x:>9.4f} {dual:>11.4f}")

entropy = np.exp(-(shares * np.log(shares)).sum())
ignored = abs(found[2][1] - entropy) < 1e-6 and abs(found[2][0] - hill_number(2)) < 1e-6
noise = all(found[0.01][i] > 2 * hill_number(0.01) for i in (0, 2))
print("score_X gives order 1 when asked for order 2:", ignored)
print("at order 0.01 rounding counts as samples:", noise)
sys.exit(0 if ignored and noise else 1)
PYTHON
