"""Models that are trained together equal those trained alone."""

from __future__ import annotations

from regene_bench.testing.contract import NotApplicable, require
from regene_bench.testing.methods.subject import (
    SHAPE,
    MethodSubject,
    draw,
    generator_of,
    sorted_labels,
)
from regene_bench.training.method import Method

_SEEDS = (0, 1)
# one batched product adds up in another order than several single ones: two grey levels of 255
_TOLERANCE = 2 / 255


def training_together_changes_nothing(subject: MethodSubject) -> None:
    """``fit_batch`` returns, in their order, the models that ``fit`` would have trained one by
    one.

    Mend: give each model its own seed (``runtimes[i]``), its own first-layer initialisation and
    its own optimiser state; return a key from ``batch_key`` for configurations that go together;
    remove ``fit_batch`` if that cannot be had.
    """
    method = subject.method
    if method.fit_batch.__func__ is Method.fit_batch.__func__:  # type: ignore[attr-defined]
        raise NotApplicable("it has no fit_batch of its own")
    configs = [subject.config() for _ in _SEEDS]
    require(
        method.batch_key(configs[0]) is not None,
        "batch_key is None for its own configuration, so that nobody would ever call fit_batch",
    )
    runtimes = [subject.runtime(seed=seed) for seed in _SEEDS]
    together = method.fit_batch(configs, subject.data, runtimes)
    require(
        len(together) == len(configs),
        f"fit_batch gives {len(together)} models for {len(configs)} configurations",
    )
    labels = sorted_labels(SHAPE.n_classes, 5)
    for seed, model in zip(_SEEDS, together, strict=True):
        if isinstance(model, BaseException):
            raise model
        alone = generator_of(subject.fit(subject.runtime(seed=seed)))
        found = draw(generator_of(model), labels).images
        difference = float((found - draw(alone, labels).images).abs().max())
        require(
            difference <= _TOLERANCE,
            f"the model of seed {seed} is another than its own fit, off by up to {difference:.3g}",
        )
