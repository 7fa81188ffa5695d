"""Tensors of images in .safetensors, .pt and .pth files."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.data.class_names import LABEL_NAMES
from regene_bench.samples.array_files import ArrayFile

TENSOR_SUFFIXES: Final = (".safetensors", ".pt", ".pth")
_IMAGES: Final = ("images", "samples", "x", "arr_0", "fake", "generated")
_LABELS: Final = (*LABEL_NAMES, "arr_1")
_MOST_LISTED: Final = 6


def read_tensor_file(path: Path, label_name: str | None = "") -> ArrayFile:
    """Read a file of named tensors, a tensor alone, or a pair of images and labels.

    The images are the tensor called ``images``, ``samples``, ``x``, ``arr_0``, ``fake`` or
    ``generated``, or the only one of three or four axes; labels are ``label_name``, or else the
    first of ``LABEL_NAMES`` or ``arr_1``, and none where that is None. Files are mapped into
    memory where they can be. ``torch.load`` reads tensors alone (``weights_only``).

    Raises:
        DataError: The file is damaged, holds other objects, a model's weights, or no such tensor.
    """
    if path.suffix.lower() == ".safetensors":
        tensors = _load_safetensors(path)
    else:
        found = _load_torch(path)
        if isinstance(found, torch.Tensor):
            return ArrayFile(found, None)
        if _is_pair(found):
            return ArrayFile(found[0], _values(found[1]) if label_name is not None else None)
        tensors = _named(found, path)
    return _choose(tensors, path, label_name)


def _load_safetensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise DataError(
            f"Cannot read {path}: it is damaged ({error}).",
            hint="Write it again with safetensors.torch.save_file.",
        ) from None


def _load_torch(path: Path) -> Any:
    def load(*, mmap: bool) -> Any:
        with warnings.catch_warnings():
            # of damaged files it warns before it refuses them
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)

    try:
        try:
            return load(mmap=True)
        except RuntimeError as error:
            # torch's form of files before 1.6 cannot be mapped into memory
            if "mmap" not in str(error):
                raise
            return load(mmap=False)
    except pickle.UnpicklingError as error:
        if "Unsupported" in str(error) or "GLOBAL" in str(error) or "weights_only" in str(error):
            raise DataError(
                f"Cannot read {path}: it holds objects that are no tensors.",
                hint="Save the images alone: torch.save({'images': images, 'labels': labels}, …).",
            ) from None
        raise _damaged(path, error) from None
    except MemoryError:
        raise
    except Exception as error:  # torch and the pickle machine raise many types on damaged files
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> DataError:
    (reason, *_) = str(error).splitlines() or [type(error).__name__]
    return DataError(
        f"Cannot read {path}: it is damaged ({reason[:200]}).",
        hint="Write it again with torch.save.",
    )


def _is_pair(found: Any) -> bool:
    """Whether it is images and labels: a tensor of three or four axes, and one value an image."""
    if not isinstance(found, list | tuple) or len(found) != 2:
        return False
    images, labels = found
    return (
        isinstance(images, torch.Tensor)
        and images.ndim in (3, 4)
        and ((isinstance(labels, torch.Tensor) and labels.ndim <= 2) or _is_list(labels))
    )


def _is_list(labels: Any) -> bool:
    return isinstance(labels, list | tuple) and all(isinstance(x, int | str) for x in labels)


def _values(labels: Any) -> Any:
    import numpy as np

    return labels.numpy() if isinstance(labels, torch.Tensor) else np.asarray(labels)


def _named(found: Any, path: Path) -> dict[str, Any]:
    if isinstance(found, list | tuple) and len(found) == 1 and isinstance(found[0], torch.Tensor):
        return {"images": found[0]}
    if not isinstance(found, Mapping):
        raise DataError(
            f"{path} holds {_kind_of(found)}, no images.",
            hint="Save a tensor, a pair of images and labels, or {'images': …, 'labels': …}.",
        )
    tensors = {
        str(name): value
        for name, value in found.items()
        if isinstance(value, torch.Tensor) or _is_list(value)
    }
    if not any(isinstance(value, torch.Tensor) for value in tensors.values()) and any(
        isinstance(value, Mapping) for value in found.values()
    ):
        raise _weights(path, [str(name) for name in found])
    return tensors


def _kind_of(found: Any) -> str:
    if isinstance(found, list | tuple):
        kinds = sorted({type(value).__name__ for value in found}) or ["nothing"]
        return f"a {type(found).__name__} of {len(found)} ({', '.join(kinds)})"
    return f"an object of type {type(found).__name__}"


def _choose(tensors: Mapping[str, Any], path: Path, label_name: str | None) -> ArrayFile:
    shapes = {
        name: list(value.shape)
        for name, value in tensors.items()
        if isinstance(value, torch.Tensor)
    }
    pictures = [name for name, shape in shapes.items() if len(shape) in (3, 4)]
    named = [name for name in _IMAGES if name in pictures]
    if not named and _are_weights(list(shapes)):
        raise _weights(path, list(shapes))
    if not named and len(pictures) != 1:
        listing = [f"{name} {shape}" for name, shape in shapes.items()][:_MOST_LISTED]
        listing += ["…"] if len(shapes) > _MOST_LISTED else []
        raise DataError(
            f"Which tensor of {path} holds the images? It has {', '.join(listing) or 'none'}.",
            hint="Call it 'images', and the labels 'labels'.",
        )
    images = named[0] if named else pictures[0]
    if label_name and label_name not in tensors:
        raise DataError(
            f"{path} has no tensor {label_name!r}.", hint=did_you_mean(label_name, list(tensors))
        )
    usual = (name for name in _LABELS if name in tensors and name != images)
    labels = None if label_name is None else label_name or next(usual, None)
    others = tuple(name for name in tensors if name not in (images, labels))
    return ArrayFile(tensors[images], _values(tensors[labels]) if labels else None, others)


def _are_weights(names: Sequence[str]) -> bool:
    ends = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    return sum(name.rpartition(".")[2] in ends for name in names) * 2 > len(names)


def _weights(path: Path, names: Sequence[str]) -> DataError:
    return DataError(
        f"{path} holds a model's weights or training state ({', '.join(names[:3])}, …), no images.",
        hint="Generate images with the model, and score these.",
    )
