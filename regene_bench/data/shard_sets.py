"""Files that are numbered parts of one split: all of them, once each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from regene_bench.base.errors import DataError

_SHARD: Final = re.compile(r"(?P<stem>.+)-(?P<number>\d+)-of-(?P<total>\d+)(?P<rest>.*)", re.ASCII)
_MOST_NAMED: Final = 3
# what writers put into names to tell parts apart: UUIDs and hashes (Spark), then numbers
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HASH: Final = re.compile(
    r"(?<![a-z0-9])((?=[a-f]*[0-9])[0-9a-f]{6,}|[0-9a-f]{8,})(?![a-z0-9])", re.IGNORECASE
)
_DIGITS: Final = re.compile(r"[0-9]+")


def check_shards(paths: Sequence[Path]) -> None:
    """Refuse an incomplete set of files that say how many there are.

    ``train-00000-of-00002.parquet`` says that there is a ``train-00001-of-00002.parquet``; numbers
    may begin at 0 or at 1. Names that do not say so are left alone.

    Args:
        paths: Files of one folder that are to be read as one split, or as several.

    Raises:
        DataError: A file is missing, or there are two of a number, or two sets under one name.
    """
    sets: dict[str, dict[int, list[tuple[int, Path]]]] = {}
    whole: dict[str, Path] = {}
    for path in paths:
        match = _SHARD.fullmatch(path.name)
        if match is None:
            whole[path.name.split(".", 1)[0]] = path
            continue
        numbered = sets.setdefault(match["stem"], {}).setdefault(int(match["total"]), [])
        numbered.append((int(match["number"]), path))
    for stem, by_total in sets.items():
        members = [sorted(shards) for shards in by_total.values()]
        if len(members) > 1:
            raise _two_sets(members[0][0][1], members[1][0][1])
        if stem in whole:
            raise _two_sets(whole[stem], members[0][0][1])
        for total, shards in by_total.items():
            _check_numbers(sorted(shards), total)


def check_one_set(paths: Sequence[Path]) -> None:
    """Refuse files of one folder that are no parts of one set, as their names tell.

    Parts are called alike but for numbers and hashes: ``part-0.parquet`` and ``part-1.parquet`` are
    some, ``fake.parquet`` and ``real.parquet`` are not.

    Args:
        paths: Files that are to be read as one split.

    Raises:
        DataError: Two names differ in more; both are named.
    """
    for path in paths[1:]:
        if _common_name(path) != _common_name(paths[0]):
            raise DataError(
                f"{paths[0]} and {path.name} beside it are not called like parts of one set.",
                hint=f"Give one of them itself ({paths[0]}). If they are parts, call them alike "
                f"but for a number: part-0{path.suffix}, part-1{path.suffix}.",
            )


def pooled_note(paths: Sequence[Path]) -> tuple[str, ...]:
    """Say how many files were read as one set, where their names do not say that they are one."""
    if len(paths) < 2 or all(_SHARD.fullmatch(path.name) for path in paths):
        return ()
    between = ", " if len(paths) == 2 else ", …, "
    return (f"read as one set: {len(paths)} files: {paths[0].name}{between}{paths[-1].name}",)


def split_of_file(path: Path) -> str:
    """Name the split that a file is one of: ``train`` of ``train-00000-of-00002.parquet``."""
    match = _SHARD.fullmatch(path.name)
    return match["stem"] if match else path.name.split(".", 1)[0]


def _common_name(path: Path) -> str:
    name = path.name
    for pattern in (_UUID, _HASH, _DIGITS):
        name = pattern.sub("#", name)
    return name


def _check_numbers(shards: Sequence[tuple[int, Path]], total: int) -> None:
    for (number, path), (following, other) in pairwise(shards):
        if number == following:
            raise _two_sets(path, other)
    found = {number for number, _ in shards}
    first = 1 if total in found and 0 not in found else 0
    missing = [number for number in range(first, first + total) if number not in found]
    if not missing:
        return
    path = shards[0][1]
    names = [_name_of(path, number) for number in missing[:_MOST_NAMED]]
    more = f" and {len(missing) - len(names)} more" if len(missing) > len(names) else ""
    raise DataError(
        f"{path.parent} holds {len(shards)} of {total} files {path.name} …: "
        f"{', '.join(names)}{more} {'is' if len(missing) == 1 else 'are'} missing.",
        hint="Fetch the missing files into that folder.",
    )


def _name_of(path: Path, number: int) -> str:
    match = _SHARD.fullmatch(path.name)
    assert match is not None
    # before the suffix some writers put a hash, which differs from file to file
    rest = "".join(("-…" if match["rest"].startswith("-") else "", path.suffix))
    return f"{match['stem']}-{number:0{len(match['number'])}d}-of-{match['total']}{rest}"


def _two_sets(one: Path, other: Path) -> DataError:
    return DataError(
        f"{one} and {other.name} beside it are of two sets: images would count twice.",
        hint="Leave one of the sets there and put the other elsewhere.",
    )
