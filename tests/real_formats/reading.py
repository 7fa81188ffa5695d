"""Reading a format by the way that users have: a protocol's data source, and samples."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from regene_bench.base.errors import DataError
from regene_bench.data.load import load_dataset
from regene_bench.data.source import DatasetSource, ImageSet
from regene_bench.plugins.host import load_plugins
from regene_bench.samples.read import read_samples
from tests.data.builders import request
from tests.real_formats.format import SET_NAME, Content, Format


def read_data_set(one: Format, folder: Path) -> Content:
    """Read both splits by the format's data source."""
    entry = load_plugins().find("dataset", one.source)
    source = cast("type[DatasetSource]", entry.load())
    asked = request(SET_NAME, one.content.shape, folder, options=one.options)
    loaded = load_dataset(source(asked), source_name=one.source, decode_again=True)
    return Content(loaded.train, loaded.test)


def read_as_samples(one: Format, folder: Path) -> ImageSet:
    """Read the split that is scored as samples of a benchmark of the same classes."""
    shape, names = one.content.shape, one.content.train.class_names
    said = dict(one.said)
    if one.label_file:
        said["labels"] = str(folder / one.label_file)
    found = read_samples(folder / one.samples, shape, names, **said)
    if found.labels is None:
        raise DataError(f"{one.name} was read without its labels.")
    return ImageSet(found.images, found.labels, names)
