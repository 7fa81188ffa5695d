"""The autoencoders that generate, each trained for a moment on stripes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from regene_bench_plugins.methods.vae.ccvae import CCVAEConfig
from regene_bench_plugins.methods.vae.config import SamplerConfig
from regene_bench_plugins.methods.vae.two_stage_vae import TwoStageVAE
from torch import Tensor, nn

from regene_bench.api import BenchmarkData, Method, SampleRng, to_float
from regene_bench.testing.stripes import class_means, nearest_class
from regene_bench.training.capabilities import has_capability
from tests.first_party import methods

from ..builders import FittedWhenAsked, make_runtime

# cvae and vqvae are of other kinds: tests/methods/test_methods.py and test_vqvae.py
METHODS: dict[str, type[Method]] = {
    name: method
    for name, method in methods().items()
    if issubclass(method.Config, SamplerConfig | CCVAEConfig)
}
LABEL_BLIND = tuple(
    name for name, method in METHODS.items() if issubclass(method.Config, SamplerConfig)
)
TINY: dict[str, Any] = {
    "images": 1200,
    "batch_size": 16,
    "learning_rate": 5e-3,
    "latent_dim": 3,
    "encoder_width": 8,
    "encoder_narrowest": 4,
    "decoder_width": 8,
    "decoder_narrowest": 4,
}
SECOND: dict[str, Any] = {
    "second_images": 10_000,
    "second_batch_size": 32,
    "second_width": 32,
    "second_depth": 1,
    "second_learning_rate": 1e-2,
    "gamma_rate": 10,
}
FLOW: dict[str, Any] = {
    "flow_images": 8000,
    "flow_transforms": 2,
    "flow_width": 16,
    "flow_batch_size": 64,
    "flow_learning_rate": 1e-2,
}
RECOGNISER = {
    "recogniser_width": 8,
    "recogniser_images": 640,
    "recogniser_batch_size": 16,
    "recogniser_learning_rate": 1e-2,
}
OWN: dict[str, dict[str, Any]] = {
    "vae": {"sigma": 0.1},
    "cv_vae": {"sigma": 0.1},
    "ccvae": {"sigma": 0.5} | RECOGNISER,
    "ccapscvae": RECOGNISER,
    "two_stage_vae": SECOND,
}

Fit = Callable[..., Any]


@pytest.fixture(scope="module")
def fit(stripes: BenchmarkData, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    def fitted(name: str, **changes: Any) -> Any:
        method = METHODS[name]
        config = method.Config(**(TINY | OWN.get(name, {}) | changes))
        return method(config).fit(stripes, make_runtime(tmp_path_factory.mktemp(name)))

    return fitted


@pytest.fixture(scope="module")
def models(fit: Fit) -> Mapping[str, Any]:
    return FittedWhenAsked(METHODS, fit)


def weights_of(model: Any) -> Tensor:
    network: nn.Module = model._network
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


@pytest.mark.parametrize("name", METHODS)
def test_samples_are_of_the_class_asked_for(
    models: Mapping[str, Any], stripes: BenchmarkData, name: str
) -> None:
    labels = torch.arange(90) % 3
    generation = models[name].generate(labels, SampleRng(0))
    assert generation.labelled
    found = nearest_class(generation.images, class_means(stripes.train, 3))
    assert float((found == labels).float().mean()) > 0.8


@pytest.mark.parametrize("name", METHODS)
def test_latents_decode_to_the_images_that_came_with_them(
    models: Mapping[str, Any], name: str
) -> None:
    generation = models[name].generate(torch.arange(9) % 3, SampleRng(1))
    assert torch.equal(models[name].decode(generation.latents), generation.images)


@pytest.mark.parametrize("name", METHODS)
def test_reconstructions_are_of_the_images_class(
    models: Mapping[str, Any], stripes: BenchmarkData, name: str
) -> None:
    images, labels = to_float(stripes.test.images), stripes.test.labels
    back = models[name].decode(models[name].encode(images))
    found = nearest_class(back, class_means(stripes.train, 3))
    assert float((found == labels).float().mean()) > 0.9


@pytest.mark.parametrize("name", METHODS)
def test_only_stochastic_encoders_tell_densities(models: Mapping[str, Any], name: str) -> None:
    assert has_capability(models[name], "infer") is (name not in ("wae", "rae_sn", "lvpga"))


@pytest.mark.parametrize("name", ["vae", "ccvae", "cv_vae", "two_stage_vae"])
def test_densities_have_the_shapes_of_latents_and_images(
    models: Mapping[str, Any], stripes: BenchmarkData, name: str
) -> None:
    images, labels = to_float(stripes.test.images[:5]), stripes.test.labels[:5]
    posterior, prior = models[name].posterior(images, labels), models[name].prior(labels)
    likelihood = models[name].likelihood(posterior.sample(), labels)
    assert posterior.batch_shape == prior.batch_shape == likelihood.batch_shape == (5,)
    assert posterior.event_shape == prior.event_shape == (3,)
    assert likelihood.event_shape == (1, 8, 8)
    torch.testing.assert_close(
        posterior.mean, models[name].encode(images)[:, :3], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("name", LABEL_BLIND)
def test_without_labels_samples_say_so_and_do_not_change_with_them(fit: Fit, name: str) -> None:
    model = fit(name, conditional=False, images=160)
    zeros = torch.zeros(6, dtype=torch.int64)
    generation = model.generate(zeros, SampleRng(0))
    assert not generation.labelled
    assert torch.equal(generation.images, model.generate(zeros + 1, SampleRng(0)).images)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["gaussian", "mixture", "second_stage", "flow"])
def test_any_autoencoder_takes_any_sampler(fit: Fit, stripes: BenchmarkData, sampler: str) -> None:
    model = fit("wae", sampler=sampler, **(SECOND | FLOW))
    labels = torch.arange(60) % 3
    images = model.generate(labels, SampleRng(0)).images
    found = nearest_class(images, class_means(stripes.train, 3))
    assert float((found == labels).float().mean()) > 0.8


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("vae", {"sigma": 0.5}),
        ("vae", {"reconstruction": "bce"}),
        ("cv_vae", {"code_sigma": 0.1}),
        ("wae", {"mmd_weight": 1000.0}),
        ("rae_sn", {"embedding_weight": 1.0}),
    ],
)
def test_what_is_configured_is_read_in_training(
    fit: Fit, name: str, changes: dict[str, Any]
) -> None:
    usual, changed = fit(name, images=64), fit(name, images=64, **changes)
    assert not torch.equal(weights_of(usual), weights_of(changed))


@pytest.mark.slow
def test_a_heavier_embedding_penalty_makes_shorter_codes(fit: Fit, stripes: BenchmarkData) -> None:
    images = to_float(stripes.test.images)
    lengths = [
        float(fit("rae_sn", embedding_weight=weight).encode(images).norm(dim=1).mean())
        for weight in (0.0, 10.0)
    ]
    assert lengths[1] < 0.5 * lengths[0]


@pytest.mark.slow
def test_matched_codes_are_nearer_to_the_standard_normal(fit: Fit, stripes: BenchmarkData) -> None:
    images = to_float(stripes.test.images)

    def distance(weight: float) -> float:
        codes = fit("wae", mmd_weight=weight).encode(images)
        return float(codes.mean(0).norm() + (torch.cov(codes.T) - torch.eye(3)).norm())

    assert distance(100.0) < 0.5 * distance(0.0)


def test_every_layer_of_both_networks_has_spectral_norm_one(models: Mapping[str, Any]) -> None:
    network = models["rae_sn"]._network
    layers = [
        (layer, name)
        for name, part in network.named_children()
        for layer in part.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    assert len(layers) >= 6
    for layer, part in layers:
        weight = layer.weight.detach()
        if part == "decoder" and isinstance(layer, nn.Conv2d):
            weight = weight.transpose(0, 1)  # it stands for a transposed convolution
        norm = torch.linalg.matrix_norm(weight.flatten(1), ord=2)
        assert float(norm) == pytest.approx(1.0, abs=0.1)


def test_a_constant_variance_is_the_configured_one(
    models: Mapping[str, Any], stripes: BenchmarkData
) -> None:
    posterior = models["cv_vae"].posterior(
        to_float(stripes.test.images[:4]), stripes.test.labels[:4]
    )
    torch.testing.assert_close(posterior.variance, torch.full((4, 3), 0.49))


@pytest.mark.slow
def test_the_learned_deviation_is_the_error_of_the_reconstructions(
    fit: Fit, stripes: BenchmarkData
) -> None:
    images, labels = to_float(stripes.train.images), stripes.train.labels
    model = fit("two_stage_vae", images=9600)
    likelihood = model.likelihood(model.posterior(images, labels).mean, labels)
    spread = float(likelihood.base_dist.scale.mean())
    error = float((model.decode(model.encode(images)) - images).square().mean()) ** 0.5
    assert spread == pytest.approx(error, rel=0.25)


@pytest.mark.parametrize("conditional", [True, False])
def test_a_flow_draws_codes_with_classes_and_without(fit: Fit, conditional: bool) -> None:
    model = fit("vae", sampler="flow", conditional=conditional, **(FLOW | {"flow_images": 640}))
    zeros = torch.zeros(6, dtype=torch.int64)
    first, other = (model.generate(labels, SampleRng(0)) for labels in (zeros, zeros + 1))
    assert first.labelled is conditional
    assert torch.equal(first.images, other.images) is not conditional


def test_an_interrupted_second_stage_keeps_the_first(
    stripes: BenchmarkData, tmp_path: Path
) -> None:
    config = TwoStageVAE.Config(**(TINY | SECOND | {"images": 160, "second_images": 640}))
    labels = torch.arange(6) % 3
    first = TwoStageVAE(config).fit(stripes, make_runtime(tmp_path)).generate(labels, SampleRng(0))
    runtime = make_runtime(tmp_path)
    again = TwoStageVAE(config).fit(stripes, runtime).generate(labels, SampleRng(0))
    assert torch.equal(first.images, again.images)
    assert all(report.seconds == report.restored_seconds for report in runtime.ledger)
