"""Graphs of the pretended device: what was done once is done again, on the same memory.

They stand for CUDA graphs, and are as blind as these. A recording has every operation with its
operands: tensors, which are read and written where they lie, and numbers of the host, which are
what they were. Recording does no work: what it wrote is put back. What waits for the device cannot
be recorded.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.utils._pytree as pytree
from torch import Tensor

from regene_bench.testing.device.tally import Tally, is_work

_WARNED = "called a synchronizing CUDA operation"


@dataclass(frozen=True)
class Operation:
    """One operation on what tensors of the device hold.

    Attributes:
        operator: torch's.
        args: Its operands, tensors of the CPU.
        kwargs: Its options.
        results: What it gave, the tensors among it.
        numbers: Those of the operands that were no tensors of the device, as they were then.
    """

    operator: Any
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    results: Sequence[Tensor]
    numbers: Sequence[Tensor] = ()

    @property
    def told(self) -> str:
        """Name, types and shapes of tensors, and all numbers of the host, in words."""
        leaves = pytree.tree_leaves((self.args, dict(self.kwargs)))
        words = [self._word(leaf) for leaf in leaves if not isinstance(leaf, torch.Generator)]
        return f"{self.operator.overloadpacket.__name__}({', '.join(words)})"

    def _word(self, leaf: Any) -> str:
        if not isinstance(leaf, Tensor):
            return repr(leaf)
        if any(leaf is number for number in self.numbers):
            return f"{leaf.tolist()} (on the CPU)"
        return f"{str(leaf.dtype).removeprefix('torch.')}{list(leaf.shape)}"

    def again(self) -> None:
        """Do it on what the same memory holds by now."""
        if not is_work(self.operator):
            # a view of memory, or memory without a content
            return
        found = tensors_of(self.operator(*self.args, **self.kwargs))
        for before, now in zip(self.results, found, strict=True):
            if before is not now:
                before.copy_(now)


def tensors_of(values: Any) -> list[Tensor]:
    """The tensors in a nest of values, in order."""
    return [leaf for leaf in pytree.tree_leaves(values) if isinstance(leaf, Tensor)]


class Graph:
    """Stands for ``torch.cuda.CUDAGraph``.

    Args:
        tally: The device's.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._operations: list[Operation] = []
        self._before: dict[int, tuple[Any, Any]] = {}
        self._own: set[int] = set()

    @property
    def operations(self) -> Sequence[Operation]:
        """What was recorded."""
        return self._operations

    def replay(self) -> None:
        """Do all operations again. The host tells the device once."""
        self._tally.operations["replay"] += 1
        with torch.no_grad():
            for operation in self._operations:
                operation.again()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record what is done within, and leave memory and generator as they were."""
        draws = torch.get_rng_state()
        self._tally.observers.append(self)
        self._tally.listeners.append(_refuse)
        try:
            yield
        finally:
            self._tally.listeners.remove(_refuse)
            self._tally.observers.remove(self)
            for storage, content in self._before.values():
                storage.copy_(content)
            self._before.clear()
            torch.set_rng_state(draws)

    def before(self, operands: Any) -> None:
        """An operation is about to be done on these: what they hold is kept at first sight."""
        for tensor in tensors_of(operands):
            storage = tensor.untyped_storage()
            place = storage.data_ptr()
            if place not in self._own and place not in self._before:
                content = storage.clone()  # type: ignore[no-untyped-call]
                self._before[place] = (storage, content)

    def after(self, operation: Operation) -> None:
        """It is done."""
        self._operations.append(operation)
        for tensor in operation.results:
            place = tensor.untyped_storage().data_ptr()
            if place not in self._before:
                self._own.add(place)


def _refuse(reason: str) -> None:
    raise RuntimeError(f"operation not permitted when stream is capturing: {reason}")


class Stream:
    """Stands for ``torch.cuda.Stream``; there is one order only, that of Python."""

    def __init__(self, device: object = None) -> None:
        pass

    def wait_stream(self, stream: Stream) -> None:
        """What was told to another stream comes first; it does."""


class Generator:
    """Stands for the device's own random generator; its draws are the CPU's."""

    def clone_state(self) -> Tensor:
        """What ``graphsafe_set_state`` takes."""
        return torch.get_rng_state()

    def graphsafe_set_state(self, state: Tensor) -> None:
        """Go on from there."""
        torch.set_rng_state(state)


class Capturing:
    """The names of ``torch.cuda`` that capturing needs; a part of ``torch.pretended``.

    Args:
        tally: The device's.
    """

    Stream = Stream

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._mode = "default"
        self.default_generators = (Generator(),)

    def CUDAGraph(self) -> Graph:
        """A graph without a recording."""
        return Graph(self._tally)

    def graph(
        self, graph: Graph, *, stream: object, capture_error_mode: str
    ) -> AbstractContextManager[None]:
        """Record what is done within."""
        return graph.recording()

    def stream(self, stream: object) -> AbstractContextManager[None]:
        """Within, the device is told things by another stream."""
        return nullcontext()

    def current_stream(self, device: object = None) -> Any:
        """The one by which it is told things."""
        return Stream()

    def get_sync_debug_mode(self) -> str:
        """Whether waits are warned of."""
        return self._mode

    def set_sync_debug_mode(self, mode: str) -> None:
        """Have waits warned of (``warn``), or not (``default``)."""
        if mode == "warn" != self._mode:
            self._tally.listeners.append(_warn)
        elif self._mode == "warn" != mode:
            self._tally.listeners.remove(_warn)
        self._mode = mode


def _warn(reason: str) -> None:
    warnings.warn(_WARNED, stacklevel=1)
