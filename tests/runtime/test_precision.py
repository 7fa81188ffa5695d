"""``--precision auto`` takes the arithmetic that the device in question does in hardware."""

from __future__ import annotations

import pytest
import torch

from regene_bench.base.errors import UsageError
from regene_bench.runtime.device import choose_precision

CARDS = {"cuda": (9, 0), "cuda:0": (9, 0), "cuda:1": (7, 5), "cuda:2": (8, 0), "cuda:3": (6, 1)}


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """GPUs of several generations, of which torch says that it emulates what they lack."""

    def capability(device: torch.device) -> tuple[int, int]:
        return CARDS[str(device)]

    def supported(including_emulation: bool = True) -> bool:
        return including_emulation

    monkeypatch.setattr(torch.cuda, "get_device_capability", capability)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    monkeypatch.setattr(torch.version, "hip", None)


@pytest.mark.parametrize(
    ("device", "precision"),
    [
        ("cuda", "bfloat16"),
        ("cuda:1", "float32"),
        ("cuda:2", "bfloat16"),
        ("cuda:3", "float32"),
        ("mps", "float32"),
    ],
)
@pytest.mark.usefixtures("cards")
def test_a_gpu_that_would_emulate_bfloat16_computes_in_float32(device: str, precision: str) -> None:
    assert choose_precision("auto", torch.device(device)) == precision
    assert choose_precision("bfloat16", torch.device(device)) == "bfloat16"


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.usefixtures("cards")
def test_on_rocm_torch_is_asked_for_what_is_not_emulated(
    native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return including_emulation or native

    monkeypatch.setattr(torch.version, "hip", "6.2")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    found = choose_precision("auto", torch.device("cuda:1"))
    assert found == ("bfloat16" if native else "float32")


def test_an_unknown_precision_has_a_near_one() -> None:
    with pytest.raises(UsageError, match="Did you mean 'bfloat16'"):
        choose_precision("bfloat", torch.device("cpu"))
