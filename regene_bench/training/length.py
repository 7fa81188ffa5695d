"""How long a method trains, as its configuration says it."""

from __future__ import annotations

from pydantic import Field

from regene_bench.training.method import MethodConfig


class TrainingLength(MethodConfig):
    """Base of configurations with one stage of training.

    Presets set ``images``, since that fixes the time whatever the data set; ``epochs`` is for
    people, and wins where both are given.

    Attributes:
        images: Training images seen, repetitions counted.
        epochs: Passes over the training split.
    """

    images: int = Field(default=1_000_000, ge=1)
    epochs: float | None = Field(default=None, gt=0)

    def total_images(self, n_train: int) -> int:
        """Images to be seen on a training split of ``n_train``."""
        return images_to_see(self.images, self.epochs, n_train)


def images_to_see(images: int, epochs: float | None, n_train: int) -> int:
    """Work out the length of a stage, in images seen.

    Args:
        images: The length, where no epochs are given.
        epochs: Passes over the training split; they win where given.
        n_train: Images in the training split.
    """
    return images if epochs is None else max(1, round(epochs * n_train))
