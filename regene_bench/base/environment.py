"""The environment variables that regene-bench reads: every name once, with what it does.

The page of hooks, variables and exit codes in the manual is made of ``VARIABLES``.
"""

from __future__ import annotations

import math
import os

from regene_bench.base.errors import UsageError

DATA_VARIABLE = "REGENE_BENCH_DATA"
CACHE_VARIABLE = "REGENE_BENCH_CACHE"
OFFLINE_VARIABLE = "REGENE_BENCH_OFFLINE"
ALLOW_VARIABLE = "REGENE_BENCH_PLUGINS"
BLOCK_VARIABLE = "REGENE_BENCH_BLOCK_PLUGINS"
STRICT_VARIABLE = "REGENE_BENCH_STRICT_PLUGINS"
GRACE_VARIABLE = "REGENE_BENCH_GRACE"
LEASE_VARIABLE = "REGENE_BENCH_LEASE"
TORCH_ONLY_VARIABLE = "REGENE_BENCH_TORCH_ONLY"
PROGRAMS_VARIABLE = "REGENE_BENCH_PROGRAMS"

VARIABLES: dict[str, str] = {
    DATA_VARIABLE: "Folders that hold data sets, separated as in `PATH`; looked through after "
    "those of `--data`.",
    CACHE_VARIABLE: "Folder of weights, downloaded data, decoded images and features. Default: "
    "the platform's place for caches.",
    OFFLINE_VARIABLE: "`1`: use no network. What is not on this machine is unavailable, and the "
    "message says how to bring it.",
    ALLOW_VARIABLE: "Load these plugins only: names of distributions or entry points, with commas "
    "between.",
    BLOCK_VARIABLE: "Leave these plugins out: names of distributions or entry points, with commas "
    "between. `regene-bench --block-plugin NAME` does so for one call.",
    STRICT_VARIABLE: "`1`: a plugin that is broken ends the call instead of being left out.",
    GRACE_VARIABLE: "Seconds after which work that was asked to stop, and does not, is ended. "
    "Default: 60.",
    LEASE_VARIABLE: "Seconds after which a run on an object store is others' whose machine is not "
    "heard of any more. Default: 90.",
    TORCH_ONLY_VARIABLE: "`1`: extractors compute in torch alone, also where the extra `fast` is "
    "installed: for features with the same bits as on a machine without it.",
    PROGRAMS_VARIABLE: "`1`: the method `pipeline` may run the program that its `source` names: "
    "TorchScript, torch.export, a function. A study or a row from elsewhere can name one.",
}
"""What each variable does, in Markdown."""

LIBRARIES_VARIABLES: dict[str, str] = {
    "COLUMNS": "Width of tables, in characters, where there is no terminal to ask.",
    "HF_ENDPOINT": "Where the Hugging Face Hub is, for the data source `hub` and published "
    "weights.",
    "HF_HOME": "Folder of the Hugging Face Hub's own cache.",
    "HF_TOKEN": "A token of the Hub's, for data sets that are not public and for `publish hub`.",
    "AWS_ENDPOINT_URL": "The server of `s3://` addresses of results, where it is not Amazon's; "
    "`AWS_REGION`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` belong to it.",
    "OMP_NUM_THREADS": "Threads of torch on a CPU. With `--workers` each process takes one.",
    "CUDA_VISIBLE_DEVICES": "The GPUs that torch sees.",
}
"""Variables of libraries and terminals that change what regene-bench does."""


def is_on(variable: str) -> bool:
    """Tell whether a variable that is a switch is set, to anything but ``0``."""
    return os.environ.get(variable, "") not in ("", "0")


def is_offline() -> bool:
    """Tell whether the user wants no network to be used (``$REGENE_BENCH_OFFLINE``)."""
    return is_on(OFFLINE_VARIABLE)


def is_torch_only() -> bool:
    """Tell whether the user wants extractors to use torch alone (``$REGENE_BENCH_TORCH_ONLY``)."""
    return is_on(TORCH_ONLY_VARIABLE)


def may_run_programs() -> bool:
    """Tell whether the user trusts programs that parameters name (``$REGENE_BENCH_PROGRAMS``)."""
    return is_on(PROGRAMS_VARIABLE)


def names_in(variable: str) -> list[str]:
    """Give the names in a variable that is a list with commas between; none if it is not set."""
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]


def seconds_in(variable: str, usual: float) -> float:
    """Give the seconds that a variable says.

    Args:
        variable: Its name.
        usual: What it is where it is not set.

    Raises:
        UsageError: It is no positive number of seconds.
    """
    text = os.environ.get(variable, "")
    try:
        seconds = float(text) if text else usual
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise UsageError(
            f"${variable} is {text!r}, not a time.", hint=f"Give seconds; {usual:.0f} is usual."
        )
    return seconds
