"""Every format: pixels and labels are the very ones that the library was given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regene_bench.data.source import ImageSet
from tests.data.builders import same_images
from tests.real_formats.format import Format
from tests.real_formats.reading import read_as_samples, read_data_set
from tests.real_formats.registry import FORMATS


def of(formats: list[Format]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("one", formats, ids=lambda one: one.name)


@of([one for one in FORMATS if one.source])
def test_as_a_data_set(one: Format, tmp_path: Path) -> None:
    one.write(tmp_path, one.content)
    found = read_data_set(one, tmp_path)
    assert found.train.class_names == one.content.train.class_names
    assert same_images(found.train, one.content.train)
    assert same_images(found.test, one.content.test)


@of([one for one in FORMATS if one.samples])
def test_as_samples(one: Format, tmp_path: Path) -> None:
    one.write(tmp_path, one.content)
    expected: ImageSet = getattr(one.content, one.scored)
    assert same_images(read_as_samples(one, tmp_path), expected)


def test_names_are_told_apart() -> None:
    names = [one.name for one in FORMATS]
    assert len(set(names)) == len(names)


@of(list(FORMATS))
def test_what_is_written_would_show_a_mistake(one: Format) -> None:
    for split in (one.content.train, one.content.test):
        turned = split.images.swapaxes(2, 3)
        assert turned.shape != split.images.shape or (turned != split.images).any()
        assert len(np.unique(split.labels)) == len(split.class_names)
