"""A study's file: which runs, and which figures are made of them; validated once, here."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from regene_bench.base.errors import ConfigError, PluginError, RegeneBenchError, UsageError
from regene_bench.base.guard import guarded
from regene_bench.base.validation import TomlTable, validate
from regene_bench.data.shapes import Preset
from regene_bench.plan.spelling import spelt_methods, spelt_metrics, spelt_name
from regene_bench.plugins.host import Entry, PluginHost
from regene_bench.plugins.method_files import registered_only
from regene_bench.runtime.process_state import kept_process_state
from regene_bench.studies.figure import Figure


class FigureTable(TomlTable):
    """``[[figures]]``: a registered figure and its options."""

    kind: str
    options: dict[str, Any] = Field(default_factory=dict)


class StudyPreset(TomlTable):
    """``[presets.NAME]``: what a preset asks for instead of the study's own.

    ``figures`` are options by kind; they come on top of the figures' own.
    """

    benchmarks: list[str] | None = Field(default=None, min_length=1)
    methods: str | None = None
    seeds: str | None = None
    settings: list[str] | None = None
    figures: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("methods")
    @classmethod
    def _are_registered(cls, methods: str | None) -> str | None:
        return methods and registered_only(methods)


class Study(TomlTable):
    """A whole file.

    Attributes:
        name: As registered.
        version: Raise it when the same call would show something else.
        title: One line.
        source: The paper, and its table or figure.
        description: What one should see.
        benchmarks: What it runs on unless told otherwise.
        methods: As ``run --methods``.
        seeds: As ``run --seeds``.
        metrics: As ``run --metrics``, one an item; the benchmark's own where empty.
        settings: As ``run --set``.
        presets: What presets change.
        figures: What is made of the runs, in this order.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    version: int = Field(ge=1)
    title: str
    source: str
    description: str = ""
    benchmarks: list[str] = Field(min_length=1)
    methods: str
    seeds: str = "1"
    metrics: list[str] = Field(default_factory=list)
    settings: list[str] = Field(default_factory=list)
    presets: dict[Preset, StudyPreset] = Field(default_factory=dict)
    figures: list[FigureTable] = Field(min_length=1)

    @field_validator("methods")
    @classmethod
    def _are_registered(cls, methods: str) -> str:
        return registered_only(methods)

    @model_validator(mode="after")
    def _presets_know_figures(self) -> Self:
        kinds = {table.kind for table in self.figures}
        for name, preset in self.presets.items():
            if unknown := sorted(preset.figures.keys() - kinds):
                drawn = ", ".join(sorted(kinds))
                raise ValueError(f"presets.{name}.figures.{unknown[0]}: the study draws {drawn}")
        return self

    def at(self, preset: Preset) -> Study:
        """The study as a preset has it."""
        table = self.presets.get(preset, StudyPreset())
        changed = table.model_dump(exclude_none=True, exclude={"figures"})
        return self.model_copy(update=changed).with_options(table.figures)

    def with_options(self, options: Mapping[str, Mapping[str, Any]]) -> Study:
        """The study with other options of its figures, by kind; what they do not name stays.

        Raises:
            UsageError: The study has no figure of a kind.
        """
        kinds = sorted({table.kind for table in self.figures})
        for kind in options:
            if kind not in kinds:
                raise UsageError(
                    f"The study {self.name} draws no {kind!r}.",
                    hint=f"It draws {', '.join(kinds)}.",
                )
        figures = [
            table.model_copy(update={"options": table.options | dict(options.get(table.kind, {}))})
            for table in self.figures
        ]
        return self.model_copy(update={"figures": figures})


def load_study(host: PluginHost, name_or_path: str) -> Study:
    """Load a registered study by name, or a file by its path (``./my.toml``).

    Raises:
        UsageError: No such study.
        ConfigError: The file is not valid; names file, key, value and the nearest right key.
        PluginError: A registered file is not there, or calls itself otherwise; or several
            distributions register a name that it has, and neither its own nor ours is among them.
    """
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        try:
            return parse_study(path.read_text(encoding="utf-8"), str(path))
        except OSError as error:
            raise ConfigError(f"Cannot read {path}: {error.strerror or error}.") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{path} is no text in UTF-8.", hint="Save it as UTF-8.") from None
    entry = host.find("study", name_or_path)
    study = parse_study(entry.read(), entry.place)
    if study.name != entry.name:
        raise PluginError(
            f"The study {entry.name!r} of {entry.distribution} calls itself {study.name!r}.",
            hint=f"Its author is to write name = {entry.name!r} in {entry.target}.",
        )
    return _with_clear_names(host, study, entry)


def _with_clear_names(host: PluginHost, study: Study, entry: Entry) -> Study:
    """Write what a study names so that its own distribution's is meant, whatever else there is."""
    home = entry.distribution

    def benchmarks(names: list[str] | None) -> list[str] | None:
        return names and [spelt_name(host, "benchmark", name, home) for name in names]

    presets = {
        name: table.model_copy(
            update={
                "benchmarks": benchmarks(table.benchmarks),
                "methods": table.methods and spelt_methods(host, table.methods, home),
                "figures": {
                    spelt_name(host, "figure", kind, home): options
                    for kind, options in table.figures.items()
                },
            }
        )
        for name, table in study.presets.items()
    }
    figures = [
        table.model_copy(update={"kind": spelt_name(host, "figure", table.kind, home)})
        for table in study.figures
    ]
    return study.model_copy(
        update={
            "name": host.name_in_results(entry),
            "benchmarks": benchmarks(study.benchmarks),
            "methods": spelt_methods(host, study.methods, home),
            "metrics": spelt_metrics(host, study.metrics, home),
            "presets": presets,
            "figures": figures,
        }
    )


def installed_studies(host: PluginHost) -> list[Study]:
    """Load all registered studies that can be loaded, by their names."""
    studies = []
    for name in host.shown_names("study"):
        with suppress(RegeneBenchError):
            studies.append(load_study(host, name))
    return studies


def parse_study(text: str, where: str) -> Study:
    """Validate the text of a study.

    Raises:
        ConfigError: It is not TOML, or does not validate.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}.") from None
    return validate(Study, values, where)


def make_figures(host: PluginHost, study: Study) -> list[tuple[str, Figure]]:
    """Look up the figures of a study and validate their options.

    Returns:
        Kind and figure, in the study's order.

    Raises:
        UsageError: There is no such figure.
        ConfigError: Options that do not validate.
        PluginError: A figure cannot be used, or fails while it is made.
    """
    figures = []
    for number, table in enumerate(study.figures):
        entry = host.find("figure", table.kind)
        kind: type[Figure] = entry.load()
        where = f"{study.name}: figures[{number}] ({table.kind})"
        with guarded(entry.described), kept_process_state():
            figures.append((entry.name, kind(validate(kind.Config, table.options, where))))
    return figures
