#!/usr/bin/env bash
# SciPy 1.17.1, scipy.stats.linregress.
#
# What a careful expert would guess: a line through points that all have the same y is the easiest fit there
# is. Slope 0, intercept that y, residuals exactly 0, and so standard errors of 0, as for any other points that
# lie exactly on a line.
#
# What happens: slope and intercept are right, but both standard errors, the p-value and r are NaN, from three
# points on. With two points they are 0, and with three points on a slanted line they are 0 (or a rounding of
# it). The errors are computed from r, which is 0/0 for equal values, although the residuals need no r.
#
# Who is hurt: whoever extrapolates a score over 1/N (FID∞, KID over subsets) with linregress. A generator that
# gives one image for all labels has the same distance for every subset size: its score is right, its error is
# NaN, and a table, an interval or a JSON file made from it breaks or shows "± nan" for exactly the model whose
# score is the surest. A check that `stderr` is small fails for it as well, since NaN compares false.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" - <<'PYTHON'
import math
import sys
import warnings

import numpy
import scipy
from scipy.stats import linregress

print("python", sys.version.split()[0], "numpy", numpy.__version__, "scipy", scipy.__version__)
# 1/N of subsets of 100, 200, 400 and 500 images
x = [1 / 100, 1 / 200, 1 / 400, 1 / 500]


def fit(name, x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        line = linregress(x, y)
    print(
        f"{name:<34} slope {line.slope:g}, intercept {line.intercept:g} ± {line.intercept_stderr:g}, "
        f"slope's error {line.stderr:g}, r {line.rvalue:g}, p {line.pvalue:g}"
    )
    return line


equal = fit("four equal distances", x, [42.0] * 4)
two = fit("two equal distances", x[:2], [42.0] * 2)
slanted = fit("four distances on a slanted line", x, [42.0 + 100 * value for value in x])

as_seen = (
    equal.slope == 0
    and equal.intercept == 42
    and all(math.isnan(v) for v in (equal.intercept_stderr, equal.stderr, equal.rvalue))
    and two.stderr == two.intercept_stderr == 0
    and slanted.intercept_stderr < 1e-6
)
print("as described" if as_seen else "this has changed")
sys.exit(0 if as_seen else 1)
PYTHON
