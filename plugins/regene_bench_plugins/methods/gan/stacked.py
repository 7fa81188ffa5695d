"""Training several GANs at once: the models of a sweep as one network of groups.

Where models are small, a GPU spends its time on starting kernels; K models in one network start as
many as one model does. Each keeps its own random streams, optimiser state and checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regene_bench.api import (
    BenchmarkData,
    Runtime,
    StackedBatch,
    Stage,
    TrainingDivergedError,
    train_together,
)
from regene_bench_plugins.methods.gan.config import GANConfig
from regene_bench_plugins.methods.gan.losses import no_penalty
from regene_bench_plugins.methods.gan.model import GANModel
from regene_bench_plugins.methods.gan.training import (
    GANSetup,
    GANState,
    prepare_state,
    trained_model,
    training_stage,
)
from regene_bench_plugins.networks.average import MovingAverage
from regene_bench_plugins.networks.heads import DiscriminatorOutput
from regene_bench_plugins.networks.lane_adam import LaneAdam
from regene_bench_plugins.networks.lanes import lane_of, stacked

MAY_DIFFER = {"noise_dim", "generator_learning_rate", "discriminator_learning_rate"}
"""Fields in which the configurations of GANs that are trained together may differ."""


def stacking_key(config: GANConfig) -> str:
    """A string that is equal for configurations whose GANs can be trained together."""
    return config.model_dump_json(exclude=MAY_DIFFER)


def train_gans_together(
    name: str,
    setups: Sequence[GANSetup],
    configs: Sequence[GANConfig],
    data: BenchmarkData,
    runtimes: Sequence[Runtime],
) -> list[GANModel | TrainingDivergedError]:
    """Train GANs without a penalty and fresh noise, as ``train_gan`` does with each alone.

    Args:
        name: Names the stages, their checkpoints and random streams.
        setups: Networks of the same layers; noise may differ in length.
        configs: Equal but for ``MAY_DIFFER``.
        data: The benchmark's data.
        runtimes: One for each setup, all on one device.

    Returns:
        For each setup its model, or the error if it diverged.

    Raises:
        Interrupted: A stop was asked for; the state of every GAN is saved.
        ValueError: A GAN has a penalty, or fresh noise for its generator.
    """
    if any(setup.fresh or setup.penalty is not no_penalty for setup in setups):
        raise ValueError("GANs with a penalty or fresh noise train alone")
    rows = zip(setups, configs, runtimes, strict=True)
    images = data.train if configs[0].conditional else data.train_generated()
    states = [prepare_state(setup, config, runtime.device) for setup, config, runtime in rows]
    stages = [
        training_stage(name, state, config, len(images), runtime)
        for state, config, runtime in zip(states, configs, runtimes, strict=True)
    ]
    numbers = {id(stage): number for number, stage in enumerate(stages)}

    def make_stack(some: Sequence[Stage]) -> _StackedGANs:
        chosen = [numbers[id(stage)] for stage in some]
        return _StackedGANs([states[i] for i in chosen], [configs[i] for i in chosen], runtimes[0])

    results = train_together(stages, images, runtimes, make_stack)
    return [
        result if isinstance(result, TrainingDivergedError) else trained_model(state, config)
        for result, state, config in zip(results, states, configs, strict=True)
    ]


class _StackedGANs:
    """K GANs as one, in the form that ``train_together`` takes (a ``Stack``)."""

    def __init__(
        self, states: Sequence[GANState], configs: Sequence[GANConfig], runtime: Runtime
    ) -> None:
        self._states, self._config, self._runtime = states, configs[0], runtime
        self._lanes = len(states)
        self._widest = max(config.noise_dim for config in configs)
        self._noises = [state.setup.noise for state in states]
        self._loss = states[0].setup.loss
        self._generator = stacked([state.setup.generator for state in states])
        self._discriminator = stacked([state.setup.discriminator for state in states])
        average = stacked([state.average.network for state in states])
        self._average = MovingAverage(average, self._config.average).to(runtime.device)
        self._average.updates.copy_(states[0].average.updates)
        betas = (configs[0].beta1, configs[0].beta2)
        self._adams = {
            "g": LaneAdam(self._generator, [c.generator_learning_rate for c in configs], betas),
            "d": LaneAdam(
                self._discriminator, [c.discriminator_learning_rate for c in configs], betas
            ),
        }
        for number in range(self._lanes):
            for adam, model, optimizer in self._optimizers(number):
                adam.load(number, model, optimizer)

    def step(self, batch: StackedBatch, rate_factor: float) -> Mapping[str, Tensor]:
        """Do what one step of each GAN alone would do."""
        size = self._config.batch_size
        for images, labels in zip(
            torch.split(batch.images, size), torch.split(batch.labels, size), strict=True
        ):
            noise = self._draw(len(labels), labels.device, batch.generators)
            with self._runtime.autocast():
                fake = self._generator(noise, labels).unflatten(1, (self._lanes, -1))
                on_real = self._scores(images, labels)
                on_fake = self._scores(fake.detach(), labels)
            losses_d = self._each(self._loss.discriminator, labels, on_real, on_fake)
            self._gradient_step("d", losses_d, rate_factor)

        self._discriminator.requires_grad_(False)
        with self._runtime.autocast():
            on_fake = self._scores(fake, labels)
        losses_g = self._each(self._loss.generator, labels, on_fake)
        self._gradient_step("g", losses_g, rate_factor)
        self._discriminator.requires_grad_(True)
        self._average.update(self._generator)
        return {"discriminator": losses_d.detach(), "generator": losses_g.detach()}

    @torch.no_grad()
    def write_back(self, model: int) -> None:
        """Copy one GAN's state into its own networks and optimisers."""
        own_state = self._states[model]
        for whole, own in (
            (self._generator, own_state.setup.generator),
            (self._discriminator, own_state.setup.discriminator),
            (self._average.network, own_state.average.network),
        ):
            values = whole.state_dict()
            for name, value in own.state_dict().items():
                value.copy_(lane_of(values[name], value, model, self._lanes))
        own_state.average.updates.copy_(self._average.updates)
        for adam, network, optimizer in self._optimizers(model):
            adam.save(model, network, optimizer)

    def _optimizers(self, number: int) -> Iterator[tuple[LaneAdam, nn.Module, torch.optim.Adam]]:
        state = self._states[number]
        yield self._adams["g"], state.setup.generator, state.optimizer_g
        yield self._adams["d"], state.setup.discriminator, state.optimizer_d

    def _draw(self, n: int, device: torch.device, generators: Sequence[torch.Generator]) -> Tensor:
        """Noise ``[n, K, widest]``, on the left of which are the zeros of narrower models."""
        drawn = [
            F.pad(noise.draw(n, device, generator), (self._widest - noise.dim, 0))
            for noise, generator in zip(self._noises, generators, strict=True)
        ]
        return torch.stack(drawn, dim=1)

    def _scores(self, images: Tensor, labels: Tensor) -> Tensor:
        """Scores ``[N, K]`` of images ``[N, K, C, H, W]``."""
        output: DiscriminatorOutput = self._discriminator(images, labels)
        return output.scores.reshape(-1, self._lanes)

    def _each(self, loss: Callable[..., Tensor], labels: Tensor, *scores: Tensor) -> Tensor:
        """The loss of each GAN, ``[K]``, from its column of the scores ``[N, K]``."""

        def one(labels: Tensor, *own: Tensor) -> Tensor:
            return loss(*(DiscriminatorOutput(column) for column in own), labels)

        return torch.vmap(one, in_dims=1)(labels, *scores)

    def _gradient_step(self, who: str, losses: Tensor, rate_factor: float) -> None:
        adam = self._adams[who]
        adam.zero_grad()
        # no weight serves two GANs, so that the gradient of the sum is each GAN's own
        torch.autograd.backward(losses.sum())
        adam.step(rate_factor)
