"""Rows of older schema versions, brought to the newest."""

from __future__ import annotations

import pyarrow as pa

from regene_bench.base.errors import ResultsError
from regene_bench.leaderboard.schema import ADDED, OLDEST, SCHEMA, SCHEMA_VERSION


def migrated(table: pa.Table, version: int) -> pa.Table:
    """Give rows of an older version the columns that newer ones added, without values.

    Args:
        table: Rows as they were read.
        version: Their schema version, at most ``SCHEMA_VERSION``.

    Raises:
        ResultsError: The version is too old to be read.
    """
    if version < OLDEST:
        raise ResultsError(
            f"its schema version {version} is older than {OLDEST}, the oldest that can be read; "
            "measure the runs again"
        )
    if version == SCHEMA_VERSION:
        return table
    for newer in range(version + 1, SCHEMA_VERSION + 1):
        for name in ADDED[newer]:
            if name not in table.column_names:
                nulls = pa.nulls(table.num_rows, SCHEMA.field(name).type)
                table = table.append_column(name, nulls)
    current = pa.array([SCHEMA_VERSION] * table.num_rows, pa.int32())
    index = table.column_names.index("schema_version")
    return table.set_column(index, "schema_version", current)
