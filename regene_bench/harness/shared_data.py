"""The benchmark's data, which all runs and metrics of a call share and none may write into."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor

from regene_bench.base.errors import DataError, MethodError
from regene_bench.data.device_images import BenchmarkData
from regene_bench.evaluation.comparison import Comparison
from regene_bench.runtime.tensor_marks import TensorMark

ReadAnew = Callable[[], tuple[BenchmarkData, Comparison]]
"""Reads the data once more, and chooses from them what is compared."""


class SharedData:
    """Watches over the real images and the labels to generate.

    Args:
        data: Both splits.
        comparison: What is chosen of them.
        read_anew: Gives the same again, where a plugin has damaged them.
    """

    def __init__(self, data: BenchmarkData, comparison: Comparison, read_anew: ReadAnew) -> None:
        self._tensors = _tensors_of(data, comparison)
        self._marks = {name: TensorMark.of(tensor) for name, tensor in self._tensors.items()}
        self._read_anew = read_anew

    def restore(self) -> tuple[str, ...]:
        """Put right what was written into since the last look.

        Returns:
            What it was, in words; empty if nothing.

        Raises:
            DataError: The data on the disk are no longer what they were, either.
        """
        changed = self._changed()
        if changed:
            anew = _tensors_of(*self._read_anew())
            for name in changed:
                self._tensors[name].data = anew[name]
            if self._changed():
                raise DataError(
                    "A plugin wrote into the benchmark's data, and what is on the disk differs "
                    "from what was read, too.",
                    hint="Restore the files, and call again.",
                )
        return changed

    @contextmanager
    def unchanged_by(self, what: str) -> Iterator[None]:
        """Put right what a method writes into, however it ends.

        Args:
            what: What is done within, such as ``fit``.

        Raises:
            MethodError: It wrote into something.
        """
        try:
            yield
        except BaseException:
            self.restore()
            raise
        if changed := self.restore():
            raise MethodError(f"{what} {wrote_into(changed)}")

    def _changed(self) -> tuple[str, ...]:
        return tuple(
            name
            for name, tensor in self._tensors.items()
            if TensorMark.of(tensor) != self._marks[name]
        )


def wrote_into(names: Sequence[str]) -> str:
    """Say that a plugin wrote into what it was lent, and what its author is to do.

    Args:
        names: What it was, in words.

    Returns:
        What follows the name of its function in a sentence.
    """
    return (
        f"wrote into {', '.join(names)}, which other runs and metrics see, too. That was put "
        "right, and nothing of it counts: work on a copy (tensor.clone())."
    )


def _tensors_of(data: BenchmarkData, comparison: Comparison) -> dict[str, Tensor]:
    return {
        "the training images": data.train.images,
        "the training labels": data.train.labels,
        "the test images": data.test.images,
        "the test labels": data.test.labels,
        "the labels to generate": comparison.labels,
        "the real images of the comparison (train)": comparison.train.images,
        "their labels (train)": comparison.train.labels,
        "the real images of the comparison (test)": comparison.test.images,
        "their labels (test)": comparison.test.labels,
    }
