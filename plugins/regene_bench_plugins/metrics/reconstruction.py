"""How well encoder and decoder give test images back."""

from __future__ import annotations

from collections.abc import Iterator

from regene_bench.api import Column, Evaluation, Metric, Score

_CHUNK = 1024


class Reconstruction(Metric):
    """Mean absolute error per pixel and channel of the test split, in units of [0, 1].

    The reconstruction is rounded to 8 bits first, as a saved picture would be.
    """

    requires = ("encode", "decode")
    columns = (Column("mae_test", "lower", summary="mean absolute error of test reconstructions"),)

    def measure(self, evaluation: Evaluation) -> Iterator[Score]:
        original = evaluation.data.test.images
        reconstructed = evaluation.reconstructed
        total = 0
        for start in range(0, len(original), _CHUNK):
            a = original[start : start + _CHUNK].int()
            b = reconstructed[start : start + _CHUNK].int()
            total += int((a - b).abs().sum())
        yield Score(
            "mae_test",
            total / (original.numel() * 255.0),
            n_real=len(original),
            n_generated=len(original),
            reference_split="test",
        )
