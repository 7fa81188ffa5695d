"""What a fitted model can do.

A model is whatever it can do: metrics ask for capabilities, not for a class, so a model needs no
base class. Images are float32 ``[N, C, H, W]`` in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor
    from torch.distributions import Distribution

    from regene_bench.runtime.random import SampleRng


@dataclass(frozen=True)
class Generation:
    """Generated images and what the generator can tell of how it made them.

    Attributes:
        images: float32 ``[N, C, H, W]`` in [0, 1].
        latents: float32 ``[N, D]``, the latents that were decoded, if there are any.
        trials: Per kind of judging (``"latent"``, ``"image"``), int64 ``[N]``: how many candidates
            were drawn until this sample passed it (ReGene, section 6.2), 1 if the first did.
        labelled: False if the generator does not look at the labels: nobody knows what class the
            images are of then, and metrics that need labels are skipped.
    """

    images: Tensor
    latents: Tensor | None = None
    trials: Mapping[str, Tensor] | None = None
    labelled: bool = True


@runtime_checkable
class Encoder(Protocol):
    """Finds the latent of an image; with ``Decoder`` it makes an autoencoder."""

    def encode(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to latents, float32 ``[N, D]``."""
        ...


@runtime_checkable
class Decoder(Protocol):
    """Maps a latent to its image."""

    def decode(self, latents: Tensor) -> Tensor:
        """Map latents ``[N, D]`` to images ``[N, C, H, W]`` in [0, 1]."""
        ...


@runtime_checkable
class Generator(Protocol):
    """Makes new images of wanted classes; what every method's model must be able to do."""

    def generate(self, labels: Tensor, rng: SampleRng) -> Generation:
        """Generate one image per label, int64 ``[N]``.

        Sample ``i`` depends on ``(rng.seed, rng.start + i)`` and its label alone, never on ``N``.
        """
        ...


@runtime_checkable
class Classifier(Protocol):
    """Tells the class of an image."""

    def classify(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to logits, float32 ``[N, K]``."""
        ...


@runtime_checkable
class LatentVariableModel(Protocol):
    """Tells the three densities of a model with latent variables z, as torch's distributions.

    Batches are of ``[N]``, events of latents ``[D]`` and of images ``[C, H, W]``. A model that is
    not conditional looks at no labels.
    """

    def posterior(self, images: Tensor, labels: Tensor) -> Distribution:
        """q(z | x, y) for images ``[N, C, H, W]`` and their labels, int64 ``[N]``."""
        ...

    def prior(self, labels: Tensor) -> Distribution:
        """p(z | y), the one that the model was trained with."""
        ...

    def likelihood(self, latents: Tensor, labels: Tensor) -> Distribution:
        """p(x | z, y) for z ``[N, D]`` and labels, int64 ``[N]``."""
        ...


@runtime_checkable
class Quantiser(Protocol):
    """Encodes images as entries of a codebook."""

    @property
    def n_codes(self) -> int:
        """Size K of the codebook."""
        ...

    def codes(self, images: Tensor) -> Tensor:
        """Map images ``[N, C, H, W]`` to codes below K, int64 ``[N, P]``."""
        ...


@runtime_checkable
class KeepsSamplingState(Protocol):
    """Can say what it draws from, so that it needs no data where it is used.

    A method whose generator looks at training images, such as a pool of their latents, looks for
    ``runtime.checkpoints.has(SAMPLING_STATE)`` first when it fits; an exported model has it there.
    """

    def sampling_state(self) -> Mapping[str, Tensor]:
        """All that ``generate`` takes from the data, by name."""
        ...


SAMPLING_STATE = "sampling"
"""Name of the checkpoint that holds what ``KeepsSamplingState.sampling_state`` gave."""

CAPABILITIES: Mapping[str, type] = {
    "encode": Encoder,
    "decode": Decoder,
    "generate": Generator,
    "classify": Classifier,
    "infer": LatentVariableModel,
    "quantise": Quantiser,
}


def has_capability(model: object, capability: str) -> bool:
    """Tell whether a fitted model offers a capability named in ``CAPABILITIES``."""
    return isinstance(model, CAPABILITIES[capability])
