"""Whatever is done to a file of a data set: it is read, or refused with a message."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing.data_sets import DATA_SETS, attempt
from tests.fuzzing.files import damage

EXAMPLES = 12


@pytest.mark.parametrize("name", DATA_SETS)
def test_undamaged_it_is_read(name: str, tmp_path: Path) -> None:
    assert attempt(*DATA_SETS[name], tmp_path)


@pytest.mark.parametrize("name", DATA_SETS)
@settings(max_examples=EXAMPLES, derandomize=True)
@given(data=st.data())
def test_damaged_it_is_read_or_refused(name: str, data: st.DataObject) -> None:
    shape, files = DATA_SETS[name]
    damaged = data.draw(st.sampled_from(sorted(files)))
    content = data.draw(damage(files[damaged]))
    with tempfile.TemporaryDirectory() as folder:
        attempt(shape, files | {damaged: content}, Path(folder))
