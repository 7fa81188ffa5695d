"""Files of columns in a folder, told apart by the splits of the data set that they are of."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.data.shard_sets import split_of_file
from regene_bench.data.split_folders import role_of

Tables = Mapping[str, tuple[Path, ...]]
"""The files of each split, by its name."""

_DICT: Final = "dataset_dict.json"
_STATE: Final = "state.json"
_NUMBERED: Final = re.compile(r"\d{4,}", re.ASCII)
_PART_OF_SPLIT: Final = re.compile(r"(train|test|validation|valid|val)-.*", re.ASCII)
_DEFAULT: Final = "default"


def find_tables(folder: Path, config: str = "", *, quiet: bool = False) -> Tables | None:
    """Find the files of a data set's splits.

    Known are folders of ``datasets.save_to_disk`` (one split, or ``dataset_dict.json`` with
    several); Parquet files called by their split (``train-00000-of-00001.parquet``,
    ``train.parquet``) in the folder or its ``data`` folder; and the layout into which the Hub
    converts data sets (``train/0000.parquet``). Where neither is in the folder itself, its
    subfolders are looked at, each of which is a configuration.

    Args:
        folder: An existing folder.
        config: The configuration: a subfolder. Without it, the only one, or the one that is called
            ``default``.
        quiet: Find nothing, instead of asking, where there are several configurations.

    Returns:
        The files by split; None if there are none.

    Raises:
        DataError: There is no such configuration, it is not clear which is meant, or a file is
            missing that others tell of.
    """
    if config:
        return _configured(folder, config)
    found = []
    for place in (folder, folder / "data"):
        # other tables may lie beside those that there are to train on
        if (tables := tables_here(place)) and has_training_split(tables):
            return tables
        found += [tables] if tables else []
    configs = {name: tables for name, tables in configs_in(folder).items() if name != "data"}
    configs = {n: t for n, t in configs.items() if has_training_split(t)} or configs
    if len(configs) == 1:
        return next(iter(configs.values()))
    if _DEFAULT in configs:
        return configs[_DEFAULT]
    if found:
        return found[0]
    if configs and not quiet:
        raise DataError(
            f"{folder} holds several configurations of a data set: {', '.join(configs)}.",
            hint="Say which one is meant: config = … in the benchmark's [data.options], or give "
            f"the folder {next(iter(configs))} itself.",
        )
    return None


def tables_here(folder: Path) -> Tables | None:
    """Find splits in a folder itself, not below it; see ``find_tables``."""
    if not folder.is_dir():
        return None
    return saved_splits(folder) or _named_files(folder) or _converted(folder)


def has_training_split(tables: Tables) -> bool:
    return any(role_of(name) == "train" for name in tables)


def saved_splits(folder: Path) -> Tables | None:
    """Find the splits of a folder of ``datasets.save_to_disk``; a single data set is ``train``.

    Raises:
        DataError: A file is missing that the folder's lists name, or such a list is damaged.
    """
    if (folder / _DICT).is_file():
        names = _listed(folder / _DICT, "splits")
        return {str(name): _saved(folder / str(name)) for name in names}
    return {"train": _saved(folder)} if is_one_saved(folder) else None


def is_one_saved(folder: Path) -> bool:
    """Tell whether a folder is a single data set of ``datasets.save_to_disk``."""
    return (folder / _STATE).is_file() and "_data_files" in _parsed(folder / _STATE)


def configs_in(folder: Path) -> dict[str, Tables]:
    """Find the subfolders of a folder that hold splits."""
    found = {below.name: tables_here(below) for below in _folders_in(folder)}
    return {name: tables for name, tables in found.items() if tables}


def _configured(folder: Path, config: str) -> Tables | None:
    for place in (folder / config, folder / "data" / config):
        if tables := tables_here(place):
            return tables
    configs = configs_in(folder)
    if not configs:
        return None
    raise DataError(
        f"{folder} has no configuration {config!r}; it has {', '.join(configs)}.",
        hint=did_you_mean(config, list(configs)),
    )


def _named_files(folder: Path) -> Tables:
    tables: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.parquet")):
        # files that the Hub numbers lie in the folder of their split; metadata are of images
        if path.name.startswith(".") or path.stem == "metadata" or _NUMBERED.fullmatch(path.stem):
            continue
        name = split_of_file(path)
        part = _PART_OF_SPLIT.fullmatch(name)
        tables.setdefault(part[1] if part else name, []).append(path)
    return {name: tuple(paths) for name, paths in tables.items()}


def _converted(folder: Path) -> Tables:
    tables = {}
    for entry in _folders_in(folder):
        paths = sorted(entry.glob("*.parquet"))
        numbered = [path for path in paths if _NUMBERED.fullmatch(path.stem)]
        if not numbered or len(numbered) < len(paths):
            continue
        for number, path in enumerate(numbered):
            if int(path.stem) != number:
                missing = f"{number:0{len(path.stem)}d}.parquet"
                raise DataError(
                    f"{entry} holds {path.name}, but not {missing}.",
                    hint="Fetch the missing file into that folder.",
                )
        tables[entry.name] = tuple(numbered)
    return tables


def _folders_in(folder: Path) -> list[Path]:
    # entries know what they are: among thousands of images no file needs to be asked
    try:
        with os.scandir(folder) as entries:
            names = [one.name for one in entries if one.is_symlink() or one.is_dir()]
    except OSError:  # whoever lists images says what is wrong with the folder
        return []
    folders = (folder / name for name in sorted(names) if name[0] != ".")
    return [below for below in folders if below.is_dir()]


def _saved(folder: Path) -> tuple[Path, ...]:
    if not (folder / _STATE).is_file():
        raise DataError(
            f"{folder.parent / _DICT} names the split {folder.name}, but there is no "
            f"{folder.name}/{_STATE}.",
            hint="Save the data set again (save_to_disk), or fetch the missing folder.",
        )
    entries = _listed(folder / _STATE, "_data_files")
    names = [str(entry.get("filename")) for entry in entries if isinstance(entry, dict)]
    paths = tuple(folder / Path(name).name for name in names)
    missing = next((path for path in paths if not path.is_file()), None)
    if missing or not paths:
        what = f"{missing.name}, which is not there" if missing else "no files"
        raise DataError(
            f"{folder / _STATE} names {what}.",
            hint="Save the data set again (save_to_disk), or fetch the missing file.",
        )
    return paths


def _listed(path: Path, key: str) -> Sequence[Any]:
    found = _parsed(path).get(key)
    if not isinstance(found, list):
        raise DataError(
            f"{path} has no list {key!r}.", hint="Save the data set again (save_to_disk)."
        )
    return found


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise DataError(
            f"{path} is damaged: {error}.", hint="Save the data set again (save_to_disk)."
        ) from None
    return content if isinstance(content, dict) else {}
