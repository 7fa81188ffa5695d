"""The rows themselves, for those who compute on."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from regene_bench.leaderboard.part_file import part_bytes
from regene_bench.leaderboard.schema import SCHEMA

STEM = "scores"


def write_downloads(table: pa.Table, folder: Path) -> None:
    """Write rows as ``scores.parquet``, under the leaderboard's schema, and ``scores.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{STEM}.parquet").write_bytes(part_bytes(table.cast(SCHEMA), statistics=True))
    plain = pa.schema(
        [
            pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type)
            for f in SCHEMA
        ]
    )
    pa_csv.write_csv(table.cast(plain), folder / f"{STEM}.csv")
