"""A model that somebody else trained, as a method: it trains nothing, and draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, StrictInt, model_validator

from regene_bench.api import (
    BenchmarkData,
    ImageShape,
    Message,
    Method,
    MethodConfig,
    MethodError,
    Preset,
    Runtime,
)
from regene_bench_plugins.methods.pipeline.class_mapping import map_classes
from regene_bench_plugins.methods.pipeline.diffusion import open_folder
from regene_bench_plugins.methods.pipeline.example import NoisyMeans
from regene_bench_plugins.methods.pipeline.folder import Folder
from regene_bench_plugins.methods.pipeline.model import PipelineModel
from regene_bench_plugins.methods.pipeline.programs import open_program
from regene_bench_plugins.methods.pipeline.sampler import Sampler
from regene_bench_plugins.methods.pipeline.source import EXAMPLE, digest_of, kind_of, path_of

_FILES = ("torchscript", "export")
_ONLY_FOR: Mapping[str, tuple[str, ...]] = {
    "steps": ("diffusers",),
    "guidance": ("diffusers",),
    "null_class": ("diffusers",),
    "noise_shape": _FILES,
    "output_range": (*_FILES, "function"),
}


class PipelineConfig(MethodConfig):
    """Which model, and how it is asked.

    Attributes:
        source: A folder that diffusers wrote (``model_index.json``; a DiT, or a U-Net with or
            without classes), or a program: a TorchScript file (.pt, .ts) or a torch.export file
            (.pt2) with ``forward(noise, labels) -> images``, or ``FILE.py:function`` or
            ``module:function`` with ``function(labels, rng) -> images``. Programs are run only
            where the environment has ``REGENE_BENCH_PROGRAMS=1``; labels come to them on the run's
            device. ``example`` is no model: means of
            classes, with noise.
        digest: Of its weights or program; found where it is left out. It is part of the run, and
            another model in the same place is refused.
        classes: The model's class, by name or number, for each class of the benchmark; those left
            out go by name, or by place where the model's classes have no names.
        steps: Noise levels, for a folder of diffusers.
        guidance: Factor on what the class adds, for a folder of diffusers; 1 for none.
        null_class: The number of the class that stands for none, for the guidance of a U-Net.
        noise_shape: Of a sample's standard normal noise, for a file.
        output_range: Of the images of a program; integers (uint8) are in 0 to 255.
        resize: Resize images of another size (bicubic, antialiased) instead of refusing them.
        batch_size: Images drawn together.
    """

    source: str = Field(default=EXAMPLE, min_length=1)
    digest: str = ""
    classes: dict[str, StrictInt | str] = Field(default_factory=dict)
    steps: int = Field(default=50, ge=1, le=10_000)
    guidance: float = 1.0
    null_class: int | None = Field(default=None, ge=0)
    noise_shape: tuple[int, ...] = (100,)
    output_range: Literal["0..1", "-1..1"] = "0..1"
    resize: bool = False
    batch_size: int = Field(default=64, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _with_digest(cls, values: Any) -> Any:
        if not isinstance(values, dict) or values.get("digest"):
            return values
        source = values.get("source", EXAMPLE)
        if not isinstance(source, str) or not source:
            return values
        try:
            kind = kind_of(source)
            for key, kinds in _ONLY_FOR.items():
                if key in values and kind not in kinds:
                    raise ValueError(
                        f"{key} is for {' and '.join(kinds)}, and {source} is of the kind {kind}"
                    )
            return values | {"digest": digest_of(source)}
        except OSError as error:
            raise ValueError(f"{source} cannot be read: {error}") from error


class Pipeline(Method):
    """Draws from a model that was trained elsewhere.

    Sample ``i`` has random numbers of its own whatever is drawn beside it; a function of the user's
    must see to that by itself.
    """

    Config = PipelineConfig
    config: PipelineConfig
    sampling_params = frozenset(PipelineConfig.model_fields) - {"source", "digest"}

    @classmethod
    def smoke(cls, shape: ImageShape) -> dict[str, Any]:
        """The example."""
        return {"batch_size": 16}

    @classmethod
    def preset(cls, preset: Preset, shape: ImageShape) -> dict[str, Any]:
        """None: the model is what it is."""
        return {}

    def fit(self, data: BenchmarkData, runtime: Runtime) -> PipelineModel:
        """Open the model and find its classes.

        Raises:
            MethodError: It is another one than at the time of the plan, cannot be opened, or its
                classes are not the benchmark's.
            UnavailableError: It is a program that may not be run, or diffusers is missing.
        """
        config = self.config
        try:
            found = digest_of(config.source)
        except (ValueError, OSError) as error:
            raise MethodError(f"pipeline.source: {error}") from error
        if found != config.digest:
            raise MethodError(
                f"pipeline.source={config.source} has the digest {found}, not {config.digest}: "
                "it is another model.",
                hint="Leave pipeline.digest out to score the one that is there.",
            )
        sampler = self._sampler(data, runtime)
        numbers = [0] * len(data.class_names)
        if sampler.labelled:
            numbers = map_classes(
                data.class_names, config.classes, sampler.names, sampler.classes, sampler.none
            )
        elif config.classes:
            raise MethodError("pipeline.classes is for models that see classes; this one does not.")
        return PipelineModel(
            sampler,
            numbers,
            data.shape,
            batch_size=config.batch_size,
            resize=config.resize,
        )

    def _sampler(self, data: BenchmarkData, runtime: Runtime) -> Sampler:
        config, device = self.config, runtime.device
        kind = kind_of(config.source)
        if kind == "example":
            text = "pipeline.source=example: what is scored is an example, and no model."
            runtime.tell(Message(text, "warning"))
            return NoisyMeans(data)
        if kind == "diffusers":
            folder, null = Folder.read(path_of(config.source)), config.null_class
            return open_folder(folder, config.steps, config.guidance, null, device)
        signed = config.output_range == "-1..1"
        return open_program(config.source, kind, config.noise_shape, device, signed=signed)
