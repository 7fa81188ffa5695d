"""What a training depends on: its seed and the training images, and nothing around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from regene_bench.base.errors import ConfigError, MethodError
from regene_bench.plugins.host import PluginHost
from regene_bench.testing.check import NotApplicable, require
from regene_bench.testing.methods.trained import (
    SHAPE,
    MethodSubject,
    draw,
    generator_of,
    sorted_labels,
)
from regene_bench.testing.methods.variations import shown, varied
from regene_bench.testing.second_process import entry_told, second_process, told

_EACH = 5


def another_seed_gives_other_samples(subject: MethodSubject) -> None:
    """Samples drawn with another seed are others, and so are those of a model that was trained with
    another seed: the intervals of a leaderboard are over seeds.

    Mend: draw samples from the ``rng`` that ``generate`` is given; train with ``train`` and
    initialise inside ``with runtime.seeded("init"):``, or take ``runtime.derive_seed("what for")``
    for generators of your own. No seed is a constant.
    """
    labels = sorted_labels(SHAPE.n_classes, _EACH)
    first = draw(subject.model, labels, seed=0).images
    other = draw(subject.model, labels, seed=1).images
    require(not torch.equal(first, other), "one model gives the same samples for two seeds")
    training = subject.first_training
    if not (training.looks or training.updates):
        # a fit in closed form has nothing to draw
        return
    other = draw(subject.other_seed, labels, seed=0).images
    require(not torch.equal(first, other), "trainings with two seeds end in one model")


def held_out_images_are_not_trained_on(subject: MethodSubject) -> None:
    """Beside other held-out images (``data.test``) the same training gives the same samples. A
    method that takes something from them, and says what in ``uses_held_out_for``, trains the same
    networks at least.

    Mend: train on ``data.train``; a stop that is chosen by held-out images is chosen by a part of
    ``data.train`` instead. If the paper takes something else from them, say it:
    ``uses_held_out_for = "confidence thresholds"``.
    """
    if subject.method.is_reference:
        raise NotApplicable("it is a reference: its samples are held-out images")
    if subject.method.uses_held_out_for:
        changed = _differing(subject.first_training.folder, subject.again.folder)
        require(not changed, f"beside other held-out images, other states are kept: {changed}")
        return
    labels = sorted_labels(SHAPE.n_classes, _EACH)
    first = draw(subject.model, labels).images
    again = draw(generator_of(subject.again.model), labels).images
    if torch.equal(first, again):
        return
    alone = draw(generator_of(subject.fit()), labels).images
    if not torch.equal(first, alone):
        raise NotApplicable("no two trainings are equal: see the-same-seed-gives-the-same-samples")
    difference = float((again - first).abs().max())
    require(False, f"beside other held-out images samples are off by up to {difference:.3g}")


def a_second_process_gives_the_same_samples(subject: MethodSubject) -> None:
    """A second Python process, in which hashes of texts and the order of sets are others, trains
    the same model and draws the same samples, bit-equal on a CPU.

    Mend: iterate over ``sorted(…)`` instead of over a set; derive seeds with
    ``runtime.derive_seed`` and never with ``hash``, which is another in every process
    (``PYTHONHASHSEED``).
    """
    found = second_process().do(
        f"{__name__}:samples_of_first_training",
        entry=told(subject.entry),
        folder=str(subject.new_folder()),
        threads=torch.get_num_threads(),
    )
    labels = sorted_labels(SHAPE.n_classes, _EACH)
    here, there = draw(subject.model, labels).images, torch.tensor(found)
    if torch.equal(here, there):
        return
    if not torch.equal(here, draw(generator_of(subject.fit()), labels).images):
        raise NotApplicable("no two trainings are equal: see the-same-seed-gives-the-same-samples")
    difference = float((here - there).abs().max())
    require(False, f"in a second process samples are off by up to {difference:.3g}")


def sampling_params_change_no_training(subject: MethodSubject) -> None:
    """``sampling_params`` are fields of ``Config``, and a training with other values of them keeps
    the same states: a run that differs in these alone takes the checkpoints over and is not
    trained.

    Mend: take out of ``sampling_params`` what ``fit`` looks at before the last stage has ended.
    """
    names, fields = subject.method.sampling_params, subject.method.Config.model_fields
    if not names:
        raise NotApplicable("it has no sampling_params")
    unknown = sorted(set(names) - set(fields))
    require(not unknown, f"sampling_params names {', '.join(unknown)}, no field of Config")
    if not subject.first_training.folder.exists():
        raise NotApplicable("its training keeps no checkpoints that a run could take over")
    others = varied(subject, names)
    if not others:
        raise NotApplicable("no other values of its sampling_params were found")
    # all at once first: what is refused together may be accepted one by one
    if _changes_training(subject, others) is False:
        return
    guilty = {k: v for k, v in others.items() if _changes_training(subject, {k: v})}
    require(not guilty, f"with {shown(guilty)} the training keeps other states")


def samples_of_first_training(entry: dict[str, Any], folder: str, threads: int) -> Any:
    """In the second process: train as the first training, and give samples as lists."""
    from regene_bench.base.events import silent

    torch.set_num_threads(threads)
    subject = MethodSubject(entry_told(entry), Path(folder), PluginHost(), silent)
    return draw(subject.model, sorted_labels(SHAPE.n_classes, _EACH)).images.tolist()


def _changes_training(subject: MethodSubject, others: dict[str, Any]) -> bool | None:
    """Whether a training with other values keeps other states; None if it is refused before."""
    folder = subject.new_folder()
    try:
        subject.fit(subject.runtime(folder=folder), values=subject.method.smoke(SHAPE) | others)
    except (ConfigError, MethodError):
        # values that do not go together, or that these networks cannot be sampled with
        if not folder.exists():
            return None
    return bool(_differing(subject.first_training.folder, folder))


def _differing(first: Path, second: Path) -> str:
    """Names of the checkpoints that two trainings kept, each with other tensors.

    What only one of them kept is left out: under another name it is no other's state.
    """
    kept = [{path.name for path in folder.glob("*.safetensors")} for folder in (first, second)]
    differing = [name for name in sorted(kept[0] & kept[1]) if _tensors_differ(first, second, name)]
    return ", ".join(differing)


def _tensors_differ(first: Path, second: Path, name: str) -> bool:
    one, other = load_file(first / name), load_file(second / name)
    return one.keys() != other.keys() or any(not torch.equal(one[k], other[k]) for k in one)
