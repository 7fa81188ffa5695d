"""Training several models together gives what training each alone gives."""

from __future__ import annotations

from regene_bench.testing.check import NotApplicable, require
from regene_bench.testing.methods.trained import (
    SHAPE,
    MethodSubject,
    draw,
    generator_of,
    sorted_labels,
)
from regene_bench.testing.methods.variations import shown, varied
from regene_bench.testing.stripes import striped_data
from regene_bench.training.method import Method

# one batched product adds up in another order than several single ones: two grey levels of 255
_TOLERANCE = 2 / 255


def training_together_changes_nothing(subject: MethodSubject) -> None:
    """``fit_batch`` returns, in their order, the models that ``fit`` would have trained one by
    one: each of its own configuration and seed.

    Mend: take everything of model ``i`` from ``configs[i]`` and ``runtimes[i]``: its rates, its
    first-layer initialisation, its optimiser state; leave in ``batch_key`` whatever all must have
    in common; remove ``fit_batch`` if that cannot be had.
    """
    method, smallest = subject.method, subject.config()
    if method.fit_batch.__func__ is Method.fit_batch.__func__:  # type: ignore[attr-defined]
        raise NotApplicable("it has no fit_batch of its own")
    key = method.batch_key(smallest)
    require(
        key is not None,
        "batch_key is None for its own configuration, so that nobody would ever call fit_batch",
    )
    others = varied(subject, method.Config.model_fields, lambda one: method.batch_key(one) == key)
    values = method.smoke(SHAPE) | others
    configs = [smallest, subject.config(values)]
    runtimes = [subject.runtime(seed=seed) for seed in range(len(configs))]
    together = method.fit_batch(configs, striped_data(SHAPE), runtimes)
    require(
        len(together) == len(configs),
        f"fit_batch gives {len(together)} models for {len(configs)} configurations",
    )
    labels = sorted_labels(SHAPE.n_classes, 5)
    second = subject.fit(subject.runtime(seed=1), values=values) if others else subject.other_seed
    for seed, (model, alone) in enumerate(zip(together, (subject.model, second), strict=True)):
        if isinstance(model, BaseException):
            raise model
        found = draw(generator_of(model), labels).images
        difference = float((found - draw(generator_of(alone), labels).images).abs().max())
        which = f"seed {seed}" + (f" with {shown(others)}" if seed and others else "")
        require(
            difference <= _TOLERANCE,
            f"the model of {which} is another than its own fit, off by up to {difference:.3g}",
        )
