"""Prints where the time of whole calls goes: imports, features, training, metrics, boards, pages.

Each call runs in a process of its own with an empty cache, as a user's first one does. Phases are
told apart by the functions that a call goes through: the innermost counts, but what the neutral
classifier does for itself is its own. What belongs to none of them is "the rest".
A function that an older checkout has not is in its rest, too.

Not called ``profile.py``: Python would take that for its module of the name, beside which other
scripts of this folder stand.

Usage: python benchmarks/speed/phases.py [--calls digits,real,mnist,score,score-mnist,site]
       [--threads N] [--against CHECKOUT [--at-once]] [--data FOLDER] [--mnist OPTIONS]
       [--score OPTIONS] [--rows N]
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[2]
IMPORTS, REST, TOTAL = "imports", "the rest", "total"
EXTRACTORS = "regene_bench_plugins.extractors"
CACHE = "regene_bench.evaluation.feature_cache"
TITLES = {
    "digits": "run digits",
    "real": "run digits --methods real",
    "mnist": "run mnist --preset quick {mnist}",
    "score": "score 1,797 digits --against digits",
    "score-mnist": "score 1,000 images --against mnist {score}",
    "site": "publish site, of {rows:,} rows",
}
# where functions are looked up by those who call them, by phase
PHASES: Mapping[str, Sequence[str]] = {
    "reading data": ("regene_bench.harness.workbench:load_data",),
    "loading extractors": (f"{CACHE}:prepared",),
    "neutral classifier": (f"{EXTRACTORS}.neutral_classifier:NeutralClassifier.prepare",),
    "features of real images": (f"{CACHE}:FeatureCache.real",),
    "features of others": (f"{CACHE}:FeatureCache.extract",),
    "training": ("regene_bench.training.loop:advance",),
    "sampling": ("regene_bench.harness.run:sample",),
    "metrics": (
        "regene_bench.harness.run:measure_all",
        "regene_bench.samples.measuring:measure_all",
    ),
    "reading rows": ("regene_bench.cli.publish:read_sources", "regene_bench.publish.site:collect"),
    "boards": (
        "regene_bench.publish.content:make_boards",
        "regene_bench.publish.content:make_class_boards",
        "regene_bench.publish.content:runs_by_line",
    ),
    "charts": ("regene_bench.publish.board_page:charts_of",),
    "charts' library": ("regene_bench.publish.site:page_library",),
    "views of pages": (
        "regene_bench.publish.site:_write_page",
        "regene_bench.publish.site:_write_benchmark",
    ),
    "templates": ("regene_bench.publish.site:_Site.write",),
    "writing": (
        "regene_bench.harness.supervisor:write_part",
        "regene_bench.harness.run:save_picture",
        "regene_bench.publish.site:Downloads.write",
        "regene_bench.publish.site:Downloads.write_all",
    ),
}
# a phase that is part of another where it happens within it
WITHIN = {
    "training": {"neutral classifier"},
    "features of others": {"features of real images"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", default="digits,score,site")
    parser.add_argument("--data", default="", help="folder with MNIST, for calls of it")
    parser.add_argument(
        "--mnist", default="--methods real,cvae", metavar="OPTIONS", help="of the call mnist"
    )
    parser.add_argument(
        "--score",
        default="--metrics fd_efficientnet_lite0",
        metavar="OPTIONS",
        help="of the call score-mnist",
    )
    parser.add_argument("--rows", type=int, default=100_000, help="of the call site")
    parser.add_argument("--against", type=Path, help="an older checkout, timed before this one")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--at-once", action="store_true", help="both checkouts beside each other")
    given = parser.parse_args()
    sides = {"before": given.against, "here": HERE} if given.against else {"here": HERE}
    print(f"{given.threads} thread(s), caches empty, seconds by the clock (and of CPU)")
    for call in given.calls.split(","):
        with tempfile.TemporaryDirectory() as folder:
            arguments = arguments_of(call, Path(folder), given)
            with ThreadPoolExecutor(len(sides) if given.at_once else 1) as pool:
                started = {
                    side: pool.submit(
                        timed, checkout, arguments, Path(folder) / side, given.threads
                    )
                    for side, checkout in sides.items()
                }
            found = {side: result.result() for side, result in started.items()}
        table(TITLES[call].format(**vars(given)).strip(), found)


def arguments_of(call: str, folder: Path, given: argparse.Namespace) -> list[str]:
    """What is called, after making what it reads."""
    data = ["--data", given.data] if given.data else []
    match call:
        case "digits":
            return ["run", "digits"]
        case "real":
            return ["run", "digits", "--methods", "real"]
        case "mnist":
            return ["run", "mnist", "--preset", "quick", *shlex.split(given.mnist), *data]
        case "score":
            return ["score", str(digits(folder)), "--against", "digits"]
        case "score-mnist":
            images = digits(folder, most=1000, enlarged=28)
            return ["score", str(images), "--against", "mnist", *shlex.split(given.score), *data]
        case "site":
            sys.path.insert(0, str(HERE))
            rows = import_module("benchmarks.speed.leaderboard")
            rows.write(rows.synthetic(given.rows), folder / "results", 100)
            return ["publish", "site", str(folder / "site"), str(folder / "results")]
    raise SystemExit(f"There is no call {call!r}: {', '.join(TITLES)}.")


def digits(folder: Path, most: int | None = None, enlarged: int = 8) -> Path:
    """A file of the digits of scikit-learn, the first ones or all, enlarged to some pixels."""
    numpy = import_module("numpy")
    found = import_module("sklearn.datasets").load_digits()
    pixels = (found.images[:most] * (255 / 16)).astype("uint8")
    pictures = [import_module("PIL.Image").fromarray(image) for image in pixels]
    larger = [numpy.asarray(picture.resize((enlarged, enlarged))) for picture in pictures]
    made = folder / "digits.npz"
    numpy.savez(made, images=numpy.stack(larger)[:, None], labels=found.target[:most])
    return made


def timed(
    checkout: Path, arguments: Sequence[str], folder: Path, threads: int
) -> dict[str, list[float]]:
    """Seconds by the clock and of CPU, by phase, of one call of a checkout."""
    folder.mkdir()
    environment = os.environ | {
        "PYTHONPATH": f"{checkout}{os.pathsep}{checkout / 'plugins'}",
        "REGENE_BENCH_CACHE": str(folder / "cache"),
        "OMP_NUM_THREADS": str(threads),
    }
    report = folder / "phases.json"
    # by -c and not by this file's path: nothing of this folder is to be imported by its name
    code = f"import runpy; runpy.run_path({__file__!r}, {{}}, 'phases')['watch']()"
    command = [sys.executable, "-c", code, str(report), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode or not report.exists():
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    found: dict[str, list[float]] = json.loads(report.read_text(encoding="utf-8"))
    return found


def table(title: str, found: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
    print(f"\n{title:<42}" + "".join(f"{side:>18}" for side in found))
    for phase in (IMPORTS, *PHASES, REST, TOTAL):
        values = [side.get(phase, (0.0, 0.0)) for side in found.values()]
        if any(clock >= 0.05 for clock, _ in values):
            print(f"{phase:<42}" + "".join(f"{a:9.1f} ({b:6.1f})" for a, b in values), flush=True)


class Watch:
    """Clock and CPU time by phase, of which the innermost runs."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._stack = [REST]
        self._since = self._now()

    def _now(self) -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def _book(self, phase: str) -> None:
        now = self._now()
        for i in range(2):
            self.spent[phase][i] += now[i] - self._since[i]
        self._since = now

    def around(self, phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            if WITHIN.get(phase, set()) & set(self._stack):
                return function(*args, **kwargs)
            self._book(self._stack[-1])
            self._stack.append(phase)
            try:
                return function(*args, **kwargs)
            finally:
                self._book(self._stack.pop())

        return watched


def watch() -> None:
    """Be the process of one call: import what it needs, then watch it."""
    report, sys.argv = Path(sys.argv[1]), ["regene-bench", *sys.argv[2:]]
    start = time.perf_counter(), time.process_time()
    run = import_module("regene_bench.cli.main").main
    # what a call imports, it imports here; the pages' modules need no torch
    wanted = "publish" if sys.argv[1] == "publish" else "harness"
    functions = {
        name: phase
        for phase, names in PHASES.items()
        for name in names
        if ("publish" in name) == (wanted == "publish")
    }
    modules = {name: import_module(name.partition(":")[0]) for name in functions}
    imports = [time.perf_counter() - start[0], time.process_time() - start[1]]
    watch = Watch()
    for name, phase in functions.items():
        *path, last = name.partition(":")[2].split(".")
        owner = functools.reduce(getattr, path, modules[name])
        if hasattr(owner, last):
            setattr(owner, last, watch.around(phase, getattr(owner, last)))
    try:
        run()
    except SystemExit as ended:
        if ended.code:
            raise
    finally:
        watch._book(REST)
        total = [imports[i] + sum(spent[i] for spent in watch.spent.values()) for i in range(2)]
        report.write_text(json.dumps({**watch.spent, IMPORTS: imports, TOTAL: total}))


if __name__ == "__main__":
    main()
