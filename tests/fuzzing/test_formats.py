"""Whatever is done to a file of a format: it is read, or refused with a message."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing.files import damage
from tests.fuzzing.formats import BY_NAME, attempt, files_of, read_files


@pytest.mark.parametrize("name", BY_NAME)
@settings(max_examples=5, derandomize=True)
@given(data=st.data())
def test_damaged_it_is_read_or_refused(name: str, data: st.DataObject) -> None:
    files = files_of(name)
    damaged = data.draw(st.sampled_from(read_files(name)))
    content = data.draw(damage(files[damaged]))
    with tempfile.TemporaryDirectory() as folder:
        attempt(BY_NAME[name], {**files, damaged: content}, Path(folder))
