"""Numbers that papers report, from the CSV files that plugins register."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field, field_validator

from regene_bench.base.errors import ConfigError, RegeneBenchError
from regene_bench.base.validation import validate
from regene_bench.plugins.host import PluginHost

_log = logging.getLogger(__name__)


class ReportedNumber(BaseModel):
    """One number as a paper prints it; never averaged with measured ones.

    Attributes:
        benchmark, method, metric, class_name: As on our leaderboards, where we have the same.
        value: As printed.
        std: The paper's ±, if it gives one.
        n: Images or generations, if the paper says.
        source: The paper.
        where: Its table, figure or section.
        note: What else one must know.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    benchmark: str = Field(min_length=1)
    method: str = Field(min_length=1)
    metric: str = Field(min_length=1)
    class_name: str | None = Field(alias="class")
    value: float = Field(allow_inf_nan=False)
    std: float | None = Field(ge=0)
    n: int | None = Field(ge=1)
    source: str = Field(min_length=1)
    where: str = Field(min_length=1)
    note: str

    @field_validator("class_name", "std", "n", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


def reported_numbers(host: PluginHost, benchmark: str | None = None) -> list[ReportedNumber]:
    """Read all registered files, in their order; a foreign one that is wrong is left out.

    Args:
        host: Knows the files.
        benchmark: Only numbers of this benchmark.

    Raises:
        ConfigError: A line of a file of ours is not valid; names file, line and column.
        PluginError: A file of ours is not there.
    """
    numbers: list[ReportedNumber] = []
    for entry in host.entries("reported"):
        try:
            numbers += parse_reported(entry.read(), entry.place)
        except RegeneBenchError as error:
            if entry.is_our_own:
                raise
            # nobody's pages and figures fail for another's file
            _log.warning("%s is left out: %s", entry.described, error.message)
    return [n for n in numbers if benchmark is None or n.benchmark == benchmark]


def parse_reported(text: str, where: str) -> Iterator[ReportedNumber]:
    """Validate the text of a file of reported numbers.

    Raises:
        ConfigError: A line is not valid.
    """
    reader = csv.DictReader(io.StringIO(text), strict=True)
    while True:
        try:
            line = next(reader, None)
        except csv.Error as error:
            raise ConfigError(f"{where}: line {reader.line_num}: {error}.") from None
        if line is None:
            return
        place = f"{where}: line {reader.line_num}"
        if None in line or None in line.values():
            raise ConfigError(f"{place}: it has not as many cells as the header.")
        yield validate(ReportedNumber, line, place)
