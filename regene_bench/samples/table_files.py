"""Which Parquet or Arrow files of a path are the samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regene_bench.base.errors import DataError
from regene_bench.data.column_files import ARROW
from regene_bench.data.image_listing import list_folder
from regene_bench.data.shard_sets import check_one_set, check_shards, split_of_file
from regene_bench.data.split_folders import role_of
from regene_bench.data.table_splits import Tables, configs_in, is_one_saved, tables_here
from regene_bench.samples.splits import choose_split, no_splits

_SUFFIXES = (".parquet", ARROW)


def table_files(path: Path, split: str = "") -> list[Path]:
    """List the files of tables that a path leads to: one, or those of a split of a folder.

    Args:
        path: A file or a folder: of Parquet files, of ``datasets.save_to_disk``, or in the layout
            into which the Hub converts data sets.
        split: The split that is asked for; empty if there is only one.

    Returns:
        Files in the order of their names; none if the path leads to something else.

    Raises:
        DataError: It is not clear which files are meant, or one of several is missing.
        UsageError: There is no such split.
    """
    if not path.is_dir():
        if path.suffix.lower() not in _SUFFIXES:
            return []
        if split:
            raise no_splits(path, "it is one file")
        return [path]
    beside = sorted(p for p in path.glob("*.parquet") if p.name[0] != "." and p.stem != "metadata")
    if is_one_saved(path) and split:
        raise no_splits(path, "it is one data set")
    tables = _by_split(beside) if beside else _below(path)
    if not tables:
        return []
    if split:
        chosen: Sequence[Path] = tables[choose_split(split, list(tables), path)]
    else:
        _refuse_several_splits(tables, path)
        chosen = sorted(file for files in tables.values() for file in files)
    check_shards(chosen)
    check_one_set(chosen)
    if beside and (images := list(list_folder(path).images)):
        raise DataError(
            f"{path} holds images ({images[0]}) and Parquet files ({chosen[0].name}).",
            hint="Which are meant? Put the others elsewhere.",
        )
    return list(chosen)


def _by_split(files: Sequence[Path]) -> Tables:
    tables: dict[str, tuple[Path, ...]] = {}
    for file in files:
        name = split_of_file(file)
        tables[name] = (*tables.get(name, ()), file)
    return tables


def _below(folder: Path) -> Tables | None:
    if tables := tables_here(folder):
        return tables
    configs = configs_in(folder)
    if len(configs) > 1:
        raise DataError(
            f"{folder} holds several data sets: {', '.join(configs)}.",
            hint=f"Give the folder of the one that is meant: {folder / next(iter(configs))}.",
        )
    return next(iter(configs.values()), None)


def _refuse_several_splits(tables: Tables, folder: Path) -> None:
    # files may be parts of one set, but splits never are
    called = {role: name for name in tables if (role := role_of(name.split("-")[0]))}
    in_folders = any(file.parent != folder for files in tables.values() for file in files)
    if len(called) < 2 and not (in_folders and len(tables) > 1):
        return
    names = list(called.values()) if len(called) > 1 else list(tables)
    some = ", ".join(tables[name][0].relative_to(folder).as_posix() for name in names)
    raise DataError(
        f"{folder} holds several splits of a data set: {some}.",
        hint=f"Say which one is meant: --split {names[0]}.",
    )
