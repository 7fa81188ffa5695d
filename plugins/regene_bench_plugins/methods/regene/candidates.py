"""What a sample may become: the contract of where candidates for new latents come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from regene_bench.api import MethodError, SampleRng


class Candidates(Protocol):
    """The candidates of all samples of one batch, as convex combinations or draws of a density.

    A candidate has a ``number``: which of its class's combinations it is, so that none is given out
    twice, or ``None`` where no two are equal.

    Attributes:
        noun: What a candidate is called in messages.
    """

    @property
    def noun(self) -> str:
        """What a candidate is called in messages."""
        ...

    def max_candidates(self, label: int) -> int | None:
        """How many candidates a sample has at most; ``None`` where there is no end to them."""
        ...

    def candidate(self, label: int, i: int, trial: int) -> Any:
        """Candidate ``trial`` of sample ``i`` of the batch, both counted from 0.

        It depends on the seed, ``i``, ``trial`` and the label alone.
        """
        ...

    def latents(self, candidates: Sequence[Any]) -> Tensor:
        """Latents of candidates, float32 ``[N, D]``, each by its own candidate alone."""
        ...

    def exhausted_error(self, label: int, what: str) -> MethodError:
        """The error of a sample to which no candidate is left."""
        ...


@dataclass
class UsedCombinations:
    """Which sample has used which combination, so that none is given out twice.

    A benchmark samples the indices from 0 up, in batches of any size; a batch that begins at 0, or
    with another seed, begins another sampling.

    Attributes:
        seed: Of the sampling that is noted.
        owners: The lowest sample index that uses a combination, by class and by number.
    """

    seed: int | None = None
    owners: dict[int, dict[int, int]] = field(default_factory=dict)

    def begin_batch(self, rng: SampleRng) -> None:
        """Forget everything if this batch begins another sampling."""
        if rng.start == 0 or rng.seed != self.seed:
            self.seed, self.owners = rng.seed, {}

    def used_before(self, label: int, number: int, index: int) -> bool:
        """Tell whether a sample of a lower index uses a combination of a class."""
        return self.owners.get(label, {}).get(number, index) < index

    def use(self, label: int, number: int, index: int) -> None:
        """Note that a sample uses a combination of a class."""
        own = self.owners.setdefault(label, {})
        own[number] = min(index, own.get(number, index))


def first_candidates(
    source: Candidates,
    labels: Tensor,
    rng: SampleRng,
    used: UsedCombinations,
    class_names: Sequence[str],
) -> Tensor:
    """The first candidate for each label that is not used yet, without judging any.

    Args:
        source: The candidates.
        labels: int64 ``[N]``.
        rng: Its start is the index of the first sample.
        used: What earlier batches have used; this one's are added.
        class_names: In label order, for messages.

    Returns:
        float32 ``[N, D]``.

    Raises:
        MethodError: A class has fewer candidates than are wanted of it.
    """
    used.begin_batch(rng)
    chosen = []
    for i, label in enumerate(labels.tolist()):
        trial, limit = 0, source.max_candidates(label)
        while True:
            if limit is not None and trial >= limit:
                raise source.exhausted_error(label, f"class {class_names[label]!r}")
            candidate = source.candidate(label, i, trial)
            if candidate.number is None:
                break
            if not used.used_before(label, candidate.number, rng.start + i):
                used.use(label, candidate.number, rng.start + i)
                break
            trial += 1
        chosen.append(candidate)
    return source.latents(chosen)
