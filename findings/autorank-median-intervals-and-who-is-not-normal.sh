#!/usr/bin/env bash
# autorank 1.3.0, autorank() and create_report().
#
# What a careful expert would guess: ci_lower and ci_upper beside a median are the interval from order statistics, at
# the level that was asked for; those of -x are those of x turned round, so that it does not matter whether a score is
# called a loss. And the report's sentence about normality names the column that Shapiro and Wilk's test rejected.
#
# What happens: the interval's half width in ranks has the root of n/2 where half the root of n belongs, 1.4 times as
# many, and ranks that count from 1 are taken as places that count from 0, one too high at both ends. An interval of
# 95 % covers 99.6 % of a hundred values, and of -x it is two places off. (A column's level is alpha over the number of
# columns; alpha is chosen here so that this is 95 %.) The p-values of normality are put into the order of the ranks by
# the permutation's inverse: of three and more columns, the report can name a normal one as the one that is not, with
# the other's p-value.
#
# Who is hurt: whoever lets it compare models over data sets or seeds and copies the report into a paper, which it is
# made for. Models that differ seem to overlap, rather by one end than by the other, and a wrong column is explained.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pandas==3.1.1 scipy==1.17.1 \
    autorank==1.3.0
MPLBACKEND=Agg MPLCONFIGDIR="$folder" "$folder/venv/bin/python" -W ignore - <<'PYTHON'
import contextlib
import io
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
from autorank import autorank, create_report
from scipy import stats

print("python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("autorank", "pandas", "scipy")))
N = 100
normal = stats.norm.ppf((np.arange(N) + 0.5) / N)  # as normal as a hundred values can be
random = np.random.default_rng(0)


def shuffled(values):
    return random.permutation(values)


def silently(function, *arguments, **options):
    """What a function returns, and what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        result = function(*arguments, **options)
    return result, printed.getvalue()


# four models of which `skewed` alone is not normal, and is the worst
table = pd.DataFrame(
    {
        "best": shuffled(normal) + 6,
        "skewed": np.exp(shuffled(normal)) / 10,
        "third": shuffled(normal) + 2,
        "second": shuffled(normal) + 4,
    }
)
result, _ = silently(autorank, table, alpha=0.05 * 4, order="ascending")
negated, _ = silently(autorank, -table, alpha=0.05 * 4, order="descending")


def covered(low, high):
    """The chance that the median lies between the order statistics of two ranks, from 1."""
    return stats.binom.cdf(high - 1, N, 0.5) - stats.binom.cdf(low - 1, N, 0.5)


def ranks(bounds, column):
    """Which of a column's values, counted from 1, two bounds are."""
    return tuple(int((column < bound - 1e-12).sum()) + 1 for bound in bounds)


row = result.rankdf.loc["best", ["ci_lower", "ci_upper"]].astype(float).tolist()
mirrored = negated.rankdf.loc["best", ["ci_lower", "ci_upper"]].astype(float).tolist()
given = ranks(row, table["best"])
of_negative = ranks([-mirrored[1], -mirrored[0]], table["best"])
exact = int(stats.binom.ppf(0.025, N, 0.5)), N + 1 - int(stats.binom.ppf(0.025, N, 0.5))
for name, (low, high) in {"autorank": given, "autorank of -x": of_negative, "order statistics": exact}.items():
    print(f"{name:<17} from value {low} to value {high} of {N}: covers the median in {covered(low, high):.1%}")

tested = {name: float(stats.shapiro(table[name]).pvalue) for name in table}
_, report = silently(create_report, result)
sentence = next(line for line in report.splitlines() if "population is normal for the" in line)
print("p-values of normality:", *(f"{name} {value:.3f}" for name, value in tested.items()))
print("in the report:", sentence.split(" Therefore")[0])
as_seen = (
    given != of_negative
    and covered(*given) > 0.99
    and covered(*of_negative) > 0.99
    and 0.95 < covered(*exact) < 0.97
    and [name for name, value in tested.items() if value < 0.05] == ["skewed"]
    and "skewed" not in sentence
)
print("as described" if as_seen else "this has changed")
sys.exit(0 if as_seen else 1)
PYTHON
