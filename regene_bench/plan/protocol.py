"""A benchmark's protocol: one TOML file, validated once, here."""

from __future__ import annotations

import importlib.resources
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from regene_bench.base.errors import ConfigError, PluginError, RegeneBenchError
from regene_bench.base.files import special_kind
from regene_bench.base.validation import TomlTable, validate
from regene_bench.data.shapes import Augmentation, ImageShape, Preset, Split
from regene_bench.data.split_folders import SplitNames
from regene_bench.plugins.host import PluginHost
from regene_bench.plugins.method_files import registered_only


class DataTable(TomlTable):
    """``[data]``: the source, and the shape that its images are brought to.

    ``train`` and ``test`` name the splits of a source that knows several; without them they are
    found by their usual names.
    """

    source: str
    channels: int = Field(ge=1, le=3)
    height: int = Field(ge=4, le=1024)
    width: int = Field(ge=4, le=1024)
    classes: int = Field(ge=1)
    train: str | None = Field(default=None, min_length=1)
    test: str | None = Field(default=None, min_length=1)
    options: dict[str, Any] = Field(default_factory=dict)

    @property
    def shape(self) -> ImageShape:
        return ImageShape(self.channels, self.height, self.width, self.classes)

    @property
    def splits(self) -> SplitNames:
        return SplitNames(self.train or "", self.test or "")


class EvaluationTable(TomlTable):
    """``[evaluation]``: what is measured, against which split, and what the table is ranked by.

    Metrics may carry options: ``"kid[extractor=inception]"``.
    """

    metrics: list[str] = Field(min_length=1)
    reference_split: Split = "train"
    rank_by: str
    generate_classes: list[str] | None = None


class PresetTable(TomlTable):
    """``[presets.NAME]``: sample sizes, and options of the extractors."""

    n_generated: int = Field(ge=2)
    n_reference: int = Field(ge=2)
    extractors: dict[str, dict[str, Any]] = Field(default_factory=dict)


class Benchmark(TomlTable):
    """A protocol, as its TOML file has it: data, metrics, presets, and what it is ranked by."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    version: int = Field(ge=1)
    title: str
    description: str = ""
    default_methods: list[str] = Field(min_length=1)
    default_preset: Preset = "standard"
    data: DataTable
    augmentation: Augmentation = Augmentation()
    evaluation: EvaluationTable
    presets: dict[Preset, PresetTable]

    @field_validator("default_methods")
    @classmethod
    def _are_registered(cls, methods: list[str]) -> list[str]:
        return [registered_only(method) for method in methods]

    @model_validator(mode="after")
    def _has_every_preset(self) -> Benchmark:
        missing = [name for name in ("quick", "standard", "paper") if name not in self.presets]
        if missing:
            raise ValueError(f"presets lacks {', '.join(missing)}")
        return self

    def identity(self, preset: Preset) -> dict[str, Any]:
        """All of the protocol that scores depend on, as plain values: it enters the run id."""
        table = self.model_dump(mode="json", include={"name", "version", "data"})
        # names that are not given leave ids as they were before there were any
        for key in ("train", "test"):
            if table["data"][key] is None:
                del table["data"][key]
        table["augmentation"] = self.augmentation.model_dump(mode="json")
        table["preset"] = self.presets[preset].model_dump(mode="json")
        # What is measured of a run may grow without training it again.
        table["evaluation"] = self.evaluation.model_dump(
            mode="json", exclude={"metrics", "rank_by"}
        )
        return table


def load_benchmark(host: PluginHost, name_or_path: str) -> Benchmark:
    """Load a registered benchmark by name, or a protocol file by its path (``./my.toml``).

    Raises:
        UsageError: No such benchmark.
        ConfigError: The file is not valid; names file, key, value and the nearest right key.
    """
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        try:
            if kind := special_kind(path.stat()):
                raise ConfigError(f"{path} is {kind}, not a file.", hint="Copy it to a file first.")
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"Cannot read {path}: {error.strerror or error}.") from None
        return parse_benchmark(text, str(path))
    entry = host.find("benchmark", name_or_path)
    package, _, resource = entry.target.partition(":")
    try:
        text = importlib.resources.files(package).joinpath(resource).read_text(encoding="utf-8")
    except (OSError, ImportError) as error:
        raise PluginError(
            f"The protocol of {entry.name!r} ({entry.target}) of {entry.distribution} "
            f"cannot be read: {error}."
        ) from None
    return parse_benchmark(text, resource)


def installed_protocols(host: PluginHost, names: Iterable[str]) -> dict[str, Benchmark]:
    """Load the protocols of those benchmarks that are installed.

    Results outlive the plugin that registered their benchmark; such names are left out.
    """
    known = {}
    for name in names:
        with suppress(RegeneBenchError):
            known[name] = load_benchmark(host, name)
    return known


def rank_metrics(protocols: Mapping[str, Benchmark]) -> dict[str, str]:
    """The metric that each benchmark's own protocol ranks by, by the benchmark's name."""
    return {name: protocol.evaluation.rank_by for name, protocol in protocols.items()}


def parse_benchmark(text: str, where: str) -> Benchmark:
    """Validate the text of a protocol.

    Raises:
        ConfigError: It is not TOML, or does not validate.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}.") from None
    return validate(Benchmark, values, where)
