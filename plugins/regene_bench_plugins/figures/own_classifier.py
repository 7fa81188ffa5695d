"""Training a run's own kind of classifier anew on other images (ReGene, Fig. 17)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import torch
from torch import Tensor

from regene_bench.api import (
    BenchmarkData,
    CheckpointStore,
    DeviceImages,
    FinishedRun,
    Progress,
    Runtime,
    StudyView,
    cache_dir,
    exclusive,
    stable_id,
    to_float,
    train,
    validate,
)
from regene_bench_plugins.methods.regene.config import ReGeneConfig
from regene_bench_plugins.methods.regene.regene import ReGene
from regene_bench_plugins.methods.regene.stage_images import classifier_images
from regene_bench_plugins.methods.regene.training import build_networks, classifier_stage

_CHUNK = 256


def images_seen_by_classifier(view: StudyView, run: FinishedRun) -> int:
    """Images that the classifier of a ``regene`` run saw in its training, repetitions counted."""
    config = _config(run)
    return config.classifier_length(len(classifier_images(config, view.data, run.runtime)))


def right_by_own_classifier(
    view: StudyView, run: FinishedRun, training: DeviceImages, seen: int
) -> Tensor:
    """Train the classifier of a ``regene`` run from scratch on some images and test it.

    Network, loss, rate and augmentation are the run's own (at preset ``paper``, those of its
    tables A.5 to A.7). A classifier of the same images is read from the disk.

    Args:
        view: The benchmark; its held-out images of generated classes are asked about.
        run: Of ``regene``.
        training: Images and labels that the classifier learns from.
        seen: Training images that it sees, repetitions counted.

    Returns:
        Whether it is right about each test image, bool ``[T]``.
    """
    config = _config(run).model_copy(update={"classifier_images": seen, "classifier_epochs": None})
    data = replace(view.data, train=training)
    runtime = _own_runtime(run.runtime, config, data)
    what = f"trains a classifier of {len(training)} images of {view.name}"
    with exclusive(
        runtime.checkpoints.folder / "lock", what, runtime.stop, runtime.emit, needed=False
    ):
        with runtime.seeded("init"):
            classifier, _ = build_networks(config, data.shape)
        classifier.to(runtime.device)
        train(classifier_stage(config, classifier, data, runtime), training, runtime)
    classifier.eval()
    test = view.data.test_generated()
    with torch.inference_mode():
        found = [
            classifier(to_float(images)).argmax(1) for images in torch.split(test.images, _CHUNK)
        ]
    right: Tensor = torch.cat(found) == test.labels
    return right


def _config(run: FinishedRun) -> ReGeneConfig:
    return validate(ReGeneConfig, run.params, run.title)


def _own_runtime(runtime: Runtime, config: ReGeneConfig, data: BenchmarkData) -> Runtime:
    """The run's runtime with checkpoints of this training; its messages would tell of no run."""
    digest = hashlib.sha256()
    for part in (*torch.split(data.train.images, 4096), data.train.labels):
        digest.update(part.contiguous().cpu().numpy().tobytes())
    key = stable_id(
        {
            "config": config.model_dump(mode="json"),
            "seed": runtime.seed,
            "version": ReGene.version,
            "data": data.fingerprint,
            "augmentation": data.augmentation.model_dump(mode="json"),
            "images": digest.hexdigest(),
        }
    )
    store = CheckpointStore(cache_dir() / "classifiers" / key, runtime.checkpoints.interval)
    return replace(
        runtime,
        checkpoints=store,
        emit=lambda event: runtime.emit(event) if isinstance(event, Progress) else None,
    )
