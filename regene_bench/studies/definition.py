"""A study's file: which runs, and which figures are made of them; validated once, here."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from regene_bench.base.errors import ConfigError, RegeneBenchError
from regene_bench.base.validation import TomlTable, validate
from regene_bench.data.shapes import Preset
from regene_bench.plugins.host import PluginHost
from regene_bench.plugins.method_files import registered_only
from regene_bench.studies.figure import Figure


class FigureTable(TomlTable):
    """``[[figures]]``: a registered figure and its options."""

    kind: str
    options: dict[str, Any] = Field(default_factory=dict)


class StudyPreset(TomlTable):
    """``[presets.NAME]``: what a preset asks for instead of the study's own."""

    benchmarks: list[str] | None = Field(default=None, min_length=1)
    methods: str | None = None
    seeds: str | None = None
    settings: list[str] | None = None

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

    def at(self, preset: Preset) -> Study:
        """The study as a preset has it."""
        table = self.presets.get(preset, StudyPreset())
        return self.model_copy(update=table.model_dump(exclude_none=True))


def load_study(host: PluginHost, name_or_path: str) -> Study:
    """Load a registered study by name, or a file by its path (``./my.toml``).

    Raises:
        UsageError: No such study.
        ConfigError: The file is not valid; names file, key, value and the nearest right key.
        PluginError: A registered file is not there.
    """
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        try:
            return parse_study(path.read_text(encoding="utf-8"), str(path))
        except OSError as error:
            raise ConfigError(f"Cannot read {path}: {error.strerror or error}.") from None
    entry = host.find("study", name_or_path)
    return parse_study(entry.load().read_text(encoding="utf-8"), entry.target.partition(":")[2])


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
    """
    figures = []
    for number, table in enumerate(study.figures):
        kind: type[Figure] = host.find("figure", table.kind).load()
        where = f"{study.name}: figures[{number}] ({table.kind})"
        figures.append((table.kind, kind(validate(kind.Config, table.options, where))))
    return figures
