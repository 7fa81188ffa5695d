"""Folders that are splits of a data set, in the spellings that people give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Literal

from regene_bench.base.errors import DataError

SplitRole = Literal["train", "test", "validation"]

_ROLES: dict[str, SplitRole] = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
_FILLERS = frozenset(
    {"set", "data", "dataset", "image", "images", "img", "imgs", "seg", "split", "folder"}
)


def role_of(name: str) -> SplitRole | None:
    """Tell which split a folder or file is by its name.

    ``Train``, ``training_set``, ``trainset``, ``seg_train``, ``test-images``, ``Testing``, ``val``
    and ``valid`` are splits; ``trains`` and ``train station`` are none.
    """
    words = [word for word in re.split(r"[\W_]+", name.casefold()) if word]
    # a hyphen or underscore may also be left out: trainset
    words = [re.sub(r"(?<=.)(set|data|images)$", "", word) for word in words]
    rest = [word for word in words if word not in _FILLERS]
    return _ROLES.get(rest[0]) if len(rest) == 1 else None


def split_called(wanted: str, names: Sequence[str]) -> str | None:
    """Find the split that somebody means among the splits that there are.

    The very name goes first, then the same letters, then the same role: ``validation`` finds
    ``val``, and ``test`` finds ``Testing``.

    Returns:
        Its name; None if there is no such split, or several could be meant.
    """
    if wanted in names:
        return wanted
    role = role_of(wanted)
    alike = [name for name in names if name.casefold() == wanted.casefold()]
    of_role = [name for name in names if role and role_of(name) == role]
    candidates = alike or of_role
    return candidates[0] if len(candidates) == 1 else None


def train_and_test(folders: Iterable[str], where: PurePath) -> tuple[str, str] | None:
    """Choose the folders of the two splits among all folders of a place.

    What is held out comes from a test folder, or from a validation folder where there is none.

    Returns:
        Their names; None if no two folders are splits of a data set.

    Raises:
        DataError: Several folders could be the same split, or all folders are called like splits
            but there is none to train on, or none to test on.
    """
    names = sorted(folders)
    roles = {name: role for name in names if (role := role_of(name))}
    found: dict[SplitRole, list[str]] = {}
    for name, role in roles.items():
        found.setdefault(role, []).append(name)
    train = found.get("train", [])
    held_out = found.get("test") or found.get("validation") or []
    if train and held_out:
        return _only(train, where), _only(held_out, where)
    if names and len(roles) == len(names):
        raise _incomplete(where, names, train)
    return None


def _only(names: list[str], where: PurePath) -> str:
    if len(names) > 1:
        raise DataError(
            f"{where} has {' and '.join(names)}: which of them is meant?",
            hint="Move the others out of that folder.",
        )
    return names[0]


def _incomplete(where: PurePath, names: list[str], train: list[str]) -> DataError:
    listed = ", ".join(names)
    if len(train) == 1:
        return DataError(
            f"{where} holds {listed}, but nothing to test on.",
            hint=f"Name {where / train[0]} as the data set: then a part of it is held out.",
        )
    return DataError(
        f"{where} holds {listed}, which are called like splits of a data set, but not one to "
        "train on and one to test on.",
        hint="Call them train and test. If they are classes, give them other names.",
    )
