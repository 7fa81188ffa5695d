"""What is computed on the pretended device, and which operations make the host wait for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

COPY_TO_CPU = "a copy to the CPU"
COPY_TO_DEVICE = "a copy to the device"
# They make no kernel run: memory is found for a result, or seen with another shape.
_NO_WORK = {
    "empty", "empty_like", "empty_strided", "empty_permuted", "new_empty", "new_empty_strided",
    "_unsafe_view", "_reshape_alias", "lift_fresh", "record_stream",
}  # fmt: skip
# The size of the result, or the number itself, must be known on the host.
_READS = {
    "_local_scalar_dense": "a number read (item, float, bool, if)",
    "is_nonzero": "a number read (item, float, bool, if)",
    "equal": "a number read (equal)",
    "nonzero": "a size read (nonzero)",
    "masked_select": "a size read (masked_select)",
    "bincount": "a size read (bincount)",
    "unique_dim": "a size read (unique)",
    "unique_consecutive": "a size read (unique)",
    "_unique2": "a size read (unique)",
}
_INDEXING = ("index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index")
_MASKS = (torch.bool, torch.uint8)


@dataclass
class Tally:
    """Counts of a device.

    Attributes:
        operations: How often each operation computed something: on a GPU a kernel each, at least.
        waits: How often the host waited for the device, by the reason.
        listeners: Told of the reason of each wait, when it happens.
        observers: Told of each operation, before it is done and after.
        kept: What has to live as long as the device.
    """

    operations: Counter[str] = field(default_factory=Counter)
    waits: Counter[str] = field(default_factory=Counter)
    listeners: list[Callable[[str], None]] = field(default_factory=list)
    observers: list[Any] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)

    def wait(self, reason: str) -> None:
        """Count a wait, and tell who listens."""
        self.waits[reason] += 1
        for listener in self.listeners:
            listener(reason)


def is_work(operator: Any) -> bool:
    """Tell whether an operation computes something; a view of a tensor does not."""
    return not operator.is_view and operator.overloadpacket.__name__ not in _NO_WORK


def wait_of(
    name: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    to_device: bool,
    ours: bool,
    theirs: Iterable[Tensor],
) -> str:
    """Say why the host waits for an operation to end; an empty text if it does not.

    A GPU computes behind the host's back. The host waits for what it reads, and, as torch copies
    from pageable memory, for what it sends; ``non_blocking`` copies are taken at their word.

    Args:
        name: The operation's.
        args: Its operands.
        kwargs: Its options.
        to_device: Whether the results are on the device.
        ours: Whether an operand is on the device.
        theirs: Operands on the CPU.
    """
    if name in _READS and ours:
        return _READS[name]
    if name == "repeat_interleave" and kwargs.get("output_size") is None and ours:
        return "a size read (repeat_interleave)"
    if name in _INDEXING and ours:
        indices = [index for index in args[1] if isinstance(index, Tensor)]
        if any(index.dtype in _MASKS for index in indices):
            return "a size read (indexing by a mask)"
        if any(index.device.type == "cpu" for index in indices):
            return "a copy to the device (an index)"
        return ""
    if name == "_to_copy" and not kwargs.get("non_blocking"):
        if ours and not to_device:
            return COPY_TO_CPU
        return COPY_TO_DEVICE if to_device and not ours else ""
    if name == "copy_" and ours and any(True for _ in theirs) and not _non_blocking(args, kwargs):
        return COPY_TO_CPU if args[0].device.type == "cpu" else COPY_TO_DEVICE
    return ""


def _non_blocking(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    return bool(kwargs.get("non_blocking", args[2] if len(args) > 2 else False))
