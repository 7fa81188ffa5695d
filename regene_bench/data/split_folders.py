"""Folders that are splits of a data set, in the spellings that people give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final, Literal

from regene_bench.base.errors import DataError

SplitRole = Literal["train", "test", "validation"]


@dataclass(frozen=True)
class SplitNames:
    """What a user calls the splits to train and to test on; empty where the usual names are meant.

    Attributes:
        train: Name of the training split.
        test: Name of the held-out split.
    """

    train: str = ""
    test: str = ""

    def __bool__(self) -> bool:
        return bool(self.train or self.test)


USUAL_SPLITS: Final = SplitNames()
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


def named_pair(wanted: SplitNames, names: Sequence[str], where: PurePath) -> tuple[str, list[str]]:
    """Choose two splits, of which at least one is called by its name.

    Args:
        wanted: What they are called.
        names: All splits that there are.
        where: Names the place in error messages.

    Returns:
        The split to train on, and those that may be held out, the best first: the one that is
        named, else one for testing, else one for validation, else none.

    Raises:
        DataError: There is no split of such a name, or both names mean the same.
    """
    train = _called(wanted.train or "train", names, where)
    if wanted.test:
        test = _called(wanted.test, names, where)
        if test == train:
            raise DataError(
                f"The split {train!r} of {where} cannot be both trained and tested on.",
                hint="Name another one as train or test in the protocol's [data]; without test = … "
                "a part of the training images is held out where there is no other split.",
            )
        return train, [test]
    return train, held_out_names([name for name in names if name != train])


def held_out_names(names: Sequence[str]) -> list[str]:
    """Return the splits that may be held out: those for testing, then those for validation."""
    by_role: dict[str, list[str]] = {"test": [], "validation": []}
    for name in names:
        by_role.get(role_of(name) or "", []).append(name)
    return by_role["test"] + by_role["validation"]


def _called(wanted: str, names: Sequence[str], where: PurePath) -> str:
    found = split_called(wanted, names)
    if found is None:
        raise DataError(
            f"{where} has no split {wanted!r}; it has {', '.join(names) or 'none'}.",
            hint="Name one of these in the protocol's [data], as train or test."
            if names
            else "Leave train and test out of the protocol's [data].",
        )
    return found


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
