"""Rank a million synthetic score rows: time and peak memory of ``regene-bench leaderboard``.

    python benchmarks/speed/leaderboard.py              # 1,000,000 rows in a temporary folder
    python benchmarks/speed/leaderboard.py --rows 1e5

Rows lie as runs leave them, a Parquet file each, and with a hundred runs a file. The command runs
in a process of its own, twice: the first time nothing is in the cache.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from regene_bench.leaderboard.row_columns import SCHEMA_VERSION
from regene_bench.leaderboard.schema import SCHEMA

METHODS = ("real", "autoencoder", "regene", "cgan", "cvae")
METRICS = tuple(f"metric_{i}" for i in range(12))
CLASSES = (None, *(f"class {i}" for i in range(10)))
SEEDS = 5
LINES_A_BENCHMARK = 100


def synthetic(n_rows: int) -> pa.Table:
    """Make rows: benchmarks of 100 lines, 5 seeds, 12 metrics, a total and 10 classes each."""
    per_run = len(METRICS) * len(CLASSES)
    n_runs = -(-n_rows // per_run)
    row = np.arange(n_runs * per_run)
    run = row // per_run
    metric, cls = (row // len(CLASSES)) % len(METRICS), row % len(CLASSES)
    seed, line = run % SEEDS, run // SEEDS
    bench, line = line // LINES_A_BENCHMARK, line % LINES_A_BENCHMARK
    values = np.random.default_rng(0).gamma(4.0, 5.0, len(row)) + line

    def coded(codes: np.ndarray, words: list[str | None]) -> pa.Array:
        used = [word for word in words if word is not None]
        index = pa.array(codes - (len(words) - len(used)), mask=codes < len(words) - len(used))
        return pa.DictionaryArray.from_arrays(index.cast(pa.int32()), pa.array(used, pa.string()))

    def same(word: str) -> pa.Array:
        return coded(np.zeros(len(row), np.int64), [word])

    methods = [METHODS[i % len(METHODS)] for i in range(LINES_A_BENCHMARK)]
    params = [f'{{"noise_dim":{i // len(METHODS)}}}' for i in range(LINES_A_BENCHMARK)]
    roles = ["reference" if name == "real" else "method" for name in methods]
    columns: dict[str, pa.Array] = {
        "schema_version": pa.array(np.full(len(row), SCHEMA_VERSION, np.int32)),
        "run_id": coded(run, [f"{i:016x}" for i in range(n_runs)]),
        "benchmark": coded(bench, [f"bench{i}" for i in range(int(bench.max()) + 1)]),
        "protocol_version": pa.array(np.ones(len(row), np.int32)),
        "seed": pa.array(seed.astype(np.int64)),
        "metric": coded(metric, list(METRICS)),
        "class": coded(cls, list(CLASSES)),
        "value": pa.array(values),
        "fit_seconds": pa.array(line + 1.0),
        "timestamp": pa.array(run.astype("datetime64[s]").astype("datetime64[us]")),
    }
    columns |= {
        name: coded(line, words)
        for name, words in (("method", methods), ("params", params), ("method_role", roles))
    }
    fixed = {
        "preset": "quick",
        "dataset": "data",
        "dataset_fingerprint": "f00d",
        "method_version": "1",
        "distribution": "regene-bench",
        "distribution_version": "0",
        "status": "ok",
        "direction": "lower",
        "unit": "",
        "device": "cpu",
        "note": "",
    }
    columns |= {name: same(word) for name, word in fixed.items()}
    arrays = [columns.get(f.name, pa.nulls(len(row), f.type)) for f in SCHEMA]
    arrays = [
        a.cast(f.type) if a.type != f.type else a for a, f in zip(arrays, SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA).slice(0, n_rows)


def write(table: pa.Table, results: Path, runs_a_file: int) -> int:
    """Write rows as parts of so many runs each; returns the number of files."""
    size = runs_a_file * len(METRICS) * len(CLASSES)
    count = 0
    for start in range(0, table.num_rows, size):
        part = _own_dictionaries(table.slice(start, size))
        folder = results / "leaderboard" / part["benchmark"][0].as_py()
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(part, folder / f"{start:012d}.parquet", compression="zstd")
        count += 1
    return count


def _own_dictionaries(part: pa.Table) -> pa.Table:
    """Keep of every dictionary what the rows use, as a run's own part does."""
    arrays = [
        c.cast(pa.string()).combine_chunks().dictionary_encode()
        if pa.types.is_dictionary(c.type)
        else c
        for c in part.columns
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def measure(results: Path, cache: Path) -> tuple[float, float]:
    """Run the command; returns seconds and the children's peak memory so far in megabytes."""
    environment = os.environ | {"REGENE_BENCH_CACHE": str(cache)}
    code = "from regene_bench.cli.main import main; main()"
    command = [sys.executable, "-c", code, "leaderboard", "--results", str(results)]
    started = time.perf_counter()
    command += ["--format", "csv"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    seconds = time.perf_counter() - started
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=lambda text: int(float(text)), default=1_000_000)
    arguments = parser.parse_args()
    table = synthetic(arguments.rows)
    print(f"{'rows':>10}  {'files':>7}  {'':<5}  {'seconds':>8}  {'peak MB':>8}")
    for runs_a_file in (100, 1):
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder) / "results"
            files = write(table, results, runs_a_file)
            for when in ("first", "again"):
                seconds, megabytes = measure(results, Path(folder) / "cache")
                row = f"{table.num_rows:>10,}  {files:>7,}  {when}"
                print(f"{row}  {seconds:>8.2f}  {megabytes:>8.0f}", flush=True)


if __name__ == "__main__":
    main()
