"""Reads folders of results with one reader of Parquet, as its users do; prints the rows as JSON.

    python benchmarks/readers/with_python.py polars '{"parts": "FOLDER", "mixed, by name": "OTHER"}'

It imports nothing but the reader: it runs in an environment that has readers and no regene-bench.
Of a folder whose name ends in "by name" it asks for the union of all files' columns.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import reduce
from importlib.metadata import version
from os.path import commonpath
from pathlib import Path
from typing import Any

Rows = Iterable[Mapping[str, Any]]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BY_NAME = "by name"


def pyarrow_parquet(files: list[str], by_name: bool) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if by_name:
        tables = [plain_texts(pq.ParquetFile(file).read()) for file in files]
        return pa.concat_tables(tables, promote_options="default").to_pylist()
    return pq.read_table(files).to_pylist()


def pyarrow_dataset(files: list[str], by_name: bool) -> Rows:
    import pyarrow as pa
    import pyarrow.dataset as ds

    if by_name:
        schemas = [plain_texts(ds.dataset(file).schema.empty_table()).schema for file in files]
        return ds.dataset(files, schema=pa.unify_schemas(schemas)).to_table().to_pylist()
    return ds.dataset(files).to_table().to_pylist()


def plain_texts(table: Any) -> Any:
    import pyarrow as pa

    fields = [
        pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type)
        for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def pandas_pyarrow(files: list[str], by_name: bool) -> Rows:
    return with_pandas(files, by_name, "pyarrow")


def pandas_fastparquet(files: list[str], by_name: bool) -> Rows:
    return with_pandas(files, by_name, "fastparquet")


def with_pandas(files: list[str], by_name: bool, engine: str) -> Rows:
    import pandas

    if by_name:
        each = [pandas.read_parquet(file, engine=engine) for file in files]
        frame = pandas.concat(each)
    else:
        frame = pandas.read_parquet(files if len(files) > 1 else files[0], engine=engine)
    columns = {name: frame[name].tolist() for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def polars(files: list[str], by_name: bool) -> Rows:
    import polars

    if by_name:
        each = [polars.read_parquet(file) for file in files]
        return polars.concat(each, how="diagonal_relaxed").to_dicts()
    return polars.read_parquet(files).to_dicts()


def duckdb(files: list[str], by_name: bool) -> Rows:
    import duckdb

    found = duckdb.execute(
        f"SELECT * REPLACE (epoch_us(timestamp) AS timestamp) FROM read_parquet(?, "
        f"union_by_name={'true' if by_name else 'false'})",
        [files],
    )
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def datafusion(files: list[str], by_name: bool) -> Rows:
    import datafusion

    context = datafusion.SessionContext()
    folders = sorted({str(Path(file).parent) for file in files})
    frames = [context.read_parquet(folder) for folder in folders]
    return reduce(lambda one, other: one.union(other), frames).to_arrow_table().to_pylist()


def chdb(files: list[str], by_name: bool) -> Rows:
    import chdb

    union = "SETTINGS schema_inference_mode='union'" if by_name else ""
    pattern = f"{commonpath([str(Path(file).parent) for file in files])}/**.parquet"
    found = chdb.query(
        f"SELECT * REPLACE (toUnixTimestamp64Micro(timestamp) AS timestamp) "
        f"FROM file('{pattern}', Parquet) {union}",
        "JSONEachRow",
    )
    return [json.loads(line) for line in str(found).splitlines()]


def daft(files: list[str], by_name: bool) -> Rows:
    import daft

    if by_name:
        frames = [daft.read_parquet(file) for file in files]
        return reduce(lambda one, other: one.union_all_by_name(other), frames).to_pylist()
    return daft.read_parquet(files).to_pylist()


def datasets(files: list[str], by_name: bool) -> Rows:
    import datasets

    datasets.disable_progress_bars()
    if by_name:
        each = [datasets.load_dataset("parquet", data_files=file, split="train") for file in files]
        return list(datasets.concatenate_datasets(each))
    return list(datasets.load_dataset("parquet", data_files=files, split="train"))


def pyspark(files: list[str], by_name: bool) -> Rows:
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    reader = session.read.option("mergeSchema", "true" if by_name else "false")
    frame = reader.parquet(*files).selectExpr("*", "unix_micros(timestamp) AS micros")
    frame = frame.drop("timestamp").withColumnRenamed("micros", "timestamp")
    return [row.asDict() for row in frame.collect()]


READERS: dict[str, tuple[str, Callable[[list[str], bool], Rows]]] = {
    "pyarrow.parquet": ("pyarrow", pyarrow_parquet),
    "pyarrow.dataset": ("pyarrow", pyarrow_dataset),
    "pandas, pyarrow": ("pandas", pandas_pyarrow),
    "pandas, fastparquet": ("fastparquet", pandas_fastparquet),
    "polars": ("polars", polars),
    "duckdb": ("duckdb", duckdb),
    "datafusion": ("datafusion", datafusion),
    "chdb": ("chdb", chdb),
    "daft": ("daft", daft),
    "datasets": ("datasets", datasets),
    "pyspark": ("pyspark", pyspark),
}


def plain(value: Any) -> Any:
    """A cell as JSON has it: times as microseconds since 1970, nothing where there is no value."""
    if value is None or value != value:
        return None
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime()
    if isinstance(value, datetime):
        since = value.astimezone(UTC) - EPOCH
        return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value


def main() -> None:
    name, folders = sys.argv[1], json.loads(sys.argv[2])
    distribution, read = READERS[name]
    found: dict[str, Any] = {}
    for what, folder in folders.items():
        files = sorted(str(path) for path in Path(folder).rglob("*.parquet"))
        try:
            rows = read(files, what.endswith(BY_NAME))
            found[what] = [{key: plain(value) for key, value in row.items()} for row in rows]
        except BaseException as error:  # Rust's panics are no exceptions
            words = str(error).strip().splitlines()
            found[what] = f"{type(error).__name__}: {words[0] if words else ''}"
    print("\n" + json.dumps({"version": version(distribution), "found": found}))


if __name__ == "__main__":
    main()
