"""Prints how long the commands take that must start at once, and what an import costs beside.

Usage: python benchmarks/speed/startup.py [REPETITIONS]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

LIMITS = {("--help",): 0.3, ("--version",): 0.3, ("list", "methods"): 0.5, ("run", "--help"): 0.5}
IMPORTS = ("typer", "rich.console", "pydantic", "pyarrow", "torch")


def seconds(code: str, *arguments: str) -> float:
    """Time one fresh interpreter."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    code = "from regene_bench.cli.main import main; main()"
    print(f"best and median of {repetitions} starts, seconds")
    for arguments, limit in LIMITS.items():
        times = [seconds(code, *arguments) for _ in range(repetitions)]
        name = f"regene-bench {' '.join(arguments)}"
        print(f"{name:<28} {min(times):.3f}  {statistics.median(times):.3f}  (goal {limit})")
    for module in IMPORTS:
        times = [seconds(f"import {module}") for _ in range(min(3, repetitions))]
        print(f"{'import ' + module:<28} {min(times):.3f}  {statistics.median(times):.3f}")


if __name__ == "__main__":
    main()
