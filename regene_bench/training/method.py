"""The contract of a method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from regene_bench.data.shapes import ImageShape, Preset

if TYPE_CHECKING:
    from regene_bench.data.device_images import BenchmarkData
    from regene_bench.runtime.runtime import Runtime

SMOKE_IMAGES = 640
_SMALL_PIXELS = 256
_FEWEST_IMAGES = 64


class MethodConfig(BaseModel):
    """Base of all method configurations: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Method(ABC):
    """Trains one model from a validated configuration: the contract of every plugin method.

    A method says what can be set (``Config``), what presets set (``preset``), and how a model is
    trained (``fit``). What the model can do, it says by the methods it has: see
    ``regene_bench.training.capabilities``.

    Class attributes:
        version: Raise it when results change; it is part of the run id.
        Config: The configuration's pydantic model.
        is_reference: True for a row that others are read against (real images); it is not ranked.
        sampling_params: Fields of ``Config`` that training does not look at. Runs that differ in
            these alone are trained once: the later ones take the checkpoints over.
        uses_held_out_for: What its paper takes from held-out images (``data.test``), in a few
            words; empty for a method that does not look at them. Whatever it is, nothing is trained
            on them.
        augmented_stages: Names of the stages whose batches the protocol's augmentation changes, for
            people to read.
    """

    version: ClassVar[str] = "1"
    Config: ClassVar[type[MethodConfig]] = MethodConfig
    is_reference: ClassVar[bool] = False
    sampling_params: ClassVar[frozenset[str]] = frozenset()
    uses_held_out_for: ClassVar[str] = ""
    augmented_stages: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: MethodConfig) -> None:
        self.config = config

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """Return the configuration values that a preset sets for images of this shape.

        What a user sets comes on top of them; what neither sets has the default of ``Config``.
        """
        return {}

    @classmethod
    def smoke(cls, shape: ImageShape) -> dict[str, Any]:
        """Return the values of the smallest configuration that shows whether the method works.

        ``regene-bench check`` trains with it a dozen times, on a CPU. By default it is the quick
        preset with every length (``images``, ``*_images``) of at most ``SMOKE_IMAGES``, and fewer
        for images of more than 16×16 pixels; override it where networks are too wide for that, or
        where so little training leaves nothing to generate from.
        """
        pixels = shape.height * shape.width
        most = max(_FEWEST_IMAGES, SMOKE_IMAGES * _SMALL_PIXELS // max(pixels, _SMALL_PIXELS))
        quick = cls.preset("quick", shape)
        values = {key: value for key, value in quick.items() if not _is_named(key, "epochs")}
        for name in filter(lambda name: _is_named(name, "images"), cls.Config.model_fields):
            values[name] = min(values.get(name, most), most)
        return values

    @abstractmethod
    def fit(self, data: BenchmarkData, runtime: Runtime) -> object:
        """Train and return a model with any of the capabilities.

        Trains on ``data.train``. ``data.test`` is there for what a method's paper takes from
        held-out images (ReGene's confidence thresholds), not for training; a method that looks at
        it says for what in ``uses_held_out_for``.
        """

    @classmethod
    def fit_batch(
        cls, configs: list[MethodConfig], data: BenchmarkData, runtimes: list[Runtime]
    ) -> list[object]:
        """Train several models together; each must equal the model of its own ``fit``.

        A *batch* here is several models, not a mini-batch of images: those that
        ``--executor stacked`` trains side by side. Optional, with ``batch_key``: override both
        where training together is faster (sweeps of small models).

        Args:
            configs: Configurations with equal keys.
            data: The benchmark's data.
            runtimes: One a model, on one device.

        Returns:
            For each model the model, or the exception that ended its training alone.
        """
        return [cls(c).fit(data, r) for c, r in zip(configs, runtimes, strict=True)]

    @classmethod
    def batch_key(cls, config: MethodConfig) -> str | None:
        """Say which configurations ``fit_batch`` can train together: those with equal keys.

        ``None``, the default, is for a method that has no ``fit_batch`` of its own.
        """
        return None


def _is_named(field: str, what: str) -> bool:
    return field == what or field.endswith(f"_{what}")
