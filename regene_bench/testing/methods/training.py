"""How a method trains: on data it leaves alone, stage by stage, stopped and resumed."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import torch

from regene_bench.runtime.random import SampleRng
from regene_bench.testing.check import NotApplicable, require
from regene_bench.testing.methods.observed import CountedStop
from regene_bench.testing.methods.trained import (
    SHAPE,
    MethodSubject,
    draw,
    generator_of,
    sorted_labels,
)

_PICKLE_MAGIC = b"\x80"
_PICKLE_PROTOCOLS = range(2, 6)


def the_data_are_left_alone(subject: MethodSubject) -> None:
    """Neither ``fit`` nor ``generate`` changes images or labels: all runs of a call share them.

    Mend: work on copies; look for operations in place (``x.add_``, ``x[…] =``) on ``data.train``
    and on the labels that ``generate`` is given.
    """
    data, untouched = subject.first_training.data, subject.data
    labels = sorted_labels(SHAPE.n_classes, 5)
    given = labels.clone()
    with torch.inference_mode():
        subject.model.generate(given, SampleRng(0))
    require(torch.equal(given, labels), "generate has changed the labels that it was given")
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


def a_stop_is_obeyed(subject: MethodSubject) -> None:
    """Asked to stop half-way, ``fit`` ends with ``Interrupted``: neither with a model that is half
    trained, nor after the rest of the training.

    Mend: catch no ``Interrupted``: ``except Exception`` lets it through, ``except:`` and
    ``except BaseException`` do not; in a loop of your own call ``runtime.stop.check()``, which
    raises it.
    """
    require(
        subject.asked_to_stop.obeyed,
        "a stop was asked for half-way through the training, and fit returned a model",
    )


def stages_have_names_of_their_own(subject: MethodSubject) -> None:
    """No two stages of a training have one name: the second would find the first one's checkpoint,
    take it for its own, and train nothing.

    Mend: give each ``Stage`` a ``name`` of its own.
    """
    names = subject.first_training.stages
    if not names:
        raise NotApplicable("it trains no stages")
    twice = sorted({name for name in names if names.count(name) > 1})
    require(not twice, f"there are two stages of the name {', '.join(map(repr, twice))}")


def _is_pickle(path: Path) -> bool:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".pkl") for name in archive.namelist())
    head = path.read_bytes()[:2]
    return head[:1] == _PICKLE_MAGIC and len(head) == 2 and head[1] in _PICKLE_PROTOCOLS
