"""Decoded splits on disk, so that a data set is decoded once and mapped into memory ever after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from regene_bench.base.errors import DataError
from regene_bench.base.files import special_kind, sweep_abandoned, whole_folder
from regene_bench.base.paths import cache_dir
from regene_bench.base.version import __version__
from regene_bench.data.fingerprint import fingerprint
from regene_bench.data.shapes import Split
from regene_bench.data.source import DatasetSource, ImageSet

_SPLITS: Final[tuple[Split, ...]] = ("train", "test")
_META: Final = "meta.json"


def cache_key(source: DatasetSource, source_name: str) -> str | None:
    """Hash all that decides the decoded pixels.

    That is the source's name, the request's name, shape and options, path, size and time of each of
    ``source.files()``, and the code that decodes: Pillow's version and the modules beside the
    source's class and of this package. An author who edits a source never sees yesterday's pixels.

    Args:
        source: A prepared source.
        source_name: Name under which it is registered.

    Returns:
        40 hexadecimal digits, or None for a source that has no files: it is not cached.

    Raises:
        DataError: One of the files is gone, or is no file but a FIFO or a device.
    """
    import PIL

    files = sorted({Path(file).absolute() for file in source.files()})
    if not files:
        return None
    request = source.request
    shape = request.shape
    identity = {
        "source": source_name,
        "request": request.name,
        "shape": [shape.channels, shape.height, shape.width, shape.n_classes],
        "options": request.options,
        "splits": [request.splits.train, request.splits.test],
        "pillow": PIL.__version__,
        "version": __version__,
    }
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode())
    for file in files:
        try:
            stat = file.stat()
        except OSError as error:
            raise DataError(f"Cannot read {file}: {error.strerror}.") from error
        if kind := special_kind(stat):
            raise DataError(
                f"{file} is {kind}, not a file.", hint="Put a file there, or take it out."
            )
        digest.update(f"\n{file}\t{stat.st_size}\t{stat.st_mtime_ns}".encode(errors="replace"))
    for folder in sorted({Path(__file__).parent, *_code_folder(source)}):
        for module in sorted(folder.glob("*.py")):
            digest.update(b"\n" + module.read_bytes())
    return digest.hexdigest()[:40]


def load_cached(key: str) -> tuple[ImageSet, ImageSet, str] | None:
    """Load and verify an entry.

    Returns:
        Train split, test split (both mapped into memory, copied when written to) and their
        fingerprint; None if there is no entry, or if its bytes do not give the fingerprint that
        was stored with them.
    """
    folder = _folder(key)
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        train, test = (_load_split(folder, split, meta) for split in _SPLITS)
        if fingerprint(train, test) == meta["fingerprint"]:
            return train, test, meta["fingerprint"]
    except Exception:  # one flipped bit of a header makes NumPy raise whatever its parser does
        return None
    return None


def store(key: str, train: ImageSet, test: ImageSet, mark: str) -> bool:
    """Write an entry whole: to a temporary folder beside it, then renamed.

    The cache only saves time, so a full or read-only disk is no error.

    Args:
        key: From ``cache_key``.
        train: Train split.
        test: Test split.
        mark: Their fingerprint.

    Returns:
        Whether the entry is there now.
    """
    target = _folder(key)
    splits = dict(zip(_SPLITS, (train, test), strict=True))
    meta = {
        "fingerprint": mark,
        "class_names": {split: data.class_names for split, data in splits.items()},
    }
    try:
        sweep_abandoned(target.parent)
        # an entry that is there is damaged, or another process's: either way this one is good
        with whole_folder(target, replace=True) as folder:
            for split, data in splits.items():
                np.save(folder / f"{split}_images.npy", data.images)
                np.save(folder / f"{split}_labels.npy", data.labels)
            (folder / _META).write_text(json.dumps(meta), encoding="utf-8")
    except OSError:
        return False
    return True


def _load_split(folder: Path, split: Split, meta: Mapping[str, Any]) -> ImageSet:
    # "c": the mapping can be written to without touching the file, as torch wants it
    images = np.load(folder / f"{split}_images.npy", mmap_mode="c", allow_pickle=False)
    labels = np.load(folder / f"{split}_labels.npy", allow_pickle=False)
    if (images.dtype, labels.dtype) != (np.uint8, np.int64):
        raise ValueError("bytes of another type would give the same fingerprint")
    return ImageSet(images, labels, tuple(meta["class_names"][split]))


def _folder(key: str) -> Path:
    return cache_dir() / "decoded" / key


def _code_folder(source: DatasetSource) -> set[Path]:
    import inspect

    try:
        return {Path(inspect.getfile(type(source))).parent}
    except (TypeError, OSError):  # defined in a notebook or at a prompt
        return set()
