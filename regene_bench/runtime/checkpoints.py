"""Training state on disk: one safetensors file a checkpoint, its structure as JSON in the header.

A checkpoint is written to a temporary file, synced and renamed, so that a kill at any instant
leaves either the old one or the new one. A checksum of all of it stands in the header: a file that
was damaged is none. No pickle is written or read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from regene_bench.base.checksums import checksum
from regene_bench.base.disk import disk_error
from regene_bench.base.errors import RegeneBenchError
from regene_bench.base.files import sweep_abandoned, write_atomically

_STATE, _CHECKSUM = "state", "checksum"
_TENSOR = "__tensor__"
_PAIRS = "__pairs__"
_TUPLE = "__tuple__"


@dataclass(frozen=True)
class CheckpointStore:
    """A folder of named checkpoints.

    Attributes:
        folder: Where they lie; made when first written to.
        interval: Seconds between checkpoints during training.
        unwritten: Is told of a checkpoint that cannot be written, in place of an error: where what
            is kept only saves time, as in a cache.
    """

    folder: Path
    interval: float = 30.0
    unwritten: Callable[[RegeneBenchError], None] | None = None

    def save(self, name: str, state: Any) -> None:
        """Write a nested state of dicts, lists, tuples, numbers, strings and tensors.

        Args:
            name: The checkpoint's; one of the same name is replaced.
            state: What to write; tensors may be on any device.

        Raises:
            TypeError: The state holds something else.
            ResultsError: The disk is full or the folder cannot be written, and ``unwritten`` does
                not take it.
        """
        tensors: dict[str, torch.Tensor] = {}
        skeleton = json.dumps(_flatten(state, tensors))
        header = {_STATE: skeleton, _CHECKSUM: _checksum(skeleton, tensors)}
        path = self.path(name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            sweep_abandoned(self.folder, path.name)
            write_atomically(path, save(tensors, header))
        except OSError as error:
            hint = "Free some disk space, allow writing to that folder or name another one"
            kept = "; the last checkpoint is intact." if path.exists() else "."
            told = disk_error("write the checkpoint", path, error, hint + kept)
            if self.unwritten is None:
                raise told from error
            self.unwritten(told)

    def has(self, name: str) -> bool:
        """Tell whether a checkpoint is there, be it damaged."""
        return self.path(name).is_file()

    def load(self, name: str, damaged: Callable[[str], None] | None = None) -> Any | None:
        """Read a checkpoint to the CPU.

        Args:
            name: The checkpoint's.
            damaged: Is told why, of a file that is there and not what was written.

        Returns:
            The state; ``None`` if there is none that can be believed.
        """
        try:
            return self._load(name)
        except FileNotFoundError:
            return None
        except OSError as error:
            reason = f"it cannot be read: {error.strerror or error}"
        except (SafetensorError, ValueError, LookupError, TypeError):
            reason = "its bytes are not those that were written"
        if damaged is not None:
            damaged(reason)
        return None

    def _load(self, name: str) -> Any:
        with safe_open(self.path(name), framework="pt") as file:
            header = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        skeleton = header[_STATE]
        # older versions wrote no checksum
        if header.get(_CHECKSUM, "") not in ("", _checksum(skeleton, tensors)):
            raise ValueError("the checksum is another")
        return _unflatten(json.loads(skeleton), tensors)

    def path(self, name: str) -> Path:
        """Where a checkpoint of this name lies, be it there or not."""
        return self.folder / f"{name}.safetensors"


def _checksum(skeleton: str, tensors: Mapping[str, torch.Tensor]) -> str:
    """Sum up all that a checkpoint says, at gigabytes a second: types and shapes, too."""
    pieces: list[Any] = [skeleton.encode()]
    for key in sorted(tensors):
        tensor = tensors[key]
        pieces.append(f"{key} {tensor.dtype} {list(tensor.shape)}".encode())
        pieces.append(tensor.reshape(-1).view(torch.uint8).numpy())
    return checksum(pieces)


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
