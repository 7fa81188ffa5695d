"""Conditional GAN with any noise dimension from 0 up (Mirza & Osindero 2014; He)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field
from torch import nn

from regene_bench.api import (
    BenchmarkData,
    ImageShape,
    Method,
    MethodConfig,
    Preset,
    Runtime,
    Schedule,
    constant,
    decay_every,
)
from regene_bench_plugins.methods.common.image_kinds import is_colour, is_small
from regene_bench_plugins.methods.gan.config import GANConfig, code_input, image_input
from regene_bench_plugins.methods.gan.losses import AdversarialLoss, Minimax, NonSaturating
from regene_bench_plugins.methods.gan.model import GANModel
from regene_bench_plugins.methods.gan.noise import Normal
from regene_bench_plugins.methods.gan.presets import quick_images, quick_rates
from regene_bench_plugins.methods.gan.stacked import stacking_key, train_gans_together
from regene_bench_plugins.methods.gan.training import GANSetup, train_gan
from regene_bench_plugins.networks.conditional_norm import no_norm
from regene_bench_plugins.networks.conditioning import (
    CodeAndScalarLabel,
    CodeInput,
    ImageInput,
    NumberPlane,
)
from regene_bench_plugins.networks.heads import LinearHead
from regene_bench_plugins.networks.strided import (
    Discriminator,
    StridedFeatures,
    TransposedGenerator,
    dcgan_init,
    doubling_widths,
    halvings_to,
)

_INNERMOST_SIDE = 4
_LOSSES: dict[str, type[AdversarialLoss]] = {"nonsaturating": NonSaturating, "minimax": Minimax}


class CGANConfig(GANConfig):
    """Networks, loss and rates.

    Attributes:
        label: What stands beside the noise: the one-hot label (``one_hot``), or one number in
            [0, 1] (``number``).
        discriminator_label: What stands beside the image: a channel a class (``one_hot``), or one
            channel with a number in [0, 1] (``number``).
        blocks: Stride-2 layers of both networks; ``None`` for as many as leave about 4 pixels.
        width: Channels nearest the image, in the generator; they double inwards, up to 8 times.
        discriminator_width: The same in the discriminator.
        kernel: Side of the convolutions, 3 or 4.
        slope: Negative slope of the generator's LeakyReLU; 0 is a ReLU.
        discriminator_slope: The same in the discriminator.
        norm: Batch normalisation in the generator.
        discriminator_norm: Batch normalisation in the discriminator.
        loss: The generator's: ``nonsaturating``, or ``minimax`` as the objective is written.
        halve_every: Epochs after which both rates are halved, again and again; ``None`` for never.
    """

    label: Literal["one_hot", "number"] = "one_hot"
    discriminator_label: Literal["one_hot", "number"] = "one_hot"
    blocks: int | None = Field(default=None, ge=1, le=10)
    width: int = Field(default=64, ge=1, le=4096)
    discriminator_width: int = Field(default=64, ge=1, le=4096)
    kernel: int = Field(default=4, ge=3, le=4)
    slope: float = Field(default=0.0, ge=0, lt=1)
    discriminator_slope: float = Field(default=0.2, ge=0, lt=1)
    norm: bool = True
    discriminator_norm: bool = True
    loss: Literal["nonsaturating", "minimax"] = "nonsaturating"
    halve_every: float | None = Field(default=None, gt=0)

    def widths(self, first: int, shape: ImageShape) -> tuple[int, ...]:
        """Channels of the blocks from the image inwards."""
        return doubling_widths(first, self.blocks or halvings_to(_INNERMOST_SIDE, shape))

    def code_input(self, shape: ImageShape) -> CodeInput:
        """The generator's first layer: how noise and label become one code."""
        if self.conditional and self.label == "number":
            return CodeAndScalarLabel(self.noise_dim, shape.n_classes)
        return code_input(self, shape)

    def image_input(self, shape: ImageShape) -> ImageInput:
        """The discriminator's first layer: how image and label become feature maps."""
        if self.conditional and self.discriminator_label == "number":
            return NumberPlane(shape.n_classes)
        return image_input(self, shape)


class UGANConfig(CGANConfig):
    """As ``cgan``'s, without labels.

    Attributes:
        conditional: False.
    """

    conditional: Literal[False] = False


class CGAN(Method):
    """Noise ⊕ label into the generator, the label as constant channels into the discriminator."""

    version = "3"
    Config: ClassVar[type[MethodConfig]] = CGANConfig
    config: CGANConfig

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """``paper``: He's networks and rates (section 3), for MNIST or for clothing.

        Grey images get the former, coloured ones the latter. The discriminator has the label as
        "a concatenated channel", one for all classes. Widths, normalisation, batch size and the
        length of the clothing experiment are not in the paper; they are plain choices here.
        """
        if preset == "quick":
            return {"images": quick_images(shape)} | _quick_networks(shape)
        if preset == "standard":
            return {"images": 1_500_000}
        plain: dict[str, Any] = {"norm": False, "discriminator_norm": False}
        plain |= {"beta1": 0.9, "average": 0.0, "discriminator_label": "number"}
        if is_colour(shape):
            return plain | {
                "epochs": 600,
                "blocks": 3,
                "kernel": 4,
                "slope": 0.0,
                "discriminator_slope": 0.0,
                "generator_learning_rate": 1e-4,
                "discriminator_learning_rate": 3e-4,
                "halve_every": 200,
            }
        return plain | {
            "epochs": 20,
            "blocks": 2,
            "kernel": 3,
            "slope": 0.2,
            "generator_learning_rate": 3e-4,
            "discriminator_learning_rate": 3e-4,
        }

    def fit(self, data: BenchmarkData, runtime: Runtime) -> GANModel:
        """Train both networks."""
        with runtime.seeded("init"):
            setup = cgan_setup(self.config, data.shape)
        return train_gan("cgan", setup, self.config, data, runtime)

    @classmethod
    def batch_key(cls, config: MethodConfig) -> str | None:
        """Equal for configurations that ``fit_batch`` trains together.

        Seeds, noise dimensions and rates may differ.
        """
        assert isinstance(config, CGANConfig)
        return stacking_key(config)

    @classmethod
    def fit_batch(
        cls, configs: list[MethodConfig], data: BenchmarkData, runtimes: list[Runtime]
    ) -> list[object]:
        """Train several GANs as one network of groups; each result is as that of ``fit`` alone."""
        own = [config for config in configs if isinstance(config, CGANConfig)]
        setups = []
        for config, runtime in zip(own, runtimes, strict=True):
            with runtime.seeded("init"):
                setups.append(cgan_setup(config, data.shape))
        return [*train_gans_together("cgan", setups, own, data, runtimes)]


class UGAN(CGAN):
    """The same networks without labels (He, section 4.1)."""

    Config = UGANConfig


def _quick_networks(shape: ImageShape) -> dict[str, Any]:
    """Widths and rates of ``quick``: narrow networks make more steps, and these count for more."""
    if is_small(shape):
        return quick_rates(shape) | {"width": 48, "discriminator_width": 32}
    if is_colour(shape):
        return quick_rates(shape) | {"width": 32, "discriminator_width": 32}
    rates = {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3}
    narrow = {"width": 24, "discriminator_width": 16, "batch_size": 32}
    return quick_rates(shape) | rates | narrow


def cgan_setup(config: CGANConfig, shape: ImageShape) -> GANSetup:
    """Build the networks, the loss and the noise of a configuration.

    Args:
        config: Kinds and sizes.
        shape: Images that the generator gives and the discriminator takes.
    """
    entrance = config.image_input(shape)
    features = StridedFeatures(
        shape,
        config.widths(config.discriminator_width, shape),
        code=entrance.code,
        kernel=config.kernel,
        slope=config.discriminator_slope,
        norm=nn.BatchNorm2d if config.discriminator_norm else no_norm,
    )
    discriminator = Discriminator(entrance, features, LinearHead(features.size))
    discriminator.apply(dcgan_init)
    schedule: Schedule = constant
    if config.halve_every is not None:
        schedule = decay_every(config.halve_every, 0.5)
    return GANSetup(
        generator=TransposedGenerator(
            shape,
            config.code_input(shape),
            config.widths(config.width, shape),
            kernel=config.kernel,
            slope=config.slope,
            norm=nn.BatchNorm2d if config.norm else no_norm,
        ),
        discriminator=discriminator,
        loss=_LOSSES[config.loss](),
        noise=Normal(config.noise_dim),
        schedule=schedule,
    )
