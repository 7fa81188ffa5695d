"""All checkpoints of an ended training in one safetensors file, tensors by readable names.

``classifier.encoder.0.weight`` is the parameter ``0.weight`` of the module ``encoder`` of the
stage ``classifier``. What is no tensor (seconds, losses) stands as JSON in the file's header, so
that the checkpoints come back as they were. No pickle is written or read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from regene_bench.base.errors import ResultsError
from regene_bench.base.files import write_atomically
from regene_bench.models.ended_training import EndedTraining

FILE: Final = "model.safetensors"
_HEADER: Final = "regene_bench"
_TENSOR: Final = "tensor"


class WeightsFile(EndedTraining):
    """Checkpoints that are read from one file; its ``folder`` is the file's."""

    def has(self, name: str) -> bool:
        """Tell whether the file holds a checkpoint."""
        return name in self._skeletons()

    def load(self, name: str, damaged: Callable[[str], None] | None = None) -> Any:
        """Read a checkpoint to the CPU.

        Raises:
            ResultsError: The file is damaged, or does not hold it.
        """
        skeletons = self._skeletons()
        if name not in skeletons:
            raise ResultsError(
                f"{self.folder / FILE} has no {name!r}; it has {', '.join(skeletons)}.",
                hint="Export the run again with the installed version.",
            )
        try:
            with safe_open(self.folder / FILE, framework="pt") as file:
                return _rebuilt(skeletons[name], file)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            raise _damaged(self.folder / FILE, error) from error

    def _skeletons(self) -> dict[str, Any]:
        path = self.folder / FILE
        try:
            with safe_open(path, framework="pt") as file:
                found = json.loads((file.metadata() or {})[_HEADER])
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            raise _damaged(path, error) from error
        if not isinstance(found, dict):
            raise _damaged(path, TypeError("its header is no table"))
        return found


def write_weights(folder: Path, checkpoints: Mapping[str, Any]) -> None:
    """Write checkpoints into ``model.safetensors``.

    Args:
        folder: Where to.
        checkpoints: Nested states of dicts, lists, tuples, numbers, strings and tensors, by name.

    Raises:
        OSError: As the file system has it.
        ResultsError: A state holds something else.
    """
    tensors: dict[str, torch.Tensor] = {}
    skeletons = {name: _taken_apart(state, (name,), tensors) for name, state in checkpoints.items()}
    # "pt" is what transformers and others ask of a header
    header = {"format": "pt", _HEADER: json.dumps(skeletons)}
    write_atomically(folder / FILE, save(tensors, header))


def _taken_apart(value: Any, path: tuple[str, ...], tensors: dict[str, torch.Tensor]) -> Any:
    """Write a state as JSON: ``[kind, content]``; tensors go into ``tensors``."""
    if isinstance(value, torch.Tensor):
        name = _free_name(".".join(path), tensors)
        tensors[name] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return [_TENSOR, name]
    if isinstance(value, dict):
        return ["dict", [[k, _taken_apart(v, _below(path, k), tensors)] for k, v in value.items()]]
    if isinstance(value, list | tuple):
        items = [_taken_apart(v, (*path, str(i)), tensors) for i, v in enumerate(value)]
        return [type(value).__name__, items]
    if value is None or isinstance(value, bool | int | float | str):
        return ["plain", value]
    raise ResultsError(f"The checkpoint {path[0]!r} holds a {type(value).__name__}.")


def _below(path: tuple[str, ...], key: object) -> tuple[str, ...]:
    # every stage has its modules below this word, which tells a reader nothing
    return path if len(path) == 1 and key == "modules" else (*path, str(key))


def _free_name(name: str, tensors: Mapping[str, torch.Tensor]) -> str:
    names: Iterator[str] = (f"{name}.{i}" if i else name for i in range(len(tensors) + 1))
    return next(one for one in names if one not in tensors)


def _rebuilt(skeleton: Any, file: Any) -> Any:
    kind, content = skeleton
    if kind == _TENSOR:
        return file.get_tensor(content)
    if kind == "dict":
        return {key: _rebuilt(value, file) for key, value in content}
    if kind in ("list", "tuple"):
        items = [_rebuilt(value, file) for value in content]
        return tuple(items) if kind == "tuple" else items
    return content


def _damaged(path: Path, error: Exception) -> ResultsError:
    return ResultsError(
        f"{path} cannot be read: {type(error).__name__}: {error}.",
        hint="Fetch or export the model again.",
    )
