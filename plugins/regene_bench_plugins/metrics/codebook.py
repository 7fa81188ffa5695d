"""How much of its codebook a model uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch

from regene_bench.api import Column, Evaluation, Metric, Quantiser, Score

_CHUNK = 256


class CodebookUse(Metric):
    """The codes of all positions of all test images together (van den Oord et al. 2017).

    * ``codebook_perplexity``: ``exp(−Σ p_k log p_k)`` for the share p_k of each code: how many
      equally used codes would say as much. 1 if the codebook has collapsed, K at most.
    * ``codebook_used``: share of the K codes that occur at all. Few test images have few codes:
      compare like numbers of images.
    """

    requires = ("quantise",)
    compares_features = False
    columns = (
        Column("codebook_perplexity", "none", "codes", "effective number of codes in use"),
        Column("codebook_used", "none", summary="share of the codebook that test images use"),
    )

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        """Count over ``evaluation.held_out``."""
        model = cast("Quantiser", evaluation.model)
        counts = torch.zeros(model.n_codes, dtype=torch.int64)
        for images, _ in evaluation.held_out.chunks(_CHUNK):
            evaluation.runtime.stop.check()
            codes = model.codes(images).flatten().cpu()
            counts += torch.bincount(codes, minlength=model.n_codes)
        shares = counts.double() / counts.sum()
        perplexity = float(torch.special.entr(shares).sum().exp())
        used = float((counts > 0).double().mean())
        note = f"codebook of {model.n_codes}"
        n = len(evaluation.held_out)
        yield Score("codebook_perplexity", perplexity, n_real=n, reference_split="test", note=note)
        yield Score("codebook_used", used, n_real=n, reference_split="test", note=note)
