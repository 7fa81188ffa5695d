from __future__ import annotations

import math

import pytest
import torch

from regene_bench.api import mae, saturation, ssim


def reference_ssim(x: torch.Tensor, y: torch.Tensor) -> float:
    """Wang et al. 2004 window by window, in float64."""
    height, width = x.shape[-2:]

    def window(side: int) -> list[float]:
        size = min(11, side if side % 2 else side - 1)
        weights = [math.exp(-((i - size // 2) ** 2) / (2 * 1.5**2)) for i in range(size)]
        return [weight / sum(weights) for weight in weights]

    rows = torch.tensor(window(height), dtype=torch.float64)
    columns = torch.tensor(window(width), dtype=torch.float64)
    weights = rows[:, None] * columns[None, :]
    c1, c2 = 0.01**2, 0.03**2
    values = []
    for a, b in zip(x.double().flatten(0, 1), y.double().flatten(0, 1), strict=True):
        for top in range(height - len(rows) + 1):
            for left in range(width - len(columns) + 1):
                p = a[top : top + len(rows), left : left + len(columns)]
                q = b[top : top + len(rows), left : left + len(columns)]
                mp, mq = (weights * p).sum(), (weights * q).sum()
                vp = (weights * (p - mp) ** 2).sum()
                vq = (weights * (q - mq) ** 2).sum()
                cov = (weights * (p - mp) * (q - mq)).sum()
                value = (2 * mp * mq + c1) * (2 * cov + c2)
                values.append(float(value / ((mp**2 + mq**2 + c1) * (vp + vq + c2))))
    return sum(values) / len(values)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 2), (8, 8), (10, 11), (13, 16)])
@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_equals_a_plain_computation(size: tuple[int, int], channels: int) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, channels, *size, generator=generator)
    y = (x + 0.2 * torch.randn(x.shape, generator=generator)).clamp(0, 1)
    # a side of one pixel has a window without spread, whose variances are rounding alone
    tolerance = 5e-7 if min(size) > 1 else 5e-6
    assert float(ssim(x, y)) == pytest.approx(reference_ssim(x, y), abs=tolerance)


@pytest.mark.parametrize("size", [1, 2, 8, 28, 64])
def test_ssim_of_equal_images_is_one(size: int) -> None:
    x = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    assert float(ssim(x, x)) == pytest.approx(1.0, abs=1e-4)


def test_ssim_has_a_finite_gradient_on_flat_images_after_inference() -> None:
    with torch.inference_mode():
        ssim(torch.rand(1, 1, 17, 17), torch.rand(1, 1, 17, 17))
    x = torch.full((1, 1, 17, 17), 0.5, requires_grad=True)
    torch.autograd.backward(ssim(x, torch.zeros(1, 1, 17, 17)))
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def test_ssim_stays_float32_under_autocast() -> None:
    x = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(2))
    y = (x + 0.01).clamp(0, 1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = ssim(x, y)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, ssim(x, y))


def test_ssim_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        ssim(torch.rand(1, 1, 4, 4), torch.rand(1, 3, 4, 4))


def test_mae() -> None:
    assert float(mae(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 0.25))) == 0.25


def test_saturation_is_the_mean_excess_over_the_limit() -> None:
    logits = torch.tensor([[-10.0, -8.0, 0.0, 7.9, 9.0]])
    assert float(saturation(logits)) == pytest.approx((2.0 + 1.0) / 5)


def test_a_pixel_stuck_at_the_wrong_end_comes_back_by_saturation() -> None:
    def after(weight: float) -> float:
        logits = torch.full((1, 1, 1, 1), 150.0, requires_grad=True)
        target = torch.zeros(1, 1, 1, 1)
        optimizer = torch.optim.Adam([logits], lr=1.0)
        for _ in range(400):
            loss = mae(torch.sigmoid(logits), target) + weight * saturation(logits)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return float(torch.sigmoid(logits).detach())

    assert after(0.0) == 1.0
    assert after(0.01) < 0.1
