"""Seconds to read the parts of a store, for the first time and again.

    python benchmarks/speed/object_store.py s3://bucket/prefix             # 2,000 parts
    python benchmarks/speed/object_store.py s3://bucket/prefix --parts 200

The address is of an empty prefix, and the server is named by the environment (AWS_ENDPOINT_URL and
the like). Parts are as runs leave them, with 50 rows each. The first reading fetches all of them;
the second finds nothing changed; the third finds one that has. Each is `regene-bench leaderboard`'s
own way: the mirror is brought up to date, then read. Beside the seconds of the clock stand those of
the processor, for this process alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from leaderboard_load import METRICS, synthetic_run

from regene_bench.base.environment import CACHE_VARIABLE
from regene_bench.leaderboard.parts import part_content
from regene_bench.leaderboard.totals import read_totals
from regene_bench.stores.mirror import part_key
from regene_bench.stores.opening import open_mirror, open_store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address")
    parser.add_argument("--parts", type=int, default=2000)
    arguments = parser.parse_args()
    store = open_store(arguments.address)
    if store.list(""):
        sys.exit(f"{store.address} is not empty")
    runs = list(map(synthetic_run, range(arguments.parts)))
    contents = {part_key(run.benchmark, run.run_id): part_content(run) for run in runs}
    size = sum(map(len, contents.values()))
    print(f"{len(contents):,} parts, {size / 1e6:.1f} MB, at {store.address}")

    def put() -> None:
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(store.put, contents, contents.values()))

    timed("put by 16 threads", put)
    with tempfile.TemporaryDirectory() as cache:
        os.environ[CACHE_VARIABLE] = cache
        mirror = open_mirror(arguments.address)

        def read() -> None:
            pulled = mirror.pull()
            rows, bad = read_totals(mirror.folder)
            assert (pulled.total, len(bad)) == (len(contents), 0)
            assert len(rows) == len(contents) * len(METRICS)

        timed("list alone", lambda: store.list("leaderboard"))
        timed("fetch alone", mirror.pull)
        timed("read alone, for the first time", lambda: read_totals(mirror.folder))
        timed("again: nothing has changed", read)
        timed("again: nothing has changed", read)
        key = next(iter(contents))
        store.put(key, part_content(replace(runs[0], seed=99)))
        timed("one part has changed", read)
    for key in contents:
        store.delete(key)


def timed(what: str, call: Callable[[], object]) -> None:
    """Print how long a call takes, by the clock and of this process's time on the processor."""
    began, used = time.perf_counter(), time.process_time()
    call()
    print(
        f"{what:35} {time.perf_counter() - began:7.2f} s, {time.process_time() - used:6.2f} s CPU",
        flush=True,
    )


if __name__ == "__main__":
    main()
