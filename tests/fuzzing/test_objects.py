"""Whatever object is handed over: it is taken for what it is, or refused with a message."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing.objects import attempt_images, attempt_labels, images, labels


@settings(max_examples=100, derandomize=True)
@given(images(), st.booleans())
def test_images(value: Any, resize: bool) -> None:
    attempt_images(value, resize=resize)


@settings(max_examples=100, derandomize=True)
@given(labels())
def test_labels(value: Any) -> None:
    attempt_labels(value)
