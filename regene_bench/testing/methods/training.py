"""How a method trains: on data it leaves alone, stopped and resumed, alone and with others."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import torch

from regene_bench.testing.check import NotApplicable, require
from regene_bench.testing.methods.trained import (
    SHAPE,
    CountedStop,
    MethodSubject,
    draw,
    generator_of,
    sorted_labels,
)
from regene_bench.testing.stripes import striped_data
from regene_bench.training.method import Method

_PICKLE_MAGIC = b"\x80"
_PICKLE_PROTOCOLS = range(2, 6)
_SEEDS = (0, 1)
# one batched product adds up in another order than several single ones: two grey levels of 255
_TOLERANCE = 2 / 255


def the_data_are_left_alone(subject: MethodSubject) -> None:
    """Neither ``fit`` nor ``generate`` changes images or labels: all runs of a call share them.

    Mend: work on copies; look for operations in place (``x.add_``, ``x[…] =``) on ``data.train``
    and on the labels that ``generate`` is given.
    """
    data, untouched = subject.first_training.data, subject.data
    draw(subject.model, sorted_labels(SHAPE.n_classes, 5))
    for split, before in ((data.train, untouched.train), (data.test, untouched.test)):
        require(torch.equal(split.images, before.images), "the images have been changed")
        require(torch.equal(split.labels, before.labels), "the labels have been changed")


def interrupted_training_goes_on(subject: MethodSubject) -> None:
    """A training that is stopped and called again goes on where it was, and ends, on a CPU,
    bit-equal to one that was never stopped.

    Mend: train with ``train(stage, data.train, runtime)`` and name in the stage every module and
    optimiser that changes; keep state of your own with ``runtime.checkpoints`` and give each
    stage a name of its own.
    """
    stopped, folder = subject.stopped, subject.new_folder()
    if stopped.folder.exists():
        shutil.copytree(stopped.folder, folder)
    rest = CountedStop()
    model = generator_of(subject.fit(subject.runtime(stop=rest, folder=folder)))
    require(
        rest.looks < stopped.looks_of_whole,
        f"it begins anew: {rest.looks} steps after the stop, {stopped.looks_of_whole} in all",
    )
    labels = sorted_labels(SHAPE.n_classes, 5)
    difference = float(
        (draw(model, labels).images - draw(subject.model, labels).images).abs().max()
    )
    require(
        difference == 0,
        f"samples are others than those of an undisturbed training, off by up to {difference:.3g}",
    )


def no_pickle_is_kept(subject: MethodSubject) -> None:
    """No file that training keeps is a pickle: loading one could run code.

    Mend: keep tensors and plain values with ``runtime.checkpoints.save(name, state)``, which
    writes safetensors, instead of ``torch.save`` or ``pickle``.
    """
    kept = [path for path in subject.stopped.folder.rglob("*") if path.is_file()]
    require(bool(kept), "a stopped training has kept nothing to go on from")
    for path in kept:
        require(not _is_pickle(path), f"{path.name} is a pickle")


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
    together = method.fit_batch(configs, striped_data(SHAPE), runtimes)
    require(
        len(together) == len(configs),
        f"fit_batch gives {len(together)} models for {len(configs)} configurations",
    )
    labels = sorted_labels(SHAPE.n_classes, 5)
    for seed, model in zip(_SEEDS, together, strict=True):
        if isinstance(model, BaseException):
            raise model
        alone = subject.trained_with(seed)
        found = draw(generator_of(model), labels).images
        difference = float((found - draw(alone, labels).images).abs().max())
        require(
            difference <= _TOLERANCE,
            f"the model of seed {seed} is another than its own fit, off by up to {difference:.3g}",
        )


def _is_pickle(path: Path) -> bool:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".pkl") for name in archive.namelist())
    head = path.read_bytes()[:2]
    return head[:1] == _PICKLE_MAGIC and len(head) == 2 and head[1] in _PICKLE_PROTOCOLS
