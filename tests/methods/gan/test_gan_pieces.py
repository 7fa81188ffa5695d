"""Gradient penalty, spectral norm, conditional normalisation, heads: against their definitions."""

from __future__ import annotations

import pytest
import torch
from regene_bench_plugins.methods.gan.losses import gradient_penalty, no_penalty
from regene_bench_plugins.methods.gan.noise import Normal, Uniform
from regene_bench_plugins.networks.conditional_norm import (
    ConditionalBatchNorm2d,
    LabelledSequential,
)
from regene_bench_plugins.networks.conditioning import (
    CodeAndOneHot,
    CodeAndScalarLabel,
    CodeOnly,
    LabelPlanes,
    NumberPlane,
)
from regene_bench_plugins.networks.heads import AuxiliaryHead, DiscriminatorOutput, ProjectionHead
from regene_bench_plugins.networks.spectral import spectrally_normalised
from torch import Tensor, nn

from regene_bench.api import SampleRng

LABELS = torch.tensor([2, 0])


class Linear(nn.Module):
    """D(x) = ⟨w, x⟩, whose gradient is w everywhere."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, images: Tensor, labels: Tensor) -> DiscriminatorOutput:
        return DiscriminatorOutput(images.flatten(1) @ self.weight)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_the_penalty_of_a_linear_critic_and_its_gradient(precision: torch.dtype) -> None:
    # of length 5 in [0, 1], where a pixel's whole range is 1; in [−1, 1] it is 2
    weight = torch.tensor([1.0, -2.0, 2.0, 4.0])
    critic = Linear(weight.clone())
    images = torch.rand(2, 2, 1, 4, 1, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=precision, enabled=precision is torch.bfloat16):
        penalty = gradient_penalty(10.0)(critic, images[0], images[1], LABELS)
    torch.autograd.backward(penalty)
    assert penalty.dtype == torch.float32
    assert float(penalty.detach()) == pytest.approx(10 * (5 / 2 - 1) ** 2)
    assert critic.weight.grad is not None
    assert torch.allclose(critic.weight.grad, 10 * 2 * (5 / 2 - 1) * weight / 5 / 2)


def test_the_penalty_is_taken_at_uniform_places_between_the_images() -> None:
    def critic(images: Tensor, labels: Tensor) -> DiscriminatorOutput:
        return DiscriminatorOutput(
            images.square().flatten(1).sum(1) / 2
        )  # the gradient is the image

    n = 20_000
    fake = torch.full((n, 1, 3, 3), 2.0)  # of length 6: the gradient's is 3u for pixels in [−1, 1]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = gradient_penalty(1.0)(critic, torch.zeros_like(fake), fake, torch.zeros(n))
    assert float(found.detach()) == pytest.approx(9 / 3 - 3 + 1, abs=0.05)  # E[(3u − 1)²]


def test_no_penalty_is_nothing() -> None:
    images = torch.rand(2, 1, 2, 2)
    assert float(no_penalty(Linear(torch.ones(4)), images, images, LABELS)) == 0


def layers() -> list[nn.Module]:
    return [nn.Conv2d(3, 5, 3), nn.Linear(7, 4), nn.Embedding(6, 5)]


def largest_singular_value(weight: Tensor) -> float:
    return float(torch.linalg.matrix_norm(weight.detach().flatten(1), ord=2))


@pytest.mark.parametrize("index", range(3), ids=["convolution", "linear", "embedding"])
def test_normalised_weights_have_the_largest_singular_value_1(index: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        layer = layers()[index]
        plain = layer.weight.detach().clone()
        network = spectrally_normalised(nn.Sequential(layer)).train()
        for _ in range(200):
            _ = layer.weight
    network.eval()
    assert largest_singular_value(layer.weight) == pytest.approx(1, abs=1e-4)
    assert torch.allclose(layer.weight, plain / largest_singular_value(plain), atol=1e-4)


def test_a_convolution_in_the_place_of_a_transposed_one_has_its_norm() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        turned = nn.ConvTranspose2d(6, 2, 3, padding=1, bias=False)
        layer = nn.Conv2d(6, 2, 3, padding=1, bias=False)
        images = torch.randn(2, 6, 5, 5)
    plain = turned.weight.detach()  # [inputs, outputs, 3, 3]
    with torch.no_grad():
        layer.weight.copy_(plain.flip(2, 3).transpose(0, 1))
    assert torch.allclose(layer(images), turned(images), atol=1e-5)  # they are the same map
    network = spectrally_normalised(nn.Sequential(layer), transposed=True).train()
    for _ in range(200):
        _ = layer.weight
    network.eval()
    expected = turned(images) / largest_singular_value(plain)
    assert torch.allclose(layer(images), expected, atol=1e-4)


def test_the_gradient_of_a_normalised_weight_is_that_of_dividing_by_the_norm() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        layer = spectrally_normalised(nn.Sequential(nn.Linear(5, 3)))[0]
        direction = torch.randn(3, 5)
        for _ in range(200):
            _ = layer.weight
    layer.eval()
    parameter = layer.parametrizations.weight.original
    (found,) = torch.autograd.grad((layer.weight * direction).sum(), parameter)
    plain = parameter.detach().clone().requires_grad_(True)
    exact = (plain / torch.linalg.matrix_norm(plain, ord=2) * direction).sum()
    (expected,) = torch.autograd.grad(exact, plain)
    assert torch.allclose(found, expected, atol=1e-4)


def test_the_singular_vector_moves_in_training_only_and_stays_float32_under_autocast() -> None:
    layer = spectrally_normalised(nn.Sequential(nn.Linear(5, 3)))[0]
    norm = layer.parametrizations.weight[0]
    layer.eval()
    before = norm.left.clone()
    _ = layer.weight
    assert torch.equal(norm.left, before)
    assert "parametrizations.weight.0.left" in layer.state_dict()
    layer.train()
    with torch.no_grad():
        layer.parametrizations.weight.original.copy_(torch.randn(3, 5))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer.weight.dtype == torch.float32
    assert not torch.equal(norm.left, before)


def test_conditional_batch_norm_is_batch_norm_with_the_scale_of_the_class() -> None:
    norm = ConditionalBatchNorm2d(2, 3)
    features = 3 + 2 * torch.randn(4, 2, 5, 5, generator=torch.Generator().manual_seed(3))
    labels = torch.tensor([0, 1, 2, 1])
    plain = nn.BatchNorm2d(2, affine=False)
    assert torch.allclose(norm(features, labels), plain(features))
    with torch.no_grad():
        norm.scale.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
        norm.shift.copy_(torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]))
    found, normal = norm(features, labels), plain(features)
    for i, label in enumerate(labels.tolist()):
        for c in range(2):
            expected = normal[i, c] * norm.scale[label, c] + norm.shift[label, c]
            assert torch.allclose(found[i, c], expected, atol=1e-6)


def test_a_labelled_row_gives_labels_to_the_layers_that_take_them() -> None:
    norm = ConditionalBatchNorm2d(1, 3)
    with torch.no_grad():
        norm.shift.copy_(torch.tensor([[1.0], [2.0], [3.0]]))
    row = LabelledSequential(LabelledSequential(norm), nn.ReLU(), nn.Flatten())
    assert row(torch.zeros(2, 1, 1, 2), LABELS).tolist() == [[3, 3], [1, 1]]


def test_the_projection_head_adds_the_product_with_the_classs_vector() -> None:
    head = ProjectionHead(4, 3)
    features = torch.randn(2, 4, generator=torch.Generator().manual_seed(4))
    scores = head(features, LABELS).scores
    for i, label in enumerate(LABELS.tolist()):
        plain = features[i] @ head.score.weight[0] + head.score.bias[0]
        expected = plain + features[i] @ head.embedding.weight[label]
        assert torch.allclose(scores[i], expected, atol=1e-5)


def test_the_auxiliary_head_gives_a_score_and_class_logits_whatever_the_labels() -> None:
    head = AuxiliaryHead(4, 3)
    features = torch.randn(2, 4)
    output, other = head(features, LABELS), head(features, 1 - LABELS.clamp(max=1))
    assert output.scores.shape == (2,)
    assert output.class_logits is not None
    assert output.class_logits.shape == (2, 3)
    assert torch.equal(output.scores, other.scores)


def test_inputs_hold_noise_and_label() -> None:
    noise = torch.tensor([[0.5, -0.5], [1.0, 2.0]])
    assert CodeOnly(2)(noise, LABELS).tolist() == noise.tolist()
    assert CodeAndOneHot(2, 3)(noise, LABELS).tolist() == [[0.5, -0.5, 0, 0, 1], [1, 2, 1, 0, 0]]
    assert CodeAndScalarLabel(2, 3)(noise, LABELS).tolist() == [[0.5, -0.5, 1], [1, 2, 0]]
    images = torch.rand(2, 1, 4, 5)
    planes = LabelPlanes(3)(images, LABELS).joined()
    assert torch.equal(planes[:, :1], images)
    assert planes[:, 1:].sum((2, 3)).tolist() == [[0, 0, 20], [20, 0, 0]]
    plane = NumberPlane(3)(images, LABELS).joined()
    assert torch.equal(plane[:, :1], images)
    assert plane[:, 1:].sum((2, 3)).tolist() == [[20], [0]]


@pytest.mark.parametrize(
    ("noise", "low", "variance"), [(Normal(4), -9, 1), (Uniform(4), -1, 1 / 3)]
)
def test_noise_of_training_and_of_sampling_has_one_distribution(
    noise: Normal | Uniform, low: float, variance: float
) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = noise.draw(4000, torch.device("cpu"))
    for values in (drawn, noise.sample(4000, SampleRng(0))):
        assert values.shape == (4000, 4)
        assert values.dtype == torch.float32
        assert low <= float(values.min()) < 0 < float(values.max()) <= -low
        assert float(values.mean()) == pytest.approx(0, abs=0.05)
        assert float(values.var()) == pytest.approx(variance, abs=0.05)
