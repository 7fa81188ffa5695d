"""A benchmark's protocol: one TOML file, validated once, here."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, field_validator, model_validator

from regene_bench.base.errors import ConfigError, PluginError, RegeneBenchError
from regene_bench.base.files import special_kind
from regene_bench.base.validation import TomlTable, validate
from regene_bench.data.shapes import PRESETS, Augmentation, ImageShape, Preset, Split
from regene_bench.data.split_folders import SplitNames
from regene_bench.plugins.entries import OWN_DISTRIBUTION, Entry
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

    Metrics may carry options: ``"kid[extractor=inception]"``. ``generate_classes`` names the
    classes that are generated and compared where these are not all; the others are what classifiers
    learn to tell them from.
    """

    metrics: list[str] = Field(min_length=1)
    reference_split: Split = "train"
    rank_by: str
    generate_classes: list[str] | None = Field(default=None, min_length=1)


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
    _distribution: str = PrivateAttr(default="")

    @property
    def distribution(self) -> str:
        """The installed distribution that it comes with; empty for a user's own file.

        Names in a protocol mean what that distribution registers, before what others do.
        """
        return self._distribution

    def of(self, distribution: str) -> Benchmark:
        """The same protocol, as it comes with a distribution."""
        own = self.model_copy()
        own._distribution = distribution
        return own

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
        # Before classes that are not generated were for classifiers alone, generators without
        # labels learnt them, too: such runs are others.
        if self.evaluation.generate_classes is not None:
            table["other_classes"] = "for classifiers"
        # What is measured of a run may grow without training it again.
        table["evaluation"] = self.evaluation.model_dump(
            mode="json", exclude={"metrics", "rank_by"}
        )
        return table


def load_benchmark(host: PluginHost, name_or_path: str, *, home: str = "") -> Benchmark:
    """Load a registered benchmark by name, or a protocol file by its path (``./my.toml``).

    Args:
        host: Knows what is registered.
        name_or_path: Name, ``distribution:name``, or path of a file that ends in ``.toml``.
        home: Whose benchmark is meant where several register the name; see ``PluginHost.find``.

    Raises:
        UsageError: No such benchmark.
        ConfigError: The file is not valid; names file, key, value and the nearest right key.
        PluginError: Several distributions register the name, or the file calls itself otherwise.
    """
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        try:
            if kind := special_kind(path.stat()):
                raise ConfigError(f"{path} is {kind}, not a file.", hint="Copy it to a file first.")
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"Cannot read {path}: {error.strerror or error}.") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{path} is no text in UTF-8.", hint="Save it as UTF-8.") from None
        own = parse_benchmark(text, str(path))
        _refuse_borrowed_name(host, own, str(path))
        return own
    entry = _by_name_in_results(host, name_or_path) or host.find(
        "benchmark", name_or_path, home=home
    )
    return _registered(host, entry, parse_benchmark(entry.read(), entry.place))


def _refuse_borrowed_name(host: PluginHost, benchmark: Benchmark, where: str) -> None:
    """Refuse a file whose scores would stand in the table of another protocol.

    Raises:
        ConfigError: It has name and version of a registered benchmark, and other content.
    """
    registered: Benchmark | None = None
    with suppress(RegeneBenchError):
        registered = load_benchmark(host, benchmark.name, home=OWN_DISTRIBUTION)
    if registered is None or registered.version != benchmark.version:
        return
    if any(benchmark.identity(preset) != registered.identity(preset) for preset in PRESETS):
        raise ConfigError(
            f"{where} is called {benchmark.name!r}, version {benchmark.version}, as a benchmark of "
            f"{registered.distribution} is, but is not that one: scores of both would stand in one "
            "table.",
            hint="Give it a name of its own (name = …), or another version.",
        )


def _by_name_in_results(host: PluginHost, name: str) -> Entry | None:
    """Find a foreign benchmark that results call otherwise than it is registered."""
    for entry in host.entries("benchmark"):
        if name == host.name_in_results(entry) != entry.name:
            return entry
    return None


def _registered(host: PluginHost, entry: Entry, benchmark: Benchmark) -> Benchmark:
    """Hold a registered protocol to its name, under which its results are kept.

    Raises:
        PluginError: The file has another name than it is registered under.
    """
    if benchmark.name != entry.name:
        raise PluginError(
            f"The benchmark {entry.name!r} of {entry.distribution} calls itself "
            f"{benchmark.name!r} in {entry.target}.",
            hint=f"Its author is to write name = {entry.name!r} there.",
        )
    named = benchmark.model_copy(update={"name": host.name_in_results(entry)})
    return named.of(entry.distribution)


def installed_protocols(host: PluginHost, names: Iterable[str]) -> dict[str, Benchmark]:
    """Load the protocols of those benchmarks that are installed.

    Results outlive the plugin that registered their benchmark; such names are left out.
    """
    known = {}
    for name in names:
        with suppress(RegeneBenchError):
            known[name] = load_benchmark(host, name, home=OWN_DISTRIBUTION)
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
