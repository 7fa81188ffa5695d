"""The one Arrow schema of the leaderboard, made from ``row_columns.COLUMNS``.

``migrated`` brings rows that an older version wrote under the schema of today.
"""

from __future__ import annotations

import pyarrow as pa

from regene_bench.base.errors import ResultsError
from regene_bench.leaderboard.row_columns import COLUMNS, SCHEMA_VERSION, Kind

OLDEST = 1
"""The oldest version that is still read."""
ADDED: dict[int, tuple[str, ...]] = {2: ("ci_low", "ci_high"), 3: ("trained_together",)}
"""Columns that each version added; rows of older versions have no values there."""
VERSION_KEY = b"regene_bench.schema_version"

_ARROW_TYPES: dict[Kind, pa.DataType] = {
    "text": pa.dictionary(pa.int32(), pa.string()),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}

SCHEMA: pa.Schema = pa.schema(
    [pa.field(c.name, _ARROW_TYPES[c.kind]) for c in COLUMNS],
    metadata={VERSION_KEY: str(SCHEMA_VERSION).encode()},
)
PLAIN_SCHEMA: pa.Schema = pa.schema(
    [pa.field(c.name, pa.string() if c.kind == "text" else _ARROW_TYPES[c.kind]) for c in COLUMNS]
)
"""The same columns as files have them: dictionaries would come to pandas as categories."""


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
