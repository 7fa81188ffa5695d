"""The arithmetic of an extractor is that of its card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from regene_bench.testing.check import NotApplicable, require
from regene_bench.testing.extractors.prepared import GREY, ExtractorSubject, features, pictures

_HALVES = (torch.float16, torch.bfloat16)


def the_arithmetic_is_that_of_the_card(subject: ExtractorSubject) -> None:
    """Where the card says float32, nothing is computed in half precision on the way to the
    features.

    Mend: leave out ``half()``, ``bfloat16()`` and ``autocast``; or state the precision as the
    card's ``dtype``.
    """
    stated = subject.grey.card.dtype
    if stated != "float32":
        raise NotApplicable(f"its card says {stated}")
    with _HalfPrecision() as halves:
        found = features(subject.grey, pictures(GREY))
    require(not halves.seen, f"it computes in {', '.join(sorted(halves.seen))}")
    for dtype in _HALVES:
        # numbers as whole as pixels are exact in half precision, too
        exact = torch.equal(found.to(dtype).float(), found) and not torch.equal(
            found.round(), found
        )
        require(not exact, f"all features are numbers of {dtype}")


class _HalfPrecision(TorchFunctionMode):
    """Notes results of torch's functions that are in half precision.

    Attributes:
        seen: Their types, in words.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.dtype in _HALVES:
            self.seen.add(str(result.dtype))
        return result
