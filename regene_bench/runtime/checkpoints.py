"""Training state on disk: one safetensors file a checkpoint, its structure as JSON in the header.

A checkpoint is written to a temporary file, synced and renamed, so that a kill at any instant
leaves either the old one or the new one. No pickle is written or read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from regene_bench.base.errors import ResultsError
from regene_bench.base.files import sweep_abandoned, write_atomically

_TENSOR = "__tensor__"
_PAIRS = "__pairs__"
_TUPLE = "__tuple__"


@dataclass(frozen=True)
class CheckpointStore:
    """A folder of named checkpoints.

    Attributes:
        folder: Where they lie; made when first written to.
        interval: Seconds between checkpoints during training.
    """

    folder: Path
    interval: float = 30.0

    def save(self, name: str, state: Any) -> None:
        """Write a nested state of dicts, lists, tuples, numbers, strings and tensors.

        Args:
            name: The checkpoint's; one of the same name is replaced.
            state: What to write; tensors may be on any device.

        Raises:
            TypeError: The state holds something else.
            ResultsError: The disk is full or the folder cannot be written.
        """
        tensors: dict[str, torch.Tensor] = {}
        skeleton = _flatten(state, tensors)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            sweep_abandoned(self.folder, f"{name}.safetensors")
            write_atomically(self._path(name), save(tensors, {"state": json.dumps(skeleton)}))
        except OSError as error:
            raise ResultsError(
                f"Cannot write the checkpoint {self._path(name)}: {error.strerror or error}.",
                hint="Free some disk space, allow writing to that folder or name another one; "
                "the last checkpoint is intact.",
            ) from error

    def has(self, name: str) -> bool:
        """Tell whether a checkpoint is there, be it damaged."""
        return self._path(name).is_file()

    def load(self, name: str) -> Any | None:
        """Read a checkpoint to the CPU; ``None`` if there is none or it is damaged."""
        try:
            with safe_open(self._path(name), framework="pt") as file:
                skeleton = json.loads(file.metadata()["state"])
                names = file.keys()
                return _unflatten(skeleton, {name: file.get_tensor(name) for name in names})
        except FileNotFoundError:
            return None
        except (SafetensorError, OSError, ValueError, KeyError, TypeError):
            return None

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"


def _flatten(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        key = str(len(tensors))
        tensors[key] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {_TENSOR: key}
    if isinstance(value, dict):
        # Optimisers key their state by integers, which JSON objects cannot.
        return {_PAIRS: [[key, _flatten(item, tensors)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {_TUPLE: [_flatten(item, tensors) for item in value]}
    if isinstance(value, list):
        return [_flatten(item, tensors) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"A checkpoint cannot hold a {type(value).__name__}.")


def _unflatten(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, dict):
        if _TENSOR in value:
            return tensors[value[_TENSOR]]
        if _TUPLE in value:
            return tuple(_unflatten(item, tensors) for item in value[_TUPLE])
        return {key: _unflatten(item, tensors) for key, item in value[_PAIRS]}
    if isinstance(value, list):
        return [_unflatten(item, tensors) for item in value]
    return value
