"""Writing the parts of runs, here and elsewhere: CPU time and bytes of a part of fifty rows.

    python benchmarks/speed/part_writing.py --against ../before

Checkouts take turns, each in a process of its own, and the best of their rounds count. Nothing is
asked to reach the disk, which would be the disk's time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]


def write(folder: Path, parts: int) -> dict[str, float]:
    """Write parts as the checkout that is imported does.

    Returns:
        Milliseconds of CPU and bytes (of files, and of blocks on the disk) a part.
    """
    sys.path.append(str(HERE))  # last: the product is the checkout's
    from benchmarks.speed.leaderboard_load import write_runs

    write_runs(folder / "warm", 20)
    os.fsync = lambda _: None  # type: ignore[assignment]
    before = time.process_time()
    write_runs(folder / "timed", parts)
    seconds = time.process_time() - before
    files = [path.stat() for path in (folder / "timed").rglob("*") if path.is_file()]
    return {
        "ms": 1e3 * seconds / parts,
        "bytes": sum(file.st_size for file in files) / parts,
        "on disk": sum(512 * file.st_blocks for file in files) / parts,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", type=int, default=400)
    parser.add_argument("--against", type=Path, help="another checkout; it takes turns")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(write(Path(folder), arguments.parts)))
        return
    sides = {"here": HERE}
    if arguments.against is not None:
        sides = {"before": arguments.against.resolve(), **sides}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    for _ in range(arguments.rounds):
        for name, code in sides.items():
            paths = os.pathsep.join([str(code), str(code / "plugins")])
            called = subprocess.run(
                [sys.executable, __file__, "--write", "--parts", str(arguments.parts)],
                env=os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
                cwd=code,
                stdout=subprocess.PIPE,
                check=True,
            )
            found[name].append(json.loads(called.stdout))
    print(f"a part of 50 rows{'CPU ms':>12}{'bytes':>9}{'on disk':>9}")
    for name, rounds in found.items():
        ms, size, on_disk = (
            min(each[what] for each in rounds) for what in ("ms", "bytes", "on disk")
        )
        print(f"{name:<17}{ms:>12.2f}{size:>9.0f}{on_disk:>9.0f}")


if __name__ == "__main__":
    main()
