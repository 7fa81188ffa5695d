"""Which samples are drawn: the k-th sample of a class is always the same image.

A run draws N samples, sorted by class; sample ``i`` depends on the seed, ``i`` and its label alone.
Further samples are those of further rounds of N with the same labels. So whoever asks for a few of
a class gets the run's own first ones, and whoever asks for more gets the same ones and others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from regene_bench.base.errors import UsageError, did_you_mean
from regene_bench.evaluation.comparison import stratified_labels


@dataclass(frozen=True)
class Drawing:
    """What is drawn.

    Attributes:
        indices: int64 ``[M]``, each sample's own index, sorted by class and within it ascending.
        labels: int64 ``[M]``.
    """

    indices: Tensor
    labels: Tensor

    def spans(self) -> Iterator[tuple[Tensor, int]]:
        """Yield positions, int64, of samples whose indices follow each other, and the first index.

        They come in the order of the indices, in which the run drew: generators that use no
        combination twice look back on what they drew.
        """
        order = torch.argsort(self.indices)
        steps = torch.nonzero(torch.diff(self.indices[order]) != 1).flatten() + 1
        for part in torch.tensor_split(order, steps):
            if len(part):
                yield part, int(self.indices[part[0]])


def lay_out(
    per_class: Sequence[int], n: int | None = None, classes: Sequence[int] | None = None
) -> Drawing:
    """Choose samples in the proportions of a run's own.

    Args:
        per_class: How many samples of each class the run drew, ``[K]``.
        n: How many are wanted; as many as the run drew of these classes if ``None``.
        classes: Of which classes; of all that the run drew if ``None``.

    Returns:
        The samples.
    """
    own = torch.tensor(per_class, dtype=torch.int64)
    wanted = own.clone()
    if classes is not None:
        wanted.zero_()
        wanted[list(classes)] = own[list(classes)]
    if n is not None:
        labels = torch.repeat_interleave(torch.arange(len(own)), own)
        counts = stratified_labels(labels, n, None if classes is None else list(classes))
        wanted = torch.bincount(counts, minlength=len(own))
    offsets, total = torch.cumsum(own, 0) - own, int(own.sum())
    parts = []
    for label in range(len(own)):
        kth = torch.arange(int(wanted[label]))
        in_round = max(int(own[label]), 1)
        parts.append((kth // in_round) * total + offsets[label] + kth % in_round)
    return Drawing(torch.cat(parts), torch.repeat_interleave(torch.arange(len(own)), wanted))


def labels_named(words: Sequence[str], class_names: Sequence[str]) -> list[int]:
    """Number classes that are given by their names, or by their numbers where no name is one.

    Raises:
        UsageError: There is no such class.
    """
    found = []
    for word in words:
        if word in class_names:
            found.append(list(class_names).index(word))
        elif word.isdecimal() and word.isascii() and int(word) < len(class_names):
            found.append(int(word))
        else:
            raise UsageError(
                f"There is no class {word!r}.", hint=did_you_mean(word, list(class_names))
            )
    return sorted(set(found))
