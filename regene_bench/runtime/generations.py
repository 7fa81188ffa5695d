"""Checkpoints of several stores that belong together: all of them new, or all of them old.

Files of several folders cannot be replaced at once. While they are replaced one after the other,
what each was before is kept beside it; if a kill leaves some of them new and some old,
``settle_generation`` brings all back to the old ones.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from regene_bench.base.disk import told_of_disk
from regene_bench.base.files import write_atomically
from regene_bench.runtime.checkpoints import CheckpointStore

_SUFFIX = ".before"


@contextmanager
def one_generation(stores: Sequence[CheckpointStore], name: str) -> Iterator[None]:
    """Replace the checkpoints of one name in several stores as one.

    The block saves them, one after the other. Until it begins, and once it has ended, all are of
    one generation; a kill within it leaves of every store what it held before.

    Args:
        stores: Folders of their own.
        name: The checkpoints'.

    Raises:
        ResultsError: What was there before cannot be kept.
    """
    if len(stores) < 2:
        yield
        return
    kept = f"{secrets.token_hex(6)}-{len(stores)}{_SUFFIX}"
    for store in stores:
        with told_of_disk("write to", store.folder):
            store.folder.mkdir(parents=True, exist_ok=True)
            _keep(store.path(name), _beside(store, name, kept))
    yield
    # from the first one that goes the generation is the new one
    for store in stores:
        with told_of_disk("remove", _beside(store, name, kept)):
            _beside(store, name, kept).unlink(missing_ok=True)


def settle_generation(stores: Sequence[CheckpointStore], name: str) -> None:
    """Bring checkpoints that a kill left of two generations back to the older one.

    A generation counts as broken off while every store of it still keeps what it had before: only
    then may some be replaced and others not. What is left of others is removed.

    Raises:
        ResultsError: The folders cannot be written to.
    """
    left: dict[str, list[CheckpointStore]] = defaultdict(list)
    for store in stores:
        for file in store.folder.glob(f".{name}.*{_SUFFIX}"):
            left[file.name.removeprefix(f".{name}.")].append(store)
    for kept, own in left.items():
        broken_off = len(own) == _size(kept)
        for store in own if broken_off else ():
            with told_of_disk("write to", store.path(name)):
                _put_back(_beside(store, name, kept), store.path(name))
        for store in own:
            with told_of_disk("remove", _beside(store, name, kept)):
                _beside(store, name, kept).unlink(missing_ok=True)


def _beside(store: CheckpointStore, name: str, kept: str) -> Path:
    return store.folder / f".{name}.{kept}"


def _size(kept: str) -> int:
    count = kept.removesuffix(_SUFFIX).rpartition("-")[2]
    return int(count) if count.isdigit() else 0


def _keep(path: Path, beside: Path) -> None:
    """Keep what a file is, or that there is none: as an empty file."""
    try:
        os.link(path, beside)
    except FileNotFoundError:
        beside.touch()
    except OSError:  # a file system without links
        shutil.copyfile(path, beside)


def _put_back(beside: Path, path: Path) -> None:
    """Make a file what it was; what is kept stays until that is done for every store."""
    if beside.stat().st_size == 0:
        path.unlink(missing_ok=True)
        return
    write_atomically(path, beside.read_bytes())
