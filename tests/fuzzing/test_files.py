"""Whatever is done to a file, it is read, or refused with a message: never a traceback."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing.files import KINDS, attempt, damage

EXAMPLES = 12


@pytest.mark.parametrize("name", KINDS)
def test_undamaged_it_is_read(name: str, tmp_path: Path) -> None:
    assert attempt(KINDS[name], KINDS[name].files[KINDS[name].damaged], tmp_path)


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=EXAMPLES, derandomize=True)
@given(data=st.data())
def test_damaged_it_is_read_or_refused(name: str, data: st.DataObject) -> None:
    kind = KINDS[name]
    content = data.draw(damage(kind.files[kind.damaged]))
    with tempfile.TemporaryDirectory() as folder:
        attempt(kind, content, Path(folder))
