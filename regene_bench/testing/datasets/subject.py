"""A data source, asked as a registered benchmark asks it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from regene_bench.base.errors import DataError, RegeneBenchError
from regene_bench.base.events import Sink
from regene_bench.base.paths import data_roots, download_dir
from regene_bench.data.shapes import Split
from regene_bench.data.source import DatasetSource, ImageSet, SourceRequest
from regene_bench.plan.protocol import DataTable, load_benchmark
from regene_bench.plugins.entries import Entry
from regene_bench.plugins.host import PluginHost
from regene_bench.testing.contract import NotApplicable

SPLITS: tuple[Split, ...] = ("train", "test")


class DatasetSubject:
    """What the checks of data sources look at.

    Args:
        entry: The source's registration.
        folder: An empty folder.
        host: The installed plugins.
        emit: Takes progress.
    """

    def __init__(self, entry: Entry, folder: Path, host: PluginHost, emit: Sink) -> None:
        self.entry = entry
        self._host = host

    @cached_property
    def table(self) -> DataTable:
        """The ``[data]`` table of a benchmark that uses the source; its own distribution's first.

        Raises:
            NotApplicable: No registered benchmark does.
        """
        entries = self._host.entries("benchmark")
        entries.sort(key=lambda entry: entry.distribution != self.entry.distribution)
        for entry in entries:
            try:
                table = load_benchmark(self._host, entry.qualified_name).data
            except RegeneBenchError:
                continue
            if table.source in (self.entry.name, self.entry.qualified_name):
                return table
        raise NotApplicable("no registered benchmark takes its data from here: register one")

    @cached_property
    def source(self) -> DatasetSource:
        """The source, prepared.

        Raises:
            NotApplicable: Its data are not to be had on this machine.
        """
        source = self._new()
        try:
            source.prepare()
        except DataError as error:
            raise NotApplicable(f"its data are not to be had here: {error}") from None
        return source

    @cached_property
    def loaded(self) -> dict[Split, ImageSet]:
        """Both splits."""
        return {split: self.source.load(split) for split in SPLITS}

    def load_anew(self, split: Split) -> ImageSet:
        """Load a split from a source of its own, as another process would."""
        source = self._new()
        source.prepare()
        return source.load(split)

    def _new(self) -> DatasetSource:
        source: type[DatasetSource] = self.entry.load()
        return source(
            SourceRequest(
                name=self.table.source,
                shape=self.table.shape,
                roots=data_roots(),
                download_dir=download_dir(),
                options=self.table.options,
            )
        )
