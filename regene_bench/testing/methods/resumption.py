"""Training that is stopped goes on, and keeps nothing that could run code."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from regene_bench.testing.contract import require
from regene_bench.testing.methods.stopping import CountedStop
from regene_bench.testing.methods.subject import (
    SHAPE,
    MethodSubject,
    draw,
    generator_of,
    sorted_labels,
)

_PICKLE_MAGIC = b"\x80"
_PROTOCOLS = range(2, 6)


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
        rest.looks < stopped.whole,
        f"it begins anew: {rest.looks} steps after the stop, {stopped.whole} in all",
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


def _is_pickle(path: Path) -> bool:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".pkl") for name in archive.namelist())
    head = path.read_bytes()[:2]
    return head[:1] == _PICKLE_MAGIC and len(head) == 2 and head[1] in _PROTOCOLS
