"""``--device`` names a device that is present, or says what is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from regene_bench.base.errors import UsageError
from regene_bench.runtime.device import choose_device

Pretend = Callable[[str, int], None]


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Make torch say that it has so many accelerators of a kind."""

    def pretended(kind: str, count: int) -> None:
        found = torch.device(kind)
        monkeypatch.setattr(torch.accelerator, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.accelerator, "device_count", lambda: count)
        monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: found)

    return pretended


@pytest.mark.parametrize(
    ("kind", "count", "chosen"),
    [("cuda", 2, "cuda"), ("mps", 1, "mps"), ("cuda", 0, "cpu"), ("xpu", 1, "cpu")],
)
def test_auto_takes_an_accelerator_that_the_project_knows(
    kind: str, count: int, chosen: str, pretend: Pretend
) -> None:
    pretend(kind, count)
    assert choose_device() == torch.device(chosen)
    assert choose_device("cpu") == torch.device("cpu")


def test_one_of_several_is_named_by_its_number(pretend: Pretend) -> None:
    pretend("cuda", 2)
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(UsageError, match="There are 2 of them"):
        choose_device("cuda:2")


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_what_is_not_present_is_refused(name: str, pretend: Pretend) -> None:
    pretend("cuda", 0)
    with pytest.raises(UsageError, match="is not present"):
        choose_device(name)


@pytest.mark.parametrize("name", ["xpu", "cuda:x", "gpu"])
def test_an_unknown_name_is_refused(name: str, pretend: Pretend) -> None:
    pretend("cuda", 1)
    with pytest.raises(UsageError, match="Unknown device"):
        choose_device(name)
