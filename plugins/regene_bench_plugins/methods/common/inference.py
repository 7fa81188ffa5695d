"""Running networks over many images without letting the batch size show in the results."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from regene_bench.api import DeviceImages, Runtime

CHUNK = 128


def in_padded_chunks(
    function: Callable[[Tensor], Tensor], inputs: Tensor, size: int = CHUNK
) -> Tensor:
    """Apply a function to chunks of exactly ``size`` rows, the last one padded, and join them.

    Kernels choose their order of summing by the size of the batch. As every call has the same size,
    a row's result is the same to the last bit however many rows are asked for together.

    Args:
        function: Maps ``[size, ...]`` to ``[size, ...]``, row by row.
        inputs: ``[N, ...]``, N at least 1.
        size: Rows a call.

    Returns:
        ``[N, ...]``.
    """
    parts = []
    for start in range(0, len(inputs), size):
        chunk = inputs[start : start + size]
        parts.append(function(padded(chunk, size))[: len(chunk)])
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def padded(rows: Tensor, size: int) -> Tensor:
    """Repeat the last of ``[N, ...]`` until there are ``size`` rows; N is from 1 to ``size``."""
    missing = size - len(rows)
    return torch.cat([rows, rows[-1:].expand(missing, *rows.shape[1:])]) if missing else rows


@torch.inference_mode()
def encode_split(encoder: nn.Module, split: DeviceImages, runtime: Runtime) -> Tensor:
    """Latents of a whole split in the runtime's precision, kept as float32 ``[N, D]``."""
    with runtime.autocast():
        parts = [in_padded_chunks(encoder, images) for images, _ in split.chunks(CHUNK)]
    return torch.cat(parts).float()
