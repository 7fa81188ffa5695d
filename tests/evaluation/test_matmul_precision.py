"""Products of all pairs are those of float64, whatever library multiplies."""

from __future__ import annotations

import pytest
import torch

from regene_bench.evaluation import matmul_precision
from regene_bench.evaluation.matmul_precision import (
    BFLOAT16_ROUNDOFF,
    low_precision_products,
    products,
)

from .builders import gaussian


@pytest.mark.parametrize("slow", [False, True], ids=["by MKL", "by oneDNN"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(1, 1, 1), (70, 33, 129), (64, 64, 2048)], ids=str)
def test_products_are_exact_up_to_the_rounding_of_their_sums(
    shape: tuple[int, int, int],
    dtype: torch.dtype,
    slow: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(matmul_precision, "has_slow_float32_products", lambda: slow)
    n, m, dimension = shape
    # views of larger sets, as tiles are
    first = gaussian(n + 2, dimension, 0).to(dtype)[1:-1].requires_grad_()
    second = gaussian(m + 2, dimension, 1).to(dtype)[1:-1]
    memory = torch.full((n * m + 1,), torch.nan, dtype=dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = products(first, second, memory[:-1].view(n, m))
    assert found.data_ptr() == memory.data_ptr()
    assert memory[-1].isnan()
    exact = first.detach().double() @ second.double().T
    lengths = first.detach().double().norm(dim=1)[:, None] * second.double().norm(dim=1)
    bound = dimension * torch.finfo(dtype).eps / 2 * lengths
    assert ((found - exact).abs() <= bound).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_low_products_lose_what_their_last_rounding_takes(dtype: torch.dtype) -> None:
    first, second = (gaussian(40, 300, seed).bfloat16() for seed in (0, 1))
    exact = first.double() @ second.double().T
    before = torch.get_float32_matmul_precision()
    found = low_precision_products(first.to(dtype), second.to(dtype), torch.empty(40, 40))
    assert torch.get_float32_matmul_precision() == before
    lengths = first.double().norm(dim=1)[:, None] * second.double().norm(dim=1)
    sums = 300 * torch.finfo(torch.float32).eps * lengths
    rounded = BFLOAT16_ROUNDOFF * exact.abs() if dtype == torch.bfloat16 else 0
    assert ((found - exact).abs() <= sums + rounded).all()
