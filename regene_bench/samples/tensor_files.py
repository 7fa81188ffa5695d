"""Tensors of images in .safetensors, .pt and .pth files."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch

from regene_bench.base.errors import DataError, did_you_mean
from regene_bench.data.named_arrays import (
    IMAGE_NAMES,
    choose_images,
    choose_labels,
    list_of_classes,
)
from regene_bench.samples.array_files import ArrayFile

TENSOR_SUFFIXES: Final = (".safetensors", ".pt", ".pth")


def read_tensor_file(path: Path, label_name: str | None = "") -> ArrayFile:
    """Read a file of named tensors, a tensor alone, or a pair of images and labels.

    Images, labels and a list of classes are found by their names as in a ``.npz``
    (``array_files.read_array_file``). Files are mapped into memory where they can be.
    ``torch.load`` reads tensors alone (``weights_only``).

    Raises:
        DataError: The file is damaged, holds other objects, a model's weights, no such tensor or
            several that could be meant.
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
    if not any(name in IMAGE_NAMES for name in shapes) and _are_weights(list(shapes)):
        raise _weights(path, list(shapes))
    images = choose_images(shapes, path, "tensor")
    if label_name and label_name not in tensors:
        raise DataError(
            f"{path} has no tensor {label_name!r}.", hint=did_you_mean(label_name, list(tensors))
        )
    labels = label_name
    if label_name == "":
        others = (name for name in tensors if name != images)
        labels = choose_labels(others, lambda name: _values(tensors[name]), path, "tensor")
    values = _values(tensors[labels]) if labels else None
    left = tuple(name for name in tensors if name not in (images, labels))
    return ArrayFile(tensors[images], values, list_of_classes(tensors), left)


def _are_weights(names: Sequence[str]) -> bool:
    ends = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    return sum(name.rpartition(".")[2] in ends for name in names) * 2 > len(names)


def _weights(path: Path, names: Sequence[str]) -> DataError:
    return DataError(
        f"{path} holds a model's weights or training state ({', '.join(names[:3])}, …), no images.",
        hint="Generate images with the model, and score these.",
    )
