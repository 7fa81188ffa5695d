"""The constraints of ``make lowest`` are the lower bounds of the project's own metadata."""

from __future__ import annotations

import pytest

from tests.lowest_versions import lowest


def test_each_bound_is_pinned() -> None:
    found = lowest(["typer>=0.19.1", "numpy>=1.26,<3", "filelock>=3.15.1,!=3.16.0"])
    assert list(found) == ["typer==0.19.1", "numpy==1.26", "filelock==3.15.1"]


def test_some_may_be_left_out() -> None:
    assert list(lowest(["torch>=2.6", "rich>=13.7"], ["torch"])) == ["rich==13.7"]


@pytest.mark.parametrize("text", ["rich", "rich<14", "rich>=13,>=13.7", "rich>=13.7,!=13.7"])
def test_a_dependency_without_a_lowest_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not say its lowest version"):
        list(lowest([text]))
