"""Nearest neighbours of many vectors among many, in bounded memory on the vectors' own device.

``|a|² − 2ab + |b|²`` is one matrix product a chunk, but it loses the small distances: two equal
vectors come out some rounding errors apart. So it only picks candidates, of which the distances
are then computed from the differences. A copy has distance 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench.base.errors import MethodError
from regene_bench.evaluation.matmul_precision import products

# More candidates than neighbours, so that a rounding error among near-equals does not drop one.
_SPARE = 8
_QUERIES = 1024
_REFERENCES = 4096
# Elements of the differences that are held at once: 64 MiB in float64.
_REFINED_ELEMENTS = 1 << 23


@dataclass(frozen=True)
class Neighbours:
    """The nearest references of each query.

    Attributes:
        distances: float64 ``[N, k]``, Euclidean, ascending.
        indices: int64 ``[N, k]``, rows of the references.
    """

    distances: Tensor
    indices: Tensor


def nearest(
    queries: Tensor,
    references: Tensor,
    k: int = 1,
    *,
    exclude: Tensor | None = None,
    chunk: int = _REFERENCES,
) -> Neighbours:
    """Find the ``k`` nearest references of each query by Euclidean distance.

    Holds a chunk of the references as float32, ``1024 × chunk`` products and ``N × (k + 8)``
    candidates, never ``N × M``. The distances are exact to float64 rounding. If more than
    ``k + 8`` references lie as near as the nearest to within float32 rounding of the vectors'
    squared norms, the neighbour found may be any of those.

    Args:
        queries: ``[N, ...]``, any real dtype (uint8 images as they are).
        references: ``[M, ...]`` of the same shape otherwise, on the same device.
        k: How many neighbours.
        exclude: int64 ``[N]``: a reference that each query must not find, itself for example.
        chunk: References a step.

    Raises:
        MethodError: The shapes do not fit, values are not finite, or there are fewer than ``k``
            references to find.
    """
    a, b = queries.flatten(1), references.flatten(1)
    _check(a, b, k, exclude)
    centre = _mean(b, chunk)
    wanted = min(k + _SPARE + (exclude is not None), len(b))
    scores = torch.full((len(a), 0), torch.inf, device=a.device)
    found = torch.zeros((len(a), 0), dtype=torch.int64, device=a.device)
    for start in range(0, len(b), chunk):
        part = b[start : start + chunk].float() - centre
        new_scores, new_found = _candidates(a, part, centre, wanted, start, exclude)
        scores = torch.cat([scores, new_scores], dim=1)
        found = torch.cat([found, new_found], dim=1)
        scores, places = scores.topk(min(wanted, scores.shape[1]), largest=False)
        found = found.gather(1, places)
    return _refined(a, b, found, k, exclude)


def _candidates(
    a: Tensor, part: Tensor, centre: Tensor, wanted: int, start: int, exclude: Tensor | None
) -> tuple[Tensor, Tensor]:
    squares = part.square().sum(dim=1)
    scores, found = [], []
    for first in range(0, len(a), _QUERIES):
        rows = slice(first, first + _QUERIES)
        query = a[rows].float() - centre
        score = products(query, part, query.new_empty(len(query), len(part)))
        # |a|² is the same for all references, so the order does not need it.
        score.mul_(-2).add_(squares)
        if exclude is not None:
            place = exclude[rows] - start
            here = torch.nonzero((place >= 0) & (place < len(part))).flatten()
            score[here, place[here]] = torch.inf
        best, index = score.topk(min(wanted, len(part)), largest=False)
        scores.append(best)
        found.append(index + start)
    return torch.cat(scores), torch.cat(found)


def _refined(a: Tensor, b: Tensor, found: Tensor, k: int, exclude: Tensor | None) -> Neighbours:
    rows = max(1, _REFINED_ELEMENTS // (found.shape[1] * max(1, a.shape[1])))
    distances, indices = [], []
    for first in range(0, len(a), rows):
        part = found[first : first + rows]
        difference = b[part].double() - a[first : first + rows, None].double()
        distance = difference.square_().sum(dim=2).sqrt_()
        if exclude is not None:
            distance[part == exclude[first : first + rows, None]] = torch.inf
        # Candidates in the order of their index: a stable sort then settles ties by it.
        order = part.argsort(dim=1)
        distance, part = distance.gather(1, order), part.gather(1, order)
        distance, order = distance.sort(dim=1, stable=True)
        distances.append(distance[:, :k])
        indices.append(part.gather(1, order)[:, :k])
    return Neighbours(torch.cat(distances), torch.cat(indices))


def _mean(b: Tensor, chunk: int) -> Tensor:
    """Mean of the references, float32 ``[D]``: subtracted, it makes the norms and errors small."""
    total = torch.zeros(b.shape[1], dtype=torch.float64, device=b.device)
    for part in torch.split(b, chunk):
        total += part.sum(dim=0, dtype=torch.float64)
    return (total / len(b)).float()


def _check(a: Tensor, b: Tensor, k: int, exclude: Tensor | None) -> None:
    if a.shape[1] != b.shape[1]:
        raise MethodError(
            f"Vectors of {a.shape[1]} and {b.shape[1]} dimensions have no distance.",
            hint="Give images of one shape, or features of one extractor.",
        )
    if not len(a):
        raise MethodError(
            "There is nothing to find neighbours of.", hint="Give one sample or more."
        )
    to_find = len(b) - (exclude is not None)
    if not 1 <= k <= to_find:
        raise MethodError(
            f"{k} neighbours cannot be found among {to_find}.",
            hint="Give more real images.",
        )
    for name, values in (("queries", a), ("references", b)):
        # A sum is not finite as soon as one value is not; it needs no mask as large as the data.
        if values.is_floating_point() and not bool(values.sum(dtype=torch.float64).isfinite()):
            raise MethodError(
                f"The {name} are not finite.", hint="Look at the images or at the extractor."
            )
