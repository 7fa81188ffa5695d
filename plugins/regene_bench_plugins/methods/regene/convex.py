"""Convex combinations of latents of one class.

Section 6.2 of Gopalakrishnan et al. 2022: a new latent is a convex combination of n latents of
training images of one class, with equal ratios unless others are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from regene_bench.api import SAMPLING_STATE, MethodError, Runtime, SampleRng, derive_seed
from regene_bench_plugins.methods.regene.candidates import UsedCombinations, first_candidates
from regene_bench_plugins.methods.regene.combinations import NumberedCombinations

CANDIDATE_STREAM = "convex combination"


@dataclass(frozen=True)
class ConvexWeights:
    """The weights of a convex combination of n latents: fixed ratios, or drawn for each anew.

    Attributes:
        ratios: Weights of the n latents, positive, with the sum 1.
        dirichlet: If given, weights are drawn from the symmetric Dirichlet distribution of this
            concentration instead, for each combination anew.
    """

    ratios: tuple[float, ...]
    dirichlet: float | None = None

    @classmethod
    def uniform(cls, n: int) -> ConvexWeights:
        """Equal shares of n latents."""
        return cls((1 / n,) * n)

    @property
    def n(self) -> int:
        """Latents in a combination."""
        return len(self.ratios)


@dataclass(frozen=True)
class LatentPool:
    """Latents that may be combined, sorted by class.

    Attributes:
        latents: float32 ``[M, D]``.
        offsets: int64 ``[K + 1]`` on the host: class ``c`` has rows ``offsets[c]`` to
            ``offsets[c + 1]``.
    """

    latents: Tensor
    offsets: np.ndarray

    @classmethod
    def of(cls, latents: Tensor, labels: Tensor, n_classes: int) -> LatentPool:
        """Sort latents ``[M, D]`` by their labels ``[M]``; order within a class is kept."""
        order = torch.argsort(labels, stable=True)
        counts = torch.bincount(labels, minlength=n_classes).cpu().numpy()
        return cls(latents[order], np.concatenate([[0], np.cumsum(counts)]))

    def tensors(self) -> dict[str, Tensor]:
        """The pool as tensors, from which ``from_tensors`` makes it again."""
        return {"latents": self.latents, "offsets": torch.from_numpy(self.offsets)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> LatentPool:
        """Make a pool of what ``tensors`` gave."""
        return cls(tensors["latents"], tensors["offsets"].cpu().numpy())

    def size(self, label: int) -> int:
        """How many latents a class has."""
        return int(self.offsets[label + 1] - self.offsets[label])

    def require(
        self, n: int, class_names: Sequence[str], what: str, *, grows_with_training: bool = False
    ) -> None:
        """Check that each class has at least ``n`` latents.

        Args:
            n: How many are combined; 1 for a density, which needs one at least.
            class_names: K names in label order.
            what: What the pool consists of.
            grows_with_training: Whether a longer training would bring more of these.

        Raises:
            MethodError: One has fewer; names it and what it has too few of.
        """
        for label, name in enumerate(class_names):
            if self.size(label) < n:
                needed = (
                    f"combinations of {n} need at least {n}" if n > 1 else "a density needs one"
                )
                mend = "Combine fewer (n_combined), or give" if n > 1 else "Give"
                raise MethodError(
                    f"Class {name!r} has {self.size(label)} {what}; {needed}.",
                    hint=f"{mend} the class more images"
                    + ("; or train longer." if grows_with_training else "."),
                )

    def combine(self, candidates: Sequence[Candidate]) -> Tensor:
        """Average latents by their ratios, ``[N, D]``."""
        device = self.latents.device
        rows = torch.tensor([c.rows for c in candidates], device=device)
        ratios = torch.tensor([c.ratios for c in candidates], device=device)
        total = self.latents[rows[:, 0]] * ratios[:, :1]
        for column in range(1, rows.shape[1]):
            total = total + self.latents[rows[:, column]] * ratios[:, column, None]
        return total


def load_sampling_state(runtime: Runtime) -> dict[str, Tensor]:
    """What an exported model draws from, on the runtime's device; empty in a run."""
    if not runtime.checkpoints.has(SAMPLING_STATE):
        return {}
    kept = runtime.checkpoints.load(SAMPLING_STATE) or {}
    return {name: tensor.to(runtime.device) for name, tensor in kept.items()}


@dataclass(frozen=True)
class Candidate:
    """A combination that a sample may take, before anything is computed of it.

    Attributes:
        rows: Of the pool's latents, all different.
        ratios: One a row.
        number: Its number within its class, as ``NumberedCombinations`` counts; ``None`` if its
            ratios were drawn, since such a combination does not come twice.
    """

    rows: list[int]
    ratios: list[float]
    number: int | None


class CandidateSource:
    """The convex combinations that all samples of one batch may take.

    Candidate ``t`` of sample ``i`` depends on the seed, ``i``, ``t`` and the label alone.

    Args:
        pool: Latents that are combined.
        weights: With what weights.
        rng: Its seed decides the candidates, its start is the index of the batch's first sample.
    """

    noun = "combination"

    def __init__(self, pool: LatentPool, weights: ConvexWeights, rng: SampleRng) -> None:
        self._pool = pool
        self._weights = weights
        self._rng = rng
        self._known: dict[int, NumberedCombinations] = {}

    def combinations_of(self, label: int) -> NumberedCombinations:
        """All combinations of a class."""
        if label not in self._known:
            key = derive_seed(self._rng.seed, CANDIDATE_STREAM, label)
            # Drawn ratios belong to no member in particular: there, combinations are mere subsets.
            weights = self._weights
            ratios = weights.ratios if weights.dirichlet is None else (1.0,) * weights.n
            self._known[label] = NumberedCombinations(self._pool.size(label), ratios, key)
        return self._known[label]

    def max_candidates(self, label: int) -> int | None:
        """How many candidates a sample has at most; ``None`` where there is no end to them."""
        return None if self._weights.dirichlet is not None else self.combinations_of(label).count

    def candidate(self, label: int, i: int, trial: int) -> Candidate:
        """Candidate ``trial`` of sample ``i`` of the batch, both counted from 0."""
        combinations = self.combinations_of(label)
        number = combinations.number(self._rng.start + i, trial)
        members, ratios = combinations.members(number)
        rows = [int(self._pool.offsets[label]) + member for member in members]
        if self._weights.dirichlet is None:
            return Candidate(rows, ratios, number)
        alphas = np.full(self._weights.n, self._weights.dirichlet)
        drawn = self._rng.numpy(i, f"ratios of candidate {trial}").dirichlet(alphas)
        return Candidate(rows, drawn.tolist(), None)

    def latents(self, candidates: Sequence[Candidate]) -> Tensor:
        """Average latents by their ratios, ``[N, D]``."""
        return self._pool.combine(candidates)

    def exhausted_error(self, label: int, what: str) -> MethodError:
        """The error of a sample to which no combination is left."""
        size, count = self._pool.size(label), self.combinations_of(label).count
        return MethodError(
            f"No combination is left for {what}: {count} different combinations of "
            f"{self._weights.n} can be made of its {size} latents, and each is given out once.",
            hint="Generate fewer images, combine more latents (n_combined), or draw the ratios "
            "(dirichlet).",
        )


def combine_without_repeats(
    pool: LatentPool,
    labels: Tensor,
    weights: ConvexWeights,
    rng: SampleRng,
    used: UsedCombinations,
    class_names: Sequence[str],
) -> Tensor:
    """One combination for each label, without rejecting any; none comes twice.

    Args:
        pool: Latents that are combined.
        labels: int64 ``[N]``.
        weights: With what weights.
        rng: Decides the combinations.
        used: What earlier batches have used; this one's are added.
        class_names: In label order, for messages.

    Returns:
        float32 ``[N, D]``.

    Raises:
        MethodError: A class has fewer combinations than are wanted of it.
    """
    source = CandidateSource(pool, weights, rng)
    return first_candidates(source, labels, rng, used, class_names)
