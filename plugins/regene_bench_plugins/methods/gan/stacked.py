"""Several games at once: the models of a sweep as one network of groups."""

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
from regene_bench_plugins.methods.gan.model import GANModel
from regene_bench_plugins.methods.gan.training import Game, Match, model_of, prepared, stage_of
from regene_bench_plugins.networks.average import MovingAverage
from regene_bench_plugins.networks.heads import Verdict
from regene_bench_plugins.networks.lane_adam import LaneAdam
from regene_bench_plugins.networks.lanes import lane_of, stacked

OWN = {"noise_dim", "generator_learning_rate", "discriminator_learning_rate"}
"""What may differ between configurations whose games are played together."""


def together_key(config: GANConfig) -> str:
    """Equal for configurations whose games can be played together."""
    return config.model_dump_json(exclude=OWN)


def play_together(
    name: str,
    games: Sequence[Game],
    configs: Sequence[GANConfig],
    data: BenchmarkData,
    runtimes: Sequence[Runtime],
) -> list[GANModel | TrainingDivergedError]:
    """Train games without a penalty on ``data.train``, as ``play`` does with each alone.

    Args:
        name: Names the stages, their checkpoints and random streams.
        games: Networks of one make; noise may differ in length.
        configs: Equal but for ``OWN``.
        data: The benchmark's data.
        runtimes: One a game, on one device.

    Returns:
        For each game its model, or the error with which it diverged.

    Raises:
        Interrupted: A stop was asked for; the state of every game is saved.
    """
    rows = zip(games, configs, runtimes, strict=True)
    matches = [prepared(game, config, runtime.device) for game, config, runtime in rows]
    stages = [
        stage_of(name, match, config, len(data.train), runtime)
        for match, config, runtime in zip(matches, configs, runtimes, strict=True)
    ]
    numbers = {id(stage): number for number, stage in enumerate(stages)}

    def make_stack(some: Sequence[Stage]) -> _Games:
        chosen = [numbers[id(stage)] for stage in some]
        return _Games([matches[i] for i in chosen], [configs[i] for i in chosen], runtimes[0])

    results = train_together(stages, data.train, runtimes, make_stack)
    return [
        result if isinstance(result, TrainingDivergedError) else model_of(match, config)
        for result, match, config in zip(results, matches, configs, strict=True)
    ]


class _Games:
    """K games as one: a ``Stack``."""

    def __init__(
        self, matches: Sequence[Match], configs: Sequence[GANConfig], runtime: Runtime
    ) -> None:
        self._matches, self._config, self._runtime = matches, configs[0], runtime
        self._lanes = len(matches)
        self._widest = max(config.noise_dim for config in configs)
        self._noises = [match.game.noise for match in matches]
        self._loss = matches[0].game.loss
        self._generator = stacked([match.game.generator for match in matches])
        self._discriminator = stacked([match.game.discriminator for match in matches])
        average = stacked([match.average.network for match in matches])
        self._average = MovingAverage(average, self._config.average).to(runtime.device)
        self._average.updates.copy_(matches[0].average.updates)
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
        """As one step of each game."""
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
            self._descend("d", losses_d, rate_factor)

        self._discriminator.requires_grad_(False)
        with self._runtime.autocast():
            judged = self._scores(fake, labels)
        losses_g = self._each(self._loss.generator, labels, judged)
        self._descend("g", losses_g, rate_factor)
        self._discriminator.requires_grad_(True)
        self._average.update(self._generator)
        return {"discriminator": losses_d.detach(), "generator": losses_g.detach()}

    @torch.no_grad()
    def write_back(self, model: int) -> None:
        """Copy one game's state into its own networks and optimisers."""
        match = self._matches[model]
        for whole, own in (
            (self._generator, match.game.generator),
            (self._discriminator, match.game.discriminator),
            (self._average.network, match.average.network),
        ):
            state = whole.state_dict()
            for name, value in own.state_dict().items():
                value.copy_(lane_of(state[name], value, model, self._lanes))
        match.average.updates.copy_(self._average.updates)
        for adam, network, optimizer in self._optimizers(model):
            adam.save(model, network, optimizer)

    def _optimizers(self, number: int) -> Iterator[tuple[LaneAdam, nn.Module, torch.optim.Adam]]:
        match = self._matches[number]
        yield self._adams["g"], match.game.generator, match.optimizer_g
        yield self._adams["d"], match.game.discriminator, match.optimizer_d

    def _draw(self, n: int, device: torch.device, generators: Sequence[torch.Generator]) -> Tensor:
        """Noise ``[n, K, widest]``, on the left of which are the zeros of narrower models."""
        drawn = [
            F.pad(noise.draw(n, device, generator), (self._widest - noise.dim, 0))
            for noise, generator in zip(self._noises, generators, strict=True)
        ]
        return torch.stack(drawn, dim=1)

    def _scores(self, images: Tensor, labels: Tensor) -> Tensor:
        """Scores ``[N, K]`` of images ``[N, K, C, H, W]``."""
        verdict: Verdict = self._discriminator(images, labels)
        return verdict.scores.reshape(-1, self._lanes)

    def _each(self, loss: Callable[..., Tensor], labels: Tensor, *scores: Tensor) -> Tensor:
        """A loss of every game, ``[K]``."""

        def one(labels: Tensor, *own: Tensor) -> Tensor:
            return loss(*(Verdict(column) for column in own), labels)

        return torch.vmap(one, in_dims=1)(labels, *scores)

    def _descend(self, who: str, losses: Tensor, rate_factor: float) -> None:
        adam = self._adams[who]
        adam.zero_grad()
        # no weight serves two games, so that the gradient of the sum is each game's own
        torch.autograd.backward(losses.sum())
        adam.step(rate_factor)
