#!/usr/bin/env bash
# pandas 3.1.1, pandas.read_parquet(engine="fastparquet") over fastparquet 2026.9.0.
#
# What a careful expert would guess: a column of 64-bit integers without a gap comes back as 64-bit integers. That
# it has no gap is in the file: its pages say so, and of a required column already the schema does. Statistics are
# an option by which readers skip what they need not read. And whoever reads by `pandas.read_parquet` gets what the
# engine itself gives.
#
# What happens: whether there can be gaps is looked up in the statistics alone. Where a file has none, fastparquet
# gives nullable integers, which are right; pandas asks it not to, and then every column of integers is a column of
# floats, silently, and numbers beyond 2^53 are others. A required column is no exception.
#
# Who is hurt: whoever keeps seeds, hashes, ids or times in nanoseconds as integers, in files that were written
# small (`write_statistics=False`), or by writers that have no statistics. Two ids fall together, a join finds
# nothing, a seed repeats another experiment; only the type of the column tells.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1 \
    fastparquet==2026.9.0
"$folder/venv/bin/python" -W ignore - "$folder/seeds.parquet" <<'PYTHON'
import sys
from importlib.metadata import version

import fastparquet
import pandas
import pyarrow as pa
import pyarrow.parquet as pq

print("python", sys.version.split()[0], *(f"{name} {version(name)}" for name in ("pandas", "pyarrow", "fastparquet")))
PATH = sys.argv[1]
SEEDS = [2**53 + 1, 7]
found = {}
for required in (False, True):
    for statistics in (True, False):
        schema = pa.schema([pa.field("seed", pa.int64(), nullable=not required)])
        pq.write_table(pa.table([SEEDS], schema=schema), PATH, write_statistics=statistics)
        columns = {
            "fastparquet": fastparquet.ParquetFile(PATH).to_pandas()["seed"],
            "pandas, engine fastparquet": pandas.read_parquet(PATH, engine="fastparquet")["seed"],
            "pandas, engine pyarrow": pandas.read_parquet(PATH, engine="pyarrow")["seed"],
        }
        print(f"{'required' if required else 'optional'}, {'with' if statistics else 'without'} statistics")
        for name, column in columns.items():
            found[required, statistics, name] = column.dtype.kind, int(column[0])
            print(f"    {name:<28}{column.dtype!s:<8} {int(column[0])}")

as_seen = all(
    outcome == ("i", SEEDS[0])
    if statistics or name != "pandas, engine fastparquet"
    else outcome == ("f", SEEDS[0] - 1)
    for (_, statistics, name), outcome in found.items()
)
print("as described" if as_seen else "this has changed")
sys.exit(0 if as_seen else 1)
PYTHON
