"""Whatever a table, list, array or archive holds: it is read, or refused with a message."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing.files import attempt
from tests.fuzzing.made import MADE


@pytest.mark.parametrize("name", MADE)
@settings(max_examples=40, derandomize=True)
@given(data=st.data())
def test_it_is_read_or_refused(name: str, data: st.DataObject) -> None:
    kind, contents = MADE[name]
    with tempfile.TemporaryDirectory() as folder:
        attempt(kind, data.draw(contents), Path(folder))
